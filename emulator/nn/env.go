// SPDX-License-Identifier: BSD-3-Clause

package nn

import "github.com/columen/columen/emulator/device"

// Layer is one step of a network.
type Layer[T device.Float] interface {
	// Forward returns the layer's output for a batch. In training mode it uses
	// the statistics of the batch and keeps what Backward needs.
	Forward(x device.Buffer[T], batch int, train bool) device.Buffer[T]
	// Backward takes the derivative with respect to the output of the last
	// Forward and returns that with respect to its input, which the caller
	// gives back to the Env; it is nil where nobody needs it. It does not
	// change dy.
	Backward(dy device.Buffer[T]) device.Buffer[T]
	// Entries lists the layer's part of the state_dict, in its order.
	Entries() []*Entry[T]
	// OutLen is the number of output values per sample.
	OutLen() int
	// MACs is the number of multiplications of a forward pass per sample.
	MACs() int
}

// Env is what the layers of one network share: the device and its scratch
// memory. It is used by one goroutine.
type Env[T device.Float] struct {
	Device device.Device[T]
	// Observe, if set, is shown the output of every layer of every Sequential
	// as it appears, under its name in the state_dict.
	Observe func(name string, y device.Buffer[T])
	// Frozen has batch normalisation use the running statistics in training as
	// it does in inference, and leave them as they are.
	Frozen bool
	// HalfDense has dense layers run in bfloat16 in inference (device.HalfPacker).
	HalfDense bool

	// Cut, if set, has the layers that are made meanwhile work on this rank's
	// blocks.
	Cut *Blocks[T]
	// Parts, if set, says that batches are cut into parts.
	Parts Parts[T]
	// Ready, if set, is told of entries whose gradients a Backward has completed,
	// Needed of late entries that a Forward is about to read, and Between is
	// called between the layers of every Sequential.
	Ready   func(entries []*Entry[T])
	Needed  func(entries []*Entry[T])
	Between func()

	idle       map[int][]device.Buffer[T] // scratch by length
	generation int                        // of the values
}

// NewEnv returns the environment of a network on a device.
func NewEnv[T device.Float](dev device.Device[T]) *Env[T] {
	return &Env[T]{Device: dev, idle: map[int][]device.Buffer[T]{}}
}

// Changed tells the layers that values or statistics have changed, so that
// what they prepared for inference is made anew.
func (e *Env[T]) Changed() { e.generation++ }

// Take returns scratch memory of n values of any content.
func (e *Env[T]) Take(n int) device.Buffer[T] {
	list := e.idle[n]
	if len(list) == 0 {
		return e.Device.Alloc(n)
	}
	e.idle[n] = list[:len(list)-1]
	return list[len(list)-1]
}

// Give takes scratch memory back; nil is ignored.
func (e *Env[T]) Give(b device.Buffer[T]) {
	if b != nil {
		e.idle[b.Len()] = append(e.idle[b.Len()], b)
	}
}

// Release frees the scratch memory that is not in use.
func (e *Env[T]) Release() {
	for n, list := range e.idle {
		for _, b := range list {
			e.Device.Free(b)
		}
		delete(e.idle, n)
	}
}

// slot is a layer's own buffer, which grows to the largest batch seen.
type slot[T device.Float] struct {
	whole, view device.Buffer[T]
}

// get returns the first n values.
func (s *slot[T]) get(dev device.Device[T], n int) device.Buffer[T] {
	if s.whole == nil || s.whole.Len() < n {
		if s.whole != nil {
			dev.Free(s.whole)
		}
		s.whole, s.view = dev.Alloc(n), nil
	}
	if s.view == nil || s.view.Len() != n {
		s.view = s.whole.Slice(0, n)
	}
	return s.view
}
