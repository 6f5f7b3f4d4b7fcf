// SPDX-License-Identifier: BSD-3-Clause

package cubefile

import (
	"errors"
	"fmt"

	"github.com/columen/columen/internal/atomicfile"
	"github.com/columen/columen/internal/h5"
	"github.com/columen/columen/solver/grid"
)

// Write stores a whole cube in the precision of T. The block must own the
// whole mesh. Velocity components that are nil are left out.
func Write[T grid.Float](path string, cube *grid.Cube[T], meta Meta) error {
	full := cube.Mesh.Full()
	if cube.Block.Owned != full.Owned {
		return fmt.Errorf("write cube %s: block owns %v: want the whole mesh %v", path, cube.Block.Owned, full.Owned)
	}
	var velocities [3]bool
	for a, v := range cube.Velocity {
		velocities[a] = v != nil
	}
	w, err := NewWriter[T](path, cube.Mesh, velocities, meta)
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := w.WriteSlab(cube); err != nil {
		return err
	}
	return w.Close()
}

// Writer stores a cube block by block. Cells that no block owned read as zero,
// so Close refuses a cube that is not covered.
type Writer[T grid.Float] struct {
	path    string
	pending *atomicfile.Pending
	file    *h5.File
	mesh    grid.Mesh
	fields  [fieldCount]field
	data    [fieldCount]*h5.Dataset // nil where a velocity component is left out
	cells   int                     // owned cells written so far
	failed  error
}

// NewWriter begins a cube file of the given mesh under a temporary name, with
// the velocity components asked for. End with Close; a deferred Abort removes
// what an error leaves behind.
func NewWriter[T grid.Float](path string, mesh grid.Mesh, velocities [3]bool, meta Meta) (*Writer[T], error) {
	fail := func(err error) (*Writer[T], error) { return nil, fmt.Errorf("write cube %s: %w", path, err) }
	if err := mesh.Validate(); err != nil {
		return fail(err)
	}
	meta, err := meta.checked()
	if err != nil {
		return fail(err)
	}
	p, err := atomicfile.Create(path)
	if err != nil {
		return nil, err
	}
	f, err := h5.Create(p.Name())
	if err != nil {
		p.Abort()
		return fail(err)
	}
	w := &Writer[T]{path: path, pending: p, file: f, mesh: mesh, fields: fields(meta.Species)}
	if err := w.begin(velocities, meta); err != nil {
		w.Abort()
		return fail(err)
	}
	return w, nil
}

// begin writes the attributes and creates the datasets.
func (w *Writer[T]) begin(velocities [3]bool, meta Meta) error {
	f := w.file
	err := errors.Join(
		f.SetString("/", attrSchema, Schema),
		f.SetString("/", attrSpecies, meta.Species),
		f.SetString("/", attrUnits, unitsValue),
		f.SetFloats("/", attrBoxMin, w.mesh.Box.Min[:]...),
		f.SetFloats("/", attrBoxMax, w.mesh.Box.Max[:]...),
	)
	for _, kv := range meta.Provenance {
		err = errors.Join(err, f.SetString("/", kv.Key, kv.Value))
	}
	for i, fd := range w.fields {
		if err != nil {
			return err
		}
		if !required(i) && !velocities[i-velocityX] {
			continue
		}
		w.data[i], err = f.CreateDataset(fd.name, w.mesh.Cells[:], h5.DtypeOf[T](), h5.Options{})
		if err == nil {
			err = f.SetString(fd.name, attrUnits, fd.unit)
		}
	}
	return err
}

// WriteSlab stores the cells that the cube's block owns; halo cells are left
// to their owners. The cube must be of the writer's mesh and have all fields
// that the file has.
func (w *Writer[T]) WriteSlab(cube *grid.Cube[T]) error {
	if w.failed == nil {
		w.failed = w.writeSlab(cube)
	}
	if w.failed != nil {
		return fmt.Errorf("write cube %s: %w", w.path, w.failed)
	}
	return nil
}

func (w *Writer[T]) writeSlab(cube *grid.Cube[T]) error {
	if cube.Mesh != w.mesh {
		return fmt.Errorf("mesh of the block %v differs from the file's %v", cube.Mesh, w.mesh)
	}
	if err := checkBlock(w.mesh, cube.Block); err != nil {
		return err
	}
	var offset, count [3]int
	for a, r := range cube.Block.Owned {
		offset[a], count[a] = r.Lo, r.Len()
	}
	for i, v := range fieldsOf(cube) {
		if w.data[i] == nil {
			continue
		}
		if len(v) != cube.Block.NumStored() {
			return fmt.Errorf("field %s has %d elements: want %d", w.fields[i].name, len(v), cube.Block.NumStored())
		}
		if err := h5.WriteSlab(w.data[i], offset[:], count[:], owned(cube, v)); err != nil {
			return err
		}
	}
	w.cells += count[0] * count[1] * count[2]
	return nil
}

// owned returns the owned part of a stored field, without a copy where there
// is no halo.
func owned[T grid.Float](c *grid.Cube[T], v []T) []T {
	o := c.Block.Owned
	if o == c.Block.Stored {
		return v
	}
	out := make([]T, 0, o[0].Len()*o[1].Len()*o[2].Len())
	for i := o[0].Lo; i < o[0].Hi; i++ {
		for j := o[1].Lo; j < o[1].Hi; j++ {
			at := c.Index(i, j, o[2].Lo)
			out = append(out, v[at:at+o[2].Len()]...)
		}
	}
	return out
}

// Close completes the file and gives it its name. After a failed WriteSlab, or
// where cells are missing, it removes the file and returns an error.
func (w *Writer[T]) Close() error {
	if w.failed == nil && w.cells != w.mesh.NumCells() {
		w.failed = fmt.Errorf("blocks cover %d of %d cells", w.cells, w.mesh.NumCells())
	}
	if w.failed != nil {
		w.Abort()
		return fmt.Errorf("write cube %s: %w", w.path, w.failed)
	}
	if err := w.file.Close(); err != nil {
		w.Abort()
		return fmt.Errorf("write cube %s: %w", w.path, err)
	}
	return w.pending.Commit()
}

// Abort removes an unfinished file; after Close it does nothing.
func (w *Writer[T]) Abort() {
	w.file.Close() // the file goes away: what it could not write does not matter
	w.pending.Abort()
}

// checkBlock checks that a block lies in a mesh.
func checkBlock(m grid.Mesh, b grid.Block) error {
	for a, n := range m.Cells {
		s, o := b.Stored[a], b.Owned[a]
		if s.Lo < 0 || s.Hi > n || o.Lo < s.Lo || o.Hi > s.Hi || o.Len() < 1 {
			return fmt.Errorf("block along %s owns [%d, %d) and stores [%d, %d): want owned within stored within [0, %d), not empty",
				grid.AxisName(a), o.Lo, o.Hi, s.Lo, s.Hi, n)
		}
	}
	return nil
}
