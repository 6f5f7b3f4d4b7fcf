// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// maxLevels is the most levels of a lattice: 1024 cells a side, whose index
// along the three axes fits in 30 bits.
const maxLevels = 11

// Lattice is the nested cells of the Haar rule: level k divides the box from
// Min to Min+Size into 2ᵏ cells a side, k = 0 … Levels−1. Its cells need not be
// cubes.
type Lattice struct {
	Min, Size [3]float64 // [m]
	Levels    int
}

// Enclosing returns the lattice that the original puts around points, from
// their box:
//
//	Size = (1 + 10⁻³/2^levels)·(max − min) along each axis
//
// so that the outermost points lie inside. As the box is that of the points,
// the size of the cells differs per axis and, for turned points, per rotation.
func Enclosing(points grid.Box, levels int) Lattice {
	l := Lattice{Min: points.Min, Levels: levels}
	slack := 1e-3 / math.Exp2(float64(levels))
	for a := range l.Size {
		l.Size[a] = (1 + slack) * (points.Max[a] - points.Min[a])
	}
	return l
}

// Cubic returns the lattice of cubic cells round a ball, which is the same for
// all rotations about its centre.
func Cubic(center [3]float64, radiusM float64, levels int) Lattice {
	var b grid.Box
	for a, c := range center {
		b.Min[a], b.Max[a] = c-radiusM, c+radiusM
	}
	l := Enclosing(b, levels)
	l.Size = [3]float64{l.Size[0], l.Size[0], l.Size[0]}
	return l
}

// OnMesh returns the lattice whose finest cells are those of mesh, which must
// have the same power of two along each axis.
func OnMesh(mesh grid.Mesh) (Lattice, error) {
	n := mesh.Cells[0]
	if n < 1 || n&(n-1) != 0 || mesh.Cells != [3]int{n, n, n} || n > 1<<(maxLevels-1) {
		return Lattice{}, fmt.Errorf("%d×%d×%d cells: want the same power of two along each axis, at most %d, for nested cells", mesh.Cells[0], mesh.Cells[1], mesh.Cells[2], 1<<(maxLevels-1))
	}
	return Lattice{Min: mesh.Box.Min, Size: mesh.Box.Size(), Levels: bits.Len(uint(n))}, nil
}

// Cells is the number of the finest cells along an axis.
func (l Lattice) Cells() int { return 1 << (l.Levels - 1) }

func (l Lattice) validate() error {
	if l.Levels < 1 || l.Levels > maxLevels {
		return fmt.Errorf("a lattice of %d levels: want 1 to %d", l.Levels, maxLevels)
	}
	for a, s := range l.Size {
		if !(s > 0 && s <= math.MaxFloat64) || math.IsInf(l.Min[a], 0) {
			return fmt.Errorf("a lattice of %g m along %s: want a positive finite number: points at one coordinate make no cells", s, grid.AxisName(a))
		}
	}
	return nil
}

// Crop is a part of the finest cells of a lattice as a mesh: cell i of the mesh
// along axis a is cell First[a]+i of the lattice. Mesh.Box is where the line
// transfer takes the cells to be, which is where they are, but for DoubleCells.
type Crop struct {
	Lattice Lattice
	First   [3]int
	Mesh    grid.Mesh
}

// Whole returns all cells.
func (l Lattice) Whole() Crop { return l.crop(0, l.Cells()) }

// Center returns the central half along each axis, which is what the published
// data sets keep: cells n/4 to 3n/4 of n. It needs four cells a side.
func (l Lattice) Center() Crop { return l.crop(l.Cells()/4, l.Cells()/2) }

func (l Lattice) crop(first, n int) Crop {
	c := Crop{Lattice: l, First: [3]int{first, first, first}}
	for a := range c.Mesh.Cells {
		cell := l.Size[a] / float64(l.Cells())
		c.Mesh.Cells[a] = n
		c.Mesh.Box.Min[a], c.Mesh.Box.Max[a] = l.Min[a]+float64(first)*cell, l.Min[a]+float64(first+n)*cell
	}
	return c
}

// DoubleCells returns the crop with cells said to be twice as large along each
// axis as they are, about the same centre: the published data sets give the box
// of the whole lattice to its central half, which doubles every optical depth.
func (c Crop) DoubleCells() Crop {
	for a, size := range c.Mesh.Box.Size() {
		c.Mesh.Box.Min[a] -= size / 2
		c.Mesh.Box.Max[a] += size / 2
	}
	return c
}

// Ball returns the points at most radiusM from center, in their order, as new
// points.
func Ball(p *hydro.Points, center [3]float64, radiusM float64) *hydro.Points {
	var kept []int
	for i := range p.Len() {
		x, y, z := p.Position[0][i]-center[0], p.Position[1][i]-center[1], p.Position[2][i]-center[2]
		if math.Sqrt(x*x+y*y+z*z) <= radiusM {
			kept = append(kept, i)
		}
	}
	pick := func(from []float64) []float64 {
		if from == nil {
			return nil
		}
		to := make([]float64, len(kept))
		for j, i := range kept {
			to[j] = from[i]
		}
		return to
	}
	q := &hydro.Points{Density: pick(p.Density), Temperature: pick(p.Temperature), Turbulence: pick(p.Turbulence), Smoothing: pick(p.Smoothing), Mass: pick(p.Mass)}
	for a := range q.Position {
		q.Position[a], q.Velocity[a] = pick(p.Position[a]), pick(p.Velocity[a])
	}
	return q
}

// Midpoint returns the centre of a box, round which the published data sets cut
// their ball.
func Midpoint(b grid.Box) [3]float64 {
	var c [3]float64
	for a := range c {
		c[a] = (b.Max[a] + b.Min[a]) / 2
	}
	return c
}
