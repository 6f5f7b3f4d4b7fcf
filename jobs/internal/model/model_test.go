// SPDX-License-Identifier: BSD-3-Clause

package model

import (
	"math"
	"testing"

	"github.com/columen/columen/configs"
)

// TestPhantomKeepsMolecules: the cube of all particles has the molecules of all
// particles but of those at the rim, part of whose kernels lies outside.
func TestPhantomKeepsMolecules(t *testing.T) {
	speed := 150.0
	m := configs.Model{Snapshot: "../../../configs/models/agb_wind.phantom", Format: "auto", Phantom: &configs.Phantom{MeanMolWeight: 2.381}}
	s, err := Open("test.toml", m, &configs.Cubing{Cells: [3]int{48, 48, 40}, MassPerH2AMU: 2.02, COPerH2: 1e-4, TemperatureFloorK: 10, VTurbMS: &speed})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Threads = 2
	cube, err := Load[float64](s, s.Mesh.Full(), [3]bool{true, false, true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var sum, want float64
	d := s.Mesh.CellSize()
	for _, n := range cube.Density {
		sum += n * d[0] * d[1] * d[2]
	}
	for _, n := range s.points.Mass {
		want += n
	}
	t.Logf("%.4f %% of %.4g molecules", 100*sum/want, want)
	if math.Abs(sum/want-1) > 1e-3 || cube.Velocity[1] != nil || cube.Velocity[2] == nil {
		t.Errorf("%g molecules, want %g; velocities %t %t", sum, want, cube.Velocity[1] != nil, cube.Velocity[2] != nil)
	}
	// Position, n, T, v, v_turb, h and mass; the sums of six fields per cell and one number per particle.
	n, cells := float64(s.points.Len()), float64(s.Mesh.NumCells())
	if got := s.PointBytes(); got != 8*11*n {
		t.Errorf("%g bytes of %g points, want %g", got, n, 88*n)
	}
	if got := s.TableBytes(s.Mesh.Full()); got != 8*n+48*cells {
		t.Errorf("%g bytes of tables, want %g", got, 8*n+48*cells)
	}
	if s.Name != "agb_wind" || s.Species() != "CO" || s.Reference == "" {
		t.Errorf("name %q, species %q, reference %q", s.Name, s.Species(), s.Reference)
	}
}
