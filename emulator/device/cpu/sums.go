// SPDX-License-Identifier: BSD-3-Clause

package cpu

import "github.com/columen/columen/emulator/device"

// LinearExact computes y = x Wᵀ + bias as LinearSums does, rounded once: a shard
// of the layer, or a batch of other samples, gives the same bits.
func LinearExact(p *Pool, batch, in, out int, x, w, bias, y []float32) {
	need("linear bias", len(bias), out)
	need("linear output", len(y), batch*out)
	p.dotSums(batch, in, out, x, w, bias, y, nil)
}

// LinearBackwardExact computes dx = dy W as LinearBackwardSums does, rounded once.
func LinearBackwardExact(p *Pool, batch, in, out int, w, dy, dx []float32) {
	need("input gradient", len(dx), batch*in)
	sums := p.rowSums(batch * in)
	LinearBackwardSums(p, batch, in, out, w, dy, sums)
	for i, v := range sums {
		dx[i] = float32(v)
	}
}

// LinearSums computes x Wᵀ in float64. Products are summed in float32 over 64
// inputs, counted from the first, and then in float64: sums of shards that are cut
// at multiples of 64 inputs add up to those of the whole layer but for the
// rounding of float64. They do not depend on the number of samples.
func LinearSums(p *Pool, batch, in, out int, x, w []float32, sums []float64) {
	need("sums", len(sums), batch*out)
	p.dotSums(batch, in, out, x, w, nil, nil, sums)
}

func (p *Pool) dotSums(batch, in, out int, x, w, bias, y []float32, sums []float64) {
	need("linear input", len(x), batch*in)
	need("linear weights", len(w), out*in)
	if batch == 0 { // a rank may have no samples
		return
	}
	p.job = job{
		do: func(p *Pool, j *job, first, last int, scratch []float32) {
			p.kernels.dotSums(first, last, j.n, j.k, j.batch, j.a, j.b, j.c, j.y, j.rows, scratch)
		},
		total: out, unit: 4, batch: batch, k: in, n: out, a: w, b: x, c: bias, y: y, rows: sums,
	}
	p.run(min(batch, linearGroup)*in + 64)
}

// LinearBackwardSums computes dy W in float64, with sums over the outputs as
// LinearSums has them over the inputs.
func LinearBackwardSums(p *Pool, batch, in, out int, w, dy []float32, sums []float64) {
	need("output gradient", len(dy), batch*out)
	need("linear weights", len(w), out*in)
	need("sums", len(sums), batch*in)
	if batch == 0 {
		return
	}
	s := Product{M: batch, N: in, K: out}
	p.job = job{a: dy, b: w, rows: sums[:batch*in], gemm: s.shape()}
	p.divide(s)
}

// LinearSums writes x·wᵀ to the host.
func (d *Device) LinearSums(l device.Linear, batch int, x, w device.Buffer[float32], sums []float64) {
	LinearSums(d.pool, batch, l.In, l.Out, d.at(x), d.at(w), sums)
}

// LinearBackwardSums writes dy·w to the host.
func (d *Device) LinearBackwardSums(l device.Linear, batch int, dy, w device.Buffer[float32], sums []float64) {
	LinearBackwardSums(d.pool, batch, l.In, l.Out, d.at(w), d.at(dy), sums)
}

func (scalar) dotSums(first, last, rows, k, batch int, w, x, bias, y []float32, sums []float64, _ []float32) {
	for b := range batch {
		for o := first; o < last; o++ {
			var sum float64
			for i := range k {
				sum += float64(w[o*k+i]) * float64(x[b*k+i])
			}
			if sums != nil {
				sums[b*rows+o] = sum
			} else {
				y[b*rows+o] = float32(sum + float64(bias[o]))
			}
		}
	}
}

func (scalar) gemmSums(g gemmShape, a, b []float32, c []float64, _ []float32) {
	for i := range g.m {
		for j := range g.n {
			var sum float64
			for k := range g.k {
				sum += float64(a[i*g.aRow+k*g.aCol]) * float64(b[k*g.bRow+j*g.bCol])
			}
			c[i*g.cRow+j] = sum
		}
	}
}
