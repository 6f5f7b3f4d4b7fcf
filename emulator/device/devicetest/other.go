// SPDX-License-Identifier: BSD-3-Clause

package devicetest

import (
	"fmt"
	"math"

	"github.com/columen/columen/emulator/device"
)

func checkMemory[T device.Float](b *bench[T]) {
	x, hx := b.input(60)
	b.expect("upload and download", x, hx)
	b.expect("slice of a slice", x.Slice(10, 50).Slice(5, 8), hx[15:18])
	y := b.output(60)
	b.dev.Copy(y, x)
	b.dev.Fill(x.Slice(20, 30), 2)
	b.expect("copy is apart from its source", y, hx)
	for i := 20; i < 30; i++ {
		hx[i] = 2
	}
	b.expect("fill of a slice", x, hx)
	rows := device.Rows{Count: 4, Len: 3, DstStart: 2, DstStride: 10, SrcStart: 1, SrcStride: 5}
	z, hz := b.input(60)
	b.dev.CopyRows(rows, z, x)
	for k := range 4 {
		copy(hz[2+10*k:2+10*k+3], hx[1+5*k:])
	}
	b.expect("rows", z, hz)
	b.expect("adopted", b.dev.Adopt([]T{1, 2, 3}), []float64{1, 2, 3})
	b.dev.Free(y)
}

func checkLinear[T device.Float](b *bench[T]) {
	for _, l := range []device.Linear{{In: 1, Out: 1}, {In: 7, Out: 5}, {In: 64, Out: 33}, {In: 257, Out: 101}} {
		for _, batch := range []int{1, 2, 5, 16} {
			checkOneLinear(b, l, batch)
		}
	}
}

func checkOneLinear[T device.Float](b *bench[T], l device.Linear, batch int) {
	name := func(what string) string { return fmt.Sprintf("%s of %+v, batch %d", what, l, batch) }
	x, hx := b.input(batch * l.In)
	w, hw := b.input(l.In * l.Out)
	bias, hbias := b.input(l.Out)
	dy, hdy := b.input(batch * l.Out)
	dw, hdw := b.input(l.In * l.Out)
	db, hdb := b.input(l.Out)
	hy, hdx := make([]float64, len(hdy)), make([]float64, len(hx))
	for n := range batch {
		for o := range l.Out {
			hy[n*l.Out+o] = hbias[o]
			hdb[o] += hdy[n*l.Out+o]
			for i := range l.In {
				hy[n*l.Out+o] += hw[o*l.In+i] * hx[n*l.In+i]
				hdx[n*l.In+i] += hdy[n*l.Out+o] * hw[o*l.In+i]
				hdw[o*l.In+i] += hdy[n*l.Out+o] * hx[n*l.In+i]
			}
		}
	}
	y, dx := b.output(len(hy)), b.output(len(hx))
	b.dev.LinearForward(l, batch, x, w, bias, y)
	b.expect(name("output"), y, hy)
	if packer, ok := b.dev.(device.Packer[T]); ok {
		again := b.output(len(hy))
		packer.PackLinear(l, w, bias).Forward(batch, x, again)
		b.expect(name("packed output"), again, hy)
	}
	if packer, ok := b.dev.(device.HalfPacker[T]); ok {
		checkHalfLinear(b, packer, l, batch, x, w, bias)
	}
	b.dev.LinearBackwardData(l, batch, dy, w, dx)
	b.expect(name("dx"), dx, hdx)
	b.dev.LinearBackwardWeights(l, batch, x, dy, dw, db)
	b.expect(name("dw"), dw, hdw)
	b.expect(name("db"), db, hdb)
	checkWritten(b, l, func(l device.Linear, dw, db device.Buffer[T]) { b.dev.LinearBackwardWeights(l, batch, x, dy, dw, db) })
}

// checkWritten compares gradients that are written over NaN with those added to
// zeros, bit by bit.
func checkWritten[T device.Float](b *bench[T], l device.Linear, compute func(l device.Linear, dw, db device.Buffer[T])) {
	want, wantBias := b.from(make([]float64, l.MACs())), b.from(make([]float64, l.Out))
	compute(l, want, wantBias)
	l.Write = true
	dw, db := b.output(l.MACs()), b.output(l.Out)
	compute(l, dw, db)
	b.identical(fmt.Sprintf("written dw of %+v", l), dw, want)
	b.identical(fmt.Sprintf("written db of %+v", l), db, wantBias)
}

