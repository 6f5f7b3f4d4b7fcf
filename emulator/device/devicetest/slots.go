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
	l := device.Linear{In: 300, Out: 33, Fixed: true}
	c := device.Conv{In: 4, Out: 8, Size: [3]int{7, 9, 8}, Kernel: [3]int{3, 3, 3}, Stride: [3]int{2, 2, 2}, Pad: [3]int{1, 1, 1}}
	const batch = 7
	x, _ := b.input(batch * l.In)
	w, _ := b.input(l.MACs())
	bias, _ := b.input(l.Out)
	dy, _ := b.input(batch * l.Out)
	y, dx := b.output(batch*l.Out), b.output(batch*l.In)
	b.dev.LinearForward(l, batch, x, w, bias, y)
	b.dev.LinearBackwardData(l, batch, dy, w, dx)
	cx, _ := b.input(c.InLen(batch))
	cw, _ := b.input(c.WeightLen())
	cb, _ := b.input(c.Out)
	cdy, _ := b.input(c.OutLen(batch))
	cy, cdx := b.output(c.OutLen(batch)), b.output(c.InLen(batch))
	b.dev.ConvForward(c, batch, cx, cw, cb, cy)
	b.dev.ConvBackwardData(c, batch, cdy, cw, cdx)
	for n := range batch {
		part := func(v device.Buffer[T], per int) device.Buffer[T] { return v.Slice(n*per, (n+1)*per) }
		one, back := b.output(l.Out), b.output(l.In)
		b.dev.LinearForward(l, 1, part(x, l.In), w, bias, one)
		b.dev.LinearBackwardData(l, 1, part(dy, l.Out), w, back)
		b.identical("a dense layer's sample alone", one, part(y, l.Out))
		b.identical("a dense layer's dx alone", back, part(dx, l.In))
		cone, cback := b.output(c.OutLen(1)), b.output(c.InLen(1))
		b.dev.ConvForward(c, 1, part(cx, c.InLen(1)), cw, cb, cone)
		b.dev.ConvBackwardData(c, 1, part(cdy, c.OutLen(1)), cw, cback)
		b.identical("a convolution's sample alone", cone, part(cy, c.OutLen(1)))
		b.identical("a convolution's dx alone", cback, part(cdx, c.InLen(1)))
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
