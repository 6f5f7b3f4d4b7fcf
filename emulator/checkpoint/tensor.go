// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"
)

// Dtype is the element type of a tensor, by its safetensors name.
type Dtype string

// The element types that weights and training states use. BF16 is the upper
// half of a float32.
const (
	F64  Dtype = "F64"
	F32  Dtype = "F32"
	BF16 Dtype = "BF16"
	I64  Dtype = "I64"
)

// Size returns the bytes of one element, or 0 if the type is not supported.
func (d Dtype) Size() int {
	switch d {
	case F64, I64:
		return 8
	case F32:
		return 4
	case BF16:
		return 2
	}
	return 0
}

// Tensor is a named array.
type Tensor struct {
	Name  string
	Dtype Dtype
	Shape []int  // slowest dimension first; empty for a scalar
	Data  []byte // elements in C order, little-endian

	mapped bool // Data is a part of a mapped file
}

// element lists the Go types of tensor elements; BF16 is uint16.
type element interface {
	float64 | float32 | uint16 | int64
}

// FromFloat64 returns a tensor that shares v.
func FromFloat64(name string, shape []int, v []float64) Tensor { return share(name, F64, shape, v) }

// FromFloat32 returns a tensor that shares v.
func FromFloat32(name string, shape []int, v []float32) Tensor { return share(name, F32, shape, v) }

// FromBF16 returns a tensor that shares v, the upper halves of float32 values.
func FromBF16(name string, shape []int, v []uint16) Tensor { return share(name, BF16, shape, v) }

// FromInt64 returns a tensor that shares v.
func FromInt64(name string, shape []int, v []int64) Tensor { return share(name, I64, shape, v) }

func share[T element](name string, d Dtype, shape []int, v []T) Tensor {
	requireLittleEndian()
	n, err := elements(shape)
	if err != nil || n != len(v) {
		panic(fmt.Sprintf("checkpoint: tensor %s of shape %v from %d values", name, shape, len(v)))
	}
	var data []byte
	if n > 0 {
		data = unsafe.Slice((*byte)(unsafe.Pointer(&v[0])), n*d.Size())
	}
	return Tensor{Name: name, Dtype: d, Shape: shape, Data: data}
}

// Float64 returns the elements of an F64 tensor. They share the tensor's
// memory, which is read-only when it comes from a file.
func (t Tensor) Float64() ([]float64, error) { return view[float64](t, F64) }

// Float32 is Float64 for an F32 tensor.
func (t Tensor) Float32() ([]float32, error) { return view[float32](t, F32) }

// BF16 is Float64 for a BF16 tensor, as the upper halves of float32 values.
func (t Tensor) BF16() ([]uint16, error) { return view[uint16](t, BF16) }

// Int64 is Float64 for an I64 tensor.
func (t Tensor) Int64() ([]int64, error) { return view[int64](t, I64) }

func view[T element](t Tensor, d Dtype) ([]T, error) {
	requireLittleEndian()
	if t.Dtype != d {
		return nil, fmt.Errorf("tensor %s: element type %s: want %s", t.Name, t.Dtype, d)
	}
	if len(t.Data) == 0 {
		return nil, nil
	}
	p := unsafe.Pointer(&t.Data[0])
	if uintptr(p)%uintptr(d.Size()) != 0 { // other writers need not align the data
		aligned := make([]T, len(t.Data)/d.Size())
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&aligned[0])), len(t.Data)), t.Data)
		return aligned, nil
	}
	return unsafe.Slice((*T)(p), len(t.Data)/d.Size()), nil
}

// CopyFloat32 converts a tensor of any floating type to float32, rounding F64
// to nearest. dst must have NumElements elements.
func (t Tensor) CopyFloat32(dst []float32) error { return convert(t, dst) }

// CopyFloat64 converts a tensor of any floating type to float64.
func (t Tensor) CopyFloat64(dst []float64) error { return convert(t, dst) }

func convert[T float32 | float64](t Tensor, dst []T) error {
	if n := t.NumElements(); len(dst) != n {
		return fmt.Errorf("tensor %s of shape %v has %d elements: want %d", t.Name, t.Shape, n, len(dst))
	}
	switch t.Dtype {
	case F64:
		for i := range dst {
			dst[i] = T(math.Float64frombits(binary.LittleEndian.Uint64(t.Data[8*i:])))
		}
	case F32:
		for i := range dst {
			dst[i] = T(math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:])))
		}
	case BF16:
		for i := range dst {
			dst[i] = T(math.Float32frombits(uint32(binary.LittleEndian.Uint16(t.Data[2*i:])) << 16))
		}
	default:
		return fmt.Errorf("tensor %s: element type %s: want one of F64, F32, BF16", t.Name, t.Dtype)
	}
	return nil
}

// NumElements returns the product of the shape.
func (t Tensor) NumElements() int {
	n, err := elements(t.Shape)
	if err != nil {
		panic("checkpoint: " + err.Error())
	}
	return n
}

// bytesMax bounds a tensor; products of shapes stay exact below it.
const bytesMax = 1 << 46

// elements returns the product of the dimensions.
func elements(shape []int) (int, error) {
	n := 1
	for _, d := range shape {
		if d < 0 {
			return 0, fmt.Errorf("shape %v: want no negative dimension", shape)
		}
		if d > 0 && n > bytesMax/8/d {
			return 0, fmt.Errorf("shape %v: want less than %d elements", shape, bytesMax/8)
		}
		n *= d
	}
	return n, nil
}

// Range returns n elements of t in C order from element from on, sharing them.
func (t Tensor) Range(from, n int) Tensor {
	size := t.Dtype.Size()
	return Tensor{Name: t.Name, Dtype: t.Dtype, Shape: []int{n}, Data: t.Data[from*size : (from+n)*size], mapped: t.mapped}
}

// Drop says that the data have been used: if they are a view of a file, its pages
// leave the memory of this process until they are used again.
func (t Tensor) Drop() {
	if t.mapped {
		dropPages(t.Data)
	}
}

// describe returns an error if name, type or shape cannot be.
func (t Tensor) describe() error {
	if t.Name == "" {
		return errors.New("tensor without a name")
	}
	if t.Dtype.Size() == 0 {
		return fmt.Errorf("tensor %s: element type %q: want one of F64, F32, BF16, I64", t.Name, t.Dtype)
	}
	if _, err := elements(t.Shape); err != nil {
		return fmt.Errorf("tensor %s: %w", t.Name, err)
	}
	return nil
}

// check returns an error if the parts of t do not fit together.
func (t Tensor) check() error {
	if err := t.describe(); err != nil {
		return err
	}
	if n, size := t.NumElements(), t.Dtype.Size(); len(t.Data) != n*size {
		return fmt.Errorf("tensor %s: %d bytes of data: want %d for shape %v of %s", t.Name, len(t.Data), n*size, t.Shape, t.Dtype)
	}
	return nil
}

// requireLittleEndian panics where a view of file bytes would be wrong.
func requireLittleEndian() {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		panic("checkpoint: this machine is big-endian")
	}
}