// checkHalfLinear compares with the product of the rounded weights.
func checkHalfLinear[T device.Float](b *bench[T], packer device.HalfPacker[T], l device.Linear, batch int, x, w, bias device.Buffer[T]) {
	values, half := make([]T, l.In*l.Out), make([]uint16, l.In*l.Out)
	b.dev.Download(values, w)
	for i, v := range values {
		bits := math.Float32bits(float32(v))
		half[i] = uint16((bits + 0x7fff + bits>>16&1) >> 16)
		values[i] = T(math.Float32frombits(uint32(half[i]) << 16))
	}
	want, y := b.output(batch*l.Out), b.output(batch*l.Out)
	b.dev.LinearForward(l, batch, x, b.dev.Adopt(values), bias, want)
	expected := make([]T, batch*l.Out)
	b.dev.Download(expected, want)
	for name, layer := range map[string]device.PackedLinear[T]{
		"rounded to bfloat16": packer.PackLinearBF16(l, w, bias), "given in bfloat16": packer.AdoptLinearBF16(l, half, bias),
	} {
		layer.Forward(batch, x, y)
		b.expect(fmt.Sprintf("%s %+v, batch %d", name, l, batch), y, wide(expected))
		layer.Free()
	}
}

func checkResample[T device.Float](b *bench[T]) {
	for _, p := range []device.Pool{
		{Planes: 1, Size: [3]int{2, 2, 2}, Factor: [3]int{2, 2, 2}},
		{Planes: 8, Size: [3]int{30, 30, 30}, Factor: [3]int{2, 2, 2}},
		{Planes: 3, Size: [3]int{5, 7, 6}, Factor: [3]int{2, 2, 2}},
	} {
		x, hx := b.input(p.FineLen())
		checkPool(b, p, x, hx)
		for i := range hx {
			hx[i] = 1 // all equal: the first of each window wins
		}
		checkPool(b, p, b.from(hx), hx)
	}
	for _, p := range []device.Pool{
		{Planes: 1, Size: [3]int{1, 2, 2}, Factor: [3]int{1, 2, 2}},
		{Planes: 6, Size: [3]int{7, 16, 16}, Factor: [3]int{1, 2, 2}},
		{Planes: 2, Size: [3]int{3, 6, 10}, Factor: [3]int{1, 2, 2}},
	} {
		checkUpsample(b, p)
	}
}

// coarseOf returns the place on the coarser side of each one on the finer, or
// −1 where a remainder is dropped.
func coarseOf(p device.Pool) []int {
	to := make([]int, p.FineLen())
	c := p.Coarse()
	eachIndex([]int{p.Planes, p.Size[0], p.Size[1], p.Size[2]}, func(at []int, place int) {
		d, h, w := at[1]/p.Factor[0], at[2]/p.Factor[1], at[3]/p.Factor[2]
		to[place] = ((at[0]*c[0]+d)*c[1]+h)*c[2] + w
		if d >= c[0] || h >= c[1] || w >= c[2] {
			to[place] = -1
		}
	})
	return to
}

func checkPool[T device.Float](b *bench[T], p device.Pool, x device.Buffer[T], hx []float64) {
	dy, hdy := b.input(p.CoarseLen())
	first := make([]int, p.CoarseLen())
	for i := range first {
		first[i] = -1
	}
	for place, c := range coarseOf(p) {
		if c >= 0 && (first[c] < 0 || hx[place] > hx[first[c]]) {
			first[c] = place
		}
	}
	hy, hdx := make([]float64, len(first)), make([]float64, len(hx))
	for c, place := range first {
		hy[c] = hx[place]
		hdx[place] = hdy[c]
	}
	y, dx := b.output(len(hy)), b.output(len(hx))
	b.dev.MaxPoolForward(p, x, y)
	b.expect(fmt.Sprintf("pooling %+v", p), y, hy)
	b.dev.MaxPoolBackward(p, x, dy, dx)
	b.expect(fmt.Sprintf("derivative of pooling %+v", p), dx, hdx)
}

