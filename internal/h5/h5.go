// SPDX-License-Identifier: BSD-3-Clause

package h5

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNotBuilt is returned by every function of a binary built without HDF5.
var ErrNotBuilt = errors.New("this binary was built without HDF5; rebuild with `make build` (tag hdf5)")

// Float is the element type of datasets in memory. The library converts
// between it and what the file stores.
type Float interface{ float32 | float64 }

// Dtype is the element type of a dataset in a file.
type Dtype int

// The element types. Other is anything that is no 4- or 8-byte float; such
// datasets can be described but not read.
const (
	Other Dtype = iota
	Float32
	Float64
)

// String returns "f4", "f8" or "other".
func (d Dtype) String() string {
	switch d {
	case Float32:
		return "f4"
	case Float64:
		return "f8"
	}
	return "other"
}

// DtypeOf returns the stored type that holds T exactly.
func DtypeOf[T Float]() Dtype {
	var v T
	if _, ok := any(v).(float32); ok {
		return Float32
	}
	return Float64
}

// Options chooses the storage of a dataset. The zero value is contiguous and
// uncompressed, which is the fastest to read by hyperslabs.
type Options struct {
	Chunk   []int // chunk shape, one entry per dimension; needed by the filters
	Deflate int   // gzip level 1–9; 0 is none
	Shuffle bool  // byte shuffle before deflate, which suits floats
}

// validate checks o against the shape of the dataset.
func (o Options) validate(dims []int) error {
	if o.Deflate < 0 || o.Deflate > 9 {
		return fmt.Errorf("deflate level %d: want 0 to 9", o.Deflate)
	}
	if o.Chunk == nil {
		if o.Deflate > 0 || o.Shuffle {
			return errors.New("filters without a chunk shape: set Chunk")
		}
		return nil
	}
	if len(o.Chunk) != len(dims) {
		return fmt.Errorf("chunk %v: want %d entries like the shape %v", o.Chunk, len(dims), dims)
	}
	for i, c := range o.Chunk {
		if c < 1 || c > dims[i] {
			return fmt.Errorf("chunk %v: entry %d must lie between 1 and %d", o.Chunk, i, dims[i])
		}
	}
	return nil
}

// validateShape checks the shape of a dataset; no dimensions make a scalar.
func validateShape(dims []int) error {
	if len(dims) > 32 {
		return fmt.Errorf("shape %v: want at most 32 dimensions", dims)
	}
	for _, n := range dims {
		if n < 1 {
			return fmt.Errorf("shape %v: want every dimension at least 1", dims)
		}
	}
	return nil
}

// validateSlab checks that [offset, offset+count) lies in a dataset of the
// given shape and has n elements.
func validateSlab(shape, offset, count []int, n int) error {
	if len(offset) != len(shape) || len(count) != len(shape) {
		return fmt.Errorf("slab at %v of %v: want %d entries like the shape %v", offset, count, len(shape), shape)
	}
	want := 1
	for a := range shape {
		if offset[a] < 0 || count[a] < 1 || count[a] > shape[a]-offset[a] {
			return fmt.Errorf("slab at %v of %v reaches outside the shape %v", offset, count, shape)
		}
		want *= count[a]
	}
	if n != want {
		return fmt.Errorf("slab at %v of %v: slice has %d elements, want %d", offset, count, n, want)
	}
	return nil
}

// fold makes one line of the error stack, given outermost frame first. Frames
// that only repeat are dropped, and of the library's long report on a failed
// system call the system's own words remain.
func fold(stack string) string {
	var parts []string
	for _, frame := range strings.Split(stack, "\n") {
		frame = strings.TrimSpace(frame)
		if _, rest, ok := strings.Cut(frame, "error message = '"); ok {
			if msg, _, ok := strings.Cut(rest, "'"); ok {
				what, _, _ := strings.Cut(frame, ":")
				frame = what + ": " + msg
			}
		}
		if frame == "" || (len(parts) > 0 && parts[len(parts)-1] == frame) {
			continue
		}
		parts = append(parts, frame)
	}
	if len(parts) == 0 {
		return "HDF5 gave no reason"
	}
	return strings.Join(parts, ": ")
}
