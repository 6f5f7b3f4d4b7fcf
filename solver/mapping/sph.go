// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"fmt"
	"math"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// smoothCells is how many cells h must be wide for the sum of a kernel over the
// centres of cells to be its integral, to 2e-7 (1e-5 at half of this).
const smoothCells = 8

// SPH spreads particles over the stored cells of a block of mesh. With the
// kernel W of each particle, M₄ with support 2h [Monaghan & Lattanzio 1985], at
// the centres of cells,
//
//	n = Σ m w,  v = Σ m w v / Σ m w,  T = Σ m w T / Σ m w,   w = W(r, h) / (V Σ W)
//
// where m = p.Mass is in molecules and V Σ W, the sum over the cells of the
// endless mesh, of volume V, is 1 but for particles that are small: the mass of
// each is kept, whatever its h [Price 2007]. A particle that reaches no centre
// lies all in its cell. The means are those of Shepard [1968], weighted by mass.
// Cells that no particle reaches have n = 0, v = 0 and the floor of T.
func SPH[T grid.Float](p *hydro.Points, mesh grid.Mesh, block grid.Block, opt Options) (*grid.Cube[T], error) {
	if err := check(p, mesh, block); err != nil {
		return nil, err
	}
	if err := checkParticles(p); err != nil {
		return nil, err
	}
	s := &spreader{p: p, mesh: mesh, cell: mesh.CellSize(), scale: make([]float64, p.Len())}
	share(grid.Range{Lo: 0, Hi: p.Len()}, opt.Threads, func(_ int, r grid.Range) { s.weigh(r, block.Stored) })
	cube := newCube[T](mesh, block, opt)
	share(block.Stored[0], opt.Threads, func(_ int, x grid.Range) {
		window := block.Stored
		window[0] = x
		from := (x.Lo - block.Stored[0].Lo) * window[1].Len() * window[2].Len()
		storeParticles(s.spread(window), cube, from, p.Turbulence != nil, opt)
	})
	return cube, nil
}

// checkParticles returns an error unless every point is a particle.
func checkParticles(p *hydro.Points) error {
	for name, f := range map[string][]float64{"smoothing length": p.Smoothing, "mass": p.Mass} {
		if len(f) != p.Len() {
			return fmt.Errorf("%s: %d values for %d points: want one for each: a model of particles", name, len(f), p.Len())
		}
		for i, x := range f {
			if !(x > 0 && x <= math.MaxFloat64) {
				return fmt.Errorf("particle %d: %s = %g: want a positive finite number", i, name, x)
			}
		}
	}
	return nil
}

// far is an index that is outside every mesh, for what is so far away that its
// own would be no integer.
const far = 1 << 40

// spreader is what all blocks share.
type spreader struct {
	p     *hydro.Points
	mesh  grid.Mesh
	cell  [3]float64
	scale []float64 // of W per particle: 1/(V Σ W); 0 for one that reaches no centre or not the block
}

// kernel is W without its scale: M₄, for q = r/h below 2, where Σ over the cells
// takes care of 1/(π h³) or does not need it.
func kernel(q float64) float64 {
	if q < 1 {
		return 1 - q*q*(1.5-0.75*q)
	}
	d := max(0, 2-q)
	return 0.25 * d * d * d
}

// reach returns the cells of the endless mesh whose centres may lie in the
// support of particle i.
func (s *spreader) reach(i int) [3]grid.Range {
	var r [3]grid.Range
	for a := range r {
		at := (s.p.Position[a][i]-s.mesh.Box.Min[a])/s.cell[a] - 0.5
		support := 2 * s.p.Smoothing[i] / s.cell[a]
		// A cell more at both ends leaves what rounding may lose to the test of q.
		r[a] = grid.Range{Lo: int(max(-far, math.Floor(at-support))), Hi: int(min(far, math.Ceil(at+support))) + 1}
	}
	return r
}

// within returns the part of r in window, and whether there is any.
func within(r, window [3]grid.Range) ([3]grid.Range, bool) {
	for a := range r {
		r[a] = grid.Range{Lo: max(r[a].Lo, window[a].Lo), Hi: min(r[a].Hi, window[a].Hi)}
		if r[a].Lo >= r[a].Hi {
			return r, false
		}
	}
	return r, true
}

// home returns the cell of the endless mesh that particle i lies in.
func (s *spreader) home(i int) [3]int {
	var c [3]int
	for a := range c {
		at := math.Floor((s.p.Position[a][i] - s.mesh.Box.Min[a]) / s.cell[a])
		if s.p.Position[a][i] == s.mesh.Box.Max[a] {
			at = float64(s.mesh.Cells[a] - 1)
		}
		c[a] = int(max(-1, min(at, float64(s.mesh.Cells[a]))))
	}
	return c
}

// weigh finds the scales of the particles r that reach the window.
func (s *spreader) weigh(r grid.Range, window [3]grid.Range) {
	volume := s.cell[0] * s.cell[1] * s.cell[2]
	var buffer []float64
	for i := r.Lo; i < r.Hi; i++ {
		cells := s.reach(i)
		if _, ok := within(cells, window); !ok {
			continue
		}
		h := s.p.Smoothing[i]
		if h >= smoothCells*max(s.cell[0], s.cell[1], s.cell[2]) {
			s.scale[i] = 1 / (math.Pi * h * h * h)
			continue
		}
		var sum float64
		s.visit(i, cells, &buffer, func(_, _, _ int, row []float64) {
			for _, w := range row {
				sum += w
			}
		})
		if sum > 0 {
			s.scale[i] = 1 / (volume * sum)
		}
	}
}

