// SPDX-License-Identifier: BSD-3-Clause

package cpu

import (
	"fmt"
	"testing"
)

// BenchmarkNet runs all layers of Net3D (grid 64, seven frequencies) on one
// sample, with weights of no meaning: what a forward pass costs, and how much
// of it is not the dense layers.
func BenchmarkNet(b *testing.B) {
	w, free := denseWeights()
	defer free()
	for _, threads := range []int{1, 2} {
		p := NewPool(threads)
		conv := newNetLayers(b)
		dense := func() {
			Linear(p, 1, encoded, latent, false, conv.flat, w, nil, conv.latent)
			Linear(p, 1, latent, decoded, true, conv.latent, w[latent*encoded:], nil, conv.a)
		}
		for _, c := range []struct {
			name string
			f    func()
		}{
			{"whole", func() { conv.encoders(p); dense(); conv.decoder(p) }}, {"encoders", func() { conv.encoders(p) }},
			{"dense", dense}, {"decoder", func() { conv.decoder(p) }},
		} {
			b.Run(fmt.Sprintf("%s/threads%d", c.name, threads), func(b *testing.B) {
				c.f()
				b.ResetTimer()
				b.ReportMetric(shortest(b, c.f)*1e3, "best-ms")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// netLayers are the packed convolutions of one encoder and the decoder, and buffers to send a sample through.
type netLayers struct {
	packed          map[Conv][]float32
	x, flat, latent []float32
	a, b, c         []float32
}

func newNetLayers(b *testing.B) *netLayers {
	n := &netLayers{packed: map[Conv][]float32{}, x: numbers(b, 64*64*64, 1), flat: make([]float32, encoded), latent: make([]float32, latent)}
	for _, c := range network() {
		n.packed[c] = make([]float32, c.PackedLen())
		c.Pack(numbers(b, c.WeightLen(), 2), numbers(b, c.Out, 3), n.packed[c])
	}
	for _, s := range []*[]float32{&n.a, &n.b, &n.c} {
		*s = make([]float32, 4*31*31*31+16*7*64*64)
	}
	return n
}

func (n *netLayers) conv(p *Pool, c Conv, x, y, residual []float32) {
	ConvPacked(p, c, 1, x, n.packed[c], y, After{ReLU: true, Residual: residual})
}

func (n *netLayers) encoders(p *Pool) {
	for e := range 3 {
		ConvPoolPacked(p, cube(1, 4, 64, 3, 1, 0), 1, n.x, n.packed[cube(1, 4, 64, 3, 1, 0)], n.a, true)
		for in, size := 4, 31; in < 32; in, size = 2*in, (size+1)/2 {
			out, half := 2*in, (size+1)/2
			same, short := cube(out, out, half, 3, 1, 1), cube(out, out, half, 1, 1, 0)
			n.conv(p, cube(in, out, size, 3, 2, 1), n.a, n.b, nil)
			n.conv(p, same, n.b, n.c, nil)
			n.conv(p, short, n.c, n.a, n.c)
			for range 2 {
				n.conv(p, same, n.a, n.b, nil)
				n.conv(p, same, n.b, n.c, n.a)
				n.a, n.c = n.c, n.a
			}
		}
		copy(n.flat[e*encoded/3:], n.a[:encoded/3])
	}
}

func (n *netLayers) decoder(p *Pool) {
	for in, size := 64, 8; in > 8; in, size = in/2, 2*size {
		same := image(in/2, in/2, 7, size)
		n.conv(p, image(in, in/2, 7, size), n.a, n.b, nil)
		n.conv(p, same, n.b, n.c, nil)
		n.conv(p, same, n.c, n.b, nil)
		Upsample2(p, 7*in/2, size, size, n.b, n.a)
	}
	ConvPacked(p, image(8, 1, 7, 64), 1, n.a, n.packed[image(8, 1, 7, 64)], n.b, After{})
	Tanh(p, n.b[:7*64*64], n.c)
}
