// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package h5

// #include "h5glue.h"
import "C"

import (
	"fmt"
	"slices"
	"unsafe"
)

// Dataset is an open dataset of a file.
type Dataset struct {
	file  *File
	id    C.hid_t
	name  string
	shape []int
	dtype Dtype
}

// CreateDataset makes a dataset of the given shape; what is never written
// reads as zero.
func (f *File) CreateDataset(name string, dims []int, dtype Dtype, opts Options) (*Dataset, error) {
	defer enter()()
	fail := func(err error) (*Dataset, error) {
		return nil, fmt.Errorf("%s: create dataset %s: %w", f.path, name, err)
	}
	if err := f.check(); err != nil {
		return fail(err)
	}
	if err := validateShape(dims); err != nil {
		return fail(err)
	}
	if err := opts.validate(dims); err != nil {
		return fail(err)
	}
	if dtype != Float32 && dtype != Float64 {
		return fail(fmt.Errorf("element type %v: want f4 or f8", dtype))
	}
	if opts.Deflate > 0 && C.H5Zfilter_avail(C.H5Z_FILTER_DEFLATE) <= 0 {
		return fail(fmt.Errorf("this HDF5 library has no deflate filter"))
	}
	d, chunk := sizes(dims), sizes(opts.Chunk)
	shuffle := C.int(0)
	if opts.Shuffle {
		shuffle = 1
	}
	id := cstring(name, func(n *C.char) C.hid_t {
		return C.h5g_dataset(f.id, n, dtype.bytes(), C.int(len(dims)), pointer(d), pointer(chunk), shuffle, C.int(opts.Deflate))
	})
	if id < 0 {
		return fail(stackError())
	}
	return &Dataset{file: f, id: id, name: name, shape: slices.Clone(dims), dtype: dtype}, nil
}

// OpenDataset opens a dataset. A scalar has the shape []; an empty dataset is
// an error.
func (f *File) OpenDataset(name string) (*Dataset, error) {
	defer enter()()
	fail := func(err error) (*Dataset, error) {
		return nil, fmt.Errorf("%s: dataset %s: %w", f.path, name, err)
	}
	if err := f.check(); err != nil {
		return fail(err)
	}
	id := cstring(name, func(n *C.char) C.hid_t { return C.h5g_open_dataset(f.id, n) })
	if id < 0 {
		return fail(stackError())
	}
	ds := &Dataset{file: f, id: id, name: name, dtype: Other}
	if err := ds.describe(); err != nil {
		C.H5Dclose(id)
		return fail(err)
	}
	return ds, nil
}

// describe reads shape and type; the library is entered.
func (ds *Dataset) describe() error {
	space := C.H5Dget_space(ds.id)
	if space < 0 {
		return stackError()
	}
	defer C.H5Sclose(space)
	rank := C.H5Sget_simple_extent_ndims(space)
	if rank < 0 {
		return stackError()
	}
	dims := make([]C.hsize_t, rank)
	if C.H5Sget_simple_extent_dims(space, pointer(dims), nil) < 0 {
		return stackError()
	}
	for _, n := range dims {
		ds.shape = append(ds.shape, int(n))
	}
	if C.H5Sget_simple_extent_type(space) == C.H5S_NULL {
		return fmt.Errorf("the dataset is empty")
	}
	if err := validateShape(ds.shape); err != nil {
		return err
	}
	t := C.H5Dget_type(ds.id)
	if t < 0 {
		return stackError()
	}
	defer C.H5Tclose(t)
	if C.H5Tget_class(t) == C.H5T_FLOAT {
		switch C.H5Tget_size(t) {
		case 4:
			ds.dtype = Float32
		case 8:
			ds.dtype = Float64
		}
	}
	return nil
}

// Name returns the name in the file.
func (ds *Dataset) Name() string { return ds.name }

// Shape returns the dimensions, slowest first.
func (ds *Dataset) Shape() []int { return slices.Clone(ds.shape) }

// Dtype returns the stored element type.
func (ds *Dataset) Dtype() Dtype { return ds.dtype }

// Close closes the dataset; closing its file does so too.
func (ds *Dataset) Close() error {
	defer enter()()
	if ds.file.closed || ds.id < 0 {
		return nil
	}
	id := ds.id
	ds.id = -1
	if C.H5Dclose(id) < 0 {
		return fmt.Errorf("%s: close dataset %s: %w", ds.file.path, ds.name, stackError())
	}
	return nil
}

// WriteSlab writes src, in C order, to the cells [offset, offset+count).
func WriteSlab[T Float](ds *Dataset, offset, count []int, src []T) error {
	return transfer(ds, "write", offset, count, src)
}

// ReadSlab reads the cells [offset, offset+count) into dst in C order.
func ReadSlab[T Float](ds *Dataset, offset, count []int, dst []T) error {
	return transfer(ds, "read", offset, count, dst)
}

func transfer[T Float](ds *Dataset, verb string, offset, count []int, data []T) error {
	defer enter()()
	err := ds.file.check()
	if err == nil && ds.id < 0 {
		err = fmt.Errorf("dataset is closed")
	}
	if err == nil && ds.dtype == Other {
		err = fmt.Errorf("element type is not f4 or f8")
	}
	if err == nil {
		err = validateSlab(ds.shape, offset, count, len(data))
	}
	if err != nil {
		return fmt.Errorf("%s: %s dataset %s: %w", ds.file.path, verb, ds.name, err)
	}
	write := C.int(0)
	if verb == "write" {
		write = 1
	}
	o, n := sizes(offset), sizes(count)
	rc := C.h5g_transfer(ds.id, write, DtypeOf[T]().bytes(), C.int(len(o)), pointer(o), pointer(n), unsafe.Pointer(&data[0]))
	if rc < 0 {
		return fmt.Errorf("%s: %s dataset %s: %w", ds.file.path, verb, ds.name, stackError())
	}
	return nil
}

// bytes returns the size of an element.
func (d Dtype) bytes() C.int {
	if d == Float32 {
		return 4
	}
	return 8
}

func sizes(v []int) []C.hsize_t {
	if v == nil {
		return nil
	}
	s := make([]C.hsize_t, len(v))
	for i, n := range v {
		s[i] = C.hsize_t(n)
	}
	return s
}

func pointer(v []C.hsize_t) *C.hsize_t { return unsafe.SliceData(v) }
