// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"math"
	"os"
	"testing"

	"codeberg.org/sbinet/npyio"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/rotation"
	"github.com/columen/columen/solver/si"
)

// TestNearest compares with a look at every point, ties and equal points too.
func TestNearest(t *testing.T) {
	p := particles(700, -0.2, 1.3, 0.1, 0.2)
	for i := range 60 { // points on a plane of cell corners, and twins
		for a := range p.Position {
			p.Position[a][i] = float64(i>>a%4) * 0.25
			p.Position[a][600+i] = p.Position[a][i]
		}
	}
	mesh := unitMesh(9, 7, 8)
	cube, err := Nearest[float64](p, mesh, mesh.Full(), Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	for o := range cube.Density {
		at := [3]float64{mesh.Center(0, o/56), mesh.Center(1, o/8%7), mesh.Center(2, o%8)}
		best, least := 0, math.Inf(1)
		for i := range p.Len() {
			x, y, z := p.Position[0][i]-at[0], p.Position[1][i]-at[1], p.Position[2][i]-at[2]
			if d := x*x + y*y + z*z; d < least {
				best, least = i, d
			}
		}
		if cube.Density[o] != p.Density[best] || cube.Velocity[1][o] != p.Velocity[1][best] || cube.Turbulence[o] != p.Turbulence[best] {
			t.Fatalf("cell %d does not have what point %d has", o, best)
		}
	}
}

// near32 reads a check cube: fields ρ [g cm⁻³], T [K], v_z [cm s⁻¹].
func near32(t testing.TB, path string) []float32 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var x []float32
	if err := npyio.Read(f, &x); err != nil || len(x) != 3*32*32*32 {
		t.Fatalf("%s: %d numbers, error %v", path, len(x), err)
	}
	return x
}

// TestContainMain compares with the check cube of the example model.
func TestContainMain(t *testing.T) {
	want := near32(t, "testdata/agb_main_near32_h45.npy")
	const h = 45 * si.AU
	mesh := grid.Mesh{Box: grid.Box{Min: [3]float64{-h, -h, -h}, Max: [3]float64{h, h, h}}, Cells: [3]int{32, 32, 32}}
	conv := hydro.Conversion{MassPerH2AMU: 2.02, COPerH2: 1e-4}
	cube, err := Contain[float64](openMain(t), conv, nil, mesh, mesh.Full(), Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	const n = 32 * 32 * 32
	for i := range n {
		// T with the m_u and k of the program that made the cube: 1e-9 apart.
		for f, got := range [3]float64{cube.Density[i] / conv.PerKg() * 1e-3, cube.Temperature[i], cube.Velocity[2][i] * 1e2} {
			if w := float64(want[f*n+i]); math.Abs(got-w) > 1e-7*math.Abs(w) {
				t.Fatalf("field %d of cell %d: %.9g, want %.9g", f, i, got, w)
			}
		}
	}
}

// TestContainTurned compares turned sampling with the same of a turned mesh,
// where that is one, and checks what lies outside.
func TestContainTurned(t *testing.T) {
	src := openModel(t, "../hydro/testdata/agb_small_ghost.dat")
	conv := hydro.Conversion{MassPerH2AMU: 2.02, COPerH2: 1e-4}
	box := src.Box()
	mesh := grid.Mesh{Box: box, Cells: [3]int{16, 16, 16}}
	plain, err := Contain[float64](src, conv, nil, mesh, mesh.Full(), Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range plain.Density {
		if !(n > 0) {
			t.Fatalf("cell %d inside the model is empty", i)
		}
	}
	quarter := Turn{Rotation: rotation.Camera(90, 0, 0).Inverse()} // (x, y, z) → (x, z, −y)
	turned, err := Contain[float64](src, conv, &quarter, mesh, mesh.Full(), Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 16 {
		for j := range 16 {
			for k := range 16 {
				a, b := plain.Index(i, j, k), turned.Index(i, k, 15-j)
				if plain.Density[a] != turned.Density[b] || plain.Velocity[2][a] != turned.Velocity[1][b] || plain.Velocity[1][a] != -turned.Velocity[2][b] {
					t.Fatalf("cell (%d,%d,%d) is not where a quarter turn puts it", i, j, k)
				}
			}
		}
	}
	slanted, err := Contain[float64](src, conv, &Turn{Rotation: rotation.Camera(45, 45, 0)}, mesh, mesh.Full(), Options{TemperatureFloorK: 7, TurbulenceMs: 150}, nil)
	if err != nil {
		t.Fatal(err)
	}
	empty := 0
	for i, n := range slanted.Density {
		if n == 0 {
			empty++
			if slanted.Temperature[i] != 7 || slanted.Turbulence[i] != 150 {
				t.Fatal("a cell outside the model does not have the floor of T")
			}
		}
	}
	if empty < 200 || empty > 2000 || slanted.Density[slanted.Index(8, 8, 8)] == 0 {
		t.Errorf("%d of 4096 cells lie outside the turned model", empty)
	}
}
