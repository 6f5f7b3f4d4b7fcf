// SPDX-License-Identifier: BSD-3-Clause

package cpu

import (
	"fmt"
	"math"
	"testing"
)

func cube(in, out, n, kernel, stride, pad int) Conv {
	return Conv{in, out, [3]int{n, n, n}, [3]int{kernel, kernel, kernel}, [3]int{stride, stride, stride}, [3]int{pad, pad, pad}}
}

func image(in, out, f, n int) Conv {
	return Conv{in, out, [3]int{f, n, n}, [3]int{1, 3, 3}, [3]int{1, 1, 1}, [3]int{0, 1, 1}}
}

// network are the convolutions of Net3D at grid 64 with seven frequencies.
func network() []Conv {
	return []Conv{
		cube(1, 4, 64, 3, 1, 0),
		cube(4, 8, 31, 3, 2, 1), cube(8, 8, 16, 3, 1, 1), cube(8, 8, 16, 1, 1, 0),
		cube(8, 16, 16, 3, 2, 1), cube(16, 16, 8, 3, 1, 1), cube(16, 16, 8, 1, 1, 0),
		cube(16, 32, 8, 3, 2, 1), cube(32, 32, 4, 3, 1, 1), cube(32, 32, 4, 1, 1, 0),
		image(64, 32, 7, 8), image(32, 32, 7, 8),
		image(32, 16, 7, 16), image(16, 16, 7, 16),
		image(16, 8, 7, 32), image(8, 8, 7, 32), image(8, 1, 7, 64),
	}
}

// awkward are shapes that divide by nothing.
func awkward() []Conv {
	return []Conv{
		cube(1, 1, 1, 1, 1, 0), cube(1, 1, 3, 3, 1, 0), cube(2, 3, 2, 3, 1, 1), cube(3, 5, 5, 3, 1, 1), cube(5, 7, 7, 3, 2, 1),
		cube(1, 4, 13, 3, 1, 0), cube(2, 8, 19, 3, 1, 0), cube(3, 4, 6, 3, 2, 0), cube(2, 2, 9, 3, 1, 2), cube(4, 6, 3, 1, 1, 0),
		cube(3, 9, 10, 1, 2, 0), cube(2, 5, 1, 3, 2, 1), cube(3, 4, 5, 3, 2, 2), image(3, 1, 3, 11), image(7, 9, 1, 5), image(6, 4, 2, 1),
		{2, 5, [3]int{3, 5, 17}, [3]int{3, 3, 3}, [3]int{1, 1, 1}, [3]int{1, 1, 1}},
		{3, 4, [3]int{4, 17, 6}, [3]int{3, 3, 3}, [3]int{2, 2, 2}, [3]int{1, 1, 1}},
		{2, 4, [3]int{5, 3, 33}, [3]int{3, 3, 3}, [3]int{1, 1, 1}, [3]int{0, 0, 0}},
		{2, 4, [3]int{1, 9, 20}, [3]int{1, 3, 3}, [3]int{1, 1, 1}, [3]int{0, 0, 1}},
		{2, 4, [3]int{1, 9, 20}, [3]int{1, 3, 3}, [3]int{1, 1, 1}, [3]int{0, 1, 0}},
		{2, 4, [3]int{3, 8, 31}, [3]int{3, 3, 3}, [3]int{2, 2, 2}, [3]int{0, 1, 0}},
	}
}

type convCase struct {
	Conv
	batch int
}

func cases() []convCase {
	var all []convCase
	for _, c := range network() {
		all = append(all, convCase{c, 1})
	}
	for i, c := range awkward() {
		all = append(all, convCase{c, 1 + i%3})
	}
	return append(all, convCase{cube(16, 16, 4, 3, 1, 1), 3}, convCase{cube(8, 8, 4, 3, 2, 1), 2})
}

// fast leaves the largest shapes to the compiled kernels: the scalar ones are what they are compared with.
func fast(p *Pool, c convCase) bool {
	return p.Variant() != "scalar" || c.batch*c.MultiplyAdds() < 2e6
}

