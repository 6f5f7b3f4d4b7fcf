// SPDX-License-Identifier: BSD-3-Clause

//go:build !hdf5 || !cgo

package h5

import "fmt"

// File stands for an open HDF5 file; this binary can make none.
type File struct{}

// Dataset stands for an open dataset; this binary can make none.
type Dataset struct{}

// Create returns ErrNotBuilt with the path.
func Create(path string) (*File, error) { return nil, fmt.Errorf("create %s: %w", path, ErrNotBuilt) }

// Open returns ErrNotBuilt with the path.
func Open(path string) (*File, error) { return nil, fmt.Errorf("open %s: %w", path, ErrNotBuilt) }

// Path returns nothing.
func (f *File) Path() string { return "" }

// Close returns ErrNotBuilt.
func (f *File) Close() error { return ErrNotBuilt }

// CreateGroup returns ErrNotBuilt.
func (f *File) CreateGroup(string) error { return ErrNotBuilt }

// Exists returns false.
func (f *File) Exists(string) bool { return false }

// Members returns ErrNotBuilt.
func (f *File) Members(string) ([]string, error) { return nil, ErrNotBuilt }

// CreateDataset checks its arguments as the real one does and returns ErrNotBuilt.
func (f *File) CreateDataset(name string, dims []int, _ Dtype, opts Options) (*Dataset, error) {
	if err := validateShape(dims); err != nil {
		return nil, fmt.Errorf("create dataset %s: %w", name, err)
	}
	if err := opts.validate(dims); err != nil {
		return nil, fmt.Errorf("create dataset %s: %w", name, err)
	}
	return nil, ErrNotBuilt
}

// OpenDataset returns ErrNotBuilt.
func (f *File) OpenDataset(string) (*Dataset, error) { return nil, ErrNotBuilt }

// SetString returns ErrNotBuilt.
func (f *File) SetString(_, _, _ string) error { return ErrNotBuilt }

// SetFloats returns ErrNotBuilt.
func (f *File) SetFloats(_, _ string, _ ...float64) error { return ErrNotBuilt }

// SetInt returns ErrNotBuilt.
func (f *File) SetInt(_, _ string, _ int64) error { return ErrNotBuilt }

// Attributes returns ErrNotBuilt.
func (f *File) Attributes(string) ([]string, error) { return nil, ErrNotBuilt }

// Attribute returns ErrNotBuilt.
func (f *File) Attribute(_, _ string) (any, error) { return nil, ErrNotBuilt }

// Strings returns ErrNotBuilt.
func (f *File) Strings(string) ([]string, error) { return nil, ErrNotBuilt }

// Ints returns ErrNotBuilt.
func (f *File) Ints(string) ([]int64, error) { return nil, ErrNotBuilt }

// Name returns nothing.
func (ds *Dataset) Name() string { return "" }

// Shape returns nothing.
func (ds *Dataset) Shape() []int { return nil }

// Dtype returns Other.
func (ds *Dataset) Dtype() Dtype { return Other }

// Close returns ErrNotBuilt.
func (ds *Dataset) Close() error { return ErrNotBuilt }

// WriteSlab checks its arguments as the real one does and returns ErrNotBuilt.
func WriteSlab[T Float](ds *Dataset, offset, count []int, src []T) error {
	return slabError(ds, offset, count, len(src))
}

// ReadSlab checks its arguments as the real one does and returns ErrNotBuilt.
func ReadSlab[T Float](ds *Dataset, offset, count []int, dst []T) error {
	return slabError(ds, offset, count, len(dst))
}

func slabError(ds *Dataset, offset, count []int, n int) error {
	if err := validateSlab(ds.Shape(), offset, count, n); err != nil {
		return err
	}
	return ErrNotBuilt
}
