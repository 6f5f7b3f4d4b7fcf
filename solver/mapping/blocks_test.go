// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/rotation"
)

// expect checks that an error says something.
func expect(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want one with %q", err, want)
	}
}

// rule is one of the ways to make a block of a cube.
type rule struct {
	name string
	mesh grid.Mesh
	make func(block grid.Block, opt Options) (*grid.Cube[float64], error)
}

// rules has all of them on a cloud that leaves cells empty on many levels.
func rules(t *testing.T, p *hydro.Points) []rule {
	crop := Enclosing(p.Box(), 6).Center()
	whole, err := OnMesh(unitMesh(16, 16, 16))
	if err != nil {
		t.Fatal(err)
	}
	mesh := unitMesh(13, 11, 17)
	src := openModel(t, "../hydro/testdata/agb_small_ghost.dat")
	amr := grid.Mesh{Box: src.Box(), Cells: [3]int{13, 11, 17}}
	turn := &Turn{Rotation: rotation.Uniform(rand.New(rand.NewPCG(5, 5))), About: [3]float64{1e11, 0, 0}}
	return []rule{
		{"Haar, centre", crop.Mesh, func(b grid.Block, o Options) (*grid.Cube[float64], error) {
			return Map[float64](new(Haar), p, crop, b, o)
		}},
		{"Haar, on a mesh", whole.Whole().Mesh, func(b grid.Block, o Options) (*grid.Cube[float64], error) {
			return Map[float64](new(Haar), p, whole.Whole(), b, o)
		}},
		{"SPH", mesh, func(b grid.Block, o Options) (*grid.Cube[float64], error) { return SPH[float64](p, mesh, b, o) }},
		{"Nearest", mesh, func(b grid.Block, o Options) (*grid.Cube[float64], error) { return Nearest[float64](p, mesh, b, o) }},
		{"Contain", amr, func(b grid.Block, o Options) (*grid.Cube[float64], error) {
			return Contain[float64](src, hydro.Conversion{MassPerH2AMU: 2, COPerH2: 1e-4}, turn, amr, b, o, nil)
		}},
	}
}

// TestBlocksAndThreads checks that every cell has the same bits in whatever
// block and on however many threads it is made.
func TestBlocksAndThreads(t *testing.T) {
	p := particles(900, 0.02, 0.97, 1e-3, 0.3)
	for i := range 400 { // a dense corner
		for a := range p.Position {
			p.Position[a][i] = 0.4 + 0.1*p.Position[a][i]
		}
	}
	for _, r := range rules(t, p) {
		for _, turbulent := range []bool{true, false} {
			turb := p.Turbulence
			if !turbulent {
				p.Turbulence = nil
			}
			want, err := r.make(r.mesh.Full(), Options{TemperatureFloorK: 30, TurbulenceMs: 99})
			if err != nil {
				t.Fatal(err)
			}
			d, err := grid.Decompose(r.mesh, [3]int{3, 2, 3}, 1)
			if err != nil {
				t.Fatal(err)
			}
			for rank := range d.NumRanks() {
				got, err := r.make(d.Block(rank), Options{TemperatureFloorK: 30, TurbulenceMs: 99, Threads: 1 + rank%4})
				if err != nil {
					t.Fatal(err)
				}
				compare(t, r.name, got, want)
			}
			p.Turbulence = turb
		}
	}
}

// compare checks that the cells of a block are those of the whole.
func compare(t *testing.T, name string, got, want *grid.Cube[float64]) {
	t.Helper()
	fields := func(c *grid.Cube[float64]) [6][]float64 {
		return [6][]float64{c.Density, c.Temperature, c.Velocity[0], c.Velocity[1], c.Velocity[2], c.Turbulence}
	}
	s := got.Block.Stored
	for i := s[0].Lo; i < s[0].Hi; i++ {
		for j := s[1].Lo; j < s[1].Hi; j++ {
			for k := s[2].Lo; k < s[2].Hi; k++ {
				for f := range 6 {
					if g, w := fields(got)[f][got.Index(i, j, k)], fields(want)[f][want.Index(i, j, k)]; g != w {
						t.Fatalf("%s: field %d of cell (%d,%d,%d) in block %v: %.17g, want %.17g", name, f, i, j, k, s, g, w)
					}
				}
			}
		}
	}
}

