// SPDX-License-Identifier: BSD-3-Clause

package cpu

import "github.com/columen/columen/emulator/device"

// Linear computes y = x Wᵀ + bias, then a ReLU if asked: x [batch, in], w
// [out, in], bias [out] or nil, y [batch, out]. W is read from memory once for up
// to 24 samples; at batch 1 that is all the time it takes.
func Linear(p *Pool, batch, in, out int, relu bool, x, w, bias, y []float32) {
	need("linear weights", len(w), out*in)
	p.linear(batch, in, out, relu, x, w, nil, bias, y)
}

// LinearBF16 is Linear with weights in bfloat16 (see BF16): half the memory to
// read. The sum runs in float32, so the error is that of rounding the weights,
// at most 2⁻⁹ Σ|x w| (and about 2⁻⁹ √Σ(x w)² /√3 in practice).
func LinearBF16(p *Pool, batch, in, out int, relu bool, x []float32, w []uint16, bias, y []float32) {
	need("linear weights", len(w), out*in)
	p.linear(batch, in, out, relu, x, nil, w, bias, y)
}

// linearGroup is how many samples Linear takes at a time: GROUP in body_dense.h.
const linearGroup = 24

// rowsAtOnce is how many rows of weights, about a megabyte, a thread takes at
// batch 1: what is bound by memory goes on at full speed on the cores that are free.
const rowsAtOnce = 64

// linear multiplies by w or, where it is nil, by half.
func (p *Pool) linear(batch, in, out int, relu bool, x, w []float32, half []uint16, bias, y []float32) {
	need("linear input", len(x), batch*in)
	need("linear output", len(y), batch*out)
	if bias != nil {
		need("linear bias", len(bias), out)
	}
	if batch == 0 { // a rank may have no samples
		return
	}
	j := job{total: out, unit: 4, batch: batch, k: in, n: out, relu: relu, a: w, half: half, b: x, c: bias, y: y}
	scratch := min(batch, linearGroup)*in + 64
	switch {
	case batch > 1:
		j.do = linearDots
	case w != nil:
		j.do, j.unit, j.shared, scratch = linearOne, rowsAtOnce, true, 0
	default:
		j.do, j.unit, j.shared, scratch = linearHalf, rowsAtOnce, true, 0
		j.d = p.sharedScratch(in)
		for i := range in / 2 {
			j.d[i], j.d[in/2+i] = x[2*i], x[2*i+1]
		}
	}
	p.job = j
	p.run(scratch)
}

func linearOne(p *Pool, j *job, first, last int, _ []float32) {
	p.kernels.matvec(first, last, j.k, j.relu, j.a, j.b, j.c, j.y)
}

func linearHalf(p *Pool, j *job, first, last int, _ []float32) {
	p.kernels.matvecBF16(first, last, j.k, j.relu, j.half, j.b, j.c, j.y, j.d)
}

func linearDots(p *Pool, j *job, first, last int, scratch []float32) {
	p.kernels.dots(first, last, j.n, j.k, j.batch, j.relu, j.a, j.half, j.b, j.c, j.y, scratch)
}

// BF16 rounds to the nearest bfloat16, ties to even; a NaN stays one.
func BF16(p *Pool, w []float32, rounded []uint16) {
	need("rounded weights", len(rounded), len(w))
	p.job = job{
		do:    func(p *Pool, j *job, first, last int, _ []float32) { p.kernels.roundBF16(first, last, j.a, j.half) },
		total: len(w), unit: 1 << 20, shared: true, a: w, half: rounded,
	}
	p.run(0)
}

// LinearBackward computes dx = dy W and adds dyᵀ x to dw and Σ dy to db, or writes the two with
// l.Write; dx, dw and db may each be nil (not wanted).
func LinearBackward(p *Pool, l device.Linear, batch int, x, w, dy, dx, dw, db []float32) {
	in, out := l.In, l.Out
	need("output gradient", len(dy), batch*out)
	if dx != nil {
		Gemm(p, Product{M: batch, N: in, K: out, Shallow: true}, dy, w, dx)
	}
	if dw != nil {
		Gemm(p, Product{M: out, N: in, K: batch, TransposeA: true, Add: !l.Write}, dy, x, dw)
	}
	if db != nil {
		need("bias gradient", len(db), out)
		if l.Write {
			clear(db)
		}
		for b := range batch {
			for o, v := range dy[b*out : (b+1)*out] {
				db[o] += v
			}
		}
	}
}

// Product is the shape of a matrix product C = A B, or C += A B: A is [M, K]
// or, transposed, stored as [K, M]; B is [K, N] or stored as [N, K]; C is [M, N].
type Product struct {
	M, N, K                int
	TransposeA, TransposeB bool
	Add                    bool
	Shallow                bool // the sums of a row of C do not depend on the number of rows
}

// Gemm computes a matrix product. C must not overlap A or B.
func Gemm(p *Pool, s Product, a, b, c []float32) {
	need("left factor", len(a), s.M*s.K)
	need("right factor", len(b), s.K*s.N)
	need("product", len(c), s.M*s.N)
	if s.M == 0 || s.N == 0 {
		return
	}
	p.job = job{a: a, b: b, y: c, gemm: s.shape()}
	p.divide(s)
}

// shape is where the elements are.
func (s Product) shape() gemmShape {
	g := gemmShape{aRow: int64(s.K), aCol: 1, bRow: int64(s.N), bCol: 1, cRow: int64(s.N), k: int64(s.K)}
	if s.TransposeA {
		g.aRow, g.aCol = 1, int64(s.M)
	}
	if s.TransposeB {
		g.bRow, g.bCol = 1, int64(s.K)
	}
	if s.Add {
		g.add = 1
	}
	if s.M <= skinny && s.N > s.M { // of the whole product: the order of its sums must not depend on the threads
		g.skinny = 1
	}
	if s.Shallow || g.skinny != 0 {
		g.shallow = 1
	}
	return g
}

// divide runs p.job, a product, by rows or columns, whichever are more. Every
// element is summed in the same order whichever way.
func (p *Pool) divide(s Product) {
	if s.M >= s.N {
		p.job.total, p.job.unit, p.job.n = s.M, 72, s.N
		p.job.do = gemmRows
	} else {
		p.job.total, p.job.unit, p.job.n = s.N, 64, s.M
		p.job.do = gemmColumns
	}
	p.run(gemmScratch)
}

// skinny is up to how many rows of A reading B costs more than working with it.
const skinny = 24

// gemmScratch holds the packed blocks of A and B: GEMM_M·GEMM_DEPTH + (GEMM_DEPTH + 1)·GEMM_N in body_gemm.h, and room to align.
const gemmScratch = 72*256 + (256+1)*512 + 64

func gemmRows(p *Pool, j *job, first, last int, scratch []float32) {
	g, at := j.gemm, int64(first)*j.gemm.cRow
	g.m, g.n = int64(last-first), int64(j.n)
	p.product(j, g, j.a[int64(first)*g.aRow:], j.b, int(at), scratch)
}

func gemmColumns(p *Pool, j *job, first, last int, scratch []float32) {
	g := j.gemm
	g.m, g.n = int64(j.n), int64(last-first)
	p.product(j, g, j.a, j.b[int64(first)*g.bCol:], first, scratch)
}

// product makes a part of a product, whose result begins at element at.
func (p *Pool) product(j *job, g gemmShape, a, b []float32, at int, scratch []float32) {
	if j.rows != nil {
		p.kernels.gemmSums(g, a, b, j.rows[at:], scratch)
		return
	}
	p.kernels.gemm(g, a, b, j.y[at:], scratch)
}