func TestConvForward(t *testing.T) {
	for i, c := range cases() {
		for _, after := range []bool{false, true} {
			if after && c.MultiplyAdds() > 1e7 {
				continue
			}
			x, w := numbers(t, c.batch*c.InLen(), uint64(i)), numbers(t, c.WeightLen(), 7)
			bias, y := numbers(t, c.Out, 8), numbers(t, c.batch*c.OutLen(), 9)
			var a After
			if after {
				a = After{ReLU: true, Residual: numbers(t, len(y), 10)}
			}
			want, sizes := make([]float64, len(y)), make([]float64, len(y))
			g := c.geometry(after)
			planes := c.batch * c.OutSize()[0]
			twinConv(&g, 0, planes, wide(x), wide(w), wide(bias), wide(a.Residual), want)
			twinConv(&g, 0, planes, magnitudes(wide(x)), magnitudes(wide(w)), magnitudes(wide(bias)), magnitudes(wide(a.Residual)), sizes)
			packed := fenced(t, c.PackedLen())
			c.Pack(w, bias, packed)
			everywhere(t, func(t *testing.T, p *Pool) {
				if !fast(p, c) {
					return
				}
				what := fmt.Sprintf("%+v batch %d after %v", c.Conv, c.batch, after)
				for j := range y {
					y[j] = float32(math.NaN())
				}
				if after {
					ConvPacked(p, c.Conv, c.batch, x, packed, y, a)
				} else {
					ConvForward(p, c.Conv, c.batch, x, w, bias, y)
				}
				near(t, what, y, want, sizes, c.In*volume(c.Kernel)+2)
			})
		}
	}
}

func TestConvPool(t *testing.T) {
	for i, c := range []convCase{
		{cube(1, 4, 32, 3, 1, 0), 2}, {Conv{1, 4, [3]int{7, 8, 64}, [3]int{3, 3, 3}, [3]int{1, 1, 1}, [3]int{}}, 1}, {cube(2, 8, 19, 3, 1, 0), 3}, {cube(1, 4, 18, 3, 1, 0), 1},
		{cube(1, 4, 7, 3, 1, 0), 2}, {cube(1, 3, 21, 3, 1, 0), 1}, {cube(1, 4, 39, 3, 1, 0), 1},
	} {
		x, w, bias := numbers(t, c.batch*c.InLen(), uint64(i)), numbers(t, c.WeightLen(), 7), numbers(t, c.Out, 8)
		packed := fenced(t, c.PackedLen())
		c.Pack(w, bias, packed)
		o := c.OutSize()
		whole := tensor{d: o[0], h: o[1], w: o[2]}
		n := c.batch * c.Out * (o[0] / 2) * (o[1] / 2) * (o[2] / 2)
		full, sizes := make([]float64, c.batch*c.OutLen()), make([]float64, c.batch*c.OutLen())
		want, bound := make([]float64, n), make([]float64, n)
		g := c.geometry(true)
		twinConv(&g, 0, c.batch*o[0], wide(x), wide(w), wide(bias), nil, full)
		twinConv(&g, 0, c.batch*o[0], magnitudes(wide(x)), magnitudes(wide(w)), magnitudes(wide(bias)), nil, sizes)
		twinMaxPool(0, c.batch*c.Out, &whole, full, want, nil)
		twinMaxPool(0, c.batch*c.Out, &whole, sizes, bound, nil)
		y := fenced(t, n)
		everywhere(t, func(t *testing.T, p *Pool) {
			if !fast(p, c) {
				return
			}
			clear(y)
			ConvPoolPacked(p, c.Conv, c.batch, x, packed, y, true)
			near(t, fmt.Sprintf("%+v batch %d", c.Conv, c.batch), y, want, bound, 27*c.In+1)
		})
	}
}

// backwardData is the gradient by the input straight from the definition.
func backwardData(c Conv, batch int, dy, w []float64) []float64 {
	dx := make([]float64, batch*c.InLen())
	g, o, k := c.geometry(false), c.OutSize(), volume(c.Kernel)
	for q := range batch * c.Out * o[0] {
		b, ch, oz := q/o[0]/c.Out, q/o[0]%c.Out, q%o[0]
		g.rows(oz, func(tap int, r run) {
			for i := range c.In {
				weight := w[(ch*c.In+i)*k+tap]
				for j := range r.n {
					dx[(b*c.In+i)*volume(c.Size)+r.x+j*r.stepX] += weight * dy[q*o[1]*o[2]+r.y+j*r.stepY]
				}
			}
		})
	}
	return dx
}

// backward are the cases for the gradients, the largest made smaller: the reference is slow.
func backward() []convCase {
	all := cases()
	for i := range all {
		if all[i].Size[2] == 64 {
			all[i].Size = [3]int{min(all[i].Size[0], 21), 21, 21}
		}
	}
	return all
}

