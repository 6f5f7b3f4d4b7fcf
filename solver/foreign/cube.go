// SPDX-License-Identifier: BSD-3-Clause

package foreign

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/columen/columen/solver/grid"
)

// The fields of a cube.
const (
	density = iota
	temperature
	velocityX
	velocityY
	velocityZ
	turbulence
	fieldCount
)

// fieldName is what a field is called in messages and descriptions.
func fieldName(i int) string {
	return [fieldCount]string{"density", "temperature", "velocity_x", "velocity_y", "velocity_z", "v_turb"}[i]
}

// KeyValue is one line of a description.
type KeyValue struct {
	Key, Value string
}

// Cube is an open cube of another program. Read may be called concurrently.
type Cube struct {
	path    string // named in messages
	species string
	mesh    grid.Mesh
	fields  [fieldCount]array // nil for a velocity that is not there
	absent  string            // said of a velocity that is not there
	closers []io.Closer
	header  []KeyValue
}

// Mesh returns the box and the number of cells.
func (c *Cube) Mesh() grid.Mesh { return c.mesh }

// Species returns the name of the molecule whose density the cube holds.
func (c *Cube) Species() string { return c.species }

// Close closes all files.
func (c *Cube) Close() error {
	var err error
	for _, f := range c.closers {
		err = errors.Join(err, f.Close())
	}
	c.closers = nil
	return err
}

// Read fetches the cells that block stores, in precision T, with the velocity
// components asked for; the others stay nil. A component that is not there is
// an error.
func Read[T grid.Float](c *Cube, block grid.Block, velocities [3]bool) (*grid.Cube[T], error) {
	for a, r := range block.Stored {
		if r.Lo < 0 || r.Hi > c.mesh.Cells[a] || r.Len() < 1 {
			return nil, fmt.Errorf("%s: block along %s is [%d, %d): want it within [0, %d), not empty", c.path, grid.AxisName(a), r.Lo, r.Hi, c.mesh.Cells[a])
		}
	}
	out := &grid.Cube[T]{Mesh: c.mesh, Block: block}
	into := [fieldCount]*[]T{&out.Density, &out.Temperature, &out.Velocity[0], &out.Velocity[1], &out.Velocity[2], &out.Turbulence}
	for i, dst := range into {
		if i >= velocityX && i <= velocityZ && !velocities[i-velocityX] {
			continue
		}
		if c.fields[i] == nil {
			return nil, fmt.Errorf("%s: %s is missing and this view needs it: %s", c.path, fieldName(i), c.absent)
		}
		x, err := c.fields[i].read(block.Stored)
		if err != nil {
			return nil, err
		}
		*dst = make([]T, len(x))
		for k, v := range x {
			(*dst)[k] = T(v)
		}
	}
	return out, nil
}

// Describe lists the header, the mesh and the range of every field in SI. It
// reads one field at a time.
func (c *Cube) Describe() ([]KeyValue, error) {
	m := c.mesh
	d := m.CellSize()
	out := append([]KeyValue{}, c.header...)
	out = append(out,
		KeyValue{"species", c.species},
		KeyValue{"cells [x, y, z]", fmt.Sprintf("%d × %d × %d", m.Cells[0], m.Cells[1], m.Cells[2])},
		KeyValue{"box_min_m", fmt.Sprintf("%.6g %.6g %.6g", m.Box.Min[0], m.Box.Min[1], m.Box.Min[2])},
		KeyValue{"box_max_m", fmt.Sprintf("%.6g %.6g %.6g", m.Box.Max[0], m.Box.Max[1], m.Box.Max[2])},
		KeyValue{"cell_m", fmt.Sprintf("%.6g %.6g %.6g", d[0], d[1], d[2])})
	for i, f := range c.fields {
		key := fieldName(i) + " [" + [fieldCount]string{"m-3", "K", "m s-1", "m s-1", "m s-1", "m s-1"}[i] + "]"
		if f == nil {
			out = append(out, KeyValue{key, "absent"})
			continue
		}
		x, err := f.read(m.Full().Stored)
		if err != nil {
			return nil, err
		}
		out = append(out, KeyValue{key, rangeOf(x)})
	}
	return out, nil
}

// rangeOf summarises a field.
func rangeOf(x []float64) string {
	lo, hi, sum, odd := math.Inf(1), math.Inf(-1), 0.0, 0
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			odd++
			continue
		}
		lo, hi, sum = min(lo, v), max(hi, v), sum+v
	}
	if odd == len(x) {
		return "no finite value"
	}
	return fmt.Sprintf("min %.6g, max %.6g, mean %.6g, %d non-finite", lo, hi, sum/float64(len(x)-odd), odd)
}

// cellsMax bounds the cells along an axis, as in the configuration.
const cellsMax = 8192

// checkCells refuses a mesh that no cube has.
func checkCells(n [3]int) bool {
	for _, c := range n {
		if c < 1 || c > cellsMax {
			return false
		}
	}
	return true
}