func checkUpsample[T device.Float](b *bench[T], p device.Pool) {
	x, hx := b.input(p.CoarseLen())
	dy, hdy := b.input(p.FineLen())
	hy, hdx := make([]float64, len(hdy)), make([]float64, len(hx))
	for place, c := range coarseOf(p) {
		hy[place] = hx[c]
		hdx[c] += hdy[place]
	}
	y, dx := b.output(len(hy)), b.output(len(hx))
	b.dev.UpsampleForward(p, x, y)
	b.expect(fmt.Sprintf("up-sampling %+v", p), y, hy)
	b.dev.UpsampleBackward(p, dy, dx)
	b.expect(fmt.Sprintf("derivative of up-sampling %+v", p), dx, hdx)
}

func checkElementwise[T device.Float](b *bench[T]) {
	for _, n := range []int{1, 7, 64, 1003} {
		x, hx := b.input(n)
		dy, hdy := b.input(n)
		each := func(f func(i int) float64) []float64 {
			v := make([]float64, n)
			for i := range v {
				v[i] = f(i)
			}
			return v
		}
		relu := each(func(i int) float64 { return max(0, hx[i]) })
		tanh := each(func(i int) float64 { return math.Tanh(hx[i]) })
		y, dx := b.output(n), b.output(n)
		b.dev.ReLU(x, y)
		b.expect("rectifier", y, relu)
		b.dev.ReLUBackward(y, dy, dx)
		b.expect("derivative of rectifier", dx, each(func(i int) float64 {
			if hx[i] > 0 {
				return hdy[i]
			}
			return 0
		}))
		b.dev.Tanh(x, y)
		b.expect("tanh", y, tanh)
		b.dev.TanhBackward(y, dy, dx)
		b.expect("derivative of tanh", dx, each(func(i int) float64 { return hdy[i] * (1 - tanh[i]*tanh[i]) }))
		b.dev.Axpy(0.5, x, dy)
		b.expect("axpy", dy, each(func(i int) float64 { return hdy[i] + 0.5*hx[i] }))
		var sum float64
		for _, v := range hx {
			sum += v * v
		}
		out := b.output(1)
		b.dev.SumSquares(x, out)
		b.expect("sum of squares", out, []float64{sum})
		b.dev.Scale(0.25, x)
		b.expect("scaled", x, each(func(i int) float64 { return 0.25 * hx[i] }))
		b.dev.ReLU(x, x)
		b.expect("rectifier in place", x, each(func(i int) float64 { return 0.25 * relu[i] }))
	}
}

func checkAdam[T device.Float](b *bench[T]) {
	for _, a := range []device.AdamStep{
		{Step: 1}, {Step: 10}, {Step: 3, WeightDecay: 0.01}, {Step: 3, WeightDecay: 0.01, Decoupled: true},
	} {
		a.Rate, a.Beta1, a.Beta2, a.Eps = 1e-2, 0.9, 0.999, 1e-8
		const n = 1003
		p, hp := b.input(n)
		g, hg := b.input(n)
		m, hm := b.input(n)
		v, hv := b.input(n)
		for i := range hv {
			hv[i] = float64(T(hv[i] * hv[i]))
		}
		b.dev.Upload(v, narrow[T](hv))
		for i := range hp {
			if a.Decoupled {
				hp[i] -= a.Rate * a.WeightDecay * hp[i]
			} else {
				hg[i] += a.WeightDecay * hp[i]
			}
			hm[i] = a.Beta1*hm[i] + (1-a.Beta1)*hg[i]
			hv[i] = a.Beta2*hv[i] + (1-a.Beta2)*hg[i]*hg[i]
			mean, square := hm[i]/(1-math.Pow(a.Beta1, float64(a.Step))), hv[i]/(1-math.Pow(a.Beta2, float64(a.Step)))
			hp[i] -= a.Rate * mean / (math.Sqrt(square) + a.Eps)
		}
		b.dev.Adam(a, p, g, m, v)
		b.expect(fmt.Sprintf("values of %+v", a), p, hp)
		b.expect(fmt.Sprintf("first moment of %+v", a), m, hm)
		b.expect(fmt.Sprintf("second moment of %+v", a), v, hv)
	}
}

func narrow[T device.Float](v []float64) []T {
	n := make([]T, len(v))
	for i, x := range v {
		n[i] = T(x)
	}
	return n
}

func wide[T device.Float](v []T) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}
