// SPDX-License-Identifier: BSD-3-Clause

package h5

import (
	"errors"
	"fmt"
)

// Write creates a contiguous dataset that stores T and fills it.
func Write[T Float](f *File, name string, dims []int, data []T) error {
	ds, err := f.CreateDataset(name, dims, DtypeOf[T](), Options{})
	if err != nil {
		return err
	}
	return errors.Join(WriteSlab(ds, make([]int, len(dims)), dims, data), ds.Close())
}

// Read returns a whole dataset and its shape.
func Read[T Float](f *File, name string) ([]T, []int, error) {
	ds, err := f.OpenDataset(name)
	if err != nil {
		return nil, nil, err
	}
	shape := ds.Shape()
	n := 1
	for _, d := range shape {
		const elementsMax = 1 << 40 // 8 TiB: no file of ours; keeps the product exact
		if d > elementsMax/n {
			return nil, nil, errors.Join(fmt.Errorf("%s: dataset %s: shape %v is too large to read whole", f.Path(), name, shape), ds.Close())
		}
		n *= d
	}
	data := make([]T, n)
	if err := errors.Join(ReadSlab(ds, make([]int, len(shape)), shape, data), ds.Close()); err != nil {
		return nil, nil, err
	}
	return data, shape, nil
}

// String reads a string attribute.
func (f *File) String(object, attr string) (string, error) {
	v, err := f.Attribute(object, attr)
	if err != nil {
		return "", err
	}
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s: attribute %s of %s is %T: want a string", f.Path(), attr, object, v)
	}
	return s, nil
}

// Floats reads an attribute of count numbers.
func (f *File) Floats(object, attr string, count int) ([]float64, error) {
	v, err := f.Attribute(object, attr)
	if err != nil {
		return nil, err
	}
	if i, ok := v.(int64); ok {
		v = []float64{float64(i)}
	}
	x, ok := v.([]float64)
	if !ok {
		return nil, fmt.Errorf("%s: attribute %s of %s is %T: want %d numbers", f.Path(), attr, object, v, count)
	}
	if len(x) != count {
		return nil, fmt.Errorf("%s: attribute %s of %s has %d numbers: want %d", f.Path(), attr, object, len(x), count)
	}
	return x, nil
}

// Int reads an integer attribute.
func (f *File) Int(object, attr string) (int64, error) {
	v, err := f.Attribute(object, attr)
	if err != nil {
		return 0, err
	}
	i, ok := v.(int64)
	if !ok {
		return 0, fmt.Errorf("%s: attribute %s of %s is %T: want an integer", f.Path(), attr, object, v)
	}
	return i, nil
}