// TestHaarMemoryIsReused checks that a mapper that has seen other models and
// blocks gives what a new one gives.
func TestHaarMemoryIsReused(t *testing.T) {
	var h Haar
	var cube grid.Cube[float64]
	for _, n := range []int{2000, 30, 500} {
		p := particles(n, 0, 1, 0.1, 0.2)
		if n == 30 {
			p.Turbulence = nil
		}
		for _, levels := range []int{6, 4, 1} {
			crop := Enclosing(p.Box(), levels).Whole()
			if err := MapInto(&h, &cube, p, crop, crop.Mesh.Full(), Options{Threads: levels % 3}); err != nil {
				t.Fatal(err)
			}
			want, err := Map[float64](new(Haar), p, crop, crop.Mesh.Full(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "a used mapper", &cube, want)
		}
	}
}

// TestQuarterTurn checks that the cube of a model turned by 90 degrees is the
// cube with its axes exchanged.
func TestQuarterTurn(t *testing.T) {
	p := particles(500, -0.45, 0.45, 0.02, 0.1)
	mesh := grid.Mesh{Box: grid.Box{Min: [3]float64{-0.5, -0.5, -0.5}, Max: [3]float64{0.5, 0.5, 0.5}}, Cells: [3]int{16, 16, 16}}
	lattice, err := OnMesh(mesh)
	if err != nil {
		t.Fatal(err)
	}
	var q hydro.Points
	rotation.Camera(90, 0, 0).Inverse().Points(&q, p, [3]float64{}, 2) // (x, y, z) → (x, z, −y)
	for name, make := range map[string]func(p *hydro.Points) (*grid.Cube[float64], error){
		"Haar": func(p *hydro.Points) (*grid.Cube[float64], error) {
			return Map[float64](new(Haar), p, lattice.Whole(), mesh.Full(), Options{})
		},
		"SPH": func(p *hydro.Points) (*grid.Cube[float64], error) {
			return SPH[float64](p, mesh, mesh.Full(), Options{})
		},
		"Nearest": func(p *hydro.Points) (*grid.Cube[float64], error) {
			return Nearest[float64](p, mesh, mesh.Full(), Options{})
		},
	} {
		plain, err := make(p)
		if err != nil {
			t.Fatal(err)
		}
		turned, err := make(&q)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 16 {
			for j := range 16 {
				for k := range 16 {
					a, b := plain.Index(i, j, k), turned.Index(i, k, 15-j)
					for f, x := range [4][2]float64{{plain.Density[a], turned.Density[b]}, {plain.Temperature[a], turned.Temperature[b]},
						{plain.Velocity[2][a], turned.Velocity[1][b]}, {plain.Velocity[1][a], -turned.Velocity[2][b]}} {
						if math.Abs(x[0]-x[1]) > 1e-12*(1e4+math.Abs(x[0])) {
							t.Fatalf("%s: field %d of cell (%d,%d,%d): %.17g, turned %.17g", name, f, i, j, k, x[0], x[1])
						}
					}
				}
			}
		}
	}
}

func TestHaarRefuses(t *testing.T) {
	p := particles(10, 0, 1, 0.1, 0.2)
	far := particles(10, 5, 6, 0.1, 0.2)
	flat := particles(10, 0, 1, 0.1, 0.2)
	clear(flat.Position[1])
	unit := Lattice{Size: [3]float64{1, 1, 1}, Levels: 3}
	for _, c := range []struct {
		p    *hydro.Points
		crop Crop
		want string
	}{
		{&hydro.Points{}, unit.Whole(), "no points"},
		{far, unit.Whole(), "none of 10 points lies in the box"},
		{p, Crop{Lattice: Lattice{Size: unit.Size, Levels: 12}, Mesh: unitMesh(4, 4, 4)}, "a lattice of 12 levels: want 1 to 11"},
		{p, Crop{Lattice: unit, First: [3]int{1, 0, 0}, Mesh: unitMesh(4, 4, 4)}, "cells 1 to 5 of the lattice along x: want a part of 0 to 4"},
		{flat, Enclosing(flat.Box(), 3).Whole(), "along y"},
	} {
		_, err := Map[float64](new(Haar), c.p, c.crop, c.crop.Mesh.Full(), Options{})
		expect(t, err, c.want)
	}
	for _, n := range [][3]int{{4, 4, 8}, {12, 12, 12}, {2048, 2048, 2048}} {
		_, err := OnMesh(unitMesh(n[0], n[1], n[2]))
		expect(t, err, "want the same power of two along each axis")
	}
}
