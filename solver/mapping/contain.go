// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"math"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/rotation"
)

// Turn is a rotation about a point [m].
type Turn struct {
	Rotation rotation.Rotation
	About    [3]float64
}

// back returns where the turned point x was before.
func (t Turn) back(x [3]float64) [3]float64 {
	for a := range x {
		x[a] -= t.About[a]
	}
	x = t.Rotation.Inverse().Apply(x)
	for a := range x {
		x[a] += t.About[a]
	}
	return x
}

// Contain gives every stored cell of a block of mesh what the cell of a refined
// mesh has that contains its centre, turned if turn is not nil. Centres outside
// the model have n = 0, v = 0 and the floor of T. Gas becomes CO as in
// hydro.CellAverage, whose floor of T and v_turb opt has here too. progress may
// be nil.
func Contain[T grid.Float](src hydro.Leaves, conv hydro.Conversion, turn *Turn, mesh grid.Mesh, block grid.Block, opt Options, progress func(done, total int)) (*grid.Cube[T], error) {
	if err := conv.Validate(); err != nil {
		return nil, err
	}
	if err := checkBlock(mesh, block); err != nil {
		return nil, err
	}
	cube := newCube[T](mesh, block, opt)
	for i := range cube.Density {
		cube.Temperature[i], cube.Turbulence[i] = T(opt.TemperatureFloorK), T(opt.TurbulenceMs)
	}
	s := sampler{turn: turn, mesh: mesh, domain: src.Box(), perKg: conv.PerKg()}
	var leaf hydro.Leaf
	total := src.NumLeaves()
	for i := range total {
		s.box, s.cells = src.LeafBox(i), src.LeafCells(i)
		if window, ok := within(s.window(), block.Stored); ok {
			if err := src.ReadLeaf(i, &leaf); err != nil {
				return nil, err
			}
			sampleLeaf(&s, &leaf, cube, window, opt)
		}
		if progress != nil {
			progress(i+1, total)
		}
	}
	return cube, nil
}

// sampler is the leaf in hand and where it is.
type sampler struct {
	turn   *Turn
	mesh   grid.Mesh
	domain grid.Box
	perKg  float64
	box    grid.Box
	cells  [3]int
}

// window returns the cells of the mesh whose centres may lie in the leaf: those
// of the box around its turned corners, and one more on each side.
func (s *sampler) window() [3]grid.Range {
	around := s.box
	for corner := range 8 {
		var x [3]float64
		for a := range x {
			x[a] = s.box.Min[a]
			if corner>>a&1 == 1 {
				x[a] = s.box.Max[a]
			}
		}
		if s.turn == nil {
			continue
		}
		for a := range x {
			x[a] -= s.turn.About[a]
		}
		x = s.turn.Rotation.Apply(x)
		for a := range x {
			x[a] += s.turn.About[a]
			if corner == 0 {
				around.Min[a], around.Max[a] = x[a], x[a]
			}
			around.Min[a], around.Max[a] = min(around.Min[a], x[a]), max(around.Max[a], x[a])
		}
	}
	var w [3]grid.Range
	for a, size := range s.mesh.CellSize() {
		clamp := func(i float64) int { return int(max(-1, min(i, float64(s.mesh.Cells[a]+1)))) }
		lo, hi := (around.Min[a]-s.mesh.Box.Min[a])/size-0.5, (around.Max[a]-s.mesh.Box.Min[a])/size-0.5
		w[a] = grid.Range{Lo: clamp(math.Floor(lo)), Hi: clamp(math.Ceil(hi) + 1)}
	}
	return w
}

// sampleLeaf fills the cells of the window whose centres lie in the leaf. A leaf
// has its lower faces, and its upper ones where the domain ends, so that every
// centre lies in one leaf.
func sampleLeaf[T grid.Float](s *sampler, leaf *hydro.Leaf, cube *grid.Cube[T], window [3]grid.Range, opt Options) {
	for i := window[0].Lo; i < window[0].Hi; i++ {
		for j := window[1].Lo; j < window[1].Hi; j++ {
			for k := window[2].Lo; k < window[2].Hi; k++ {
				c, ok := s.find([3]float64{s.mesh.Center(0, i), s.mesh.Center(1, j), s.mesh.Center(2, k)})
				if !ok {
					continue
				}
				o := cube.Index(i, j, k)
				cube.Density[o] = T(leaf.Density[c] * s.perKg)
				cube.Temperature[o] = T(max(leaf.Temperature[c], opt.TemperatureFloorK))
				v := [3]float64{leaf.Velocity[0][c], leaf.Velocity[1][c], leaf.Velocity[2][c]}
				if s.turn != nil {
					v = s.turn.Rotation.Apply(v)
				}
				for a, field := range cube.Velocity {
					if field != nil {
						field[o] = T(v[a])
					}
				}
			}
		}
	}
}

// find returns the cell of the leaf that contains x, and whether one does.
func (s *sampler) find(x [3]float64) (cell int, ok bool) {
	if s.turn != nil {
		x = s.turn.back(x)
	}
	var at [3]int
	for a, lo := range s.box.Min {
		hi, n := s.box.Max[a], s.cells[a]
		if x[a] < lo || x[a] > hi || x[a] == hi && hi != s.domain.Max[a] {
			return 0, false
		}
		at[a] = max(0, min(n-1, int((x[a]-lo)/(hi-lo)*float64(n))))
	}
	return (at[2]*s.cells[1]+at[1])*s.cells[0] + at[0], true
}
