// SPDX-License-Identifier: BSD-3-Clause

package device

import "fmt"

// Conv describes a convolution with bias. Axes are depth, height, width.
type Conv struct {
	In, Out             int    // channels
	Size                [3]int // extents of the input
	Kernel, Stride, Pad [3]int
}

// OutSize returns the extents of the output, ⌊(Size + 2·Pad − Kernel)/Stride⌋ + 1.
func (c Conv) OutSize() [3]int {
	var out [3]int
	for a := range out {
		out[a] = (c.Size[a]+2*c.Pad[a]-c.Kernel[a])/c.Stride[a] + 1
	}
	return out
}

// Taps returns the number of weights per pair of channels.
func (c Conv) Taps() int { return c.Kernel[0] * c.Kernel[1] * c.Kernel[2] }

// InLen, OutLen and WeightLen return the values in the input and the output of
// a batch, and in the weights.
func (c Conv) InLen(batch int) int { return batch * c.In * volume3(c.Size) }

// OutLen returns the values in the output of a batch.
func (c Conv) OutLen(batch int) int { return batch * c.Out * volume3(c.OutSize()) }

// WeightLen returns the number of weights without the bias.
func (c Conv) WeightLen() int { return c.Out * c.In * c.Taps() }

// MACs returns the multiplications of one sample, those with padding included.
func (c Conv) MACs() int { return c.WeightLen() * volume3(c.OutSize()) }

// Validate says what is wrong with the description, if anything.
func (c Conv) Validate() error {
	if c.In < 1 || c.Out < 1 {
		return fmt.Errorf("device: convolution of %d to %d channels; both must be positive", c.In, c.Out)
	}
	for a := range c.Size {
		if c.Size[a] < 1 || c.Kernel[a] < 1 || c.Stride[a] < 1 || c.Pad[a] < 0 || c.Size[a]+2*c.Pad[a] < c.Kernel[a] {
			return fmt.Errorf("device: convolution of size %v with kernel %v, stride %v, padding %v has no output along axis %d",
				c.Size, c.Kernel, c.Stride, c.Pad, a)
		}
	}
	return nil
}

// Linear describes a fully connected layer with bias.
type Linear struct {
	In, Out int
	CutIn   bool // LinearForward rounds what LinearSums gives, as shards of the inputs do
	CutOut  bool // LinearBackwardData rounds what LinearBackwardSums gives, as shards of the outputs do
	Write   bool // gradients of weights and bias are written, not added to what is there: 0 is not read from memory
}

// SumUnit is where a dense layer may be cut so that sums over the cut axis do not
// depend on the cuts: see Dense.LinearSums.
const SumUnit = 64

// Cut returns the range of shard s of so many in n values: cut at multiples of
// SumUnit where there are as many of these as shards.
func Cut(n, s, shards int) (lo, hi int) {
	if n < shards*SumUnit {
		return n * s / shards, n * (s + 1) / shards
	}
	units := (n + SumUnit - 1) / SumUnit
	return units * s / shards * SumUnit, min(n, units*(s+1)/shards*SumUnit)
}

// MACs returns the multiplications of one sample.
func (l Linear) MACs() int { return l.In * l.Out }

// BatchNorm describes the normalisation of x[Batch, Channels, Size].
type BatchNorm struct {
	Batch, Channels int
	Size            int     // values per sample and channel
	Count           int     // values per channel where the batch is part of a larger one; 0 means Batch·Size
	Eps             float64 // added to the variance
	ReLU            bool    // a rectifier follows
}

// Len returns the number of values.
func (n BatchNorm) Len() int { return n.Batch * n.Channels * n.Size }

// Values returns the number of values per channel behind the statistics.
func (n BatchNorm) Values() int {
	if n.Count > 0 {
		return n.Count
	}
	return n.Batch * n.Size
}

// NormState is what normalisation keeps per channel.
type NormState[T Float] struct {
	Mean, Variance Buffer[T] // over batch and space; variance biased
	Scale, Shift   Buffer[T] // the affine map that follows from them
}

// Pool describes a change of resolution by Factor along each axis, for Planes
// (batch times channels) blocks. Size is the finer side: the input of a
// pooling, the output of an up-sampling. Remainders of a pooling are dropped.
type Pool struct {
	Planes int
	Size   [3]int
	Factor [3]int
}

// Coarse returns the extents of the coarser side.
func (p Pool) Coarse() [3]int {
	return [3]int{p.Size[0] / p.Factor[0], p.Size[1] / p.Factor[1], p.Size[2] / p.Factor[2]}
}

// FineLen returns the number of values on the finer side.
func (p Pool) FineLen() int { return p.Planes * volume3(p.Size) }

// CoarseLen returns the number of values on the coarser side.
func (p Pool) CoarseLen() int { return p.Planes * volume3(p.Coarse()) }

// Rows describes a matrix copy: Count rows of Len values, the first of which
// begins at Start and the others Stride values apart.
type Rows struct {
	Count, Len          int
	DstStart, DstStride int
	SrcStart, SrcStride int
}

// AdamStep holds the constants of one step of Adam or AdamW; see Adam.
type AdamStep struct {
	Rate         float64 // learning rate
	Beta1, Beta2 float64 // decay of the moments
	Eps          float64
	WeightDecay  float64
	Decoupled    bool // AdamW: shrink the values, not the gradient
	Step         int  // 1 for the first
}

func volume3(s [3]int) int { return s[0] * s[1] * s[2] }
