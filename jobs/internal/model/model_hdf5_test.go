// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package model

import (
	"math"
	"testing"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/solver/grid"
)

// The same model as a snapshot of AMRVAC and as the one of Magritte made of it.
const (
	amrvacModel   = "../../../solver/hydro/testdata/agb_small_ghost.dat"
	magritteModel = "../../../configs/models/agb_small_magritte.h5"
)

// cubeOf maps one of the two models to a cube. Region and cells are such that
// cells of the cube are finest cells of the model.
func cubeOf(t *testing.T, m configs.Model, method string, cells int, halfAU float64) *grid.Cube[float64] {
	t.Helper()
	m.Format = "auto"
	c := &configs.Cubing{Cells: [3]int{cells, cells, cells}, Method: method, TemperatureFloorK: 10,
		RegionMinAU: &[3]float64{-halfAU, -halfAU, -halfAU}, RegionMaxAU: &[3]float64{halfAU, halfAU, halfAU}}
	if m.AMRVAC != nil {
		speed := 150.0
		c.MassPerH2AMU, c.COPerH2, c.VTurbMS = 2.02, 1e-4, &speed
	}
	s, err := Open("test.toml", m, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if s.Species() != "CO" {
		t.Errorf("species %s", s.Species())
	}
	s.Threads = 2
	cube, err := Load[float64](s, s.Mesh.Full(), [3]bool{true, true, true}, func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	return cube
}

func amrvac() configs.Model {
	return configs.Model{Snapshot: amrvacModel, AMRVAC: &configs.AMRVAC{LengthCM: 1.495978707e13, DensityGCC: 1e-15, VelocityCMS: 1e6, MeanMolWeight: 2.35}}
}

// TestSameModelSameCube: one model through two formats. A finest cell's centre
// is nearest to the centre of the leaf cell that contains it where neighbours
// differ by one level at most: within a coarse cell of edge 2 it is √3/2 from
// its own centre and at least 1 from a fine one's. The average, the containing
// cell and the nearest point are then the same, and so are nested cells, whose
// points come in the same order. What is left is that the Magritte model has 4
// bytes, 2⁻²⁴ = 6e-8 relative, T by an m_u that is 2e-9 larger, and n(H₂) by N_A.
func TestSameModelSameCube(t *testing.T) {
	const cell = 40.0 / 48 // finest cell [au]
	for _, c := range []struct {
		amrvac, magritte string
		cells            int
	}{{"average", "nearest", 42}, {"nearest", "", 42}, {"haar", "haar", 32}} {
		a := cubeOf(t, amrvac(), c.amrvac, c.cells, cell*float64(c.cells)/2)
		b := cubeOf(t, configs.Model{Snapshot: magritteModel}, c.magritte, c.cells, cell*float64(c.cells)/2)
		var fastest float64
		for i := range a.Density {
			fastest = max(fastest, math.Abs(a.Velocity[0][i]), math.Abs(a.Velocity[1][i]), math.Abs(a.Velocity[2][i]))
		}
		for _, f := range []struct {
			name   string
			x, y   []float64
			differ float64 // relative to the value; of a velocity, to the fastest
		}{{"density", a.Density, b.Density, 6e-8}, {"temperature", a.Temperature, b.Temperature, 6.2e-8}, {"turbulence", a.Turbulence, b.Turbulence, 1e-12},
			{"velocity_x", a.Velocity[0], b.Velocity[0], 6e-8}, {"velocity_y", a.Velocity[1], b.Velocity[1], 6e-8}, {"velocity_z", a.Velocity[2], b.Velocity[2], 6e-8}} {
			var worst float64
			for i, x := range f.x {
				size := math.Abs(x)
				if f.name[:2] == "ve" {
					size = fastest
				}
				worst = max(worst, math.Abs(x-f.y[i])/size)
			}
			t.Logf("%s and %s: %s differs by %.2g", c.amrvac, c.magritte, f.name, worst)
			if !(worst <= f.differ) {
				t.Errorf("%s and %s: %s differs by %.3g, want at most %.1g", c.amrvac, c.magritte, f.name, worst, f.differ)
			}
		}
	}
}

// TestLostTurbulence: taking c² for m² s⁻² is allowed, as the published
// generator does so, and is warned of.
func TestLostTurbulence(t *testing.T) {
	for unit, warned := range map[string]bool{"c2": false, "m2/s2": true} {
		m := configs.Model{Snapshot: magritteModel, Format: "magritte", Magritte: &configs.Magritte{Species: "CO", VTurb2Unit: unit}}
		s, err := Open("test.toml", m, &configs.Cubing{Cells: [3]int{4, 4, 4}, TemperatureFloorK: 10})
		if err != nil {
			t.Fatal(err)
		}
		if (s.Warning != "") != warned {
			t.Errorf("%s: warning %q", unit, s.Warning)
		}
	}
}
