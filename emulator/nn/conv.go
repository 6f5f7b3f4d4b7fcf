// SPDX-License-Identifier: BSD-3-Clause

package nn

import (
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/space"
)

// Conv is a convolution with bias in two or three dimensions.
type Conv[T device.Float] struct {
	env          *Env[T]
	shape        device.Conv
	weight, bias *Entry[T]
	x            device.Buffer[T] // input of the last Forward
	batch        int
	y            slot[T]
	first        bool
	cut          *cut[T] // of a layer of blocks, else nil
}

// ConvOptions says how a convolution differs from the usual.
type ConvOptions struct {
	Planar bool // two-dimensional: weights are [Co, Ci, kh, kw]
	First  bool // nothing before it is trained: Backward returns nil
}

// NewConv returns a convolution of the given name. It panics if the shape is
// impossible.
func NewConv[T device.Float](env *Env[T], name string, shape device.Conv, opts ConvOptions) *Conv[T] {
	if err := shape.Validate(); err != nil {
		panic("nn: " + name + ": " + err.Error())
	}
	dims := append([]int{shape.Out, shape.In}, shape.Kernel[:]...)
	if opts.Planar {
		dims = append([]int{shape.Out, shape.In}, shape.Kernel[1:]...)
	}
	fan := shape.In * shape.Taps()
	l := &Conv[T]{
		env: env, shape: shape, first: opts.First,
		weight: &Entry[T]{Name: name + ".weight", Shape: dims, Kind: Weight, FanIn: fan},
		bias:   &Entry[T]{Name: name + ".bias", Shape: []int{shape.Out}, Kind: Bias, FanIn: fan},
	}
	if env.Cut != nil {
		l.cut = newCut(env.Cut, space.Window{Kernel: shape.Kernel, Stride: shape.Stride, Pad: shape.Pad}, shape.Size, shape.OutSize())
	}
	return l
}

// Forward computes the convolution.
func (l *Conv[T]) Forward(x device.Buffer[T], batch int, _ bool) device.Buffer[T] {
	l.x, l.batch = x, batch
	if l.cut != nil {
		return l.forwardBlock(x, batch)
	}
	y := l.y.get(l.env.Device, l.shape.OutLen(batch))
	l.env.Device.ConvForward(l.shape, batch, x, l.weight.Value, l.bias.Value, y)
	return y
}

// Backward computes the derivatives.
func (l *Conv[T]) Backward(dy device.Buffer[T]) device.Buffer[T] {
	if l.cut != nil {
		return l.backwardBlock(dy)
	}
	dev := l.env.Device
	l.weights(dy)
	l.env.Complete(l.weight, l.bias)
	if l.first {
		return nil
	}
	dx := l.env.Take(l.shape.InLen(l.batch))
	dev.ConvBackwardData(l.shape, l.batch, dy, l.weight.Value, dx)
	return dx
}

// weights adds to the gradients of weight and bias.
func (l *Conv[T]) weights(dy device.Buffer[T]) {
	dev, bounds := l.env.Device, l.env.slots(l.batch)
	if len(bounds) == 2 {
		dev.ConvBackwardWeights(l.shape, l.batch, l.x, dy, l.weight.Grad, l.bias.Grad)
		return
	}
	in, out, n := l.shape.InLen(1), l.shape.OutLen(1), l.shape.WeightLen()
	l.env.bySlots(bounds, n+l.shape.Out, func(lo, hi int, s device.Buffer[T]) {
		dev.ConvBackwardWeights(l.shape, hi-lo, l.x.Slice(lo*in, hi*in), dy.Slice(lo*out, hi*out), s.Slice(0, n), s.Slice(n, s.Len()))
	}, func(s device.Buffer[T]) {
		dev.Axpy(1, s.Slice(0, n), l.weight.Grad)
		dev.Axpy(1, s.Slice(n, s.Len()), l.bias.Grad)
	})
}

// Entries lists weight and bias.
func (l *Conv[T]) Entries() []*Entry[T] { return []*Entry[T]{l.weight, l.bias} }

// forwardBlock computes this rank's block.
func (l *Conv[T]) forwardBlock(x device.Buffer[T], batch int) device.Buffer[T] {
	y := l.y.get(l.env.Device, batch*l.OutLen())
	l.cut.forward(batch, l.shape.In, l.shape.Out, x, y, func(size [3]int, x, y device.Buffer[T]) {
		l.env.Device.ConvForward(l.inside(size), batch, x, l.weight.Value, l.bias.Value, y)
	})
	return y
}

// inside is the convolution of a block that comes with its halo and padding.
func (l *Conv[T]) inside(size [3]int) device.Conv {
	c := l.shape
	c.Size, c.Pad = size, [3]int{}
	return c
}

// backwardBlock computes the derivatives of the block.
func (l *Conv[T]) backwardBlock(dy device.Buffer[T]) device.Buffer[T] {
	dev := l.env.Device
	var data func(size [3]int, dy, dx device.Buffer[T])
	if !l.first {
		data = func(size [3]int, dy, dx device.Buffer[T]) {
			dev.ConvBackwardData(l.inside(size), l.batch, dy, l.weight.Value, dx)
		}
	}
	dx := l.cut.backward(l.shape.In, l.shape.Out, l.x, dy, data, func(size [3]int, x device.Buffer[T]) {
		dev.ConvBackwardWeights(l.inside(size), l.batch, x, dy, l.weight.Grad, l.bias.Grad)
	})
	l.env.Complete(l.weight, l.bias)
	return dx
}

// OutLen is the number of output values per sample.
func (l *Conv[T]) OutLen() int {
	if l.cut != nil {
		return l.shape.Out * l.cut.out.Cells()
	}
	return l.shape.OutLen(1)
}

// OutSize is the extents of the output.
func (l *Conv[T]) OutSize() [3]int { return l.shape.OutSize() }

// MACs is the number of multiplications per sample.
func (l *Conv[T]) MACs() int {
	if l.cut != nil {
		return l.shape.WeightLen() * l.cut.out.Cells()
	}
	return l.shape.MACs()
}
