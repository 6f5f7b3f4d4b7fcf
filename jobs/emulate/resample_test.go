// SPDX-License-Identifier: BSD-3-Clause

package emulate

import (
	"math"
	"testing"

	"github.com/columen/columen/solver/grid"
)

// clump is a cube of unequal cells with an off-centre clump and a shear.
func clump(cells [3]int, size [3]float64) *grid.Cube[float64] {
	m := grid.Mesh{Cells: cells}
	for a := range size {
		m.Box.Min[a], m.Box.Max[a] = 3-size[a]/2, 3+size[a]/2
	}
	c := grid.NewCube[float64](m, m.Full())
	for i := range cells[0] {
		for j := range cells[1] {
			for k := range cells[2] {
				at := c.Index(i, j, k)
				x, y, z := m.Center(0, i)-3, m.Center(1, j)-3.2, m.Center(2, k)-3
				c.Density[at], c.Temperature[at] = math.Exp(-x*x-2*y*y-z*z), 10+x+y*y
				c.Velocity[0][at], c.Velocity[1][at], c.Velocity[2][at], c.Turbulence[at] = x, 2*y, -z, 150
			}
		}
	}
	return c
}

// content integrates density, heat and momentum over the part of a cube that lies
// in a box, cell by cell, each with the fraction that is inside.
func content(c *grid.Cube[float64], box grid.Box) (sum [5]float64) {
	size := c.Mesh.CellSize()
	inside := func(a, i int) float64 {
		lo := c.Mesh.Box.Min[a] + float64(i)*size[a]
		return max(0, min(lo+size[a], box.Max[a])-max(lo, box.Min[a]))
	}
	for i := range c.Mesh.Cells[0] {
		for j := range c.Mesh.Cells[1] {
			for k := range c.Mesh.Cells[2] {
				at := c.Index(i, j, k)
				n := c.Density[at] * inside(0, i) * inside(1, j) * inside(2, k)
				for q, v := range [5]float64{1, c.Temperature[at], c.Velocity[0][at], c.Velocity[1][at], c.Velocity[2][at]} {
					sum[q] += n * v
				}
			}
		}
	}
	return sum
}

// TestResample: molecules, heat and momentum inside the new box are those of the
// old cube there, whatever the cells; the same mesh changes nothing.
func TestResample(t *testing.T) {
	for _, c := range []struct {
		cells [3]int
		size  [3]float64
	}{
		{[3]int{16, 16, 16}, [3]float64{4, 4, 4}},    // the same box, finer
		{[3]int{20, 13, 9}, [3]float64{5, 4.4, 6}},   // larger, and of unequal cells
		{[3]int{5, 5, 5}, [3]float64{4.1, 4.1, 4.1}}, // coarser
	} {
		src := clump(c.cells, c.size)
		to := trainingMesh(src.Mesh.Box, 8, 0.5)
		got, err := resample(src, to)
		if err != nil {
			t.Fatal(err)
		}
		was, is := content(src, to.Box), content(got, to.Box)
		for q := range was {
			if math.Abs(was[q]-is[q]) > 1e-12*math.Max(was[0], math.Abs(was[q])) {
				t.Errorf("%v: content %d is %g, was %g", c.cells, q, is[q], was[q])
			}
		}
		for _, v := range got.Turbulence {
			if math.Abs(v-150) > 1e-9 {
				t.Fatalf("%v: v_turb %g of 150 everywhere", c.cells, v)
			}
		}
	}
	src := clump([3]int{8, 8, 8}, [3]float64{4, 4, 4})
	same, err := resample(src, trainingMesh(src.Mesh.Box, 8, 0.5))
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range src.Density {
		if math.Abs(same.Density[i]-n) > 1e-12*n || math.Abs(same.Temperature[i]-src.Temperature[i]) > 1e-9 {
			t.Fatalf("cell %d of the same mesh: %g, was %g", i, same.Density[i], n)
		}
	}
	if _, err := resample(src, trainingMesh(src.Mesh.Box, 8, 0.6)); err == nil {
		t.Error("a box larger than the model was filled")
	}
}

// TestResampleEmpty: cells without molecules keep the mean of what they cover.
func TestResampleEmpty(t *testing.T) {
	src := clump([3]int{8, 8, 8}, [3]float64{4, 4, 4})
	for i := range src.Density {
		src.Density[i], src.Temperature[i] = 0, 42
	}
	got, err := resample(src, trainingMesh(src.Mesh.Box, 4, 1))
	if err != nil || got.Density[0] != 0 || math.Abs(got.Temperature[0]-42) > 1e-12 {
		t.Errorf("n = %g, T = %g, %v", got.Density[0], got.Temperature[0], err)
	}
}
