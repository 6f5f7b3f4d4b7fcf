// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"fmt"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
)

// newDecoder returns the decoder, 64 × F × (g/8)² → 1 × F × g². At 64, 32 and 16
// channels it halves the channels and doubles height and width. Net does so
// with one convolution each, Net3D with three of kernel (1,3,3), which keeps
// frequencies apart, and ends with a hyperbolic tangent.
func newDecoder[T device.Float](env *nn.Env[T], c Config) *nn.Sequential[T] {
	d := &decoderBuilder[T]{
		env: env, name: "decoder", convs: 1, planar: true,
		size: [3]int{c.Frequencies, c.Grid / 8, c.Grid / 8},
	}
	if c.Variant == Net3D {
		d.name, d.convs, d.planar = "decoder3d", 3, false
	}
	channels := decoderChannels
	for ; channels > 8; channels /= 2 {
		in := channels
		for range d.convs {
			d.convolve(in, channels/2, true)
			in = channels / 2
		}
		d.upsample(channels / 2)
	}
	d.convolve(channels, 1, false)
	if c.Variant == Net3D {
		d.add(1, nn.NewTanh(env, d.cells()))
	}
	return nn.NewSequential(env, d.items...)
}

// decoderBuilder counts the positions in the original's list of modules, in
// which normalisation and rectifier have one each.
type decoderBuilder[T device.Float] struct {
	env    *nn.Env[T]
	name   string
	convs  int
	planar bool
	size   [3]int // frequencies, height, width reached so far
	next   int    // position of the next module
	items  []nn.Item[T]
}

// add appends a layer that stands for the given number of modules; its output
// is that of the last one.
func (d *decoderBuilder[T]) add(modules int, l nn.Layer[T]) {
	d.next += modules
	d.items = append(d.items, nn.Item[T]{Name: d.module(d.next - 1), Layer: l})
}

func (d *decoderBuilder[T]) module(i int) string { return fmt.Sprintf("%s.layers.%d", d.name, i) }

func (d *decoderBuilder[T]) cells() int { return d.size[0] * d.size[1] * d.size[2] }

// convolve appends a convolution and, if asked, normalisation and rectifier.
func (d *decoderBuilder[T]) convolve(in, out int, norm bool) {
	shape := device.Conv{
		In: in, Out: out, Size: d.size, Kernel: [3]int{1, 3, 3}, Stride: cubic(1), Pad: [3]int{0, 1, 1},
	}
	opts, name := nn.ConvOptions{Planar: d.planar}, d.module(d.next)
	if norm {
		d.add(3, nn.NewConvNorm(d.env, name, d.module(d.next+1), shape, opts))
		return
	}
	d.add(1, nn.NewConv(d.env, name, shape, opts))
}

// upsample appends a doubling of height and width.
func (d *decoderBuilder[T]) upsample(channels int) {
	up := nn.NewUpsample(d.env, channels, d.size)
	d.add(1, up)
	d.size = up.OutSize()
}
