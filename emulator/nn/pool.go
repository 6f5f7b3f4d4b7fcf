// SPDX-License-Identifier: BSD-3-Clause

package nn

import (
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/space"
)

// MaxPool keeps the largest value of each 2×2×2 block.
type MaxPool[T device.Float] struct {
	resampler[T]
	x   device.Buffer[T]
	cut *cut[T] // of a layer of blocks, else nil
}

// NewMaxPool returns a pooling of inputs of the given extents.
func NewMaxPool[T device.Float](env *Env[T], channels int, size [3]int) *MaxPool[T] {
	l := &MaxPool[T]{resampler: resampler[T]{
		env: env, channels: channels, shape: device.Pool{Size: size, Factor: [3]int{2, 2, 2}},
	}}
	if env.Cut != nil {
		l.cut = newCut(env.Cut, space.Window{Kernel: l.shape.Factor, Stride: l.shape.Factor}, size, l.shape.Coarse())
	}
	return l
}

// Forward pools x.
func (l *MaxPool[T]) Forward(x device.Buffer[T], batch int, _ bool) device.Buffer[T] {
	l.x, l.shape.Planes = x, batch*l.channels
	if l.cut != nil {
		y := l.y.get(l.env.Device, batch*l.OutLen())
		l.cut.forward(batch, l.channels, l.channels, x, y, func(size [3]int, x, y device.Buffer[T]) {
			l.env.Device.MaxPoolForward(l.inside(size), x, y)
		})
		return y
	}
	y := l.y.get(l.env.Device, l.shape.CoarseLen())
	l.env.Device.MaxPoolForward(l.shape, x, y)
	return y
}

// Backward sends dy to where the largest values were.
func (l *MaxPool[T]) Backward(dy device.Buffer[T]) device.Buffer[T] {
	if l.cut != nil {
		return l.cut.backwardSpread(l.channels, l.x, func(size [3]int, x, dx device.Buffer[T]) {
			l.env.Device.MaxPoolBackward(l.inside(size), x, dy, dx)
		})
	}
	dx := l.env.Take(l.shape.FineLen())
	l.env.Device.MaxPoolBackward(l.shape, l.x, dy, dx)
	return dx
}

// inside is the pooling of a block that comes with its halo.
func (l *MaxPool[T]) inside(size [3]int) device.Pool {
	p := l.shape
	p.Size = size
	return p
}

// OutLen is the number of output values per sample.
func (l *MaxPool[T]) OutLen() int {
	if l.cut != nil {
		return l.channels * l.cut.out.Cells()
	}
	return l.perSample().CoarseLen()
}

// OutSize is the extents of the output.
func (l *MaxPool[T]) OutSize() [3]int { return l.shape.Coarse() }

// Upsample repeats each value along height and width, twice each.
type Upsample[T device.Float] struct{ resampler[T] }

// NewUpsample returns an up-sampling of inputs of the given extents.
func NewUpsample[T device.Float](env *Env[T], channels int, size [3]int) *Upsample[T] {
	return &Upsample[T]{resampler[T]{
		env: env, channels: channels,
		shape: device.Pool{Size: [3]int{size[0], 2 * size[1], 2 * size[2]}, Factor: [3]int{1, 2, 2}},
	}}
}

// Forward repeats the values of x.
func (l *Upsample[T]) Forward(x device.Buffer[T], batch int, _ bool) device.Buffer[T] {
	l.shape.Planes = batch * l.channels
	y := l.y.get(l.env.Device, l.shape.FineLen())
	l.env.Device.UpsampleForward(l.shape, x, y)
	return y
}

// Backward sums dy over the repetitions.
func (l *Upsample[T]) Backward(dy device.Buffer[T]) device.Buffer[T] {
	dx := l.env.Take(l.shape.CoarseLen())
	l.env.Device.UpsampleBackward(l.shape, dy, dx)
	return dx
}

// OutLen is the number of output values per sample.
func (l *Upsample[T]) OutLen() int { return l.perSample().FineLen() }

// OutSize is the extents of the output.
func (l *Upsample[T]) OutSize() [3]int { return l.shape.Size }

// resampler is what changes of resolution share.
type resampler[T device.Float] struct {
	env      *Env[T]
	channels int
	shape    device.Pool // Planes is that of the last Forward
	y        slot[T]
}

func (r *resampler[T]) perSample() device.Pool {
	p := r.shape
	p.Planes = r.channels
	return p
}

// Entries is empty.
func (r *resampler[T]) Entries() []*Entry[T] { return nil }

// MACs is 0.
func (r *resampler[T]) MACs() int { return 0 }
