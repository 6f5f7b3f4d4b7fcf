// SPDX-License-Identifier: BSD-3-Clause

package nn

import "github.com/columen/columen/emulator/device"

// ReLU is the rectifier y = max(x, 0).
type ReLU[T device.Float] struct{ activation[T] }

// NewReLU returns a rectifier of n values per sample.
func NewReLU[T device.Float](env *Env[T], n int) *ReLU[T] {
	return &ReLU[T]{activation[T]{env: env, n: n}}
}

// Forward computes y = max(x, 0).
func (l *ReLU[T]) Forward(x device.Buffer[T], batch int, _ bool) device.Buffer[T] {
	l.env.Device.ReLU(x, l.output(batch))
	return l.last
}

// Backward computes dx = dy where y > 0.
func (l *ReLU[T]) Backward(dy device.Buffer[T]) device.Buffer[T] {
	dx := l.env.Take(dy.Len())
	l.env.Device.ReLUBackward(l.last, dy, dx)
	return dx
}

// Tanh is the hyperbolic tangent.
type Tanh[T device.Float] struct{ activation[T] }

// NewTanh returns a hyperbolic tangent of n values per sample.
func NewTanh[T device.Float](env *Env[T], n int) *Tanh[T] {
	return &Tanh[T]{activation[T]{env: env, n: n}}
}

// Forward computes y = tanh x.
func (l *Tanh[T]) Forward(x device.Buffer[T], batch int, _ bool) device.Buffer[T] {
	l.env.Device.Tanh(x, l.output(batch))
	return l.last
}

// Backward computes dx = dy·(1 − y²).
func (l *Tanh[T]) Backward(dy device.Buffer[T]) device.Buffer[T] {
	dx := l.env.Take(dy.Len())
	l.env.Device.TanhBackward(l.last, dy, dx)
	return dx
}

// activation is what functions of single values share.
type activation[T device.Float] struct {
	env  *Env[T]
	n    int
	y    slot[T]
	last device.Buffer[T] // output of the last Forward
}

func (a *activation[T]) output(batch int) device.Buffer[T] {
	a.last = a.y.get(a.env.Device, batch*a.n)
	return a.last
}

// Entries is empty.
func (a *activation[T]) Entries() []*Entry[T] { return nil }

// OutLen is the number of output values per sample.
func (a *activation[T]) OutLen() int { return a.n }

// MACs is 0.
func (a *activation[T]) MACs() int { return 0 }
