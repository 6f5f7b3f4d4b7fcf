// SPDX-License-Identifier: BSD-3-Clause

package devicetest

import (
	"fmt"
	"slices"

	"github.com/columen/columen/emulator/device"
)

// checkSlots looks at what a batch in parts needs: sums per slot, moments that
// can be merged, and results of a sample that do not depend on the others.
func checkSlots[T device.Float](b *bench[T]) {
	for _, bounds := range [][]int{{0, 1}, {0, 2, 2, 3, 7}, {0, 2, 4, 6, 8, 10, 12, 14, 16}, {0, 1, 2, 3}, {0, 0}} {
		for _, l := range []device.Linear{{In: 7, Out: 5}, {In: 300, Out: 33}} {
			checkLinearSlots(b, l, bounds)
		}
	}
	checkAlone(b)
	checkCuts(b)
	checkNothing(b)
	checkMoments(b)
}

func checkLinearSlots[T device.Float](b *bench[T], l device.Linear, bounds []int) {
	name := func(what string) string { return fmt.Sprintf("%s of %+v in slots %v", what, l, bounds) }
	batch := bounds[len(bounds)-1]
	x, hx := b.input(batch * l.In)
	dy, hdy := b.input(batch * l.Out)
	dw, hdw := b.input(l.In * l.Out)
	db, hdb := b.input(l.Out)
	for n := range batch {
		for o := range l.Out {
			hdb[o] += hdy[n*l.Out+o]
			for i := range l.In {
				hdw[o*l.In+i] += hdy[n*l.Out+o] * hx[n*l.In+i]
			}
		}
	}
	b.dev.LinearBackwardSlots(l, bounds, x, dy, dw, db)
	b.expect(name("dw"), dw, hdw)
	b.expect(name("db"), db, hdb)
	checkWritten(b, l, func(l device.Linear, dw, db device.Buffer[T]) { b.dev.LinearBackwardSlots(l, bounds, x, dy, dw, db) })

	// All at once has the bits of one slot at a time, folded here.
	whole := b.from(make([]float64, l.MACs()))
	b.dev.LinearBackwardSlots(l, bounds, x, dy, whole, nil)
	parts := device.Fold(len(bounds)-1, func(k int) device.Buffer[T] {
		lo, hi := bounds[k], bounds[k+1]
		sum := b.from(make([]float64, l.MACs()))
		b.dev.LinearBackwardSlots(l, []int{0, hi - lo}, x.Slice(lo*l.In, hi*l.In), dy.Slice(lo*l.Out, hi*l.Out), sum, nil)
		return sum
	}, func(p, q device.Buffer[T]) device.Buffer[T] {
		b.dev.Axpy(1, q, p)
		return p
	})
	b.identical(name("dw in slots and folded"), whole, parts)
}

// checkAlone compares the results of samples in a batch and by themselves.
func checkAlone[T device.Float](b *bench[T]) {
	for _, l := range []device.Linear{{In: 300, Out: 33}, {In: 16, Out: 128, CutIn: true, CutOut: true}, {In: 40, Out: 300}, {In: 300, Out: 200, CutIn: true, CutOut: true}} {
		checkLinearAlone(b, l, 27)
	}
	for _, c := range []device.Conv{
		{In: 1, Out: 4, Size: [3]int{13, 12, 11}, Kernel: [3]int{3, 3, 3}, Stride: [3]int{1, 1, 1}},
		{In: 4, Out: 8, Size: [3]int{7, 9, 8}, Kernel: [3]int{3, 3, 3}, Stride: [3]int{2, 2, 2}, Pad: [3]int{1, 1, 1}},
		{In: 16, Out: 16, Size: [3]int{4, 4, 4}, Kernel: [3]int{3, 3, 3}, Stride: [3]int{1, 1, 1}, Pad: [3]int{1, 1, 1}},
		{In: 8, Out: 8, Size: [3]int{5, 5, 5}, Kernel: [3]int{1, 1, 1}, Stride: [3]int{1, 1, 1}},
		{In: 8, Out: 1, Size: [3]int{2, 16, 16}, Kernel: [3]int{1, 3, 3}, Stride: [3]int{1, 1, 1}, Pad: [3]int{0, 1, 1}},
	} {
		checkConvAlone(b, c, 9)
	}
}

