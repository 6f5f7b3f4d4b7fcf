// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"fmt"
	"math"
	"slices"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
)

// memory is one stretch for all values and one for all gradients, so that an
// optimiser, a reduction or a transfer is one operation. Values lie in three
// parts: parameters with gradient, parameters without, running statistics,
// each in the order of the state_dict. Gradients match the first part.
type memory[T device.Float] struct {
	values, gradients device.Buffer[T]
	trained           int  // length of the first part
	adopted           bool // values lie elsewhere, tensor by tensor
}

// Entries lists every tensor of the original's state_dict in its order.
func (m *Model[T]) Entries() []*nn.Entry[T] { return m.entries }

// Entry returns the entry of this name, or an error that says there is none.
func (m *Model[T]) Entry(name string) (*nn.Entry[T], error) {
	i := slices.IndexFunc(m.entries, func(e *nn.Entry[T]) bool { return e.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("emulator: %q is no tensor of a %s of grid %d", name, m.config.Variant, m.config.Grid)
	}
	return m.entries[i], nil
}

// ParameterCount returns the number of parameters held here, and how many have
// no gradient.
func (m *Model[T]) ParameterCount() (all, withoutGradient int) {
	for _, e := range m.entries {
		if e.IsParameter() {
			all += e.Len()
			if e.Unused {
				withoutGradient += e.Len()
			}
		}
	}
	return all, withoutGradient
}

// Parameters returns the values of the parameters that have gradients, one
// after the other in the order of the state_dict. It is nil until Init,
// Allocate or Set. Who writes to it calls Changed before the next inference.
func (m *Model[T]) Parameters() device.Buffer[T] {
	if m.memory.values == nil {
		return nil
	}
	return m.memory.values.Slice(0, m.memory.trained)
}

// Gradients returns the gradients of Parameters, made and zeroed at the first
// call. It panics if the values were adopted.
func (m *Model[T]) Gradients() device.Buffer[T] {
	if m.memory.gradients != nil {
		return m.memory.gradients
	}
	m.Allocate()
	g := m.env.Device.Alloc(m.memory.trained)
	m.env.Device.Fill(g, 0)
	at := 0
	for _, e := range m.entries {
		if e.HasGradient() {
			e.Grad = g.Slice(at, at+e.Len())
			at += e.Len()
		}
	}
	m.memory.gradients = g
	return g
}

// Allocate gives the network memory for its values, unless it has some. The
// values are zero, variances one. It panics if values were adopted.
func (m *Model[T]) Allocate() {
	if m.memory.adopted {
		panic("emulator: a network with adopted values is for inference only")
	}
	if m.memory.values != nil {
		return
	}
	parts := []func(e *nn.Entry[T]) bool{
		func(e *nn.Entry[T]) bool { return e.HasGradient() },
		func(e *nn.Entry[T]) bool { return e.IsParameter() && e.Unused },
		func(e *nn.Entry[T]) bool { return !e.IsParameter() && e.Kind != nn.Counter },
	}
	total := 0
	for _, e := range m.entries {
		if e.Kind != nn.Counter {
			total += e.Len()
		}
	}
	dev := m.env.Device
	m.memory.values = dev.Alloc(total)
	dev.Fill(m.memory.values, 0)
	at := 0
	for i, in := range parts {
		for _, e := range m.entries {
			if !in(e) {
				continue
			}
			e.Value = m.memory.values.Slice(at, at+e.Len())
			at += e.Len()
			if e.Kind == nn.RunningVar {
				dev.Fill(e.Value, 1)
			}
		}
		if i == 0 {
			m.memory.trained = at
		}
	}
}

// Set copies values from the host to the tensor of this name, in its C order.
func (m *Model[T]) Set(name string, values []T) error {
	e, err := m.checked(name, len(values))
	if err != nil {
		return err
	}
	if m.memory.adopted {
		return fmt.Errorf("emulator: %s cannot be set in a network with adopted values", name)
	}
	m.Allocate()
	m.env.Changed()
	m.env.Device.Upload(e.Value, values)
	return nil
}

// Adopt lets the tensor of this name use the host's values without a copy where
// the device can, as for memory-mapped weights. A network with adopted values
// is for inference: it must adopt all and has no Parameters and Gradients.
func (m *Model[T]) Adopt(name string, values []T) error {
	e, err := m.checked(name, len(values))
	if err != nil {
		return err
	}
	if m.memory.values != nil {
		return fmt.Errorf("emulator: %s cannot be adopted by a network that has memory of its own; use Set", name)
	}
	m.memory.adopted = true
	m.env.Changed()
	e.Value, e.Half = m.env.Device.Adopt(values), nil
	return nil
}

// AdoptBF16 is Adopt for the weights of a dense layer in bfloat16, the upper
// halves of float32, which then run so. It returns an error where the device
// cannot (device.ErrNoBF16), and for other tensors.
func (m *Model[T]) AdoptBF16(name string, values []uint16) error {
	e, err := m.checked(name, len(values))
	if err != nil {
		return err
	}
	if !e.IsDense() {
		return fmt.Errorf("emulator: %s of shape %v is no dense layer: in bfloat16 only those run", name, e.Shape)
	}
	if err := m.canHalf(); err != nil {
		return err
	}
	if m.memory.values != nil {
		return fmt.Errorf("emulator: %s cannot be adopted by a network that has memory of its own; use Set", name)
	}
	m.memory.adopted = true
	m.env.Changed()
	e.Half = values
	return nil
}

// Get copies the tensor of this name to the host.
func (m *Model[T]) Get(name string) (*device.Tensor[T], error) {
	e, err := m.Entry(name)
	if err != nil {
		return nil, err
	}
	t := device.NewTensor[T](e.Shape...)
	if e.Half != nil {
		for i, h := range e.Half {
			t.Data[i] = T(math.Float32frombits(uint32(h) << 16))
		}
		return t, nil
	}
	if e.Value == nil {
		return nil, fmt.Errorf("emulator: %s has no values", name)
	}
	m.env.Device.Download(t.Data, e.Value)
	return t, m.env.Device.Sync()
}

// checked returns the entry of this name if it holds n floating-point values.
func (m *Model[T]) checked(name string, n int) (*nn.Entry[T], error) {
	e, err := m.Entry(name)
	if err != nil {
		return nil, err
	}
	if e.Kind == nn.Counter {
		return nil, fmt.Errorf("emulator: %s is a counter, not a tensor of values; set its Count", name)
	}
	if n != e.Len() {
		return nil, fmt.Errorf("emulator: %s has shape %v, but %d values are given", name, e.Shape, n)
	}
	return e, nil
}

// complete reports the first tensor that has no values.
func (m *Model[T]) complete() error {
	for _, e := range m.entries {
		if e.Kind != nn.Counter && e.Value == nil && e.Half == nil && !e.Unused {
			return fmt.Errorf("emulator: %s has no values: the network was not initialised or the weights are incomplete", e.Name)
		}
	}
	return nil
}
