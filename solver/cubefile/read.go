// SPDX-License-Identifier: BSD-3-Clause

package cubefile

import (
	"errors"
	"fmt"
	"slices"

	"github.com/columen/columen/internal/h5"
	"github.com/columen/columen/solver/grid"
)

// File is an open cube file whose schema, shapes, types and units were checked.
type File struct {
	path  string
	file  *h5.File
	mesh  grid.Mesh
	meta  Meta
	names [fieldCount]field
	data  [fieldCount]*h5.Dataset // nil for an absent velocity component
}

// Open opens a cube file and checks all but the values of its fields. Errors
// name the file, the dataset or attribute, what was expected and what found.
func Open(path string) (*File, error) {
	f, err := h5.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cube file: %w", err)
	}
	c := &File{path: path, file: f}
	if err := c.inspect(); err != nil {
		return nil, errors.Join(fmt.Errorf("cube file %s: %w", path, err), f.Close())
	}
	return c, nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

// Mesh returns the box and the number of cells.
func (f *File) Mesh() grid.Mesh { return f.mesh }

// Meta returns species and provenance, the latter in alphabetical order.
func (f *File) Meta() Meta { return f.meta }

// Dtype returns the stored type of the density, "f4" or "f8".
func (f *File) Dtype() string { return f.data[density].Dtype().String() }

// HasVelocity reports which components of the velocity are there.
func (f *File) HasVelocity() [3]bool {
	var has [3]bool
	for a := range has {
		has[a] = f.data[velocityX+a] != nil
	}
	return has
}

func (f *File) inspect() error {
	attrs, err := f.file.Attributes("/")
	if err != nil {
		return err
	}
	has := func(name string) bool { return slices.Contains(attrs, name) }
	if !has(attrSchema) {
		return f.foreign(attrs)
	}
	want := func(object, name, value string) error {
		got, err := f.file.String(object, name)
		if err == nil && got != value {
			err = fmt.Errorf("attribute %s of %s is %q: want %q", name, object, got, value)
		}
		return err
	}
	// One after the other: a file of another schema may well lack the rest.
	if err := want("/", attrSchema, Schema); err != nil {
		return err
	}
	if err := want("/", attrUnits, unitsValue); err != nil {
		return err
	}
	if f.meta.Species, err = f.file.String("/", attrSpecies); err != nil {
		return err
	}
	if err := f.readProvenance(attrs); err != nil {
		return err
	}
	if err := f.readBox(); err != nil {
		return err
	}
	f.names = fields(f.meta.Species)
	for i := range f.names {
		if err := f.openField(i); err != nil {
			return err
		}
		if f.data[i] == nil {
			continue
		}
		if err := want(f.names[i].name, attrUnits, f.names[i].unit); err != nil {
			return err
		}
	}
	return f.mesh.Validate()
}

// foreign explains a file without our schema. Files of COEmuNet's own layout
// hold the fields but not where they lie.
func (f *File) foreign(attrs []string) error {
	members, err := f.file.Members("/")
	if err != nil {
		return err
	}
	if slices.Contains(members, "temperature") && slices.Contains(members, "velocity_z") {
		return fmt.Errorf("no attribute schema (want %q); datasets %v look like COEmuNet's layout, which lacks box_m, the edge of its box: "+
			"such a file is no cube file by itself", Schema, members)
	}
	return fmt.Errorf("no attribute schema (want %q): found attributes %v and members %v", Schema, attrs, members)
}

func (f *File) readBox() error {
	lo, err := f.file.Floats("/", attrBoxMin, 3)
	if err != nil {
		return err
	}
	hi, err := f.file.Floats("/", attrBoxMax, 3)
	if err != nil {
		return err
	}
	copy(f.mesh.Box.Min[:], lo)
	copy(f.mesh.Box.Max[:], hi)
	return nil
}

func (f *File) readProvenance(attrs []string) error {
	for _, name := range attrs {
		switch name {
		case attrSchema, attrSpecies, attrUnits, attrBoxMin, attrBoxMax:
			continue
		}
		v, err := f.file.Attribute("/", name)
		if err != nil {
			return err
		}
		f.meta.Provenance = append(f.meta.Provenance, KeyValue{name, fmt.Sprint(v)})
	}
	return nil
}

// openField opens dataset i and checks its type and shape; the first one sets
// the shape.
func (f *File) openField(i int) error {
	name := f.names[i].name
	if !f.file.Exists(name) {
		if required(i) {
			members, err := f.file.Members("/")
			return errors.Join(fmt.Errorf("dataset %s is missing: found %v", name, members), err)
		}
		return nil
	}
	ds, err := f.file.OpenDataset(name)
	if err != nil {
		return err
	}
	if ds.Dtype() == h5.Other {
		return fmt.Errorf("dataset %s: element type is neither f4 nor f8", name)
	}
	shape := ds.Shape()
	if len(shape) != 3 {
		return fmt.Errorf("dataset %s: shape %v: want [nx, ny, nz]", name, shape)
	}
	if i == density {
		copy(f.mesh.Cells[:], shape)
	} else if !slices.Equal(shape, f.mesh.Cells[:]) {
		return fmt.Errorf("dataset %s: shape %v: want %v like dataset %s", name, shape, f.mesh.Cells, f.names[density].name)
	}
	f.data[i] = ds
	return nil
}

// Read fetches the cells that block stores, in precision T, with the velocity
// components asked for; the others stay nil. Only these cells are read.
func Read[T grid.Float](f *File, block grid.Block, velocities [3]bool) (*grid.Cube[T], error) {
	if err := checkBlock(f.mesh, block); err != nil {
		return nil, fmt.Errorf("cube file %s: %w", f.path, err)
	}
	var offset, count [3]int
	for a, r := range block.Stored {
		offset[a], count[a] = r.Lo, r.Len()
	}
	cube := &grid.Cube[T]{Mesh: f.mesh, Block: block}
	into := [fieldCount]*[]T{&cube.Density, &cube.Temperature, &cube.Velocity[0], &cube.Velocity[1], &cube.Velocity[2], &cube.Turbulence}
	for i, dst := range into {
		if !required(i) && !velocities[i-velocityX] {
			continue
		}
		if f.data[i] == nil {
			return nil, fmt.Errorf("cube file %s: dataset %s is missing and this view needs it", f.path, f.names[i].name)
		}
		*dst = make([]T, block.NumStored())
		if err := h5.ReadSlab(f.data[i], offset[:], count[:], *dst); err != nil {
			return nil, fmt.Errorf("cube file: %w", err)
		}
	}
	return cube, nil
}
