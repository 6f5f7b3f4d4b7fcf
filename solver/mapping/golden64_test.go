// SPDX-License-Identifier: BSD-3-Clause

//go:build golden64

package mapping

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"codeberg.org/sbinet/npyio"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// hydroFile is the path of a file of the folder of hydrodynamic models, which
// is beside that of the reference data, $COLUMEN_GOLDEN or
// shared/golden/coemunet beside the checkout.
func hydroFile(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("COLUMEN_GOLDEN")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "golden", "coemunet")
	}
	path := filepath.Join(dir, "..", "..", "data", "hydro", name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("a model is missing (%v): set COLUMEN_GOLDEN to the folder of the reference data", err)
	}
	return path
}

// TestGoldenHaarMain makes the cube that an independent program made of the
// example model, as points in float32, by the rule of the published data sets.
func TestGoldenHaarMain(t *testing.T) {
	f, err := os.Open(hydroFile(t, "agb_main_haar64.npy"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var want []float32
	if err := npyio.Read(f, &want); err != nil {
		t.Fatal(err)
	}
	all := mainPoints(t)
	p := Ball(all, Midpoint(all.Box()), 8835624238218.75)
	if p.Len() != 244952 {
		t.Fatalf("%d points in the ball, want 244952", p.Len())
	}
	crop := Enclosing(p.Box(), 8).Center()
	cube, err := Map[float64](new(Haar), p, crop, crop.Mesh.Full(), Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	const n = 64 * 64 * 64
	for i, got := range [3][]float64{cube.Density, cube.Temperature, cube.Velocity[2]} {
		var off, most float64
		for o, x := range got {
			w := float64(want[i*n+o])
			off, most = max(off, math.Abs(x-w)), max(most, math.Abs(w))
		}
		t.Logf("field %d is off by %.2g of its maximum", i, off/most)
		if off > 2e-7*most {
			t.Errorf("field %d is off by %.2g of its maximum, want 2e-7", i, off/most)
		}
	}
}

// phantomArrays reads the records of the first block of a Phantom dump whose
// tags are wanted: no more of the format than this test needs.
func phantomArrays(t *testing.T, path string, n int, tags ...string) map[string][]float64 {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]float64{}
	var last string
	for len(data) > 8 {
		length := int(binary.LittleEndian.Uint32(data))
		record := data[4 : 4+length]
		data = data[8+length:]
		for _, tag := range tags {
			if last != tag || found[tag] != nil {
				continue
			}
			x := make([]float64, n)
			for i := range x {
				switch length {
				case 8 * n:
					x[i] = math.Float64frombits(binary.LittleEndian.Uint64(record[8*i:]))
				case 4 * n:
					x[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(record[4*i:])))
				default:
					t.Fatalf("%s: %d bytes for %d values", tag, length, n)
				}
			}
			found[tag] = x
		}
		last = ""
		if length == 16 {
			last = string(bytes.TrimRight(record, " "))
		}
	}
	return found
}

// TestGoldenNearestWind compares with the check cube of the particles.
func TestGoldenNearestWind(t *testing.T) {
	const (
		udist, umass, utime = 14960000000000.0, 1.9891e33, 5022728.790082334 // cgs
		particle, hfact     = 1.4484676588396008e-10, 1.2
		degrees             = 2.381 * (1.2 - 1) * 1.66053907e-24 / 1.380649e-16 // T of u in cgs
	)
	a := phantomArrays(t, hydroFile(t, "wind_full.phantom"), 58030, "x", "y", "z", "vx", "vy", "vz", "u", "h")
	p := new(hydro.Points)
	for i, h := range a["h"] {
		if h <= 0 {
			continue
		}
		for axis := range 3 {
			p.Position[axis] = append(p.Position[axis], a["xyz"[axis:axis+1]][i])
			p.Velocity[axis] = append(p.Velocity[axis], a["v"+"xyz"[axis:axis+1]][i]*udist/utime)
		}
		p.Density = append(p.Density, particle*math.Pow(hfact/h, 3)*umass/(udist*udist*udist))
		p.Temperature = append(p.Temperature, degrees*a["u"][i]*(udist/utime)*(udist/utime))
	}
	if p.Len() != 58028 {
		t.Fatalf("%d particles, want 58028", p.Len())
	}
	want := near32(t, hydroFile(t, "wind_full_near32.npy"))
	mesh := grid.Mesh{Box: grid.Box{Min: [3]float64{-15, -15, -15}, Max: [3]float64{15, 15, 15}}, Cells: [3]int{32, 32, 32}}
	cube, err := Nearest[float64](p, mesh, mesh.Full(), Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	const n = 32 * 32 * 32
	for f, got := range [3][]float64{cube.Density, cube.Temperature, cube.Velocity[2]} {
		for i, x := range got {
			if w := float64(want[f*n+i]); math.Abs(x-w) > 1e-6*math.Abs(w) {
				t.Fatalf("field %d of cell %d: %.9g, want %.9g", f, i, x, w)
			}
		}
	}
}

// TestGoldenMassOfWind checks that the particles of the wind leave their mass in
// a cube that holds them all, whatever its cells.
func TestGoldenMassOfWind(t *testing.T) {
	a := phantomArrays(t, hydroFile(t, "wind_full.phantom"), 58030, "x", "y", "z", "h")
	p := new(hydro.Points)
	for i, h := range a["h"] {
		if h <= 0 {
			continue
		}
		for axis := range 3 {
			p.Position[axis] = append(p.Position[axis], a["xyz"[axis:axis+1]][i])
			p.Velocity[axis] = append(p.Velocity[axis], 0)
		}
		p.Smoothing, p.Mass = append(p.Smoothing, h), append(p.Mass, 1)
		p.Density, p.Temperature = append(p.Density, 1), append(p.Temperature, 10)
	}
	const half = 100 // beyond every kernel
	for _, n := range []int{16, 100} {
		mesh := grid.Mesh{Box: grid.Box{Min: [3]float64{-half, -half, -half}, Max: [3]float64{half, half, half}}, Cells: [3]int{n, n, n}}
		cube, err := SPH[float64](p, mesh, mesh.Full(), Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		var sum float64
		for _, x := range cube.Density {
			sum += x
		}
		got := sum * mesh.Box.Volume() / float64(mesh.NumCells()) / float64(p.Len())
		t.Logf("%d³ cells: mass off by %.2g", n, got-1)
		if math.Abs(got-1) > 1e-6 {
			t.Errorf("%d³ cells: %.9f of the mass, want 1 to 1e-6", n, got)
		}
	}
}
