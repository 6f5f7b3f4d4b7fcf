// SPDX-License-Identifier: BSD-3-Clause

package cpu

import "math"

// A row is the values of one sample and channel. Sums are those of rows, added
// up in the order of the samples, so that they do not depend on the threads.

// BatchNormStats computes the mean and the population variance of each channel
// of x [batch, channels, n] (Ioffe & Szegedy 2015, algorithm 1), put together
// from those of rows (Chan, Golub & LeVeque 1983, Am. Stat. 37, 242, equation 1.5).
func BatchNormStats(p *Pool, batch, channels, n int, x, mean, variance []float32) {
	need("normalisation input", len(x), batch*channels*n)
	need("mean", len(mean), channels)
	need("variance", len(variance), channels)
	count := float64(batch * n)
	eachMoments(p, batch, channels, n, x, func(c int, sum, square float64) {
		mean[c], variance[c] = float32(sum/count), float32(square/count)
	})
}

// BatchNormMoments is BatchNormStats in float64, as moments that can be merged
// with those of other samples: the sums of all channels and then Σ (x − μ)².
func BatchNormMoments(p *Pool, batch, channels, n int, x []float32, moments []float64) {
	need("normalisation input", len(x), batch*channels*n)
	eachMoments(p, batch, channels, n, x, func(c int, sum, square float64) { moments[c], moments[channels+c] = sum, square })
}

// eachMoments calls f with Σ x and Σ (x − μ)² of each channel. Sums of rows are
// added, not their means put together: they have few digits and add up exactly,
// so that the rounded mean does not depend on how the batch is divided.
func eachMoments(p *Pool, batch, channels, n int, x []float32, f func(c int, sum, square float64)) {
	rows := p.rowSums(2 * batch * channels)
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.normStats(first, last, j.n, j.a, j.rows)
		},
		total: batch * channels, unit: 1, n: n, a: x, rows: rows,
	}
	p.run(0)
	for c := range channels {
		sum, square := 0.0, 0.0
		for b := range batch {
			row, k := rows[2*(b*channels+c):], float64(b)
			apart := row[0] - sum/max(1, k*float64(n))
			sum += row[0] * float64(n)
			square += row[1] + apart*apart*float64(n)*k/(k+1)
		}
		f(c, sum, square)
	}
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
		total: batch * channels, unit: 1, t: tensor{channels: channels, n: n}, relu: after.ReLU,
		a: x, b: scale, c: shift, d: after.Residual, y: y,
	}
	p.run(0)
}

// Norm is what the gradients need to know of the forward pass: the statistics
// of the batch, and scale and shift from them.
type Norm struct {
	Mean, Variance, Scale, Shift []float32
	Eps                          float64
	ReLU                         bool // a ReLU followed: dy passes where scale·x + shift > 0
}

func (m *Norm) check(size, channels int, x, dy, dgamma, dbeta []float32) {
	need("normalisation input", len(x), size)
	need("output gradient", len(dy), size)
	for _, s := range [][]float32{m.Mean, m.Variance, m.Scale, m.Shift, dgamma, dbeta} {
		need("normalisation parameters", len(s), channels)
	}
}

// BatchNormSums writes the gradients by γ and β, with g what passes the ReLU of
// dy and x̂ = (x − μ)/√(σ² + ε):
//
//	dγ = Σ g x̂,  dβ = Σ g
func BatchNormSums(p *Pool, batch, channels, n int, norm Norm, x, dy, dgamma, dbeta []float32) {
	norm.check(batch*channels*n, channels, x, dy, dgamma, dbeta)
	eachSums(p, batch, channels, n, norm, x, dy, func(c int, gamma, beta float64) { dgamma[c], dbeta[c] = float32(gamma), float32(beta) })
}

// BatchNormPartSums is BatchNormSums in float64, so that sums of parts of a batch
// add up to those of the whole: dγ of all channels and then dβ.
func BatchNormPartSums(p *Pool, batch, channels, n int, norm Norm, x, dy []float32, sums []float64) {
	norm.check(batch*channels*n, channels, x, dy, norm.Mean, norm.Mean)
	eachSums(p, batch, channels, n, norm, x, dy, func(c int, gamma, beta float64) { sums[c], sums[channels+c] = gamma, beta })
}

// eachSums calls f with dγ and dβ of each channel.
func eachSums(p *Pool, batch, channels, n int, norm Norm, x, dy []float32, f func(c int, gamma, beta float64)) {
	rows := p.rowSums(2 * batch * channels)
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.normSums(first, last, &j.t, j.relu, j.a, j.b, j.c, j.d, j.e, j.rows)
		},
		total: batch * channels, unit: 1, t: tensor{channels: channels, n: n}, relu: norm.ReLU,
		a: x, b: dy, c: norm.Scale, d: norm.Shift, e: norm.Mean, rows: rows,
	}
	p.run(0)
	for c := range channels {
		plain, centred := 0.0, 0.0
		for b := range batch {
			plain += rows[2*(b*channels+c)]
			centred += rows[2*(b*channels+c)+1]
		}
		f(c, centred/math.Sqrt(float64(norm.Variance[c])+norm.Eps), plain)
	}
}

// BatchNormBackward computes dx from the sums of BatchNormSums over the m values
// of a channel, where x is the input of the normalisation and its statistics
// depended on x:
//
//	dx = scale·(g − dβ/m − x̂ dγ/m)
//
// dx may be dy.
func BatchNormBackward(p *Pool, batch, channels, n int, norm Norm, x, dy, dgamma, dbeta, dx []float32) {
	BatchNormPartBackward(p, batch, channels, n, batch*n, norm, x, dy, dgamma, dbeta, dx)
}

// BatchNormPartBackward is BatchNormBackward for a part of a batch whose
// statistics and sums are those of so many values per channel.
func BatchNormPartBackward(p *Pool, batch, channels, n, values int, norm Norm, x, dy, dgamma, dbeta, dx []float32) {
	norm.check(batch*channels*n, channels, x, dy, dgamma, dbeta)
	need("input gradient", len(dx), batch*channels*n)
	means := p.sharedScratch(2 * channels)
	off, slope, m := means[:channels], means[channels:], float64(values)
	for c := range channels {
		off[c] = float32(float64(dbeta[c]) / m)
		slope[c] = float32(float64(dgamma[c]) / math.Sqrt(float64(norm.Variance[c])+norm.Eps) / m)
	}
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.normBackward(first, last, &j.t, j.relu, j.a, j.b, j.c, j.d, j.e, j.f, j.g, j.y)
		},
		total: batch * channels, unit: 1, t: tensor{channels: channels, n: n}, relu: norm.ReLU,
		a: x, b: dy, c: norm.Scale, d: norm.Shift, e: norm.Mean, f: off, g: slope, y: dx,
	}
	p.run(0)
}

// rowSums returns n numbers for sums of rows.
func (p *Pool) rowSums(n int) []float64 {
	if len(p.rows) < n {
		p.rows = make([]float64, n)
	}
	return p.rows[:n]
}
