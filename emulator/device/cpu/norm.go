// SPDX-License-Identifier: BSD-3-Clause

package cpu

import "math"

// BatchNormStats computes the mean and the population variance of each channel
// of x [batch, channels, n] (Ioffe & Szegedy 2015, algorithm 1).
func BatchNormStats(p *Pool, batch, channels, n int, x, mean, variance []float32) {
	need("normalisation input", len(x), batch*channels*n)
	need("mean", len(mean), channels)
	need("variance", len(variance), channels)
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.normStats(first, last, &j.t, j.a, j.b, j.c)
		},
		total: channels, unit: 1, t: tensor{batch: batch, channels: channels, n: n}, a: x, b: mean, c: variance,
	}
	p.run(0)
}

// BatchNormScale writes scale = γ/√(σ² + ε) and shift = β − μ·scale for BatchNormApply and BatchNormBackward.
func BatchNormScale(gamma, beta, mean, variance []float32, eps float64, scale, shift []float32) {
	for c := range gamma {
		s := float64(gamma[c]) / math.Sqrt(float64(variance[c])+eps)
		scale[c] = float32(s)
		shift[c] = float32(float64(beta[c]) - float64(mean[c])*s)
	}
}

// BatchNormApply computes y = scale·x + shift per channel of x [batch, channels,
// n], then what after asks for. y may be x.
func BatchNormApply(p *Pool, batch, channels, n int, x, scale, shift, y []float32, after After) {
	size := batch * channels * n
	need("normalisation input", len(x), size)
	need("scale", len(scale), channels)
	need("shift", len(shift), channels)
	need("normalisation output", len(y), size)
	if after.Residual != nil {
		need("residual", len(after.Residual), size)
	}
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.normApply(first, last, &j.t, j.relu, j.a, j.b, j.c, j.d, j.y)
		},
		total: channels, unit: 1, t: tensor{batch: batch, channels: channels, n: n}, relu: after.ReLU,
		a: x, b: scale, c: shift, d: after.Residual, y: y,
	}
	p.run(0)
}

// Norm is what BatchNormBackward needs to know of the forward pass: the
// statistics of the batch, and scale and shift from them.
type Norm struct {
	Mean, Variance, Scale, Shift []float32
	Eps                          float64
	ReLU                         bool // a ReLU followed: dy passes where scale·x + shift > 0
}

// BatchNormBackward computes dx and adds to dgamma and dbeta, where x is the
// input of the normalisation and its statistics depended on x:
//
//	dx = scale·(dy − ⟨dy⟩ − x̂⟨dy x̂⟩),  x̂ = (x − μ)/√(σ² + ε)
//
// dx may be dy.
func BatchNormBackward(p *Pool, batch, channels, n int, norm Norm, x, dy, dx, dgamma, dbeta []float32) {
	size := batch * channels * n
	need("normalisation input", len(x), size)
	need("output gradient", len(dy), size)
	need("input gradient", len(dx), size)
	for _, s := range [][]float32{norm.Mean, norm.Variance, norm.Scale, norm.Shift, dgamma, dbeta} {
		need("normalisation parameters", len(s), channels)
	}
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.normBackward(first, last, &j.t, j.relu, j.eps, j.a, j.b, j.c, j.d, j.e, j.f, j.g, j.h, j.y)
		},
		total: channels, unit: 1, t: tensor{batch: batch, channels: channels, n: n}, relu: norm.ReLU, eps: norm.Eps,
		a: x, b: dy, c: norm.Scale, d: norm.Shift, e: norm.Mean, f: norm.Variance, g: dx, h: dgamma, y: dbeta,
	}
	p.run(0)
}
