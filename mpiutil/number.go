// SPDX-License-Identifier: BSD-3-Clause

package mpiutil

import (
	"fmt"
	"math"
	"reflect"
	"unsafe"
)

// Number is the set of element types that can travel between ranks.
type Number interface {
	~float32 | ~float64 | ~int32 | ~int64 | ~uint8
}

// Op is the operation of a reduction.
type Op int

// The reductions. Sum of uint8 wraps modulo 256; Min and Max of floating-point
// values with a NaN among them are unspecified, as in MPI.
const (
	Sum Op = iota
	Min
	Max
)

// String returns the name of the operation.
func (o Op) String() string {
	switch o {
	case Sum:
		return "Sum"
	case Min:
		return "Min"
	case Max:
		return "Max"
	}
	return fmt.Sprintf("Op(%d)", int(o))
}

// check refuses a value that is none of the named operations.
func (o Op) check() error {
	if o < Sum || o > Max {
		return fmt.Errorf("unknown operation %v, allowed are Sum, Min and Max", o)
	}
	return nil
}

// kind is an element type at run time. Its values are also used by shim.h.
type kind int

const (
	kindFloat32 kind = iota
	kindFloat64
	kindInt32
	kindInt64
	kindUint8
)

func (k kind) String() string {
	return [...]string{"float32", "float64", "int32", "int64", "uint8"}[k]
}

// size is the number of bytes of one element.
func (k kind) size() int {
	return [...]int{4, 8, 4, 8, 1}[k]
}

// kindOf maps T, or the type that T is named after, to its kind.
func kindOf[T Number]() kind {
	switch reflect.TypeFor[T]().Kind() {
	case reflect.Float32:
		return kindFloat32
	case reflect.Float64:
		return kindFloat64
	case reflect.Int32:
		return kindInt32
	case reflect.Int64:
		return kindInt64
	default:
		return kindUint8
	}
}

// maxCount is the most elements of one MPI call, whose counts are C ints.
const maxCount = math.MaxInt32

// buffer is a slice of numbers with its element type as a value, which is what
// a transport can take through an interface.
type buffer struct {
	ptr  unsafe.Pointer
	n    int
	kind kind
}

// bufferOf describes s. The caller keeps s alive and in place.
func bufferOf[T Number](s []T) buffer {
	return buffer{unsafe.Pointer(unsafe.SliceData(s)), len(s), kindOf[T]()}
}

// bytes is the memory of b.
func (b buffer) bytes() []byte {
	if b.n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(b.ptr), b.n*b.kind.size())
}

// part is elements lo to hi of b.
func (b buffer) part(lo, hi int) buffer {
	if lo == hi {
		return buffer{nil, 0, b.kind}
	}
	return buffer{unsafe.Add(b.ptr, lo*b.kind.size()), hi - lo, b.kind}
}

// overlaps tells whether a and b share memory.
func (b buffer) overlaps(a buffer) bool {
	if a.n == 0 || b.n == 0 {
		return false
	}
	a0, b0 := uintptr(a.ptr), uintptr(b.ptr)
	return a0 < b0+uintptr(b.n*b.kind.size()) && b0 < a0+uintptr(a.n*a.kind.size())
}

// limit refuses a count that one call cannot carry.
func limit(n, most int) error {
	if n > most {
		return fmt.Errorf("%d elements in one message, at most %d are possible: send it in parts", n, most)
	}
	return nil
}
