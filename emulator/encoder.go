// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"fmt"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
)

// newEncoder returns the encoder of one variable, 1 × g³ → 32 × (g/16)³: a
// convolution, a pooling and three groups of residual blocks, the first of
// each group with stride 2.
func newEncoder[T device.Float](env *nn.Env[T], name string, grid int) *nn.Sequential[T] {
	layer := func(i int) string { return fmt.Sprintf("%s.layers.%d", name, i) }
	stem := newCBR(env, layer(0), device.Conv{
		In: 1, Out: 4, Size: cubic(grid), Kernel: cubic(3), Stride: cubic(1), Pad: cubic(0),
	}, nn.ConvOptions{First: true})
	pooled := nn.NewConvNormPool(stem, layer(0))
	items := []nn.Item[T]{{Name: layer(1), Layer: pooled}} // two modules of the original
	size, in := pooled.OutSize(), 4
	for _, out := range []int{8, 16, 32} {
		for k := range 3 {
			at := layer(1 + len(items))
			b := newResBlock(env, at, in, out, size, k == 0)
			items = append(items, nn.Item[T]{Name: at, Layer: b})
			size, in = b.cbr0.OutSize(), out
		}
	}
	return nn.NewSequential(env, items...)
}

// cubic returns the same number along the three axes.
func cubic(n int) [3]int { return [3]int{n, n, n} }

// newCBR returns convolution, batch normalisation and rectifier under the names
// that the original's block of this name gives them.
func newCBR[T device.Float](env *nn.Env[T], name string, shape device.Conv, opts nn.ConvOptions) *nn.ConvNorm[T] {
	return nn.NewConvNorm(env, name+".layers.0", name+".layers.1", shape, opts)
}

// resBlock is y = CBR1(CBR0(x)) and then y + short(y) where the resolution
// changes, else y + x, without a rectifier after the sum. The original takes
// the shortcut from y, not from x, and owns a short even where it is unused.
type resBlock[T device.Float] struct {
	env               *nn.Env[T]
	cbr0, cbr1, short *nn.ConvNorm[T]
	skip              bool // use short
}

func newResBlock[T device.Float](env *nn.Env[T], name string, in, out int, size [3]int, skip bool) *resBlock[T] {
	shape := device.Conv{In: in, Out: out, Size: size, Kernel: cubic(3), Stride: cubic(1), Pad: cubic(1)}
	if skip {
		shape.Stride = cubic(2)
	}
	b := &resBlock[T]{env: env, skip: skip}
	b.cbr0 = newCBR(env, name+".CBR0", shape, nn.ConvOptions{})
	shape.In, shape.Size, shape.Stride = out, shape.OutSize(), cubic(1)
	b.cbr1 = newCBR(env, name+".CBR1", shape, nn.ConvOptions{})
	shape.Kernel, shape.Pad = cubic(1), cubic(0)
	b.short = newCBR(env, name+".short_CBR0", shape, nn.ConvOptions{})
	if !skip {
		nn.MarkUnused[T](b.short)
	}
	return b
}

// Forward applies the block.
func (b *resBlock[T]) Forward(x device.Buffer[T], batch int, train bool) device.Buffer[T] {
	y := b.cbr0.Forward(x, batch, train)
	if !b.skip {
		return b.cbr1.ForwardAdd(y, x, batch, train)
	}
	y = b.cbr1.Forward(y, batch, train)
	return b.short.ForwardAdd(y, y, batch, train)
}

// Backward computes the derivatives.
func (b *resBlock[T]) Backward(dy device.Buffer[T]) device.Buffer[T] {
	if !b.skip {
		g := b.cbr1.Backward(dy)
		dx := b.cbr0.Backward(g)
		b.env.Give(g)
		b.env.Device.Axpy(1, dy, dx)
		return dx
	}
	through := b.short.Backward(dy)
	b.env.Device.Axpy(1, dy, through)
	g := b.cbr1.Backward(through)
	b.env.Give(through)
	dx := b.cbr0.Backward(g)
	b.env.Give(g)
	return dx
}

// Entries lists CBR0, CBR1 and short_CBR0, used or not.
func (b *resBlock[T]) Entries() []*nn.Entry[T] {
	return append(append(b.cbr0.Entries(), b.cbr1.Entries()...), b.short.Entries()...)
}

// OutLen is the number of output values per sample.
func (b *resBlock[T]) OutLen() int { return b.cbr1.OutLen() }

// MACs is the number of multiplications per sample.
func (b *resBlock[T]) MACs() int {
	n := b.cbr0.MACs() + b.cbr1.MACs()
	if b.skip {
		n += b.short.MACs()
	}
	return n
}
