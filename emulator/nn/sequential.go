// SPDX-License-Identifier: BSD-3-Clause

package nn

import "github.com/columen/columen/emulator/device"

// Item is a layer of a Sequential and the name under which Env.Observe sees its
// output.
type Item[T device.Float] struct {
	Name  string
	Layer Layer[T]
}

// Sequential applies layers one after the other.
type Sequential[T device.Float] struct {
	env   *Env[T]
	items []Item[T]
}

// NewSequential returns the composition of at least one layer.
func NewSequential[T device.Float](env *Env[T], items ...Item[T]) *Sequential[T] {
	return &Sequential[T]{env: env, items: items}
}

// Forward applies the layers in order.
func (s *Sequential[T]) Forward(x device.Buffer[T], batch int, train bool) device.Buffer[T] {
	for _, it := range s.items {
		x = it.Layer.Forward(x, batch, train)
		if s.env.Observe != nil {
			s.env.Observe(it.Name, x)
		}
		if s.env.Between != nil {
			s.env.Between()
		}
	}
	return x
}

// Backward applies the layers' Backward in reverse order.
func (s *Sequential[T]) Backward(dy device.Buffer[T]) device.Buffer[T] {
	last := len(s.items) - 1
	for i := last; i >= 0; i-- {
		dx := s.items[i].Layer.Backward(dy)
		if i != last {
			s.env.Give(dy)
		}
		dy = dx
		if s.env.Between != nil {
			s.env.Between()
		}
	}
	return dy
}

// Entries lists those of the layers.
func (s *Sequential[T]) Entries() []*Entry[T] {
	var all []*Entry[T]
	for _, it := range s.items {
		all = append(all, it.Layer.Entries()...)
	}
	return all
}

// OutLen is the number of output values per sample.
func (s *Sequential[T]) OutLen() int { return s.items[len(s.items)-1].Layer.OutLen() }

// MACs is the sum over the layers.
func (s *Sequential[T]) MACs() int {
	var sum int
	for _, it := range s.items {
		sum += it.Layer.MACs()
	}
	return sum
}