// visit calls do for every row of cells along z in the support of particle i:
// with the kernels at the centres of the cells from z on, in memory that the
// next row uses again. buffer is kept for that.
func (s *spreader) visit(i int, cells [3]grid.Range, buffer *[]float64, do func(x, y, z int, w []float64)) {
	center := func(a, c int) float64 { return s.mesh.Box.Min[a] + (float64(c)+0.5)*s.cell[a] }
	h := s.p.Smoothing[i]
	perH, at := 1/h, s.p.Position[2][i]
	for x := cells[0].Lo; x < cells[0].Hi; x++ {
		dx := (center(0, x) - s.p.Position[0][i]) * perH
		for y := cells[1].Lo; y < cells[1].Hi; y++ {
			dy := (center(1, y) - s.p.Position[1][i]) * perH
			across := dx*dx + dy*dy
			if across >= 4 {
				continue
			}
			// The row leaves the support at ±chord; a cell more at both ends, where the
			// kernel is 0, leaves what rounding may lose.
			chord := math.Sqrt(4-across) * h / s.cell[2]
			middle := (at-s.mesh.Box.Min[2])/s.cell[2] - 0.5
			lo := max(cells[2].Lo, int(max(-far, math.Floor(middle-chord))))
			hi := min(cells[2].Hi, int(min(far, math.Ceil(middle+chord)))+1)
			if lo >= hi {
				continue
			}
			*buffer = room(*buffer, hi-lo)
			w := *buffer
			for k := range w {
				dz := (center(2, lo+k) - at) * perH
				w[k] = kernel(math.Sqrt(across + dz*dz))
			}
			do(x, y, lo, w)
		}
	}
}

// particleSum is Σ m w of a cell, and the sums of its products with T, v and v_turb.
type particleSum [6]float64

// spread sums over the particles that reach the window, in their order.
func (s *spreader) spread(window [3]grid.Range) []particleSum {
	ny, nz := window[1].Len(), window[2].Len()
	sums := make([]particleSum, window[0].Len()*ny*nz)
	volume := s.cell[0] * s.cell[1] * s.cell[2]
	var buffer []float64
	for i := range s.p.Len() {
		// What stays at 0 where there is no turbulence of its own is not used.
		f := [6]float64{1, s.p.Temperature[i], s.p.Velocity[0][i], s.p.Velocity[1][i], s.p.Velocity[2][i], 0}
		if s.p.Turbulence != nil {
			f[5] = s.p.Turbulence[i]
		}
		cells, scale := s.reach(i), s.scale[i]
		if scale == 0 { // of those that reach the window: no centre, but for the cells around its own
			c := s.home(i)
			for a := range cells {
				cells[a] = grid.Range{Lo: c[a], Hi: c[a] + 1}
			}
		}
		cells, ok := within(cells, window)
		if !ok {
			continue
		}
		if scale == 0 {
			buffer = append(buffer[:0], s.p.Mass[i]/volume)
			addRow(sums[((cells[0].Lo-window[0].Lo)*ny+cells[1].Lo-window[1].Lo)*nz+cells[2].Lo-window[2].Lo:], buffer, 1, &f)
			continue
		}
		s.visit(i, cells, &buffer, func(x, y, z int, w []float64) {
			addRow(sums[((x-window[0].Lo)*ny+y-window[1].Lo)*nz+z-window[2].Lo:], w, scale*s.p.Mass[i], &f)
		})
	}
	return sums
}

// addRow adds the products of a row of weights w, times scale, with f.
func addRow(sums []particleSum, w []float64, scale float64, f *[6]float64) {
	sums = sums[:len(w)]
	for k, x := range w {
		x *= scale
		s := &sums[k]
		s[0] += x
		s[1] += x * f[1]
		s[2] += x * f[2]
		s[3] += x * f[3]
		s[4] += x * f[4]
		s[5] += x * f[5]
	}
}

// storeParticles makes means of the sums and writes them to the fields of cube
// from offset from on.
func storeParticles[T grid.Float](sums []particleSum, cube *grid.Cube[T], from int, turbulent bool, opt Options) {
	for j, s := range sums {
		o := from + j
		m := particleSum{s[0], opt.TemperatureFloorK, 0, 0, 0, opt.TurbulenceMs}
		if s[0] > 0 {
			m[1] = max(s[1]/s[0], opt.TemperatureFloorK)
			for k := 2; k < 5; k++ {
				m[k] = s[k] / s[0]
			}
			if turbulent {
				m[5] = s[5] / s[0]
			}
		}
		cube.Density[o], cube.Temperature[o], cube.Turbulence[o] = T(m[0]), T(m[1]), T(m[5])
		for a, v := range cube.Velocity {
			if v != nil {
				v[o] = T(m[2+a])
			}
		}
	}
}
