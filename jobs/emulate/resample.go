// SPDX-License-Identifier: BSD-3-Clause

package emulate

import (
	"fmt"
	"math"

	"github.com/columen/columen/solver/grid"
)

// trainingMesh is the mesh of g³ cubic cells of the training about the centre of
// a box.
func trainingMesh(box grid.Box, g int, cellM float64) grid.Mesh {
	m := grid.Mesh{Cells: [3]int{g, g, g}}
	for a := range m.Cells {
		center, half := 0.5*(box.Min[a]+box.Max[a]), 0.5*float64(g)*cellM
		m.Box.Min[a], m.Box.Max[a] = center-half, center+half
	}
	return m
}

// share is the part of a cell of one mesh that lies in a cell of another, along
// an axis [m].
type share struct {
	cell   int
	length float64
}

// shares returns for every cell of to along an axis the cells of from that it
// overlaps.
func shares(from, to grid.Mesh, axis int) [][]share {
	have, want := from.CellSize()[axis], to.CellSize()[axis]
	all := make([][]share, to.Cells[axis])
	for i := range all {
		lo := to.Box.Min[axis] + float64(i)*want
		hi := lo + want
		first := int(math.Floor((lo - from.Box.Min[axis]) / have))
		for k := max(first, 0); k < from.Cells[axis]; k++ {
			left := from.Box.Min[axis] + float64(k)*have
			if left >= hi {
				break
			}
			if l := min(hi, left+have) - max(lo, left); l > 1e-9*want {
				all[i] = append(all[i], share{k, l})
			}
		}
	}
	return all
}

// resample averages a whole cube onto a mesh inside its box: the density by the
// volume that cells share, so that every molecule in the new box is kept, and what
// molecules carry (temperature, velocity, v_turb) by their number, so that heat
// and momentum are kept. It makes nothing that was not there: where the new cells
// are smaller than the old ones, they repeat them.
func resample(c *grid.Cube[float64], to grid.Mesh) (*grid.Cube[float64], error) {
	if !c.Mesh.Box.Contains(to.Box, 1e-6) {
		return nil, fmt.Errorf("the model fills %v to %v m, and the training's box of %.6g m about its centre reaches beyond, where nothing is known", c.Mesh.Box.Min, c.Mesh.Box.Max, to.Box.Size()[0])
	}
	out := grid.NewCube[float64](to, to.Full())
	var along [3][][]share
	for a := range along {
		along[a] = shares(c.Mesh, to, a)
	}
	at := 0
	for x := range to.Cells[0] {
		for y := range to.Cells[1] {
			for z := range to.Cells[2] {
				average(c, out, at, along[0][x], along[1][y], along[2][z])
				at++
			}
		}
	}
	return out, nil
}

// average fills one cell of out from the cells of c that it overlaps.
func average(c, out *grid.Cube[float64], at int, xs, ys, zs []share) {
	var volume, molecules float64
	var byVolume, byNumber [5]float64
	for _, x := range xs {
		for _, y := range ys {
			for _, z := range zs {
				from := c.Index(x.cell, y.cell, z.cell)
				v := x.length * y.length * z.length
				n := v * c.Density[from]
				volume += v
				molecules += n
				for i, value := range [5]float64{c.Temperature[from], c.Velocity[0][from], c.Velocity[1][from], c.Velocity[2][from], c.Turbulence[from]} {
					byVolume[i] += v * value
					byNumber[i] += n * value
				}
			}
		}
	}
	out.Density[at] = molecules / volume
	mean, weight := byNumber, molecules
	if molecules == 0 {
		mean, weight = byVolume, volume
	}
	for i, field := range [5][]float64{out.Temperature, out.Velocity[0], out.Velocity[1], out.Velocity[2], out.Turbulence} {
		field[at] = mean[i] / weight
	}
}