// checkCuts compares a whole layer with its shards, cut at multiples of
// device.SumUnit, whose sums are added and rounded once: the same bits, since the
// rounding of float64 is lost in that.
func checkCuts[T device.Float](b *bench[T]) {
	for _, l := range []device.Linear{{In: 384, Out: 30, CutIn: true}, {In: 20, Out: 300, CutOut: true}, {In: 270, Out: 5, CutIn: true}} {
		checkCutLinear(b, l, 5)
		checkCutLinear(b, l, 26)
	}
}

func checkCutLinear[T device.Float](b *bench[T], l device.Linear, batch int) {
	name := func(what string) string { return fmt.Sprintf("%s of %+v in shards, batch %d", what, l, batch) }
	x, hx := b.input(batch * l.In)
	w, hw := b.input(l.MACs())
	dy, hdy := b.input(batch * l.Out)
	bias, hb := b.input(l.Out)
	n, results := l.In, l.Out
	if l.CutOut {
		n, results = l.Out, l.In
	}
	total, sums := make([]float64, batch*results), make([]float64, batch*results)
	for lo := 0; lo < n; lo += 2 * device.SumUnit {
		hi := min(n, lo+2*device.SumUnit)
		if l.CutIn {
			part := device.Linear{In: hi - lo, Out: l.Out}
			b.dev.LinearSums(part, batch, b.from(columns(hx, l.In, lo, hi)), b.from(columns(hw, l.In, lo, hi)), sums)
		} else {
			part := device.Linear{In: l.In, Out: hi - lo}
			b.dev.LinearBackwardSums(part, batch, b.from(columns(hdy, l.Out, lo, hi)), w.Slice(lo*l.In, hi*l.In), sums)
		}
		device.Axpy(1, sums, total)
	}
	y := b.output(batch * results)
	if l.CutIn {
		b.dev.LinearForward(l, batch, x, w, bias, y)
		for i := range total {
			total[i] += hb[i%l.Out]
		}
	} else {
		b.dev.LinearBackwardData(l, batch, dy, w, y)
	}
	b.expect(name("sums"), y, total)
	if _, ok := any(T(0)).(float32); ok {
		b.identical(name("sums"), b.from(total), y)
	}
}

// columns returns columns lo to hi of rows of n values.
func columns(x []float64, n, lo, hi int) []float64 {
	var part []float64
	for ; len(x) > 0; x = x[n:] {
		part = append(part, x[lo:hi]...)
	}
	return part
}

// checkNothing runs batches of no samples, whose results are empty slices of
// buffers that must stay as they are.
func checkNothing[T device.Float](b *bench[T]) {
	for _, l := range []device.Linear{{In: 40, Out: 72}, {In: 40, Out: 72, CutIn: true, CutOut: true}} {
		x, hx := b.input(200)
		w, hw := b.input(l.MACs())
		bias, hb := b.input(l.Out)
		none := x.Slice(0, 0)
		b.dev.LinearForward(l, 0, none, w, bias, none)
		b.dev.LinearBackwardData(l, 0, none, w, none)
		b.dev.LinearBackwardWeights(l, 0, none, none, w, bias)
		checkWritten(b, l, func(l device.Linear, dw, db device.Buffer[T]) { b.dev.LinearBackwardWeights(l, 0, none, none, dw, db) })
		c := device.Conv{In: 4, Out: 8, Size: [3]int{7, 9, 8}, Kernel: [3]int{3, 3, 3}, Stride: [3]int{2, 2, 2}, Pad: [3]int{1, 1, 1}}
		cw, hcw := b.input(c.WeightLen())
		cb, hcb := b.input(c.Out)
		b.dev.ConvForward(c, 0, none, cw, cb, none)
		b.dev.ConvBackwardData(c, 0, none, cw, none)
		b.dev.ConvBackwardWeights(c, 0, none, none, cw, cb)
		b.expect("neighbours of no samples", x, hx)
		b.expect("dense weights after no samples", w, hw)
		b.expect("dense bias after no samples", bias, hb)
		b.expect("weights after no samples", cw, hcw)
		b.expect("bias after no samples", cb, hcb)
	}
}

