// SPDX-License-Identifier: BSD-3-Clause

package device

import "math"

// BatchNormStats computes the mean μ and the biased variance σ² of each channel
// over batch and space, in float64 and two passes.
//
// Reference: Ioffe & Szegedy 2015, Batch normalization, Proc. 32nd ICML 37,
// 448, algorithm 1.
func BatchNormStats[T Float](threads int, n BatchNorm, x, mean, variance []T) {
	count := float64(n.Batch * n.Size)
	parallel(threads, n.Channels, func(c int) {
		var sum, square float64
		for b := range n.Batch {
			for _, v := range channelOf(n, x, b, c) {
				sum += float64(v)
			}
		}
		mu := sum / count
		for b := range n.Batch {
			for _, v := range channelOf(n, x, b, c) {
				d := float64(v) - mu
				square += d * d
			}
		}
		mean[c], variance[c] = T(mu), T(square/count)
	})
}

// BatchNormMoments computes what BatchNormStats does in float64, as moments that
// can be merged: the sums of all channels and then their Σ (x − μ)². No samples
// have moments of 0.
func BatchNormMoments[T Float](threads int, n BatchNorm, x []T, moments []float64) {
	count := float64(max(1, n.Batch*n.Size))
	parallel(threads, n.Channels, func(c int) {
		var sum, square float64
		for b := range n.Batch {
			for _, v := range channelOf(n, x, b, c) {
				sum += float64(v)
			}
		}
		mu := sum / count
		for b := range n.Batch {
			for _, v := range channelOf(n, x, b, c) {
				d := float64(v) - mu
				square += d * d
			}
		}
		moments[c], moments[n.Channels+c] = sum, square
	})
}

// BatchNormTrack moves the running statistics:
//
//	running ← (1 − momentum)·running + momentum·batch
//
// with the batch variance made unbiased by count/(count − 1).
func BatchNormTrack[T Float](count int, momentum float64, mean, variance, runningMean, runningVar []T) {
	unbiased := float64(count) / float64(max(1, count-1))
	for c := range mean {
		runningMean[c] = T((1-momentum)*float64(runningMean[c]) + momentum*float64(mean[c]))
		runningVar[c] = T((1-momentum)*float64(runningVar[c]) + momentum*unbiased*float64(variance[c]))
	}
}

// BatchNormFold computes scale = γ/√(σ² + ε) and shift = β − μ·scale.
func BatchNormFold[T Float](eps float64, gamma, beta, mean, variance, scale, shift []T) {
	for c := range scale {
		s := float64(gamma[c]) / math.Sqrt(float64(variance[c])+eps)
		scale[c] = T(s)
		shift[c] = T(float64(beta[c]) - float64(mean[c])*s)
	}
}

// BatchNormApply computes y = f(scale·x + shift) + residual, with f the
// rectifier if n.ReLU. The residual may be nil.
func BatchNormApply[T Float](threads int, n BatchNorm, x, scale, shift, residual, y []T) {
	parallel(threads, n.Batch*n.Channels, func(job int) {
		b, c := job/n.Channels, job%n.Channels
		src, dst := channelOf(n, x, b, c), channelOf(n, y, b, c)
		for i, v := range src {
			z := scale[c]*v + shift[c]
			if n.ReLU {
				z = max(z, 0)
			}
			dst[i] = z
		}
		if residual != nil {
			Axpy(1, channelOf(n, residual, b, c), dst)
		}
	})
}

// BatchNormSums computes, with g = dy where the rectifier let through and
// x̂ = (x − μ)/√(σ² + ε),
//
//	dγ = Σ g·x̂,  dβ = Σ g
func BatchNormSums[T Float](threads int, n BatchNorm, x, dy, mean, variance, scale, shift, dgamma, dbeta []T) {
	sums := make([]float64, 2*n.Channels)
	BatchNormPartSums(threads, n, x, dy, mean, variance, scale, shift, sums)
	for c := range n.Channels {
		dgamma[c], dbeta[c] = T(sums[c]), T(sums[n.Channels+c])
	}
}

// BatchNormPartSums is BatchNormSums in float64, so that sums of parts add up to
// those of the whole: dγ of all channels and then dβ.
func BatchNormPartSums[T Float](threads int, n BatchNorm, x, dy, mean, variance, scale, shift []T, sums []float64) {
	parallel(threads, n.Channels, func(c int) {
		mu, inv := float64(mean[c]), 1/math.Sqrt(float64(variance[c])+n.Eps)
		var sumGX, sumG float64
		for b := range n.Batch {
			g := channelOf(n, dy, b, c)
			for i, v := range channelOf(n, x, b, c) {
				if n.ReLU && scale[c]*v+shift[c] <= 0 {
					continue
				}
				sumG += float64(g[i])
				sumGX += float64(g[i]) * (float64(v) - mu)
			}
		}
		sums[c], sums[n.Channels+c] = sumGX*inv, sumG
	})
}

// BatchNormBackward computes the derivative with respect to the input when the
// statistics are those of the batch itself, m values per channel:
//
//	dx = γ/√(σ² + ε) · ( g − dβ/m − x̂·dγ/m )
func BatchNormBackward[T Float](threads int, n BatchNorm, x, dy, mean, variance, scale, shift, dgamma, dbeta, dx []T) {
	m := float64(n.Values())
	parallel(threads, n.Batch*n.Channels, func(job int) {
		b, c := job/n.Channels, job%n.Channels
		inv := 1 / math.Sqrt(float64(variance[c])+n.Eps)
		mu, offset, slope := mean[c], T(float64(dbeta[c])/m), T(float64(dgamma[c])*inv/m)
		g, dst := channelOf(n, dy, b, c), channelOf(n, dx, b, c)
		for i, v := range channelOf(n, x, b, c) {
			gi := g[i]
			if n.ReLU && scale[c]*v+shift[c] <= 0 {
				gi = 0
			}
			dst[i] = scale[c] * (gi - offset - (v-mu)*slope)
		}
	})
}

// channelOf returns the values of sample b and channel c.
func channelOf[T Float](n BatchNorm, x []T, b, c int) []T {
	at := (b*n.Channels + c) * n.Size
	return x[at : at+n.Size]
}
