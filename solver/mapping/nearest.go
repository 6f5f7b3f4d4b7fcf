// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// Nearest gives every stored cell of a block of mesh what the point nearest to
// its centre has, the first of equally near ones: the cell of a Voronoi mesh
// that contains the centre. Far outside the model, too, some point is nearest.
func Nearest[T grid.Float](p *hydro.Points, mesh grid.Mesh, block grid.Block, opt Options) (*grid.Cube[T], error) {
	if err := check(p, mesh, block); err != nil {
		return nil, err
	}
	t := newTree(p.Position)
	cube := newCube[T](mesh, block, opt)
	share(block.Stored[0], opt.Threads, func(_ int, x grid.Range) {
		o := (x.Lo - block.Stored[0].Lo) * block.Stored[1].Len() * block.Stored[2].Len()
		i := 0
		for a := x.Lo; a < x.Hi; a++ {
			for b := block.Stored[1].Lo; b < block.Stored[1].Hi; b++ {
				for c := block.Stored[2].Lo; c < block.Stored[2].Hi; c++ {
					// The point of the last cell is likely to be near: the search ends sooner.
					i = t.nearest([3]float64{mesh.Center(0, a), mesh.Center(1, b), mesh.Center(2, c)}, i)
					copyPoint(cube, o, p, i, opt)
					o++
				}
			}
		}
	})
	return cube, nil
}

// copyPoint gives cell o what point i has.
func copyPoint[T grid.Float](cube *grid.Cube[T], o int, p *hydro.Points, i int, opt Options) {
	cube.Density[o], cube.Temperature[o] = T(p.Density[i]), T(max(p.Temperature[i], opt.TemperatureFloorK))
	cube.Turbulence[o] = T(opt.TurbulenceMs)
	if p.Turbulence != nil {
		cube.Turbulence[o] = T(p.Turbulence[i])
	}
	for a, v := range cube.Velocity {
		if v != nil {
			v[o] = T(p.Velocity[a][i])
		}
	}
}

// tree is a k-d tree without pointers [Friedman, Bentley & Finkel 1977]: the
// root of the points order[lo:hi] is in their middle, those not above it along
// the split axis before it and those not below it behind.
type tree struct {
	position [3][]float64
	order    []int32
	axis     []int8 // split axis of the root at the same index of order
}

// leafPoints is the number of points that are looked at one after the other.
const leafPoints = 8

func newTree(position [3][]float64) *tree {
	n := len(position[0])
	t := &tree{position: position, order: make([]int32, n), axis: make([]int8, n)}
	for i := range t.order {
		t.order[i] = int32(i)
	}
	t.build(0, n)
	return t
}

// build orders the points lo to hi, split along the axis of their largest extent.
func (t *tree) build(lo, hi int) {
	for hi-lo > leafPoints {
		mid, axis := (lo+hi)/2, t.widest(lo, hi)
		t.axis[mid] = int8(axis)
		t.partition(lo, hi, mid, t.position[axis])
		t.build(lo, mid)
		lo = mid + 1
	}
}

func (t *tree) widest(lo, hi int) int {
	best, most := 0, -1.0
	for a, x := range t.position {
		low, high := x[t.order[lo]], x[t.order[lo]]
		for _, i := range t.order[lo:hi] {
			low, high = min(low, x[i]), max(high, x[i])
		}
		if high-low > most {
			best, most = a, high-low
		}
	}
	return best
}

// partition puts the point of rank mid along x at mid, smaller ones before it
// and larger ones behind [Hoare 1961, Algorithm 65, Commun. ACM 4, 321].
func (t *tree) partition(lo, hi, mid int, x []float64) {
	o := t.order
	for hi--; lo < hi; {
		pivot := x[o[(lo+hi)/2]]
		i, j := lo, hi
		for i <= j {
			for x[o[i]] < pivot {
				i++
			}
			for x[o[j]] > pivot {
				j--
			}
			if i <= j {
				o[i], o[j] = o[j], o[i]
				i++
				j--
			}
		}
		if mid <= j {
			hi = j
		} else if mid >= i {
			lo = i
		} else {
			return
		}
	}
}

// nearest returns the point nearest to at, the first of equally near ones. A
// guess, any point, only saves time.
func (t *tree) nearest(at [3]float64, guess int) int {
	s := search{tree: t, at: at, best: int32(guess)}
	s.distance = s.to(s.best)
	s.visit(0, len(t.order))
	return int(s.best)
}

// search is the nearest point found so far.
type search struct {
	*tree
	at       [3]float64
	best     int32
	distance float64 // squared
}

// to is the squared distance to point i.
func (s *search) to(i int32) float64 {
	x, y, z := s.position[0][i]-s.at[0], s.position[1][i]-s.at[1], s.position[2][i]-s.at[2]
	return x*x + y*y + z*z
}

func (s *search) look(i int32) {
	if d := s.to(i); d < s.distance || d == s.distance && i < s.best {
		s.best, s.distance = i, d
	}
}

func (s *search) visit(lo, hi int) {
	for hi-lo > leafPoints {
		mid := (lo + hi) / 2
		i, axis := s.order[mid], s.axis[mid]
		away := s.at[axis] - s.position[axis][i]
		near, far := [2]int{lo, mid}, [2]int{mid + 1, hi}
		if away > 0 {
			near, far = far, near
		}
		s.visit(near[0], near[1])
		s.look(i)
		if away*away > s.distance {
			return
		}
		lo, hi = far[0], far[1]
	}
	for _, i := range s.order[lo:hi] {
		s.look(i)
	}
}
