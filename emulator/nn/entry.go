// SPDX-License-Identifier: BSD-3-Clause

package nn

import "github.com/columen/columen/emulator/device"

// Kind says what an entry of the state_dict is.
type Kind int

// The kinds. The first four are parameters, the others buffers of a
// normalisation.
const (
	Weight      Kind = iota // of a convolution or dense layer
	Bias                    // of a convolution or dense layer
	NormWeight              // γ
	NormBias                // β
	RunningMean             // moving mean
	RunningVar              // moving unbiased variance
	Counter                 // number of batches that the statistics have seen, an integer
)

// Entry is one line of the state_dict.
type Entry[T device.Float] struct {
	Name  string
	Shape []int // empty for a counter
	Kind  Kind
	FanIn int // inputs per output of the layer (weights and biases)
	// Unused marks entries of layers that no output depends on: they are part
	// of every checkpoint but have no gradient and never change.
	Unused bool
	// Late marks entries that are read late in a forward pass: Env.Needed tells
	// when, so that their update may still be under way before.
	Late  bool
	Slice *Slice           // the part of the tensor that this is; nil for all of it
	Value device.Buffer[T] // nil for a counter and until memory is given
	Grad  device.Buffer[T] // nil without gradient and until memory is given
	// Stale gradients count as zeros, whatever they are: the next Backward writes
	// them. Only layers of late entries look at it.
	Stale bool
	Half  []uint16 // values in bfloat16 instead of Value, of a dense layer for inference
	Count int64    // value of a counter
}

// Slice is a part of a tensor that is cut along one axis, one of Of.
type Slice struct {
	Whole     []int // shape of the tensor
	Axis      int
	Lo, Hi    int // range along the axis
	Index, Of int
}

// Whole returns the shape of the tensor that the entry is, or is a part of.
func (e *Entry[T]) Whole() []int {
	if e.Slice != nil {
		return e.Slice.Whole
	}
	return e.Shape
}

// Stretches calls f for each contiguous stretch that the entry has of its tensor,
// in C order: its n values from at on are those of the tensor from from on.
func (e *Entry[T]) Stretches(f func(at, from, n int)) {
	if e.Slice == nil {
		f(0, 0, e.Len())
		return
	}
	inner := device.Volume(e.Slice.Whole[e.Slice.Axis+1:])
	outer, n := device.Volume(e.Slice.Whole[:e.Slice.Axis]), (e.Slice.Hi-e.Slice.Lo)*inner
	if n == 0 {
		return
	}
	for row := range outer {
		f(row*n, (row*e.Slice.Whole[e.Slice.Axis])*inner+e.Slice.Lo*inner, n)
	}
}

// Len returns the number of values.
func (e *Entry[T]) Len() int { return device.Volume(e.Shape) }

// IsParameter tells parameters from the buffers of a normalisation.
func (e *Entry[T]) IsParameter() bool { return e.Kind <= NormBias }

// IsDense tells the weights of dense layers from the others.
func (e *Entry[T]) IsDense() bool { return e.Kind == Weight && len(e.Shape) == 2 }

// HasGradient says whether training changes the entry by its gradient.
func (e *Entry[T]) HasGradient() bool { return e.IsParameter() && !e.Unused }

// Clear makes the gradient zero: by a mark where its layer looks at it, so that large
// ones are neither cleared nor read.
func (e *Entry[T]) Clear(dev device.Memory[T]) {
	switch {
	case !e.HasGradient() || e.Len() == 0:
	case e.Late:
		e.Stale = true
	default:
		dev.Fill(e.Grad, 0)
	}
}

// Fresh returns l for the gradients of a dense layer, to be written if they are
// stale, and takes that mark off them.
func Fresh[T device.Float](l device.Linear, weight, bias *Entry[T]) device.Linear {
	l.Write = weight.Stale
	weight.Stale, bias.Stale = false, false
	return l
}

// MarkUnused marks the entries of a layer that no output depends on.
func MarkUnused[T device.Float](l Layer[T]) {
	for _, e := range l.Entries() {
		e.Unused = true
	}
}
