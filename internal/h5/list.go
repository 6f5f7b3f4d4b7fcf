// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package h5

// #include "h5glue.h"
import "C"

import (
	"fmt"
	"strings"
	"unsafe"
)

// listMax bounds the elements of a dataset that is read as a list.
const listMax = 1 << 30

// Strings reads a one-dimensional dataset of strings, of fixed or variable
// length. Blanks and NULs at their ends are dropped.
func (f *File) Strings(name string) ([]string, error) {
	var out []string
	err := f.list(name, C.H5T_STRING, "strings", func(id C.hid_t, n int) error {
		var width C.size_t
		p := C.h5g_read_strings(id, C.size_t(n), &width)
		if p == nil {
			return stackError()
		}
		defer C.free(unsafe.Pointer(p))
		for i := range n {
			s := C.GoString((*C.char)(unsafe.Add(unsafe.Pointer(p), i*int(width))))
			out = append(out, strings.TrimRight(s, " "))
		}
		return nil
	})
	return out, err
}

// Ints reads a one-dimensional dataset of integers.
func (f *File) Ints(name string) ([]int64, error) {
	var out []int64
	err := f.list(name, C.H5T_INTEGER, "integers", func(id C.hid_t, n int) error {
		out = make([]int64, n)
		if C.h5g_read_int64(id, unsafe.Pointer(&out[0])) < 0 {
			return stackError()
		}
		return nil
	})
	return out, err
}

// list opens a one-dimensional dataset whose elements are of a class, and calls
// read with its number of elements.
func (f *File) list(name string, class C.H5T_class_t, words string, read func(id C.hid_t, n int) error) error {
	ds, err := f.OpenDataset(name)
	if err != nil {
		return err
	}
	defer ds.Close()
	defer enter()()
	fail := func(err error) error { return fmt.Errorf("%s: dataset %s: %w", f.path, name, err) }
	t := C.H5Dget_type(ds.id)
	if t < 0 {
		return fail(stackError())
	}
	defer C.H5Tclose(t)
	if len(ds.shape) != 1 || ds.shape[0] > listMax || C.H5Tget_class(t) != class {
		return fail(fmt.Errorf("shape %v: want one dimension of at most %d %s", ds.shape, listMax, words))
	}
	if err := read(ds.id, ds.shape[0]); err != nil {
		return fail(err)
	}
	return nil
}
