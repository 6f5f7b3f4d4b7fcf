// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// sample is n, T and v of a cell, or their sums over points.
type sample [5]float64

// pyramid is the cells of all levels that a window of the finest cells needs.
type pyramid struct {
	levels []level // by number; of level Levels−1 those of the window
	last   int     // the lowest level that is needed
	first  int     // offset in the block of the first cell of the window
	place  []int32 // where the points of a pair of the lattice are summed; negative: nowhere
}

// level is the cells of a window on one level, in C order.
type level struct {
	window     [3]grid.Range
	count      []int32  // points of a cell; only of those needed
	needed     []bool   // cells whose mean is asked for; empty on the finest level: all
	mean       []sample // sums, and after divide means
	turbulence []float64
}

// build sums the points of the window of the finest cells, and of the cells of
// other levels that their empty ones need, and makes means of the latter. Sums
// of coarse cells run over points too, not over finer cells, for that would
// round differently.
func (b *pyramid) build(h *Haar, p *hydro.Points, levels int, window [3]grid.Range) {
	for len(b.levels) < levels {
		b.levels = append(b.levels, level{})
	}
	b.levels = b.levels[:levels]
	finest := levels - 1
	b.levels[finest].clear(window, p.Turbulence != nil)
	b.levels[finest].needed = nil
	b.levels[finest].add(h.cells, nil, b.first, p)
	for b.last = finest; b.last > 0; b.last-- {
		v, up := &b.levels[b.last], &b.levels[b.last-1]
		var around [3]grid.Range
		for a, r := range v.window {
			around[a] = grid.Range{Lo: r.Lo >> 1, Hi: (r.Hi-1)>>1 + 1}
		}
		up.clear(around, p.Turbulence != nil)
		if !v.ask(up) {
			break
		}
		b.spread(up, finest-b.last, 1<<(finest-1))
		up.add(h.pairs, b.place, 0, p)
	}
	for k := b.last; k < finest; k++ {
		b.levels[k].divide()
		if k > b.last {
			b.levels[k].inherit(&b.levels[k-1])
		}
	}
}

// spread writes to b.place, of side³ pairs and the outside, the needed cells of
// a level on which they are 2^shift pairs wide.
func (b *pyramid) spread(v *level, shift, side int) {
	b.place = room(b.place, side*side*side+1)
	for i := range b.place {
		b.place[i] = -1
	}
	o := -1
	for i := v.window[0].Lo; i < v.window[0].Hi; i++ {
		for j := v.window[1].Lo; j < v.window[1].Hi; j++ {
			for k := v.window[2].Lo; k < v.window[2].Hi; k++ {
				if o++; !v.needed[o] {
					continue
				}
				for x := i << shift; x < (i+1)<<shift; x++ {
					for y := j << shift; y < (j+1)<<shift; y++ {
						row := (x*side + y) * side
						for z := row + k<<shift; z < row+(k+1)<<shift; z++ {
							b.place[z] = int32(o)
						}
					}
				}
			}
		}
	}
}

// clear makes the level empty, with the cells of window. Sums of n, T and v need
// no clearing: the first point of a cell sets them.
func (v *level) clear(window [3]grid.Range, turbulent bool) {
	v.window = window
	n := window[0].Len() * window[1].Len() * window[2].Len()
	v.count, v.mean, v.turbulence = room(v.count, n), room(v.mean, n), v.turbulence[:0]
	clear(v.count)
	if turbulent {
		v.turbulence = room(v.turbulence, n)
		clear(v.turbulence)
	}
}

// add sums points in the cells at offset cells[i]−first or, with place, at
// place[cells[i]].
func (v *level) add(cells, place []int32, first int, p *hydro.Points) {
	add(v.mean, v.count, cells, place, first, p)
	if len(v.turbulence) == 0 {
		return
	}
	for i, c := range cells {
		o := int(c) - first
		if len(place) > 0 {
			o = int(place[c])
		}
		if uint(o) < uint(len(v.turbulence)) {
			v.turbulence[o] += p.Turbulence[i]
		}
	}
}

// ask marks in up, one level above, the cells around those of v that are needed
// and empty, and reports whether there are any.
func (v *level) ask(up *level) bool {
	up.needed = room(up.needed, len(up.count))
	clear(up.needed)
	found := false
	for row, above := range v.rows(up) {
		z := v.window[2]
		count := v.count[row : row+z.Len()]
		for j, n := range count {
			if n == 0 && (len(v.needed) == 0 || v.needed[row+j]) {
				up.needed[above+(z.Lo+j)>>1] = true
				found = true
			}
		}
	}
	return found
}

// rows yields every row of cells along z: the offset of its first cell, and that
// in up of the row around it, counted from index 0 of the lattice along z.
func (v *level) rows(up *level) func(yield func(row, above int) bool) {
	return func(yield func(row, above int) bool) {
		w, row := v.window, 0
		for i := w[0].Lo; i < w[0].Hi; i++ {
			for j := w[1].Lo; j < w[1].Hi; j++ {
				above := ((i>>1-up.window[0].Lo)*up.window[1].Len()+j>>1-up.window[1].Lo)*up.window[2].Len() - up.window[2].Lo
				if !yield(row, above) {
					return
				}
				row += w[2].Len()
			}
		}
	}
}

// divide makes means of sums.
func (v *level) divide() {
	for o, n := range v.count {
		if n > 1 {
			m, d := &v.mean[o], float64(n)
			m[0], m[1], m[2], m[3], m[4] = m[0]/d, m[1]/d, m[2]/d, m[3]/d, m[4]/d
		}
	}
	for o := range v.turbulence {
		v.turbulence[o] /= float64(max(v.count[o], 1))
	}
}

// inherit gives cells without a point the mean of the cell of up around them.
func (v *level) inherit(up *level) {
	for row, above := range v.rows(up) {
		z := v.window[2]
		for j := range z.Len() {
			if from := above + (z.Lo+j)>>1; v.count[row+j] == 0 {
				v.mean[row+j] = up.mean[from]
				if len(v.turbulence) > 0 {
					v.turbulence[row+j] = up.turbulence[from]
				}
			}
		}
	}
}
