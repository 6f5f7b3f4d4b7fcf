// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
)

// decoderChannels is the number of channels the decoder begins with.
const decoderChannels = 64

// newBottleneck returns the dense middle of the network: features → latent
// without an activation, latent → 64 × F × (g/8)², rectifier.
func newBottleneck[T device.Float](env *nn.Env[T], c Config, features int, exchange Exchange[T]) *nn.Sequential[T] {
	g := c.Grid / 8
	out := decoderChannels * c.Frequencies * g * g
	if exchange != nil {
		return nn.NewSequential(env,
			nn.Item[T]{Name: "to_dec", Layer: newDenseShards(env, exchange, features, c.Latent, out)},
			nn.Item[T]{Name: "to_dec.relu", Layer: nn.NewReLU(env, out)},
		)
	}
	return nn.NewSequential(env,
		nn.Item[T]{Name: "to_lat", Layer: nn.NewLinear(env, "to_lat", device.Linear{In: features, Out: c.Latent, CutIn: true})},
		nn.Item[T]{Name: "to_dec", Layer: nn.NewLinear(env, "to_dec", device.Linear{In: c.Latent, Out: out, CutOut: true})},
		nn.Item[T]{Name: "to_dec.relu", Layer: nn.NewReLU(env, out)},
	)
}

// branches applies the encoders to their variables and puts the flattened
// features of v, T and n side by side.
type branches[T device.Float] struct {
	env      *nn.Env[T]
	encoders []*nn.Sequential[T]
	cells    int // per variable and sample
	inputs   []device.Buffer[T]
	features device.Buffer[T] // [B, encoders × features]
	batch    int
}

func newBranches[T device.Float](env *nn.Env[T], grid int) *branches[T] {
	b := &branches[T]{env: env, cells: grid * grid * grid}
	for _, name := range []string{"encoder0", "encoder1", "encoder2"} {
		b.encoders = append(b.encoders, newEncoder(env, name, grid))
	}
	b.inputs = make([]device.Buffer[T], len(b.encoders))
	return b
}

// Forward encodes x[B, 3, g, g, g].
func (b *branches[T]) Forward(x device.Buffer[T], batch int, train bool) device.Buffer[T] {
	b.reserve(batch)
	vars, per := len(b.encoders), b.encoders[0].OutLen()
	for e, enc := range b.encoders {
		in := b.inputs[e]
		if batch == 1 && !train {
			in = x.Slice(e*b.cells, (e+1)*b.cells)
		} else {
			b.env.Device.CopyRows(device.Rows{
				Count: batch, Len: b.cells, DstStride: b.cells, SrcStart: e * b.cells, SrcStride: vars * b.cells,
			}, in, x)
		}
		y := enc.Forward(in, batch, train)
		if b.env.Observe != nil {
			b.env.Observe(encoderName(e), y)
		}
		b.env.Device.CopyRows(device.Rows{
			Count: batch, Len: per, DstStart: e * per, DstStride: vars * per, SrcStride: per,
		}, b.features, y)
	}
	return b.features
}

// Backward computes the derivatives of the parameters. That of the input is
// not computed.
func (b *branches[T]) Backward(dy device.Buffer[T]) device.Buffer[T] {
	vars, per := len(b.encoders), b.encoders[0].OutLen()
	g := b.env.Take(b.batch * per)
	for e, enc := range b.encoders {
		b.env.Device.CopyRows(device.Rows{
			Count: b.batch, Len: per, DstStride: per, SrcStart: e * per, SrcStride: vars * per,
		}, g, dy)
		enc.Backward(g)
	}
	b.env.Give(g)
	return nil
}

// Entries lists those of the encoders.
func (b *branches[T]) Entries() []*nn.Entry[T] {
	var all []*nn.Entry[T]
	for _, enc := range b.encoders {
		all = append(all, enc.Entries()...)
	}
	return all
}

// OutLen is the number of features per sample.
func (b *branches[T]) OutLen() int { return len(b.encoders) * b.encoders[0].OutLen() }

// MACs is the number of multiplications per sample.
func (b *branches[T]) MACs() int { return len(b.encoders) * b.encoders[0].MACs() }

// reserve makes the buffers of a batch unless they are there.
func (b *branches[T]) reserve(batch int) {
	if b.batch == batch && b.features != nil {
		return
	}
	dev := b.env.Device
	for e := range b.inputs {
		if b.inputs[e] != nil {
			dev.Free(b.inputs[e])
		}
		b.inputs[e] = dev.Alloc(batch * b.cells)
	}
	if b.features != nil {
		dev.Free(b.features)
	}
	b.features = dev.Alloc(batch * b.OutLen())
	b.batch = batch
}
