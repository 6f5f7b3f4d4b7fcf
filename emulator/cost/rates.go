// SPDX-License-Identifier: BSD-3-Clause

package cost

import "fmt"

// Line is a time that grows with the number of samples, t(n) = Fixed + PerSample·n
// [s].
type Line struct {
	Fixed     float64 `json:"fixed_s"`
	PerSample float64 `json:"per_sample_s"`
}

// At is the time of n samples.
func (l Line) At(n float64) float64 {
	if n == 0 {
		return 0
	}
	return l.Fixed + l.PerSample*n
}

// Through returns the line through times of n and more samples. A fixed part below
// zero, which noise and caches that overflow can give, is taken as a slope alone.
func Through(n int, t float64, more int, later float64) Line {
	slope := max(0, (later-t)/float64(more-n))
	if fixed := t - slope*float64(n); fixed > 0 {
		return Line{fixed, slope}
	}
	return Line{0, later / float64(more)}
}

// Pass is the times of the parts of a pass on one rank alone. Dense layers are in
// seconds per weight, Fixed to stream it and PerSample to work with it.
type Pass struct {
	EncoderForward  Line `json:"encoder_forward"`
	EncoderBackward Line `json:"encoder_backward"`
	DecoderForward  Line `json:"decoder_forward"` // with the loss
	DecoderBackward Line `json:"decoder_backward"`
	DenseForward    Line `json:"dense_forward"`
	DenseBackward   Line `json:"dense_backward"`
}

// lines are all of them.
func (p *Pass) lines() []*Line {
	return []*Line{&p.EncoderForward, &p.EncoderBackward, &p.DecoderForward, &p.DecoderBackward, &p.DenseForward, &p.DenseBackward}
}

// Rates are times that were measured on one rank alone.
type Rates struct {
	Network Network `json:"network"` // that was measured
	Threads int     `json:"threads"`
	Batches [2]int  `json:"batches"` // that the lines go through

	// Alone is the pass of a rank that has a network for itself, and Member of one
	// that normalises and holds its shards as several do.
	Alone  Pass `json:"alone"`
	Member Pass `json:"member"`

	UpdatePerParameter float64 `json:"update_per_parameter_s"` // Adam and the clearing of gradients

	// SourcePerSample is the time of one goroutine to read or make a sample, and
	// Workers how many there are on a rank; 0 where samples are not counted.
	SourcePerSample float64 `json:"source_per_sample_s"`
	Workers         int     `json:"workers"`
}

// Sharing is how ranks of one machine slow each other down.
type Sharing struct {
	Ranks      int     `json:"ranks"`             // on a machine
	Stream     float64 `json:"stream_factor"`     // of work that is bound by memory, ≥ 1
	Arithmetic float64 `json:"arithmetic_factor"` // of work that is not, ≥ 1
	Bandwidth  float64 `json:"bytes_per_second"`  // of one rank alone
}

// Alone is one rank for itself.
func Alone() Sharing { return Sharing{Ranks: 1, Stream: 1, Arithmetic: 1} }

// factor is that of work which takes so many seconds and moves so many bytes.
func (s Sharing) factor(seconds, bytes float64) float64 {
	f := 0.0
	if s.Bandwidth > 0 && seconds > 0 {
		f = min(1, bytes/s.Bandwidth/seconds)
	}
	return f*s.Stream + (1-f)*s.Arithmetic
}

// Validate returns an error for rates that cannot be.
func (r Rates) Validate() error {
	for _, l := range append(append(r.Alone.lines(), r.Member.lines()...), &Line{r.UpdatePerParameter, r.SourcePerSample}) {
		if !(l.Fixed >= 0) || !(l.PerSample >= 0) {
			return fmt.Errorf("cost: a time of %g s + %g s per sample: want neither negative", l.Fixed, l.PerSample)
		}
	}
	return nil
}

// For returns the rates of another network: convolutions by their arithmetic, dense
// layers and update by their weights, which they are given for.
func (r Rates) For(n Network) Rates {
	e0, _, d0 := r.Network.MACs()
	e1, _, d1 := n.MACs()
	for _, p := range []*Pass{&r.Alone, &r.Member} {
		p.EncoderForward.PerSample *= float64(e1) / float64(e0)
		p.EncoderBackward.PerSample *= float64(e1) / float64(e0)
		p.DecoderForward.PerSample *= float64(d1) / float64(d0)
		p.DecoderBackward.PerSample *= float64(d1) / float64(d0)
	}
	r.Network = n
	return r
}

// ByArithmetic returns rates of a network of which only the time of a sample is
// known, forward and backward, and the bandwidth of memory: the parts take what
// their share of the arithmetic is, and twice as long backward as forward. The
// weights of dense layers are not streamed in it.
func ByArithmetic(n Network, secondsPerSample, bytesPerSecond float64) Rates {
	encoder, dense, decoder := n.MACs()
	_, _, _, weights := n.Parameters()
	forward := secondsPerSample / 3 / float64(encoder+dense+decoder)
	part := func(macs, passes float64) Line { return Line{0, passes * forward * macs} }
	weight := float64(dense) / float64(weights)
	p := Pass{
		EncoderForward: part(float64(encoder), 1), EncoderBackward: part(float64(encoder), 2),
		DecoderForward: part(float64(decoder), 1), DecoderBackward: part(float64(decoder), 2),
		DenseForward: part(weight, 1), DenseBackward: part(weight, 2),
	}
	return Rates{Network: n, Threads: 1, Alone: p, Member: p, UpdatePerParameter: updateBytes / bytesPerSecond}
}

// updateBytes is what Adam and the clearing of gradients move for a parameter.
const updateBytes = 32

// Scaled returns the rates of a rank that is so many times faster.
func (r Rates) Scaled(faster float64) Rates {
	for _, l := range append(r.Alone.lines(), r.Member.lines()...) {
		l.Fixed /= faster
		l.PerSample /= faster
	}
	r.UpdatePerParameter /= faster
	r.SourcePerSample /= faster
	return r
}
