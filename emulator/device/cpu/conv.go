// SPDX-License-Identifier: BSD-3-Clause

package cpu

import (
	"fmt"
	"math"
)

// Conv is the geometry of a convolution of [batch, In, D, H, W] to
// [batch, Out, D', H', W'] with weights [Out, In, kd, kh, kw] and a bias. Two
// dimensions are D = 1. Kernels are (3,3,3), (1,3,3) or (1,1,1); the stride is
// 1 or 2, the same on all axes; at most kernel − 1 zeros pad each side.
type Conv struct {
	In, Out int    // channels
	Size    [3]int // D, H, W of the input
	Kernel  [3]int
	Stride  [3]int
	Pad     [3]int
}

// Check says what about c there is no kernel for.
func (c Conv) Check() error {
	if c.In < 1 || c.Out < 1 {
		return fmt.Errorf("cpu: convolution of %d to %d channels: want at least 1", c.In, c.Out)
	}
	k := c.Kernel
	if k != [3]int{3, 3, 3} && k != [3]int{1, 3, 3} && k != [3]int{1, 1, 1} {
		return fmt.Errorf("cpu: convolution kernel %v: want (3,3,3), (1,3,3) or (1,1,1)", k)
	}
	s := c.Stride
	if (s[0] != 1 && s[0] != 2) || s[1] != s[0] || s[2] != s[0] {
		return fmt.Errorf("cpu: convolution stride %v: want 1 or 2 on all axes", s)
	}
	for a := range 3 {
		if c.Pad[a] < 0 || c.Pad[a] >= k[a] {
			return fmt.Errorf("cpu: convolution padding %v: want 0 to %d on axis %d", c.Pad, k[a]-1, a)
		}
		if c.Size[a] < 1 || c.Size[a]+2*c.Pad[a] < k[a] {
			return fmt.Errorf("cpu: convolution of size %v with kernel %v: no output on axis %d", c.Size, k, a)
		}
	}
	return nil
}

// OutSize returns D', H', W' = (size + 2 pad − kernel)/stride + 1, rounded down.
func (c Conv) OutSize() [3]int {
	var o [3]int
	for a := range o {
		o[a] = (c.Size[a]+2*c.Pad[a]-c.Kernel[a])/c.Stride[a] + 1
	}
	return o
}

// InLen and OutLen are the elements of one sample of the input and the output.
func (c Conv) InLen() int { return c.In * volume(c.Size) }

// OutLen is the number of elements of one sample of the output.
func (c Conv) OutLen() int { return c.Out * volume(c.OutSize()) }

// WeightLen is the number of weights, without the bias.
func (c Conv) WeightLen() int { return c.Out * c.In * volume(c.Kernel) }

// PackedLen is the length of what Pack writes.
func (c Conv) PackedLen() int { return c.WeightLen() + c.Out }

// MultiplyAdds is the number of multiply-adds for one sample, those with padding included.
func (c Conv) MultiplyAdds() int { return c.OutLen() * c.In * volume(c.Kernel) }

// Pack brings weights [Out, In, kd, kh, kw] and bias [Out] (nil: zero) into the
// order in which the kernels read them: for each four output channels (then for
// each one that is left) the biases, then [In, kd, kh, kw, 4].
func (c Conv) Pack(w, bias, packed []float32) {
	need("weights", len(w), c.WeightLen())
	need("packed weights", len(packed), c.PackedLen())
	n, at := c.In*volume(c.Kernel), 0
	for o := 0; o < c.Out; {
		width := blockWidth(c.Out - o)
		for j := range width {
			packed[at+j] = 0
			if bias != nil {
				packed[at+j] = bias[o+j]
			}
			for i, v := range w[(o+j)*n : (o+j+1)*n] {
				packed[at+width+i*width+j] = v
			}
		}
		at += width * (n + 1)
		o += width
	}
}

// unpack undoes Pack.
func (c Conv) unpack(packed, w, bias []float32) {
	n, at := c.In*volume(c.Kernel), 0
	for o := 0; o < c.Out; {
		width := blockWidth(c.Out - o)
		for j := range width {
			bias[o+j] = packed[at+j]
			for i := range n {
				w[(o+j)*n+i] = packed[at+width+i*width+j]
			}
		}
		at += width * (n + 1)
		o += width
	}
}

func blockWidth(left int) int {
	if left >= 4 {
		return 4
	}
	return 1
}

