// SPDX-License-Identifier: BSD-3-Clause

package devicetest

import (
	"fmt"
	"math"

	"github.com/columen/columen/emulator/device"
)

// checkFuse is empty for devices that do not fuse.
func checkFuse[T device.Float](b *bench[T]) {
	fuser, ok := b.dev.(device.Fuser[T])
	if !ok {
		return
	}
	for _, c := range convCases() {
		for _, batch := range []int{1, 3} {
			checkOneFusion(b, fuser, c, batch)
		}
	}
}

func checkOneFusion[T device.Float](b *bench[T], fuser device.Fuser[T], c device.Conv, batch int) {
	const eps = 1e-5
	x, hx := b.input(c.InLen(batch))
	w, hw := b.input(c.WeightLen())
	bias, hbias := b.input(c.Out)
	gamma, hgamma := b.input(c.Out)
	beta, hbeta := b.input(c.Out)
	mean, hmean := b.input(c.Out)
	residual, hres := b.input(c.OutLen(batch))
	_, hvar := b.input(c.Out)
	for o := range hvar {
		hvar[o] = float64(T(1.5 + hvar[o]))
	}
	variance := b.from(hvar)

	plain := make([]float64, c.OutLen(batch))
	eachTerm(c, batch, func(xi, wi, yi int) { plain[yi] += hw[wi] * hx[xi] })
	added := make([]float64, len(plain))
	volume := len(plain) / (batch * c.Out)
	for i := range plain {
		o := i / volume % c.Out
		plain[i] = max(0, hgamma[o]*(plain[i]+hbias[o]-hmean[o])/math.Sqrt(hvar[o]+eps)+hbeta[o])
		added[i] = plain[i] + hres[i]
	}

	pass := fuser.Fuse(c, device.Fusion[T]{
		Weight: w, Bias: bias, Gamma: gamma, Beta: beta, RunningMean: mean, RunningVar: variance, Eps: eps, ReLU: true,
	})
	b.dev.Fill(w, 0)
	b.dev.Fill(beta, 7)
	y := b.output(len(plain))
	pass.Forward(batch, x, nil, y)
	b.expect(fmt.Sprintf("fused %+v, batch %d", c, batch), y, plain)
	pass.Forward(batch, x, residual, y)
	b.expect(fmt.Sprintf("fused %+v with residual, batch %d", c, batch), y, added)
	pass.Free()
	if c.Stride == [3]int{1, 1, 1} {
		b.dev.Upload(w, narrow[T](hw))
		b.dev.Upload(beta, narrow[T](hbeta))
		checkPooledFusion(b, c, batch, device.Fusion[T]{
			Weight: w, Bias: bias, Gamma: gamma, Beta: beta, RunningMean: mean, RunningVar: variance, Eps: eps, ReLU: true,
		}, x, plain)
	}
}

// checkPooledFusion compares a pass that ends with a maximum with the maximum
// of the pass without.
func checkPooledFusion[T device.Float](b *bench[T], c device.Conv, batch int, f device.Fusion[T], x device.Buffer[T], plain []float64) {
	fuser, ok := b.dev.(device.PoolFuser[T])
	if !ok {
		return
	}
	p := device.Pool{Planes: batch * c.Out, Size: c.OutSize(), Factor: [3]int{2, 2, 2}}
	want := make([]float64, p.CoarseLen())
	for place, to := range coarseOf(p) {
		if to >= 0 {
			want[to] = max(want[to], plain[place]) // what the rectifier leaves is not negative
		}
	}
	pass, y := fuser.FusePool(c, f), b.output(len(want))
	pass.Forward(batch, x, nil, y)
	b.expect(fmt.Sprintf("fused %+v with maximum, batch %d", c, batch), y, want)
	pass.Free()
}
