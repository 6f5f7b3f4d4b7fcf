// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// unitMesh divides the box from 0 to 1 along each axis.
func unitMesh(nx, ny, nz int) grid.Mesh {
	return grid.Mesh{Box: grid.Box{Max: [3]float64{1, 1, 1}}, Cells: [3]int{nx, ny, nz}}
}

// particles makes n of them at random in a box, h drawn log-uniformly.
func particles(n int, lo, hi, hLow, hHigh float64) *hydro.Points {
	u := rand.New(rand.NewPCG(11, 4))
	p := &hydro.Points{}
	draw := func(lo, hi float64) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = lo + (hi-lo)*u.Float64()
		}
		return x
	}
	for a := range p.Position {
		p.Position[a], p.Velocity[a] = draw(lo, hi), draw(-1e4, 1e4)
	}
	p.Density, p.Temperature, p.Turbulence, p.Mass = draw(1e6, 1e9), draw(20, 900), draw(50, 300), draw(1, 2)
	p.Smoothing = draw(math.Log(hLow), math.Log(hHigh))
	for i, x := range p.Smoothing {
		p.Smoothing[i] = math.Exp(x)
	}
	return p
}

// TestSPHKeepsMass checks that particles well inside leave their mass, momentum
// and mT in the cube, be they much smaller or much larger than a cell.
func TestSPHKeepsMass(t *testing.T) {
	for _, c := range []struct {
		name       string
		mesh       grid.Mesh
		lo, hi     float64
		h0, h1     float64
		n          int
		tolerance  float64
		noVelocity bool
	}{
		{"a hundredth of a cell", unitMesh(16, 16, 16), 0, 1, 5e-4, 1e-3, 3000, 1e-13, false},
		{"about a cell", unitMesh(16, 16, 16), 0.3, 0.7, 0.02, 0.14, 300, 1e-13, false},
		{"uneven cells", unitMesh(9, 31, 17), 0.4, 0.6, 0.03, 0.19, 300, 1e-13, false},
		{"many cells", unitMesh(40, 40, 40), 0.48, 0.52, 0.201, 0.23, 100, 3e-7, false},
		{"all of these", unitMesh(37, 37, 37), 0.45, 0.55, 1e-3, 0.22, 300, 3e-7, false},
	} {
		p := particles(c.n, c.lo, c.hi, c.h0, c.h1)
		cube, err := SPH[float64](p, c.mesh, c.mesh.Full(), Options{TemperatureFloorK: 10})
		if err != nil {
			t.Fatal(err)
		}
		size := c.mesh.CellSize()
		volume := size[0] * size[1] * size[2]
		var got, want [6]float64
		for i, n := range cube.Density {
			for k, x := range [6]float64{1, cube.Temperature[i], cube.Velocity[0][i], cube.Velocity[1][i], cube.Velocity[2][i], cube.Turbulence[i]} {
				got[k] += n * volume * x
			}
			if n == 0 && (cube.Temperature[i] != 10 || cube.Velocity[0][i] != 0) {
				t.Fatalf("%s: an empty cell has T = %g K, v_x = %g m/s", c.name, cube.Temperature[i], cube.Velocity[0][i])
			}
		}
		for i, m := range p.Mass {
			for k, x := range [6]float64{1, p.Temperature[i], p.Velocity[0][i], p.Velocity[1][i], p.Velocity[2][i], p.Turbulence[i]} {
				want[k] += m * x
			}
		}
		for k, scale := range [6]float64{1, 900, 1e4, 1e4, 1e4, 300} {
			if d := math.Abs(got[k]-want[k]) / (scale * want[0]); d > c.tolerance {
				t.Errorf("%s: integral %d is off by %.2g, want %.2g", c.name, k, d, c.tolerance)
			}
		}
	}
}

// latticeOf makes particles of mass 1 at the cells' own places: per of them in a
// cell along each axis, beyond the mesh by margin cells.
func latticeOf(mesh grid.Mesh, per, margin int, h float64) *hydro.Points {
	p := &hydro.Points{}
	size := mesh.CellSize()
	n := per * (mesh.Cells[0] + 2*margin)
	for i := range n * n * n {
		for a, k := range [3]int{i / (n * n), i / n % n, i % n} {
			p.Position[a] = append(p.Position[a], mesh.Box.Min[a]+((float64(k)+0.5)/float64(per)-float64(margin))*size[a])
			p.Velocity[a] = append(p.Velocity[a], float64(100*(a+1)))
		}
		p.Mass, p.Smoothing = append(p.Mass, 1), append(p.Smoothing, h*size[0])
		p.Density, p.Temperature = append(p.Density, 1), append(p.Temperature, 40)
	}
	return p
}

