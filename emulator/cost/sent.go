// SPDX-License-Identifier: BSD-3-Clause

package cost

import (
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/space"
)

// Sent is what the fullest rank sends in a step [bytes], with the fields of
// parallel.Traffic.
type Sent struct {
	Exchange  float64 // samples to shards and back
	Latent    float64 // sums of the latent layer and of its derivative
	Gradients float64
	Norm      float64 // statistics of batch normalisation
	Halo      float64 // cubes, halos and features between ranks that share cubes
}

// Total is the sum of all.
func (s Sent) Total() float64 { return s.Exchange + s.Latent + s.Gradients + s.Norm + s.Halo }

// reduced is what a rank sends when n bytes are summed over q ranks.
func reduced(q int, n float64) float64 { return 2 * float64(q-1) / float64(q) * n }

// SentBy returns what a rank sends in a step of so many samples.
func SentBy(n Network, m Mesh, batch int) Sent {
	convolutions, unused, _, dense := n.Parameters()
	ranks, p := m.Ranks(), m.Group()
	k, h, o := n.Dense()
	own, group, cubes := m.load(batch)
	s := Sent{Gradients: reduced(ranks, valueBytes*float64(convolutions-unused)) + reduced(m.Data, valueBytes*float64(dense)/float64(p))}
	if p > 1 {
		most := 0 // own samples of other shards, and the own shard of other samples
		for place := range p {
			a, b := device.Cut(k, place, p)
			c, d := device.Cut(o, place, p)
			shard := b - a + d - c
			most = max(most, own*(k+o-shard)+(group-own)*shard)
		}
		s.Exchange = valueBytes * float64(most)
		s.Latent = 2 * reduced(p, float64(group*h)*latentBytes)
	}
	if ranks > 1 {
		for _, c := range n.norms() {
			s.Norm += float64((ranks-1)*(1+2*c)*8) + reduced(ranks, float64(2*c*8))
		}
	}
	if m.volume() > 1 {
		most := 0
		for _, values := range n.halos(m, cubes) {
			most = max(most, values)
		}
		s.Halo = valueBytes * float64(most)
	}
	return s
}

// halos counts the values that each rank that shares cubes sends, for so many
// samples of all of them.
func (n Network) halos(m Mesh, samples int) []int {
	lattice, ranks := space.Lattice(m.Space), m.volume()
	sent := make([]int, ranks)
	every := func(boxes []space.Box) (parts []space.Part) {
		for _, b := range boxes {
			parts = append(parts, space.Part{Samples: space.Range{Lo: 0, Hi: samples}, Box: b})
		}
		return parts
	}
	cubes := func(size [3]int) (parts []space.Part) {
		for r := range ranks {
			parts = append(parts, space.Part{Samples: space.Range{Lo: samples * r / ranks, Hi: samples * (r + 1) / ranks}, Box: space.Whole(size)})
		}
		return parts
	}
	move := func(channels int, have, want []space.Part) {
		for r := range sent {
			for _, piece := range space.Sends(r, have, want) {
				sent[r] += channels * piece.Part.Len()
			}
		}
	}
	whole, features := cubic(n.Grid), cubic(n.Grid/16)
	move(encoders, cubes(whole), every(lattice.Cut(whole)))
	for i, l := range n.encoder() {
		if l.unused {
			continue
		}
		have, outs := lattice.Cut(l.size), lattice.Cut(l.outSize())
		var needs, feeds []space.Box
		for r := range outs {
			needs = append(needs, l.window().Needs(outs[r]).Intersect(space.Whole(l.size)))
			feeds = append(feeds, l.window().Feeds(have[r], l.outSize()))
		}
		move(encoders*l.in, every(have), every(needs))
		if i > 0 {
			move(encoders*l.out, every(outs), every(feeds))
		}
		if l.pool { // the derivatives of what it was sent go back
			fine, coarse := lattice.Cut(l.outSize()), lattice.Cut(l.nextSize())
			window := space.Window{Kernel: cubic(2), Stride: cubic(2)}
			var reach []space.Box
			for _, box := range coarse {
				reach = append(reach, window.Needs(box).Intersect(space.Whole(l.outSize())))
			}
			move(encoders*l.out, every(fine), every(reach))
			move(encoders*l.out, every(reach), every(fine))
		}
	}
	move(encoders*32, every(lattice.Cut(features)), cubes(features))
	move(encoders*32, cubes(features), every(lattice.Cut(features)))
	return sent
}
