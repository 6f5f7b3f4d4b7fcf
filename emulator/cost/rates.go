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

// Rates are times that were measured on one rank alone.
type Rates struct {
	Network Network `json:"network"` // that was measured
	Threads int     `json:"threads"`
	Batches [2]int  `json:"batches"` // that the lines go through

	EncoderForward  Line `json:"encoder_forward"`
	EncoderBackward Line `json:"encoder_backward"`
	DecoderForward  Line `json:"decoder_forward"` // with the loss
	DecoderBackward Line `json:"decoder_backward"`

	// Whole and Shards are dense layers on one rank and in shards: seconds per
	// weight, Fixed to stream it and PerSample to work with it.
	WholeForward   Line `json:"whole_forward"`
	WholeBackward  Line `json:"whole_backward"`
	ShardsForward  Line `json:"shards_forward"`
	ShardsBackward Line `json:"shards_backward"`

	UpdatePerParameter float64 `json:"update_per_parameter_s"` // Adam and the clearing of gradients

	// Source is the time of one goroutine to read or make a sample, and Workers how
	// many there are on a rank; 0 where samples are not counted.
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
	for _, l := range []Line{r.EncoderForward, r.EncoderBackward, r.DecoderForward, r.DecoderBackward,
		r.WholeForward, r.WholeBackward, r.ShardsForward, r.ShardsBackward, {r.UpdatePerParameter, r.SourcePerSample}} {
		if !(l.Fixed >= 0) || !(l.PerSample >= 0) {
			return fmt.Errorf("cost: a time of %g s + %g s per sample: want neither negative", l.Fixed, l.PerSample)
		}
	}
	return nil
}

// For returns the rates of another network: convolutions by their arithmetic, dense
// layers and update by their weights, which they are given for.
func (r Rates) For(n Network) Rates {
	was, is := r.Network, n
	e0, _, d0 := was.MACs()
	e1, _, d1 := is.MACs()
	scale := func(l Line, f float64) Line { return Line{l.Fixed, l.PerSample * f} }
	encoder, decoder := float64(e1)/float64(e0), float64(d1)/float64(d0)
	r.EncoderForward, r.EncoderBackward = scale(r.EncoderForward, encoder), scale(r.EncoderBackward, encoder)
	r.DecoderForward, r.DecoderBackward = scale(r.DecoderForward, decoder), scale(r.DecoderBackward, decoder)
	r.Network = n
	return r
}

// Scaled returns the rates of a rank that is so many times faster.
func (r Rates) Scaled(faster float64) Rates {
	for _, l := range []*Line{&r.EncoderForward, &r.EncoderBackward, &r.DecoderForward, &r.DecoderBackward,
		&r.WholeForward, &r.WholeBackward, &r.ShardsForward, &r.ShardsBackward} {
		l.Fixed /= faster
		l.PerSample /= faster
	}
	r.UpdatePerParameter /= faster
	r.SourcePerSample /= faster
	return r
}