// TestSPHUniformLattice checks that equal particles on a lattice make the same
// gas in every cell.
func TestSPHUniformLattice(t *testing.T) {
	for _, c := range []struct {
		cells, per, margin int
		h                  float64 // in cells
	}{{8, 1, 3, 1.2}, {8, 1, 1, 0.1}, {8, 2, 2, 0.6}, {8, 3, 2, 0.4}, {2, 1, 9, 4.2}, {2, 1, 17, 8.1}} {
		mesh := unitMesh(c.cells, c.cells, c.cells)
		p := latticeOf(mesh, c.per, c.margin, c.h)
		cube, err := SPH[float64](p, mesh, mesh.Full(), Options{TurbulenceMs: 150})
		if err != nil {
			t.Fatal(err)
		}
		want := float64(c.per * c.per * c.per * mesh.NumCells())
		tolerance := 1e-13
		if c.h > smoothCells {
			tolerance = 3e-7
		}
		for i, n := range cube.Density {
			if math.Abs(n-want) > tolerance*want || math.Abs(n-cube.Density[0]) > 1e-13*want {
				t.Fatalf("%+v: density of cell %d is %.17g, want %g", c, i, n, want)
			}
			if math.Abs(cube.Temperature[i]-40) > 1e-12 || math.Abs(cube.Velocity[2][i]-300) > 1e-11 || cube.Turbulence[i] != 150 {
				t.Fatalf("%+v: cell %d has T = %.17g, v_z = %.17g, v_turb = %g", c, i, cube.Temperature[i], cube.Velocity[2][i], cube.Turbulence[i])
			}
		}
	}
}

// TestSPHKernel checks the cube of one particle against M₄ itself.
func TestSPHKernel(t *testing.T) {
	mesh := unitMesh(64, 64, 64)
	h := 0.15
	p := &hydro.Points{Mass: []float64{3}, Smoothing: []float64{h}, Density: []float64{1}, Temperature: []float64{50}}
	for a := range p.Position {
		p.Position[a], p.Velocity[a] = []float64{0.5}, []float64{1}
	}
	cube, err := SPH[float64](p, mesh, mesh.Full(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 64 {
		x := mesh.Center(0, i) - 0.5
		y := mesh.Center(1, 32) - 0.5
		q := math.Sqrt(x*x+2*y*y) / h
		want := 0.0
		switch {
		case q < 1:
			want = 1 - 1.5*q*q + 0.75*q*q*q
		case q < 2:
			want = (2 - q) * (2 - q) * (2 - q) / 4
		}
		want *= 3 / (math.Pi * h * h * h)
		if got := cube.Density[cube.Index(i, 32, 32)]; math.Abs(got-want) > 1e-12*3/(h*h*h) {
			t.Errorf("cell %d at r = %.3f h: %.15g, want %.15g", i, q, got, want)
		}
	}
}

func TestSPHRefuses(t *testing.T) {
	mesh := unitMesh(4, 4, 4)
	for want, spoil := range map[string]func(p *hydro.Points){
		"smoothing length: 0 values for 3 points": func(p *hydro.Points) { p.Smoothing = nil },
		"mass: 0 values for 3 points":             func(p *hydro.Points) { p.Mass = nil },
		"particle 1: smoothing length = -1":       func(p *hydro.Points) { p.Smoothing[1] = -1 },
		"particle 2: mass = NaN":                  func(p *hydro.Points) { p.Mass[2] = math.NaN() },
		"the model has no points":                 func(p *hydro.Points) { *p = hydro.Points{} },
		"velocity_y: 2 values for 3 points":       func(p *hydro.Points) { p.Velocity[1] = p.Velocity[1][:2] },
	} {
		p := particles(3, 0, 1, 0.1, 0.2)
		spoil(p)
		_, err := SPH[float64](p, mesh, mesh.Full(), Options{})
		expect(t, err, want)
	}
}
