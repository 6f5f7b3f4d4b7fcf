// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
)

// blocks are the encoders of ranks that share the cubes of their samples: each
// computes its block of every cube of all of them. Cubes come from and features
// go to the rank whose samples they are.
type blocks[T device.Float] struct {
	env      *nn.Env[T]
	cut      *nn.Blocks[T]
	encoders []*nn.Sequential[T]
	grid     int
	features [3]int // extents of the output of an encoder
	channels int    // of it
	inBlocks bool   // inputs come so

	scatter, gather *nn.Move[T] // of the last Forward
	inputs          []device.Buffer[T]
	out             device.Buffer[T]
	batch           int // of this rank's samples
}

func newBlocks[T device.Float](env *nn.Env[T], grid int, p Placement[T]) *blocks[T] {
	b := &blocks[T]{env: env, inBlocks: p.InBlocks, cut: nn.NewBlocks(env, p.Neighbours), grid: grid, features: cubic(grid / 16), channels: 32}
	env.Cut = b.cut
	for e := range 3 {
		b.encoders = append(b.encoders, newEncoder(env, encoderName(e), grid))
	}
	env.Cut = nil
	b.inputs = make([]device.Buffer[T], len(b.encoders))
	return b
}

// Forward encodes this rank's cubes x[B, 3, g, g, g] together with those of the
// others, or its blocks x[all, 3, box] of the cubes of all of them.
func (b *blocks[T]) Forward(x device.Buffer[T], batch int, train bool) device.Buffer[T] {
	dev, vars, all := b.env.Device, len(b.encoders), b.cut.Samples()
	whole, own := cubic(b.grid), b.cut.Own(cubic(b.grid)).Cells()
	block := x
	if !b.inBlocks {
		b.scatter = b.cut.NewMove(vars, b.cut.Cubes(whole), b.cut.Parts(whole))
		block = b.env.Take(all * vars * own)
		b.scatter.Forward(x, block, b.cut.Part(b.cut.Own(whole)))
		b.cut.Release() // whole cubes, which are larger than any halo
	}

	per := b.channels * b.cut.Own(b.features).Cells()
	joined := b.env.Take(all * vars * per)
	for e, enc := range b.encoders {
		b.inputs[e] = b.resized(b.inputs[e], all*own)
		dev.CopyRows(device.Rows{Count: all, Len: own, DstStride: own, SrcStart: e * own, SrcStride: vars * own}, b.inputs[e], block)
		if e == vars-1 && !b.inBlocks {
			b.env.Give(block)
		}
		y := enc.Forward(b.inputs[e], all, train)
		if b.env.Observe != nil {
			b.env.Observe(encoderName(e), y)
		}
		dev.CopyRows(device.Rows{Count: all, Len: per, DstStart: e * per, DstStride: vars * per, SrcStride: per}, joined, y)
	}
	b.gather = b.cut.NewMove(vars*b.channels, b.cut.Parts(b.features), b.cut.Cubes(b.features))
	b.batch, b.out = batch, b.resized(b.out, batch*b.OutLen())
	b.gather.Forward(joined, b.out, b.cut.Mine(b.features))
	b.env.Give(joined)
	return b.out
}

// Backward computes the derivatives of the parameters by this rank's blocks.
func (b *blocks[T]) Backward(dy device.Buffer[T]) device.Buffer[T] {
	dev, vars, all := b.env.Device, len(b.encoders), b.cut.Samples()
	per := b.channels * b.cut.Own(b.features).Cells()
	joined, g := b.env.Take(all*vars*per), b.env.Take(all*per)
	b.gather.Backward(dy, b.cut.Mine(b.features), joined)
	for e, enc := range b.encoders {
		dev.CopyRows(device.Rows{Count: all, Len: per, DstStride: per, SrcStart: e * per, SrcStride: vars * per}, g, joined)
		enc.Backward(g)
	}
	b.env.Give(joined)
	b.env.Give(g)
	return nil
}

// resized returns a buffer of n values, the old one if it is that.
func (b *blocks[T]) resized(old device.Buffer[T], n int) device.Buffer[T] {
	if old != nil && old.Len() == n {
		return old
	}
	if old != nil {
		b.env.Device.Free(old)
	}
	return b.env.Device.Alloc(n)
}

// Entries lists those of the encoders.
func (b *blocks[T]) Entries() []*nn.Entry[T] {
	var all []*nn.Entry[T]
	for _, enc := range b.encoders {
		all = append(all, enc.Entries()...)
	}
	return all
}

// OutLen is the number of features per sample.
func (b *blocks[T]) OutLen() int {
	return len(b.encoders) * b.channels * b.features[0] * b.features[1] * b.features[2]
}

// MACs is the number of multiplications of this rank's blocks per sample of all
// ranks.
func (b *blocks[T]) MACs() int { return len(b.encoders) * b.encoders[0].MACs() }
