// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"fmt"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
)

// Model is a network on a device. It is used by one goroutine.
type Model[T device.Float] struct {
	config     Config
	env        *nn.Env[T]
	branches   nn.Layer[T]
	bottleneck *nn.Sequential[T]
	decoder    *nn.Sequential[T]
	entries    []*nn.Entry[T] // in the order of the state_dict
	memory     memory[T]
}

// New returns a network without values: give it some by Init, Set or Adopt.
func New[T device.Float](dev device.Device[T], c Config) (*Model[T], error) {
	return NewPlaced(dev, c, Placement[T]{})
}

// NewPlaced is New for a part of the work: the network then has the entries of
// this rank, which may be slices of tensors, and is trained by all ranks together.
func NewPlaced[T device.Float](dev device.Device[T], c Config, p Placement[T]) (*Model[T], error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c = c.WithDefaults()
	m := &Model[T]{config: c, env: nn.NewEnv(dev)}
	m.env.Parts = p.Parts
	if p.Neighbours != nil {
		m.branches = newBlocks(m.env, c.Grid, p)
	} else {
		m.branches = newBranches(m.env, c.Grid)
	}
	m.bottleneck = newBottleneck(m.env, c, m.branches.OutLen(), p.Exchange)
	m.decoder = newDecoder(m.env, c)
	m.entries = append(append(m.branches.Entries(), m.bottleneck.Entries()...), m.decoder.Entries()...)
	return m, nil
}

// Config returns the shape of the network, defaults filled in.
func (m *Model[T]) Config() Config { return m.config }

// Device returns the device the network runs on.
func (m *Model[T]) Device() device.Device[T] { return m.env.Device }

// Observe has f shown the output of every layer as it appears, under its name
// in the original; nil ends it. Fused layers appear once, as the last of them.
func (m *Model[T]) Observe(f func(name string, y device.Buffer[T])) { m.env.Observe = f }

// Hooks has an optimiser follow the passes: see nn.Env.
func (m *Model[T]) Hooks(ready, needed func(entries []*nn.Entry[T]), between func()) {
	m.env.Ready, m.env.Needed, m.env.Between = ready, needed, between
}

// FreezeStatistics has batch normalisation use the running statistics in
// training too, and leave them as they are, or ends that: what is learnt then is
// the network that inference uses.
func (m *Model[T]) FreezeStatistics(frozen bool) { m.env.Frozen = frozen }

// Changed tells the network that its values were written to by somebody else,
// such as an optimiser: what was prepared for inference is then made anew.
// Passes in training mode, Init, Set and Adopt do so by themselves.
func (m *Model[T]) Changed() { m.env.Changed() }

// canHalf returns an error that wraps device.ErrNoBF16 where that is so.
func (m *Model[T]) canHalf() error {
	if _, ok := m.env.Device.(device.HalfPacker[T]); !ok {
		return fmt.Errorf("emulator: device %s: %w", m.env.Device.Name(), device.ErrNoBF16)
	}
	return nil
}

// HalfDense has the dense layers run with weights rounded to bfloat16 in
// inference, or not any more. The values stay as they are. It returns an error
// where the device cannot (device.ErrNoBF16).
func (m *Model[T]) HalfDense(on bool) error {
	if on {
		if err := m.canHalf(); err != nil {
			return err
		}
	}
	m.env.HalfDense = on
	m.env.Changed()
	return nil
}

// Forward computes the images of x[B, 3, g, g, g]. In training mode it
// normalises by the statistics of the batch and moves the running ones. The
// result is valid until the next Forward.
func (m *Model[T]) Forward(x device.Buffer[T], batch int, train bool) device.Buffer[T] {
	if train {
		m.env.Changed()
	}
	y := m.branches.Forward(x, batch, train)  // [B, 3·32·(g/16)³]
	y = m.bottleneck.Forward(y, batch, train) // [B, 64, F, g/8, g/8]
	y = m.decoder.Forward(y, batch, train)    // [B, 1, F, g, g]
	if m.env.Observe != nil {
		m.env.Observe(m.decoderName(), y)
	}
	return y
}

// Backward adds the derivatives of a loss to Gradients, given its derivative
// with respect to the output of the last Forward, which must have been in
// training mode.
func (m *Model[T]) Backward(dy device.Buffer[T]) {
	atDecoder := m.decoder.Backward(dy)
	atFeatures := m.bottleneck.Backward(atDecoder)
	m.env.Give(atDecoder)
	m.branches.Backward(atFeatures)
	m.env.Give(atFeatures)
}

// Predict computes the images of x[B, 3, g, g, g] in inference, from and to the
// host.
func (m *Model[T]) Predict(x *device.Tensor[T]) (*device.Tensor[T], error) {
	batch, err := m.batchOf(x.Shape)
	if err != nil {
		return nil, err
	}
	if err := m.complete(); err != nil {
		return nil, err
	}
	dev := m.env.Device
	var in device.Buffer[T]
	if _, host := dev.(device.Store[T]); host { // it reads the slice itself
		in = dev.Adopt(x.Data)
		defer dev.Free(in)
	} else {
		in = m.env.Take(x.Len())
		defer m.env.Give(in)
		dev.Upload(in, x.Data)
	}
	out := device.NewTensor[T](append([]int{batch}, m.config.OutputShape()...)...)
	dev.Download(out.Data, m.Forward(in, batch, false))
	return out, dev.Sync()
}

// batchOf returns the number of samples in an input of this shape.
func (m *Model[T]) batchOf(shape []int) (int, error) {
	want := m.config.InputShape()
	ok := len(shape) == len(want)+1 && shape[0] > 0
	for i := 0; ok && i < len(want); i++ {
		ok = shape[i+1] == want[i]
	}
	if !ok {
		return 0, fmt.Errorf("emulator: input of shape %v; this network takes [B %d %d %d %d]", shape, want[0], want[1], want[2], want[3])
	}
	return shape[0], nil
}

// MACs returns the multiplications (each with an addition) of a forward pass
// per sample: those of convolutions and dense layers, padding included.
func (m *Model[T]) MACs() int { return m.branches.MACs() + m.bottleneck.MACs() + m.decoder.MACs() }

// FLOPs returns the floating-point operations of a forward pass per sample.
func (m *Model[T]) FLOPs() int { return 2 * m.MACs() }

func encoderName(e int) string { return fmt.Sprintf("encoder%d", e) }

func (m *Model[T]) decoderName() string {
	if m.config.Variant == Net3D {
		return "decoder3d"
	}
	return "decoder"
}
