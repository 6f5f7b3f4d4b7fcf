// SPDX-License-Identifier: BSD-3-Clause

package devicetest

import (
	"fmt"
	"math"
	"slices"

	"github.com/columen/columen/emulator/device"
)

func checkNorm[T device.Float](b *bench[T]) {
	for _, n := range []device.BatchNorm{
		{Batch: 1, Channels: 1, Size: 5, Eps: 1e-5},
		{Batch: 3, Channels: 5, Size: 7, Eps: 1e-5, ReLU: true},
		{Batch: 2, Channels: 8, Size: 512, Eps: 1e-5, ReLU: true},
		{Batch: 4, Channels: 32, Size: 8, Eps: 1e-3},
		{Batch: 2, Channels: 3, Size: 1001, Eps: 1e-5, ReLU: true},
	} {
		checkOneNorm(b, n)
	}
}

// moments are mean and biased variance per channel by the definition.
func moments(n device.BatchNorm, x []float64) (mean, variance []float64) {
	mean, variance = make([]float64, n.Channels), make([]float64, n.Channels)
	m := float64(n.Batch * n.Size)
	for i, v := range x {
		mean[i/n.Size%n.Channels] += v / m
	}
	for i, v := range x {
		c := i / n.Size % n.Channels
		variance[c] += (v - mean[c]) * (v - mean[c]) / m
	}
	return mean, variance
}

func checkOneNorm[T device.Float](b *bench[T], n device.BatchNorm) {
	name := func(what string) string { return fmt.Sprintf("%s of %+v", what, n) }
	x, hx := b.input(n.Len())
	gamma, hgamma := b.input(n.Channels)
	beta, hbeta := b.input(n.Channels)
	residual, hres := b.input(n.Len())
	s := device.NormState[T]{
		Mean: b.output(n.Channels), Variance: b.output(n.Channels), Scale: b.output(n.Channels), Shift: b.output(n.Channels),
	}
	mean, variance := moments(n, hx)
	b.dev.BatchNormStats(n, x, s)
	b.expect(name("mean"), s.Mean, mean)
	b.expect(name("variance"), s.Variance, variance)
	checkTrack(b, n, s, mean, variance)

	scale, shift := make([]float64, n.Channels), make([]float64, n.Channels)
	for c := range scale {
		scale[c] = hgamma[c] / math.Sqrt(variance[c]+n.Eps)
		shift[c] = hbeta[c] - mean[c]*scale[c]
	}
	b.dev.BatchNormFold(n, gamma, beta, s)
	b.expect(name("scale"), s.Scale, scale)
	b.expect(name("shift"), s.Shift, shift)

	plain, added := make([]float64, n.Len()), make([]float64, n.Len())
	for i, v := range hx {
		c := i / n.Size % n.Channels
		plain[i] = scale[c]*v + shift[c]
		if n.ReLU {
			plain[i] = max(0, plain[i])
		}
		added[i] = plain[i] + hres[i]
	}
	y := b.output(n.Len())
	b.dev.BatchNormApply(n, s, x, nil, y)
	b.expect(name("output"), y, plain)
	b.dev.BatchNormApply(n, s, x, residual, y)
	b.expect(name("output with residual"), y, added)
	b.dev.Copy(y, x)
	b.dev.BatchNormApply(n, s, y, residual, y)
	b.expect(name("output in place"), y, added)
	checkNormBackward(b, n, s, x, hx, hgamma, plain)
}

func checkTrack[T device.Float](b *bench[T], n device.BatchNorm, s device.NormState[T], mean, variance []float64) {
	const momentum = 0.1
	runMean, hmean := b.input(n.Channels)
	runVar, hvar := b.input(n.Channels)
	count := float64(n.Batch * n.Size)
	for c := range hmean {
		hmean[c] += momentum * (mean[c] - hmean[c])
		hvar[c] += momentum * (variance[c]*count/(count-1) - hvar[c])
	}
	b.dev.BatchNormTrack(n.Batch*n.Size, momentum, s, runMean, runVar)
	b.expect("running mean", runMean, hmean)
	b.expect("running variance", runVar, hvar)
}

// checkNormBackward uses the derivative in the form of Ioffe & Szegedy 2015,
// section 3, through variance and mean.
func checkNormBackward[T device.Float](b *bench[T], n device.BatchNorm, s device.NormState[T], x device.Buffer[T], hx, gamma, y []float64) {
	dy, g := b.input(n.Len())
	mean, variance := moments(n, hx)
	m := float64(n.Batch * n.Size)
	dgamma, dbeta := make([]float64, n.Channels), make([]float64, n.Channels)
	dvar, dmean := make([]float64, n.Channels), make([]float64, n.Channels)
	for i := range g {
		c := i / n.Size % n.Channels
		if n.ReLU && y[i] <= 0 {
			g[i] = 0
		}
		root := math.Sqrt(variance[c] + n.Eps)
		dbeta[c] += g[i]
		dgamma[c] += g[i] * (hx[i] - mean[c]) / root
		dvar[c] -= gamma[c] * g[i] * (hx[i] - mean[c]) / (2 * root * root * root)
		dmean[c] -= gamma[c] * g[i] / root
	}
	dx := make([]float64, len(g))
	for i := range g {
		c := i / n.Size % n.Channels
		dx[i] = gamma[c]*g[i]/math.Sqrt(variance[c]+n.Eps) + dvar[c]*2*(hx[i]-mean[c])/m + dmean[c]/m
	}
	name := func(what string) string { return fmt.Sprintf("%s of %+v", what, n) }
	bg, bb, bx := b.output(n.Channels), b.output(n.Channels), b.output(n.Len())
	b.dev.BatchNormSums(n, s, x, dy, bg, bb)
	b.expect(name("dgamma"), bg, dgamma)
	b.expect(name("dbeta"), bb, dbeta)
	sums := make([]float64, 2*n.Channels)
	b.dev.BatchNormPartSums(n, s, x, dy, sums)
	b.results = append(b.results, result{name("sums of a part"), sums, append(slices.Clone(dgamma), dbeta...)})
	b.dev.BatchNormBackward(n, s, x, dy, bg, bb, bx)
	b.expect(name("dx"), bx, dx)
}
