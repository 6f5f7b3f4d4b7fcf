// SPDX-License-Identifier: BSD-3-Clause

package device

import "fmt"

// Float is the element type of every array: float32 for work, float64 for
// gradient checks and reference data.
type Float interface {
	float32 | float64
}

// Tensor is a dense, C-ordered array in the host's memory.
type Tensor[T Float] struct {
	Shape []int // extents, slowest axis first
	Data  []T   // product of Shape values
}

// NewTensor returns a tensor of zeros. It panics on a negative extent.
func NewTensor[T Float](shape ...int) *Tensor[T] {
	return &Tensor[T]{Shape: append([]int(nil), shape...), Data: make([]T, Volume(shape))}
}

// FromSlice returns a tensor that shares data. The number of values must be
// the product of the extents.
func FromSlice[T Float](data []T, shape ...int) (*Tensor[T], error) {
	for _, n := range shape {
		if n < 0 {
			return nil, fmt.Errorf("device: shape %v has a negative extent", shape)
		}
	}
	if n := Volume(shape); n != len(data) {
		return nil, fmt.Errorf("device: shape %v holds %d values, but %d are given", shape, n, len(data))
	}
	return &Tensor[T]{Shape: append([]int(nil), shape...), Data: data}, nil
}

// Len returns the number of values.
func (t *Tensor[T]) Len() int { return len(t.Data) }

// Volume returns the product of the extents, which is 1 for a scalar (no
// extents). It panics on a negative extent.
func Volume(shape []int) int {
	n := 1
	for _, s := range shape {
		if s < 0 {
			panic(fmt.Sprintf("device: shape %v has a negative extent", shape))
		}
		n *= s
	}
	return n
}