// Fold multiplies a batch normalisation with fixed statistics into the
// convolution (or linear layer) before it:
//
//	w' = w·γ/√(σ² + ε),  b' = (b − μ)·γ/√(σ² + ε) + β
//
// with weights [out, n], the other slices [out], bias nil for zero. folded and
// foldedBias may be w and bias.
func Fold(w, bias, gamma, beta, mean, variance []float32, eps float64, folded, foldedBias []float32) {
	out := len(gamma)
	n := len(w) / out
	need("folded weights", len(folded), out*n)
	need("folded bias", len(foldedBias), out)
	for o := range out {
		scale := float64(gamma[o]) / math.Sqrt(float64(variance[o])+eps)
		b := 0.0
		if bias != nil {
			b = float64(bias[o])
		}
		for i := o * n; i < (o+1)*n; i++ {
			folded[i] = float32(float64(w[i]) * scale)
		}
		foldedBias[o] = float32((b-float64(mean[o]))*scale + float64(beta[o]))
	}
}

// adjoint is the convolution of dy that gives dx, with weights flipped and
// transposed as in flip; stride becomes zeros between the elements of dy.
func (c Conv) adjoint() geometry {
	g := geometry{In: int64(c.Out), Out: int64(c.In), Stride: 1, Dilate: int64(c.Stride[0])}
	for a, o := range c.OutSize() {
		g.Size[a], g.OutSize[a], g.Kernel[a] = int64(o), int64(c.Size[a]), int64(c.Kernel[a])
		g.Pad[a] = int64(c.Kernel[a] - 1 - c.Pad[a])
	}
	return g
}

// flip writes weights [In, Out, kd, kh, kw], each kernel reversed, packed and without bias.
func (c Conv) flip(w, packed []float32) {
	n, at := volume(c.Kernel), 0
	for i := 0; i < c.In; {
		width := blockWidth(c.In - i)
		clear(packed[at : at+width])
		at += width
		for o := range c.Out {
			for t := range n {
				for j := range width {
					packed[at] = w[(o*c.In+i+j)*n+n-1-t]
					at++
				}
			}
		}
		i += width
	}
}

// halves reports whether dx can be taken apart by parity: see body_back.h.
func (c Conv) halves() bool {
	return c.Kernel == [3]int{3, 3, 3} && c.Stride[0] == 2 && c.Pad == [3]int{1, 1, 1}
}

// packHalves writes the weights of the eight classes of body_back.h.
func (c Conv) packHalves(w, packed []float32) {
	at := 0
	for class := range 8 {
		parity := [3]int{class >> 2, class >> 1 & 1, class & 1}
		var taps [8]int
		n := 0
		for t := range 8 {
			tap, seen := 0, true
			for a, r := range parity {
				further := t >> (2 - a) & 1
				seen = seen && further <= r
				tap = 3*tap + 1 + r - 2*further // 1 for an even element, 2 and 0 for an odd one
			}
			if seen {
				taps[n] = tap
				n++
			}
		}
		for i := 0; i < c.In; {
			width := blockWidth(c.In - i)
			for o := range c.Out {
				for _, tap := range taps[:n] {
					for j := range width {
						packed[at] = w[(o*c.In+i+j)*27+tap]
						at++
					}
				}
			}
			i += width
		}
	}
}

// geometry is a Conv as the kernels take it: cpu_conv in kernel.h, field by field.
type geometry struct {
	In, Out               int64
	Size, OutSize, Kernel [3]int64
	Stride                int64
	Pad                   [3]int64
	Dilate, ReLU          int64
}

func (c Conv) geometry(relu bool) geometry {
	g := geometry{In: int64(c.In), Out: int64(c.Out), Stride: int64(c.Stride[0]), Dilate: 1}
	for a, o := range c.OutSize() {
		g.Size[a], g.OutSize[a] = int64(c.Size[a]), int64(o)
		g.Kernel[a], g.Pad[a] = int64(c.Kernel[a]), int64(c.Pad[a])
	}
	if relu {
		g.ReLU = 1
	}
	return g
}

// copyPlane is the size of a working copy of one input plane for vectors of
// that many lanes, in floats: cpu_copy_of in kernel.h.
func (g *geometry) copyPlane(lanes int64) int64 {
	var rows int64
	for r := int64(0); r < g.Stride && r < g.Kernel[1]; r++ {
		rows += g.OutSize[1] + (g.Kernel[1]-1-r)/g.Stride
	}
	return ((rows*g.OutSize[2]+lanes-1)/lanes*lanes + lanes) * g.Kernel[2] * g.In
}

func volume(s [3]int) int { return s[0] * s[1] * s[2] }

func need(what string, got, want int) {
	if got < want {
		panic(fmt.Sprintf("cpu: %s: %d elements, want %d", what, got, want))
	}
}
