// SPDX-License-Identifier: BSD-3-Clause

package cost

import "github.com/columen/columen/emulator/space"

// Memory is what the fullest rank of a mesh holds [bytes].
type Memory struct {
	Parameters  float64 // and running statistics
	Gradients   float64
	Moments     float64
	Activations float64 // that a pass forward leaves for the pass back, halos included
	Scratch     float64 // that comes and goes in a pass
	Buffers     float64 // batches that wait, images and their derivatives, what is packed for messages
}

// Total is the sum of all.
func (m Memory) Total() float64 {
	return m.Parameters + m.Gradients + m.Moments + m.Activations + m.Scratch + m.Buffers
}

// MemoryOf returns what a rank needs to train with batches of so many samples, of
// which prefetch are read ahead.
func MemoryOf(n Network, m Mesh, batch, prefetch int) Memory {
	convolutions, unused, statistics, dense := n.Parameters()
	p := m.Group()
	shard := (dense + p - 1) / p
	k, h, o := n.Dense()
	own, group, cubes := m.load(batch)
	trained := float64(convolutions - unused + shard)
	mem := Memory{
		Parameters: valueBytes * float64(convolutions+statistics+shard),
		Gradients:  valueBytes * trained,
		Moments:    2 * valueBytes * trained,
	}
	inputs, outputs := n.Inputs(), n.Outputs()
	encoder, encoderScratch := n.encoded(m, cubes)
	values := encoder + n.decoded(own) + own*k + group*h
	scratch := &idle{}
	n.decoderBack(own, scratch)
	if p > 1 {
		values += group*(k+o)/p + 2*own*o
		scratch.take(group*o/p, group*k/p, group*h, group*h, own*k)
		mem.Buffers += valueBytes * float64((group/p+own)*max(k, o))
	} else {
		values += 2 * own * o
		scratch.take(own*k, own*h)
	}
	mem.Activations = valueBytes * float64(values)
	mem.Scratch = valueBytes * float64(scratch.total+encoderScratch)
	mem.Buffers += valueBytes * float64(own*((1+prefetch+1)*(inputs+outputs)+2*outputs))
	return mem
}

// encoded counts the values that the encoders leave for cubes of so many samples,
// and those of their scratch memory.
func (n Network) encoded(m Mesh, samples int) (kept, scratch int) {
	whole, cut := &idle{}, &idle{}
	held := 0 // received from other ranks
	layers := n.encoder()
	for e := range encoders {
		for _, l := range layers {
			if l.unused {
				continue
			}
			in, out := m.shareOf(l)
			kept += l.kept(m) * samples
			held += in.reach * l.in * samples
			if in.reach > 0 { // a block with its halo, and its inner part by itself
				cut.take(samples*(in.own+in.reach)*l.in, samples*in.own*l.in, samples*out.own*l.out)
			}
		}
		kept += space.Lattice(m.Space).Cut(cubic(n.Grid))[0].Cells() * samples // the cube of one variable
		if e > 0 {
			continue
		}
		for i := len(layers) - 1; i >= 0; i-- {
			if l := layers[i]; !l.unused {
				in, out := m.shareOf(l)
				whole.layer(samples*l.out*out.own, samples*l.in*in.own, i == 0, l.pool, samples*l.out*out.own)
			}
		}
	}
	return kept + held, whole.total + cut.total
}

// kept counts the values per sample that a layer leaves.
func (l layer) kept(m Mesh) int {
	_, out := m.shareOf(l)
	n := l.out * out.own
	if l.norm {
		n *= 2
	}
	if l.pool || l.upsample || l.tanh {
		next := space.Lattice(m.Space).Cut(l.nextSize())
		most := 0
		for _, b := range next {
			most = max(most, b.Cells())
		}
		n += l.out * most
	}
	return n
}

// decoded counts the values that the decoder leaves.
func (n Network) decoded(samples int) (kept int) {
	for _, l := range n.decoder() {
		kept += samples * l.kept(One())
	}
	return kept
}

// decoderBack goes through the decoder's pass back.
func (n Network) decoderBack(samples int, scratch *idle) {
	list := n.decoder()
	for i := len(list) - 1; i >= 0; i-- {
		l := list[i]
		out := samples * l.out * volume(l.outSize())
		if l.upsample || l.tanh {
			scratch.take(out)
		}
		if l.norm {
			scratch.take(out)
		}
		scratch.take(samples * l.in * volume(l.size))
	}
}

// idle is scratch memory as layers have it: pieces of one length are used again,
// and two of a length are in use at most.
type idle struct {
	count map[int]int
	total int
}

// take asks for pieces at the same time as one of each length that is there.
func (s *idle) take(lengths ...int) {
	if s.count == nil {
		s.count = map[int]int{}
	}
	for _, n := range lengths {
		if s.count[n] < 2 { // the derivatives before and after a layer
			s.count[n]++
			s.total += n
		}
	}
}

// layer goes through the pass back of a convolution with its normalisation.
func (s *idle) layer(out, in int, first, pooled bool, fine int) {
	if pooled {
		s.take(fine)
	}
	s.take(out)
	if !first {
		s.take(in)
	}
}
