// SPDX-License-Identifier: BSD-3-Clause

package cost

// Step is the predicted time of a training step on the fullest rank in its parts
// [s], as train.Split has them. They add up to Total; what is hidden does not count.
type Step struct {
	Data      float64 // waiting for samples
	Forward   float64 // and the loss
	Backward  float64
	Reduce    float64 // waiting for messages
	Hidden    float64 // of sums of gradients, behind computing
	Optimiser float64
	Idle      float64 // of a rank with few samples, for those with more, and between passes
}

// Total is the time of the step.
func (s Step) Total() float64 {
	return s.Data + s.Forward + s.Backward + s.Reduce + s.Optimiser + s.Idle
}

// Options are what else a step depends on.
type Options struct {
	Batch     int  // samples of all ranks
	Eager     bool // no late update: with clipping
	LocalNorm bool // each rank normalises by its own samples
}

// Predict returns the time of a step of network n on mesh m, by the formulas of the
// package documentation.
func Predict(n Network, m Mesh, o Options, r Rates, w Wires, s Sharing) Step {
	p, ranks := m.Group(), m.Ranks()
	pass := r.Member
	if ranks == 1 {
		pass, s = r.Alone, Alone()
	}
	denseForward, denseBackward := r.Alone.DenseForward, r.Alone.DenseBackward
	if p > 1 {
		denseForward, denseBackward = r.Member.DenseForward, r.Member.DenseBackward
	}
	own, group, cubes := m.load(o.Batch)
	k, h, out := n.Dense()
	_, _, _, dense := n.Parameters()
	weights := float64(dense) / float64(p)

	share, messages := n.blocks(m)
	atEncoder := float64(cubes) * share
	encoderF, encoderB := moved(n.encoder())
	decoderF, decoderB := moved(n.decoder())
	slowed := func(seconds, bytes float64) float64 { return seconds * s.factor(seconds, bytes) }
	shards := func(weight Line) float64 {
		return weights * (weight.Fixed*s.Stream + weight.PerSample*float64(group)*s.Arithmetic)
	}
	encoderForward := slowed(pass.EncoderForward.At(atEncoder), encoders*encoderF*atEncoder)
	encoderBackward := slowed(pass.EncoderBackward.At(atEncoder), encoders*encoderB*atEncoder)
	var t Step
	t.Forward = encoderForward + shards(denseForward) + slowed(pass.DecoderForward.At(float64(own)), decoderF*float64(own))
	t.Backward = encoderBackward + shards(denseBackward) + slowed(pass.DecoderBackward.At(float64(own)), decoderB*float64(own))
	t.Optimiser = r.UpdatePerParameter * s.Stream * n.updated(p)
	t.Reduce, t.Hidden = n.reductions(m, o, w, encoderForward, encoderBackward)
	if p > 1 {
		bytes := float64(own*(k+out)) * valueBytes
		sent := bytes * float64(p-1) / float64(p)
		t.Reduce += 2*(w.Exchange(p, sent*float64(k)/float64(k+out))+w.Exchange(p, sent*float64(out)/float64(k+out))) + 2*w.Allreduce(p, float64(group*h)*latentBytes)
		if s.Bandwidth > 0 { // packed and unpacked: read and written twice each way
			t.Forward += 4 * bytes / s.Bandwidth * s.Stream
			t.Backward += 4 * bytes / s.Bandwidth * s.Stream
		}
	}
	if m.volume() > 1 {
		most := 0
		for _, values := range n.halos(m, cubes) {
			most = max(most, values)
		}
		t.Reduce += w.Exchange(2, valueBytes*float64(most)) + float64(messages)*w.Exchange(m.volume(), 0)
	}
	t.Idle = 2 * w.Allreduce(ranks, 8)
	if r.Workers > 0 {
		busy := t.Total()
		t.Data = max(0, r.SourcePerSample*float64(own)/float64(r.Workers)-busy)
	}
	return t
}

// updated is the number of parameters that a rank updates.
func (n Network) updated(p int) float64 {
	convolutions, unused, _, dense := n.Parameters()
	return float64(convolutions-unused) + float64(dense)/float64(p)
}

// reductions is the time of all sums of gradients and of the statistics of
// normalisation, and what of it computing hides.
func (n Network) reductions(m Mesh, o Options, w Wires, encoderForward, encoderBackward float64) (exposed, hidden float64) {
	convolutions, unused, _, dense := n.Parameters()
	ranks := m.Ranks()
	late := 0.0
	if bytes := valueBytes * float64(dense) / float64(m.Group()); m.Data > 1 {
		late = w.Gradients(m.Data, bytes)
	}
	window := encoderBackward
	if !o.Eager && m.Data > 1 {
		window += encoderForward
	}
	hidden = w.Hidden() * min(late, window)
	exposed = late - hidden + w.Gradients(ranks, valueBytes*float64(convolutions-unused))
	if !o.LocalNorm { // two sums for each normalisation, of nearly the same few bytes
		channels := n.norms()
		bytes := 0
		for _, c := range channels {
			bytes += 16 * c
		}
		exposed += 2 * float64(len(channels)) * w.Allreduce(ranks, float64(bytes/len(channels)))
	}
	return exposed, hidden
}

// blocks is the share of the encoders' arithmetic that the fullest rank of those
// that share a cube has, and how many times they exchange halos.
func (n Network) blocks(m Mesh) (share float64, exchanges int) {
	if m.volume() == 1 {
		return 1, 0
	}
	var mine, all float64
	for _, l := range n.encoder() {
		if l.unused {
			continue
		}
		in, out := m.shareOf(l)
		all += float64(l.macs())
		mine += float64(l.macs()) * float64(out.own) / float64(volume(l.outSize()))
		if in.reach > 0 {
			exchanges += 2 * encoders
		}
	}
	return mine / all, exchanges
}
