// SPDX-License-Identifier: BSD-3-Clause

package devicetest

import (
	"fmt"

	"github.com/columen/columen/emulator/device"
)

// convCases are the kinds of convolution of the network, at its own and at
// awkward sizes.
func convCases() []device.Conv {
	k333, k111, k133 := [3]int{3, 3, 3}, [3]int{1, 1, 1}, [3]int{1, 3, 3}
	none, one, two, planar := [3]int{0, 0, 0}, [3]int{1, 1, 1}, [3]int{2, 2, 2}, [3]int{0, 1, 1}
	return []device.Conv{
		{In: 1, Out: 4, Size: [3]int{9, 10, 19}, Kernel: k333, Stride: one, Pad: none},
		{In: 4, Out: 8, Size: [3]int{15, 15, 15}, Kernel: k333, Stride: two, Pad: one},
		{In: 8, Out: 16, Size: [3]int{8, 8, 8}, Kernel: k333, Stride: two, Pad: one},
		{In: 8, Out: 8, Size: [3]int{8, 8, 8}, Kernel: k333, Stride: one, Pad: one},
		{In: 32, Out: 32, Size: [3]int{2, 2, 2}, Kernel: k333, Stride: one, Pad: one},
		{In: 16, Out: 16, Size: [3]int{4, 4, 4}, Kernel: k111, Stride: one, Pad: none},
		{In: 64, Out: 32, Size: [3]int{7, 4, 4}, Kernel: k133, Stride: one, Pad: planar},
		{In: 8, Out: 1, Size: [3]int{1, 32, 32}, Kernel: k133, Stride: one, Pad: planar},
		{In: 3, Out: 5, Size: [3]int{5, 7, 6}, Kernel: k333, Stride: one, Pad: one},
		{In: 5, Out: 3, Size: [3]int{4, 5, 7}, Kernel: k333, Stride: two, Pad: one},
		{In: 17, Out: 13, Size: [3]int{2, 3, 11}, Kernel: k133, Stride: one, Pad: planar},
		{In: 2, Out: 3, Size: [3]int{1, 1, 1}, Kernel: k333, Stride: one, Pad: one},
	}
}

func checkConv[T device.Float](b *bench[T]) {
	for _, c := range convCases() {
		for _, batch := range []int{1, 3} {
			checkOneConv(b, c, batch)
		}
	}
}

func checkOneConv[T device.Float](b *bench[T], c device.Conv, batch int) {
	name := func(what string) string { return fmt.Sprintf("%s of %+v, batch %d", what, c, batch) }
	x, hx := b.input(c.InLen(batch))
	w, hw := b.input(c.WeightLen())
	bias, hbias := b.input(c.Out)
	dy, hdy := b.input(c.OutLen(batch))
	dw, hdw := b.input(c.WeightLen())
	db, hdb := b.input(c.Out)

	hy, hdx := make([]float64, len(hdy)), make([]float64, len(hx))
	outVolume := len(hy) / (batch * c.Out)
	for i := range hy {
		o := i / outVolume % c.Out
		hy[i] = hbias[o]
		hdb[o] += hdy[i]
	}
	eachTerm(c, batch, func(xi, wi, yi int) {
		hy[yi] += hw[wi] * hx[xi]
		hdx[xi] += hw[wi] * hdy[yi]
		hdw[wi] += hdy[yi] * hx[xi]
	})

	y, dx := b.output(len(hy)), b.output(len(hx))
	b.dev.ConvForward(c, batch, x, w, bias, y)
	b.expect(name("output"), y, hy)
	b.dev.ConvBackwardData(c, batch, dy, w, dx)
	b.expect(name("dx"), dx, hdx)
	b.dev.ConvBackwardWeights(c, batch, x, dy, dw, db)
	b.expect(name("dw"), dw, hdw)
	b.expect(name("db"), db, hdb)
}

// eachTerm visits every product of the convolution's sum by the definition: the
// indices of the input, the weight and the output.
func eachTerm(c device.Conv, batch int, visit func(xi, wi, yi int)) {
	out := c.OutSize()
	eachIndex([]int{batch, c.Out, out[0], out[1], out[2], c.In, c.Kernel[0], c.Kernel[1], c.Kernel[2]}, func(at []int, yi int) {
		n, o, p, i, k := at[0], at[1], at[2:5], at[5], at[6:9]
		var q [3]int
		for a := range q {
			q[a] = p[a]*c.Stride[a] + k[a] - c.Pad[a]
			if q[a] < 0 || q[a] >= c.Size[a] {
				return
			}
		}
		taps := c.Kernel[0] * c.Kernel[1] * c.Kernel[2]
		xi := (((n*c.In+i)*c.Size[0]+q[0])*c.Size[1]+q[1])*c.Size[2] + q[2]
		wi := (((o*c.In+i)*c.Kernel[0]+k[0])*c.Kernel[1]+k[1])*c.Kernel[2] + k[2]
		visit(xi, wi, yi/(c.In*taps))
	})
}

// eachIndex visits all indices of an array of this shape, with their place in
// C order.
func eachIndex(shape []int, visit func(at []int, place int)) {
	at := make([]int, len(shape))
	for place := range device.Volume(shape) {
		visit(at, place)
		for a := len(shape) - 1; a >= 0; a-- {
			if at[a]++; at[a] < shape[a] {
				break
			}
			at[a] = 0
		}
	}
}
