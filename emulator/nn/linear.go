// SPDX-License-Identifier: BSD-3-Clause

package nn

import "github.com/columen/columen/emulator/device"

// Linear is a fully connected layer with bias.
type Linear[T device.Float] struct {
	env          *Env[T]
	shape        device.Linear
	weight, bias *Entry[T]
	x            device.Buffer[T]
	batch        int
	y            slot[T]
	packed       device.PackedLinear[T]
	generation   int // of the values in packed
}

// NewLinear returns a dense layer of the given name.
func NewLinear[T device.Float](env *Env[T], name string, shape device.Linear) *Linear[T] {
	return &Linear[T]{
		env: env, shape: shape,
		weight: &Entry[T]{Name: name + ".weight", Shape: []int{shape.Out, shape.In}, Kind: Weight, FanIn: shape.In, Late: true},
		bias:   &Entry[T]{Name: name + ".bias", Shape: []int{shape.Out}, Kind: Bias, FanIn: shape.In, Late: true},
	}
}

// Forward computes y = x·wᵀ + b. In inference it does so with weights in a form
// of the device's own (device.Packer) or in bfloat16 (Env.HalfDense, Entry.Half),
// prepared when they have changed.
func (l *Linear[T]) Forward(x device.Buffer[T], batch int, train bool) device.Buffer[T] {
	l.env.Await(l.weight, l.bias)
	l.x, l.batch = x, batch
	y := l.y.get(l.env.Device, batch*l.shape.Out)
	if !train && l.prepare() {
		l.packed.Forward(batch, x, y)
		return y
	}
	l.env.Device.LinearForward(l.shape, batch, x, l.weight.Value, l.bias.Value, y)
	return y
}

// prepare packs the present weights, and says whether it did.
func (l *Linear[T]) prepare() bool {
	if l.packed != nil && l.generation == l.env.generation {
		return true
	}
	if l.packed != nil {
		l.packed.Free()
		l.packed = nil
	}
	l.generation = l.env.generation
	half, _ := l.env.Device.(device.HalfPacker[T])
	packer, _ := l.env.Device.(device.Packer[T])
	switch {
	case l.weight.Half != nil:
		l.packed = half.AdoptLinearBF16(l.shape, l.weight.Half, l.bias.Value)
	case l.env.HalfDense:
		l.packed = half.PackLinearBF16(l.shape, l.weight.Value, l.bias.Value)
	case packer != nil:
		l.packed = packer.PackLinear(l.shape, l.weight.Value, l.bias.Value)
	}
	return l.packed != nil
}

// Backward computes the derivatives.
func (l *Linear[T]) Backward(dy device.Buffer[T]) device.Buffer[T] {
	l.env.Device.LinearBackwardWeights(Fresh(l.shape, l.weight, l.bias), l.batch, l.x, dy, l.weight.Grad, l.bias.Grad)
	l.env.Complete(l.weight, l.bias)
	dx := l.env.Take(l.batch * l.shape.In)
	l.env.Device.LinearBackwardData(l.shape, l.batch, dy, l.weight.Value, dx)
	return dx
}

// Entries lists weight and bias.
func (l *Linear[T]) Entries() []*Entry[T] { return []*Entry[T]{l.weight, l.bias} }

// OutLen is the number of output values per sample.
func (l *Linear[T]) OutLen() int { return l.shape.Out }

// MACs is the number of multiplications per sample.
func (l *Linear[T]) MACs() int { return l.shape.MACs() }
