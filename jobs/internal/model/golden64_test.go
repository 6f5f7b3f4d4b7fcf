// SPDX-License-Identifier: BSD-3-Clause

//go:build golden64

package model

import (
	"bufio"
	"math"
	"os"
	"path/filepath"
	"testing"

	"codeberg.org/sbinet/npyio"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/solver/si"
)

// TestGoldenPhantomNearest compares the whole way from a full dump in double
// precision to a cube with the check cube of an independent program, which
// gives each cell what the nearest live particle has: ρ, T, v_z in cgs as f4.
func TestGoldenPhantomNearest(t *testing.T) {
	dir := filepath.Join(os.Getenv("COLUMEN_GOLDEN"), "..", "..", "data", "hydro")
	f, err := os.Open(filepath.Join(dir, "wind_full_near32.npy"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var want []float32
	if err := npyio.Read(bufio.NewReader(f), &want); err != nil {
		t.Fatal(err)
	}
	const half = 15 * 14960000000000e-2 / si.AU
	m := configs.Model{Snapshot: filepath.Join(dir, "wind_full.phantom"), Format: "auto", Phantom: &configs.Phantom{MeanMolWeight: 2.381}}
	s, err := Open("test.toml", m, &configs.Cubing{Cells: [3]int{32, 32, 32}, MassPerH2AMU: 2.02, COPerH2: 1e-4, TemperatureFloorK: 1, VTurbMS: new(150.0), Method: "nearest",
		RegionMinAU: &[3]float64{-half, -half, -half}, RegionMaxAU: &[3]float64{half, half, half}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cube, err := Load[float64](s, s.Mesh.Full(), [3]bool{false, false, true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	const n = 32 * 32 * 32
	gcc := 1e-3 * 2.02 * 1.66053906660e-27 / 1e-4 // of CO molecules per m³
	for i, field := range [3][]float64{cube.Density, cube.Temperature, cube.Velocity[2]} {
		unit := [3]float64{gcc, 1, 100}[i]
		var worst float64
		for c, x := range field {
			w := float64(want[i*n+c])
			worst = max(worst, math.Abs(x*unit-w)/math.Abs(w))
		}
		t.Logf("field %d differs by %.2g", i, worst)
		if !(worst < 7e-8) {
			t.Errorf("field %d differs by %.3g, want f4 rounding", i, worst)
		}
	}
}
