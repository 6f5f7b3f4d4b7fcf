// SPDX-License-Identifier: BSD-3-Clause

package grid

import (
	"fmt"
	"math"
)

// Float is the precision of the fields of a cube.
type Float interface{ float32 | float64 }

// Box is a cuboid aligned with the axes [m].
type Box struct {
	Min, Max [3]float64
}

// Size returns the edge lengths [m].
func (b Box) Size() [3]float64 {
	var s [3]float64
	for a := range s {
		s[a] = b.Max[a] - b.Min[a]
	}
	return s
}

// Volume returns the volume [m³].
func (b Box) Volume() float64 {
	s := b.Size()
	return s[0] * s[1] * s[2]
}

// Contains reports whether c lies inside b, allowing for rounding of the
// bounds by slack times the size of b.
func (b Box) Contains(c Box, slack float64) bool {
	s := b.Size()
	for a := range s {
		if c.Min[a] < b.Min[a]-slack*s[a] || c.Max[a] > b.Max[a]+slack*s[a] {
			return false
		}
	}
	return true
}

// Mesh is a uniform division of a box into cells.
type Mesh struct {
	Box   Box
	Cells [3]int
}

// Validate returns an error that names the first field that makes no mesh.
func (m Mesh) Validate() error {
	for a, n := range m.Cells {
		if n < 1 {
			return fmt.Errorf("mesh: %d cells along %s: want at least 1", n, AxisName(a))
		}
		lo, hi := m.Box.Min[a], m.Box.Max[a]
		if !(hi > lo) || math.IsInf(lo, 0) || math.IsInf(hi, 0) {
			return fmt.Errorf("mesh: box along %s from %g to %g m: want finite bounds, the first below the second", AxisName(a), lo, hi)
		}
	}
	return nil
}

// NumCells returns the number of cells.
func (m Mesh) NumCells() int { return m.Cells[0] * m.Cells[1] * m.Cells[2] }

// CellSize returns the edge lengths of a cell [m].
func (m Mesh) CellSize() [3]float64 {
	s := m.Box.Size()
	for a := range s {
		s[a] /= float64(m.Cells[a])
	}
	return s
}

// Center returns the coordinate of the centre of cell i along axis a [m].
func (m Mesh) Center(a, i int) float64 {
	n := float64(m.Cells[a])
	t := (float64(i) + 0.5) / n
	return m.Box.Min[a]*(1-t) + m.Box.Max[a]*t
}

// Full returns the block that is the whole mesh, without halo.
func (m Mesh) Full() Block {
	var b Block
	for a, n := range m.Cells {
		b.Owned[a] = Range{0, n}
		b.Stored[a] = Range{0, n}
	}
	return b
}

// AxisName returns "x", "y" or "z" for 0, 1 or 2.
func AxisName(a int) string { return "xyz"[a : a+1] }
