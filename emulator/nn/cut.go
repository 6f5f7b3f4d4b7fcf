// SPDX-License-Identifier: BSD-3-Clause

package nn

import (
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/space"
)

// cut is this rank's block of a layer that looks at the input through a window.
type cut[T device.Float] struct {
	blocks  *Blocks[T]
	window  space.Window
	size    [3]int // of the whole input
	outSize [3]int // of the whole output
	in, out space.Box
	reach   space.Box // inputs that out depends on, with padding
	inner   space.Box // outputs that depend on nothing that others own
	shell   []space.Box
	alone   bool        // no rank needs anything of another
	needs   []space.Box // of each rank, of the input
	feeds   []space.Box // outputs that depend on what each rank has of the input
	move    *Move[T]    // of the last Forward
}

// newCut cuts a layer of an input and an output of these extents.
func newCut[T device.Float](b *Blocks[T], w space.Window, size, outSize [3]int) *cut[T] {
	c := &cut[T]{blocks: b, window: w, size: size, outSize: outSize, in: b.Own(size), out: b.Own(outSize), alone: true}
	have, outs := b.lattice.Cut(size), b.lattice.Cut(outSize)
	c.needs = make([]space.Box, len(outs))
	for r, out := range outs {
		reach := w.Needs(out)
		c.needs[r] = reach.Intersect(space.Whole(size))
		c.alone = c.alone && reach == have[r]
		c.feeds = append(c.feeds, w.Feeds(have[r], outSize))
	}
	c.reach = w.Needs(c.out)
	c.inner = w.Inner(c.out, c.in, size)
	c.shell = c.out.Around(c.inner)
	return c
}

// part is a box of all samples.
func (c *cut[T]) part(box space.Box) space.Part { return c.blocks.Part(box) }

// forward calls compute for boxes of outputs that together are the block, each
// with the inputs that it depends on, x[batch, channels, reach of the box], and
// writes what compute leaves in its second argument to y[batch, outputs, out]. What
// needs no halo is computed while halos travel.
func (c *cut[T]) forward(batch, channels, outputs int, x, y device.Buffer[T], compute func(size [3]int, x, y device.Buffer[T])) {
	env := c.blocks.env
	if c.alone {
		if c.out.Cells() > 0 && batch > 0 {
			compute(c.in.Size(), x, y)
		}
		return
	}
	c.move = c.blocks.NewMove(channels, c.blocks.Parts(c.size), c.blocks.of(c.needs)).keeping(c.move)
	c.move.start(x, true)
	ext := c.extended(channels)
	c.move.local(x, ext)
	c.region(c.inner, ext, field[T]{y, c.part(c.out), outputs}, compute)
	c.move.finish(ext)
	for _, box := range c.shell {
		c.region(box, ext, field[T]{y, c.part(c.out), outputs}, compute)
	}
	env.Give(ext.values)
}

// region computes a box of outputs.
func (c *cut[T]) region(box space.Box, ext, y field[T], compute func(size [3]int, x, y device.Buffer[T])) {
	if box.Cells() == 0 || ext.part.Len() == 0 {
		return
	}
	if box == c.out {
		compute(c.reach.Size(), ext.values, y.values)
		return
	}
	env, from, to := c.blocks.env, c.part(c.window.Needs(box)), c.part(box)
	in, out := env.Take(ext.channels*from.Len()), env.Take(y.channels*to.Len())
	c.blocks.copy(field[T]{in, from, ext.channels}, ext, from, false)
	compute(from.Box.Size(), in, out)
	c.blocks.copy(y, field[T]{out, to, y.channels}, to, false)
	env.Give(in)
	env.Give(out)
}

// extended returns room for the inputs of the block with halo and padding, zero.
func (c *cut[T]) extended(channels int) field[T] {
	env, part := c.blocks.env, c.part(c.reach)
	ext := field[T]{env.Take(channels * part.Len()), part, channels}
	env.Device.Fill(ext.values, 0)
	return ext
}

// backwardSpread computes the derivatives of inputs where no output shares an
// input with another: data writes those of the inputs of the block, and those of
// halos are sent to where they belong.
func (c *cut[T]) backwardSpread(channels int, x device.Buffer[T], data func(size [3]int, x, dx device.Buffer[T])) device.Buffer[T] {
	env := c.blocks.env
	dx := env.Take(channels * c.part(c.in).Len())
	if c.alone {
		if dx.Len() > 0 {
			data(c.in.Size(), x, dx)
		}
		return dx
	}
	ext, dext := c.extended(channels), c.extended(channels)
	c.move.rebuild(x, ext)
	if ext.part.Len() > 0 {
		data(c.reach.Size(), ext.values, dext.values)
	}
	c.move.startBack(dext)
	c.move.finishBack(dext, dx)
	env.Give(ext.values)
	env.Give(dext.values)
	return dx
}

// backward computes derivatives: weights adds those of weights, and data writes
// those of inputs by outputs of a block, unless it is nil. Each derivative of an
// input is one sum on the rank that has the input, as on a single rank, so that
// it has the same bits: the derivatives of the outputs that it takes from other
// ranks travel while those of weights are computed.
func (c *cut[T]) backward(channels, outputs int, x, dy device.Buffer[T], data func(size [3]int, dy, dx device.Buffer[T]), weights func(size [3]int, x device.Buffer[T])) device.Buffer[T] {
	env := c.blocks.env
	var dx device.Buffer[T]
	if data != nil {
		dx = env.Take(channels * c.part(c.in).Len())
	}
	if c.alone {
		if c.part(c.out).Len() > 0 {
			weights(c.in.Size(), x)
			if data != nil {
				data(c.in.Size(), dy, dx)
			}
		}
		return dx
	}
	mine := c.feeds[c.blocks.neighbours.Rank()]
	var back *Move[T]
	if data != nil {
		back = c.blocks.NewMove(outputs, c.blocks.Parts(c.outSize), c.blocks.of(c.feeds))
		back.start(dy, false)
	}
	ext := c.extended(channels)
	c.move.rebuild(x, ext)
	if ext.part.Len() > 0 {
		weights(c.reach.Size(), ext.values)
	}
	env.Give(ext.values)
	if data == nil {
		return nil
	}
	around := field[T]{env.Take(outputs * c.part(mine).Len()), c.part(mine), outputs}
	back.local(dy, around)
	back.finish(around)
	env.Device.Fill(dx, 0)
	if around.part.Len() > 0 {
		reach := c.part(c.window.Needs(mine))
		wide := field[T]{env.Take(channels * reach.Len()), reach, channels}
		data(reach.Box.Size(), around.values, wide.values)
		c.blocks.copy(field[T]{dx, c.part(c.in), channels}, wide, c.part(c.in).Intersect(reach), false)
		env.Give(wide.values)
	}
	env.Give(around.values)
	return dx
}