func TestConvBackwardData(t *testing.T) {
	for i, c := range backward() {
		w, dy, dx := numbers(t, c.WeightLen(), 7), numbers(t, c.batch*c.OutLen(), uint64(i)), fenced(t, c.batch*c.InLen())
		want := backwardData(c.Conv, c.batch, wide(dy), wide(w))
		sizes := backwardData(c.Conv, c.batch, magnitudes(wide(dy)), magnitudes(wide(w)))
		everywhere(t, func(t *testing.T, p *Pool) {
			if !fast(p, c) || p.Threads() == 3 {
				return
			}
			ConvBackwardData(p, c.Conv, c.batch, dy, w, dx)
			near(t, fmt.Sprintf("%+v batch %d", c.Conv, c.batch), dx, want, sizes, c.Out*volume(c.Kernel))
		})
	}
}

func TestConvBackwardWeights(t *testing.T) {
	for i, c := range backward() {
		if i < len(network()) && c.MultiplyAdds() < 2e6 {
			c.batch = 2
		}
		x, dy := numbers(t, c.batch*c.InLen(), uint64(i)), numbers(t, c.batch*c.OutLen(), 5)
		dw, db, w0, b0 := fenced(t, c.WeightLen()), fenced(t, c.Out), numbers(t, c.WeightLen(), 3), numbers(t, c.Out, 4)
		g, n := c.geometry(false), volume(c.OutSize())
		want, sizes := wide(w0), magnitudes(wide(w0))
		twinConvWeights(&g, c.batch, 0, c.In*c.Kernel[0], wide(x), wide(dy), want)
		twinConvWeights(&g, c.batch, 0, c.In*c.Kernel[0], magnitudes(wide(x)), magnitudes(wide(dy)), sizes)
		wantB, sizesB := wide(b0), magnitudes(wide(b0))
		for j, v := range dy {
			wantB[j/n%c.Out] += float64(v)
			sizesB[j/n%c.Out] += math.Abs(float64(v))
		}
		everywhere(t, func(t *testing.T, p *Pool) {
			if !fast(p, c) || p.Threads() == 3 {
				return
			}
			copy(dw, w0)
			copy(db, b0)
			ConvBackwardWeights(p, c.Conv, c.batch, x, dy, dw, db)
			what := fmt.Sprintf("%+v batch %d", c.Conv, c.batch)
			near(t, what+" dw", dw, want, sizes, c.batch*n)
			near(t, what+" db", db, wantB, sizesB, c.batch*n)
		})
	}
}

func TestConvCheck(t *testing.T) {
	for _, c := range []Conv{
		{0, 1, [3]int{3, 3, 3}, [3]int{3, 3, 3}, [3]int{1, 1, 1}, [3]int{}},
		{1, 1, [3]int{3, 3, 3}, [3]int{3, 1, 1}, [3]int{1, 1, 1}, [3]int{}},
		{1, 1, [3]int{3, 3, 3}, [3]int{3, 3, 3}, [3]int{3, 3, 3}, [3]int{}},
		{1, 1, [3]int{3, 3, 3}, [3]int{3, 3, 3}, [3]int{1, 2, 1}, [3]int{}},
		{1, 1, [3]int{3, 3, 3}, [3]int{3, 3, 3}, [3]int{1, 1, 1}, [3]int{3, 0, 0}},
		{1, 1, [3]int{3, 2, 3}, [3]int{3, 3, 3}, [3]int{1, 1, 1}, [3]int{}},
	} {
		if c.Check() == nil {
			t.Errorf("%+v was not refused", c)
		}
	}
	for _, c := range append(network(), awkward()...) {
		if err := c.Check(); err != nil {
			t.Error(err)
		}
	}
}

// TestFold compares folded weights with a normalisation after the convolution.
func TestFold(t *testing.T) {
	c := cube(3, 6, 5, 3, 1, 1)
	x, w, b := numbers(t, c.InLen(), 1), numbers(t, c.WeightLen(), 2), numbers(t, c.Out, 3)
	gamma, beta, mean, variance := numbers(t, c.Out, 4), numbers(t, c.Out, 5), numbers(t, c.Out, 6), numbers(t, c.Out, 7)
	for i := range variance {
		variance[i] += 1.5
	}
	p := NewPool(1)
	y, folded, scale, shift := make([]float32, c.OutLen()), make([]float32, c.OutLen()), make([]float32, c.Out), make([]float32, c.Out)
	ConvForward(p, c, 1, x, w, b, y)
	BatchNormScale(gamma, beta, mean, variance, 1e-5, scale, shift)
	BatchNormApply(p, 1, c.Out, volume(c.OutSize()), y, scale, shift, y, After{})
	Fold(w, b, gamma, beta, mean, variance, 1e-5, w, b)
	ConvForward(p, c, 1, x, w, b, folded)
	for i, v := range folded {
		if d := math.Abs(float64(v - y[i])); d > 2e-5 {
			t.Fatalf("element %d: folded %v, in two steps %v", i, v, y[i])
		}
	}
}
