// SPDX-License-Identifier: BSD-3-Clause

package model

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/si"
)

const config = "some/cube.toml"

// job is the configuration of columen cube for a small model, with more keys of
// [cube]. No face of its cells is one of the model.
func job(t *testing.T, more string) *configs.Cube {
	t.Helper()
	const text = `
[model]
snapshot = "../../../solver/hydro/testdata/agb_small_ghost.dat"
[model.amrvac]
length_cm = 1.495978707e13
density_gcc = 1e-15
velocity_cms = 1e6
mean_mol_weight = 2.35
[output]
name = "a"
[cube]
cells = [16, 16, 16]
region_min_au = [-19.3, -19.3, -19.3]
region_max_au = [19.3, 19.3, 19.3]
mass_per_h2_amu = 2.02
co_per_h2 = 1e-4
temperature_floor_k = 10
v_turb_ms = 150
`
	c := new(configs.Cube)
	if err := configs.Decode([]byte(text+more), "cube.toml", nil, c); err != nil {
		t.Fatal(err)
	}
	return c
}

// load opens the model and makes all of its cube.
func load(t *testing.T, more string) *grid.Cube[float64] {
	t.Helper()
	c := job(t, more)
	s, err := Open(config, c.Model, c.Cube)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Threads = 2
	calls := 0
	cube, err := Load[float64](s, s.Mesh.Full(), [3]bool{true, false, true}, func(done, total int) { calls++ })
	if err != nil {
		t.Fatal(err)
	}
	if calls == 0 || cube.Velocity[1] != nil || cube.Velocity[2] == nil || cube.Turbulence[7] != 150 || cube.Mesh != s.Mesh {
		t.Errorf("%s: %d calls of progress, v_y %v, mesh %v", more, calls, cube.Velocity[1] != nil, cube.Mesh)
	}
	return cube
}

// mass of a cube in molecules.
func mass(c *grid.Cube[float64]) float64 {
	var sum float64
	for _, n := range c.Density {
		sum += n
	}
	return sum * c.Mesh.Box.Volume() / float64(c.Mesh.NumCells())
}

// TestMethods checks that every method gives much the same gas, in the same
// place, and that the default is the average.
func TestMethods(t *testing.T) {
	want := load(t, "")
	if got := load(t, "method = \"average\""); !slices.Equal(got.Density, want.Density) {
		t.Error("the default for a refined mesh is not the average")
	}
	for _, method := range []string{`method = "haar"`, `method = "nearest"`} {
		got := load(t, method)
		var differ, both float64
		for i, n := range got.Density {
			differ += math.Abs(math.Log(n / want.Density[i]))
			both++
		}
		// Within a few per cent but for the cells round the star.
		if mean := differ / both; mean > 0.1 || mean == 0 {
			t.Errorf("%s: ln n differs by %.3f on average", method, mean)
		}
		if r := mass(got) / mass(want); r < 0.6 || r > 1.6 {
			t.Errorf("%s: %.3f of the mass", method, r)
		}
	}
}

// TestTurn checks that a camera at i = 90 degrees sees along −y, for points and
// for a refined mesh, and that a full turn is none.
func TestTurn(t *testing.T) {
	const quarter = "\n[cube.rotation]\nkind = \"angles\"\nangles_deg = [90, 0, 360]"
	for _, method := range []string{`method = "haar"`, "", `method = "nearest"`} {
		unturned := method
		if method == "" {
			unturned = `method = "nearest"` // of a mesh that is turned
		}
		plain, turned := load(t, unturned), load(t, method+quarter)
		off := 0
		for i := range 16 {
			for j := range 16 {
				for k := range 16 {
					if math.Abs(turned.Density[turned.Index(i, k, 15-j)]/plain.Density[plain.Index(i, j, k)]-1) > 1e-9 {
						off++
					}
				}
			}
		}
		// The middle of the box is 0 up to rounding, which moves points on faces.
		if off > 40 {
			t.Errorf("method %q: %d of 4096 cells are not where a quarter turn puts them", method, off)
		}
	}
	random := func(kind string, number int) *grid.Cube[float64] {
		return load(t, fmt.Sprintf("method = \"haar\"\n[cube.rotation]\nkind = %q\nseed = 3\nnumber = %d\nabout = \"origin\"", kind, number))
	}
	a, b, c, d := random("uniform", 2), random("uniform", 2), random("uniform", 1), random("axis_angle", 2)
	if !slices.Equal(a.Density, b.Density) || slices.Equal(a.Density, c.Density) || slices.Equal(a.Density, d.Density) {
		t.Error("a random rotation is not a function of kind, seed and number")
	}
}

// TestParticles checks the choice of method, and the mass, for particles.
func TestParticles(t *testing.T) {
	p := &hydro.Points{Mass: []float64{1e40}, Smoothing: []float64{4 * si.AU}, Density: []float64{1}, Temperature: []float64{100}, Turbulence: []float64{20}}
	for a := range p.Position {
		p.Position[a], p.Velocity[a] = []float64{0}, []float64{5}
	}
	s := &Source{Path: "some.phantom", points: p}
	for a := range 3 {
		s.Mesh.Box.Min[a], s.Mesh.Box.Max[a] = -20*si.AU, 20*si.AU
	}
	c := job(t, "").Cube
	s.Mesh.Cells = c.Cells
	if err := s.lay(config, c); err != nil {
		t.Fatal(err)
	}
	cube, err := Load[float64](s, s.Mesh.Full(), [3]bool{true, true, true}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m := mass(cube); math.Abs(m/1e40-1) > 1e-12 || cube.Temperature[0] != 10 || cube.Turbulence[cube.Index(8, 8, 8)] != 20 {
		t.Errorf("mass %g, T of an empty cell %g K", m, cube.Temperature[0])
	}
}

func TestRefusedMethods(t *testing.T) {
	particles := &Source{Path: "a.phantom", points: &hydro.Points{Smoothing: []float64{1}, Mass: []float64{1}}}
	points := &Source{Path: "a.h5", points: &hydro.Points{}}
	mesh := &Source{Path: "a.dat"}
	for _, c := range []struct {
		s      *Source
		method string
		turn   *configs.Turn
		want   string
	}{
		{mesh, "sph", nil, `cube.method = "sph": a.dat is a model of a refined mesh: allowed: one of average, haar, nearest`},
		{mesh, "average", &configs.Turn{}, `cube.method = "average": a.dat is a model of a refined mesh that is turned: allowed: one of nearest, haar`},
		{points, "sph", nil, `cube.method = "sph": a.h5 is a model of points: allowed: one of nearest, haar`},
		{points, "average", nil, `cube.method = "average": a.h5 is a model of points`},
		{particles, "average", nil, `cube.method = "average": a.phantom is a model of particles: allowed: one of sph, haar, nearest`},
	} {
		cube := job(t, "").Cube
		cube.Method, cube.Rotation = c.method, c.turn
		err := c.s.lay(config, cube)
		if err == nil || !strings.HasPrefix(err.Error(), config) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one with %q", err, c.want)
		}
	}
	uneven := job(t, `method = "haar"`)
	uneven.Cube.Cells = [3]int{16, 16, 12}
	if _, err := Open(config, uneven.Model, uneven.Cube); err == nil || !strings.Contains(err.Error(), "cube.cells") {
		t.Errorf("uneven nested cells: error %v", err)
	}
}
