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
	Value  device.Buffer[T] // nil for a counter and until memory is given
	Grad   device.Buffer[T] // nil without gradient and until memory is given
	Half   []uint16         // values in bfloat16 instead of Value, of a dense layer for inference
	Count  int64            // value of a counter
}

// Len returns the number of values.
func (e *Entry[T]) Len() int { return device.Volume(e.Shape) }

// IsParameter tells parameters from the buffers of a normalisation.
func (e *Entry[T]) IsParameter() bool { return e.Kind <= NormBias }

// IsDense tells the weights of dense layers from the others.
func (e *Entry[T]) IsDense() bool { return e.Kind == Weight && len(e.Shape) == 2 }

// HasGradient says whether training changes the entry by its gradient.
func (e *Entry[T]) HasGradient() bool { return e.IsParameter() && !e.Unused }

// MarkUnused marks the entries of a layer that no output depends on.
func MarkUnused[T device.Float](l Layer[T]) {
	for _, e := range l.Entries() {
		e.Unused = true
	}
}