// sample returns sample n of values with so many per sample.
func sample[T device.Float](v device.Buffer[T], n, per int) device.Buffer[T] {
	return v.Slice(n*per, (n+1)*per)
}

func checkLinearAlone[T device.Float](b *bench[T], l device.Linear, batch int) {
	x, _ := b.input(batch * l.In)
	w, _ := b.input(l.MACs())
	bias, _ := b.input(l.Out)
	dy, _ := b.input(batch * l.Out)
	y, dx := b.output(batch*l.Out), b.output(batch*l.In)
	b.dev.LinearForward(l, batch, x, w, bias, y)
	b.dev.LinearBackwardData(l, batch, dy, w, dx)
	for n := range batch {
		one, back := b.output(l.Out), b.output(l.In)
		b.dev.LinearForward(l, 1, sample(x, n, l.In), w, bias, one)
		b.dev.LinearBackwardData(l, 1, sample(dy, n, l.Out), w, back)
		b.identical(fmt.Sprintf("a sample alone of %+v", l), one, sample(y, n, l.Out))
		b.identical(fmt.Sprintf("dx alone of %+v", l), back, sample(dx, n, l.In))
	}
}

func checkConvAlone[T device.Float](b *bench[T], c device.Conv, batch int) {
	x, _ := b.input(c.InLen(batch))
	w, _ := b.input(c.WeightLen())
	bias, _ := b.input(c.Out)
	dy, _ := b.input(c.OutLen(batch))
	y, dx := b.output(c.OutLen(batch)), b.output(c.InLen(batch))
	b.dev.ConvForward(c, batch, x, w, bias, y)
	b.dev.ConvBackwardData(c, batch, dy, w, dx)
	for n := range batch {
		one, back := b.output(c.OutLen(1)), b.output(c.InLen(1))
		b.dev.ConvForward(c, 1, sample(x, n, c.InLen(1)), w, bias, one)
		b.dev.ConvBackwardData(c, 1, sample(dy, n, c.OutLen(1)), w, back)
		b.identical(fmt.Sprintf("a sample alone of %+v", c), one, sample(y, n, c.OutLen(1)))
		b.identical(fmt.Sprintf("dx alone of %+v", c), back, sample(dx, n, c.InLen(1)))
	}
}

func checkMoments[T device.Float](b *bench[T]) {
	n := device.BatchNorm{Batch: 3, Channels: 5, Size: 67}
	x, hx := b.input(n.Len())
	got, want := make([]float64, 10), make([]float64, 10)
	b.dev.BatchNormMoments(n, x, got)
	for pass := range 2 {
		for i, v := range hx {
			if c := i / n.Size % n.Channels; pass == 0 {
				want[c] += v / float64(n.Batch*n.Size)
			} else {
				want[n.Channels+c] += (v - want[c]) * (v - want[c])
			}
		}
	}
	for c := range n.Channels {
		want[c] *= float64(n.Batch * n.Size)
	}
	b.results = append(b.results, result{"moments", slices.Clone(got), want})
	n.Batch = 0
	b.dev.BatchNormMoments(n, x.Slice(0, 0), got)
	b.results = append(b.results, result{"moments of nothing", got, make([]float64, 10)})
}

// identical compares two buffers bit by bit.
func (b *bench[T]) identical(name string, p, q device.Buffer[T]) {
	b.t.Helper()
	hp, hq := make([]T, p.Len()), make([]T, q.Len())
	b.dev.Download(hp, p)
	b.dev.Download(hq, q)
	if !slices.Equal(hp, hq) {
		b.t.Errorf("%s: not the same bits", name)
	}
}
