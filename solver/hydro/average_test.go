// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"math"
	"testing"

	"github.com/columen/columen/solver/grid"
)

// meshOf divides a box into cells.
func meshOf(b grid.Box, nx, ny, nz int) grid.Mesh {
	return grid.Mesh{Box: b, Cells: [3]int{nx, ny, nz}}
}

// shrink returns the part of b from fraction lo to fraction hi of each axis.
func shrink(b grid.Box, lo, hi [3]float64) grid.Box {
	var c grid.Box
	for a, s := range b.Size() {
		c.Min[a], c.Max[a] = b.Min[a]+lo[a]*s, b.Min[a]+hi[a]*s
	}
	return c
}

// amrModel is a snapshot with three levels of uneven blocks.
func amrModel(t testing.TB, state func([3]float64) gasState) *AMRVAC {
	t.Helper()
	f := baseFile()
	f.roots, f.block, f.levels, f.refine, f.state = [3]int{3, 2, 2}, [3]int{4, 6, 2}, 3, refineCorner, state
	s, err := decode(f.encode(), testUnits)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// content integrates mass [kg], momentum [kg m s⁻¹] and mass times T over the
// part of a snapshot inside box by brute force over all cells.
func content(t *testing.T, s Leaves, box grid.Box) (sum [5]float64) {
	t.Helper()
	var leaf Leaf
	for l := range s.NumLeaves() {
		if err := s.ReadLeaf(l, &leaf); err != nil {
			t.Fatal(err)
		}
		b, n := s.LeafBox(l), s.LeafCells(l)
		d := b.Size()
		for c := range leaf.Density {
			cell := [3]int{c % n[0], c / n[0] % n[1], c / n[0] / n[1]}
			v := 1.0
			for a := range 3 {
				w := d[a] / float64(n[a])
				lo := b.Min[a] + float64(cell[a])*w
				v *= max(0, min(lo+w, box.Max[a])-max(lo, box.Min[a]))
			}
			m := v * leaf.Density[c]
			for i, x := range [5]float64{1, leaf.Velocity[0][c], leaf.Velocity[1][c], leaf.Velocity[2][c], leaf.Temperature[c]} {
				sum[i] += m * x
			}
		}
	}
	return sum
}

// total is the same integral over a mapped mesh.
func total(g *Gas, m grid.Mesh) (sum [5]float64) {
	d := m.CellSize()
	for i, rho := range g.Density {
		for f, x := range [5]float64{1, g.Velocity[0][i], g.Velocity[1][i], g.Velocity[2][i], g.Temperature[i]} {
			sum[f] += rho * d[0] * d[1] * d[2] * x
		}
	}
	return sum
}

func TestAverageConserves(t *testing.T) {
	s := amrModel(t, smoothGas)
	meshes := map[string]grid.Mesh{
		"aligned, finest":    meshOf(s.Box(), 48, 48, 16),
		"aligned, coarse":    meshOf(s.Box(), 3, 2, 2),
		"primes":             meshOf(s.Box(), 7, 11, 13),
		"one cell":           meshOf(s.Box(), 1, 1, 1),
		"inside, unaligned":  meshOf(shrink(s.Box(), [3]float64{0.013, 0.21, 0.4}, [3]float64{0.71, 0.93, 0.8201}), 9, 17, 5),
		"within one cell":    meshOf(shrink(s.Box(), [3]float64{0.001, 0.001, 0.001}, [3]float64{0.002, 0.0015, 0.0012}), 2, 3, 4),
		"finer than finest":  meshOf(shrink(s.Box(), [3]float64{0, 0, 0}, [3]float64{0.1, 0.1, 0.2}), 31, 29, 23),
		"touching one face":  meshOf(shrink(s.Box(), [3]float64{0.5, 0, 0.5}, [3]float64{1, 0.5, 1}), 5, 6, 7),
		"within the slack":   meshOf(shrink(s.Box(), [3]float64{-9e-10, 0, 0}, [3]float64{1, 1 + 9e-10, 1}), 24, 24, 8),
		"slender cells":      meshOf(s.Box(), 100, 1, 1),
		"one axis unaligned": meshOf(shrink(s.Box(), [3]float64{0, 0.1, 0}, [3]float64{1, 0.9, 1}), 12, 12, 4),
	}
	for name, mesh := range meshes {
		t.Run(name, func(t *testing.T) {
			gas, err := AverageGas(s, mesh, mesh.Full(), nil)
			if err != nil {
				t.Fatal(err)
			}
			got, want := total(gas, mesh), content(t, s, mesh.Box)
			tolerance := 1e-12
			if name == "within the slack" {
				tolerance = 1e-8
			}
			// 4e4 bounds speed [m/s] and T [K] here, for sums that cancel.
			for i, scale := range [5]float64{1, 4e4, 4e4, 4e4, 4e4} {
				if d := math.Abs(got[i] - want[i]); d > tolerance*scale*want[0] {
					t.Errorf("integral %d: %.15g, want %.15g: off by %.2g", i, got[i], want[i], d/scale/want[0])
				}
			}
		})
	}
}

func TestAverageOfUniformGasIsExact(t *testing.T) {
	uniform := func([3]float64) gasState { return gasState{rho: 0.75, p: 0.5, v: [3]float64{0.5, -1.5, 0.25}} }
	s := amrModel(t, uniform)
	for _, mesh := range []grid.Mesh{meshOf(s.Box(), 24, 24, 8), meshOf(shrink(s.Box(), [3]float64{0.1, 0.2, 0.3}, [3]float64{0.8, 0.7, 0.55}), 7, 11, 13)} {
		gas, err := AverageGas(s, mesh, mesh.Full(), nil)
		if err != nil {
			t.Fatal(err)
		}
		want := [5]float64{0.75e-12, 5e3, -1.5e4, 2.5e3, 2.35 * atomicMass * 1e8 / boltzmann * 0.5 / 0.75}
		for i := range gas.Density {
			for f, x := range [5]float64{gas.Density[i], gas.Velocity[0][i], gas.Velocity[1][i], gas.Velocity[2][i], gas.Temperature[i]} {
				// A sum of n terms rounds n times; here n is a few hundred.
				if math.Abs(x/want[f]-1) > 2e-14 {
					t.Fatalf("cell %d, field %d: %.17g, want %.17g", i, f, x, want[f])
				}
			}
		}
	}
}

// TestAverageIsMassWeighted has a closed form: two cells of masses 1 and 3.
func TestAverageIsMassWeighted(t *testing.T) {
	f := baseFile()
	f.roots, f.block = [3]int{1, 1, 1}, [3]int{2, 2, 2}
	f.state = func(x [3]float64) gasState {
		if x[0] < 0 {
			return gasState{rho: 1, p: 1, v: [3]float64{2, 0, 4}}
		}
		return gasState{rho: 3, p: 6, v: [3]float64{-2, 1, 0}}
	}
	s, err := decode(f.encode(), testUnits)
	if err != nil {
		t.Fatal(err)
	}
	mesh := meshOf(s.Box(), 1, 1, 1)
	gas, err := AverageGas(s, mesh, mesh.Full(), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := [5]float64{gas.Density[0] / 1e-12, gas.Velocity[0][0] / 1e4, gas.Velocity[1][0] / 1e4, gas.Velocity[2][0] / 1e4, gas.Temperature[0] / s.temperatureUnit()}
	want := [5]float64{2, -1, 0.75, 1, 1.75} // T = (1·1 + 3·2)/4
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-14 {
			t.Errorf("field %d: %g, want %g", i, got[i], want[i])
		}
	}
}

func TestAverageDoesNotDependOnBlock(t *testing.T) {
	s := amrModel(t, smoothGas)
	mesh := meshOf(shrink(s.Box(), [3]float64{0.01, 0, 0.02}, [3]float64{0.97, 1, 0.93}), 13, 17, 11)
	conv := Conversion{MassPerH2AMU: 2.02, COPerH2: 1e-4, VTurbMs: 150}
	whole, err := CellAverage[float64](s, mesh, mesh.Full(), conv, nil)
	if err != nil {
		t.Fatal(err)
	}
	cuts := [3][]int{{0, 5, 6, 13}, {0, 8, 17}, {0, 1, 4, 11}}
	for i := range len(cuts[0]) - 1 {
		for j := range len(cuts[1]) - 1 {
			for k := range len(cuts[2]) - 1 {
				var b grid.Block
				for a, n := range [3]int{i, j, k} {
					b.Owned[a] = grid.Range{Lo: cuts[a][n], Hi: cuts[a][n+1]}
					b.Stored[a] = grid.Range{Lo: max(0, cuts[a][n]-1), Hi: min(mesh.Cells[a], cuts[a][n+1]+1)}
				}
				part, err := CellAverage[float64](s, mesh, b, conv, nil)
				if err != nil {
					t.Fatal(err)
				}
				sameBits(t, whole, part)
			}
		}
	}
}

// sameBits compares every stored cell of part with the whole.
func sameBits(t *testing.T, whole, part *grid.Cube[float64]) {
	t.Helper()
	s := part.Block.Stored
	for i := s[0].Lo; i < s[0].Hi; i++ {
		for j := s[1].Lo; j < s[1].Hi; j++ {
			for k := s[2].Lo; k < s[2].Hi; k++ {
				w, p := whole.Index(i, j, k), part.Index(i, j, k)
				if whole.Density[w] != part.Density[p] || whole.Temperature[w] != part.Temperature[p] || whole.Turbulence[w] != part.Turbulence[p] ||
					whole.Velocity[0][w] != part.Velocity[0][p] || whole.Velocity[1][w] != part.Velocity[1][p] || whole.Velocity[2][w] != part.Velocity[2][p] {
					t.Fatalf("cell (%d,%d,%d) differs between the whole mesh and block %v", i, j, k, s)
				}
			}
		}
	}
}

func TestCellAverageConverts(t *testing.T) {
	s := amrModel(t, smoothGas)
	mesh := meshOf(s.Box(), 6, 6, 4)
	conv := Conversion{MassPerH2AMU: 2.02, COPerH2: 1e-4, TemperatureFloorK: 9000, VTurbMs: 150}
	gas, err := AverageGas(s, mesh, mesh.Full(), nil)
	if err != nil {
		t.Fatal(err)
	}
	calls, last := 0, 0
	cube, err := CellAverage[float32](s, mesh, mesh.Full(), conv, func(done, total int) {
		calls++
		if last = done; total != s.NumLeaves() {
			t.Errorf("total %d, want %d", total, s.NumLeaves())
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if calls != s.NumLeaves() || last != calls {
		t.Errorf("progress called %d times, last with %d, of %d", calls, last, s.NumLeaves())
	}
	floored := 0
	for i, rho := range gas.Density {
		n := float32(rho / (2.02 * 1.66053906660e-27) * 1e-4)
		if math.Abs(float64(cube.Density[i]/n-1)) > 2e-7 {
			t.Fatalf("cell %d: n %g, want %g", i, cube.Density[i], n)
		}
		if gas.Temperature[i] < 9000 {
			floored++
		}
		if cube.Temperature[i] != float32(max(gas.Temperature[i], 9000)) || cube.Turbulence[i] != 150 || cube.Velocity[1][i] != float32(gas.Velocity[1][i]) {
			t.Fatalf("cell %d: T %g, v_turb %g, vy %g", i, cube.Temperature[i], cube.Turbulence[i], cube.Velocity[1][i])
		}
	}
	if floored == 0 || floored == len(gas.Density) {
		t.Errorf("%d of %d cells below the floor: the test needs both", floored, len(gas.Density))
	}
}
