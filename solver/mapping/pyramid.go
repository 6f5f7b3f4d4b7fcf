// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"math"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// sample is n, T, v and v_turb of a cell, or their sums over points.
type sample [6]float64

// pyramid is the cells of all levels that a window of the finest cells needs.
type pyramid struct {
	levels []level // by number; of level Levels−1 those of the window
}

// level is the cells of a window on one level, in C order.
type level struct {
	window [3]grid.Range
	count  []int32  // points of a cell; only of those needed
	needed []bool   // cells whose mean is asked for; nil on the finest level: all
	mean   []sample // sums, and after divide means
	offset [3][]int32
}

// build computes the means of the window of the finest cells, and of the cells
// of other levels that their empty ones need. Sums of coarse cells run over the
// points too, not over finer cells, for that would round differently.
func (b *pyramid) build(codes []uint32, p *hydro.Points, levels int, window [3]grid.Range) {
	b.levels = room(b.levels, levels)
	finest := levels - 1
	b.levels[finest].clear(window, finest, finest)
	b.levels[finest].needed = b.levels[finest].needed[:0]
	b.levels[finest].add(codes, p)
	last := finest
	for last > 0 && b.levels[last].ask(&b.levels[last-1], last-1, finest) {
		last--
		b.levels[last].add(codes, p)
	}
	for k := last; k <= finest; k++ {
		var parent *level
		if k > last {
			parent = &b.levels[k-1]
		}
		b.levels[k].divide(parent)
	}
}

// clear makes the level, number k, empty, with the cells of window. Sums need
// no clearing: the first point of a cell sets them.
func (v *level) clear(window [3]grid.Range, k, finest int) {
	v.window = window
	n := window[0].Len() * window[1].Len() * window[2].Len()
	v.count, v.mean = room(v.count, n), room(v.mean, n)
	clear(v.count)
	stride := [3]int{window[1].Len() * window[2].Len(), window[2].Len(), 1}
	for a := range v.offset {
		v.offset[a] = room(v.offset[a], 1<<(maxLevels-1))
		for i := range 1 << finest {
			at := i >> (finest - k)
			if at < window[a].Lo || at >= window[a].Hi {
				v.offset[a][i] = math.MinInt32 // no sum of three reaches 0
				continue
			}
			v.offset[a][i] = int32((at - window[a].Lo) * stride[a])
		}
	}
}

// add sums the points of the cells needed, all of them where v.needed is empty.
func (v *level) add(codes []uint32, p *hydro.Points) {
	// Arrays of a known length spare the look-ups their checks.
	ox, oy, oz := (*[1 << 10]int32)(v.offset[0]), (*[1 << 10]int32)(v.offset[1]), (*[1 << 10]int32)(v.offset[2])
	den, tem := p.Density[:len(codes)], p.Temperature[:len(codes)]
	vx, vy, vz := p.Velocity[0][:len(codes)], p.Velocity[1][:len(codes)], p.Velocity[2][:len(codes)]
	turb := p.Turbulence
	for i, c := range codes {
		if c == outside {
			continue
		}
		o := int(ox[c>>20&1023]) + int(oy[c>>10&1023]) + int(oz[c&1023])
		if o < 0 || len(v.needed) > 0 && !v.needed[o] {
			continue
		}
		m := &v.mean[o]
		if v.count[o]++; v.count[o] == 1 {
			m[0], m[1], m[2], m[3], m[4] = den[i], tem[i], vx[i], vy[i], vz[i]
			if turb != nil {
				m[5] = turb[i]
			}
			continue
		}
		m[0] += den[i]
		m[1] += tem[i]
		m[2] += vx[i]
		m[3] += vy[i]
		m[4] += vz[i]
		if turb != nil {
			m[5] += turb[i]
		}
	}
}

// ask makes in up, one level above, the cells around those of v that are needed
// and empty, and reports whether there are any.
func (v *level) ask(up *level, k, finest int) bool {
	var window [3]grid.Range
	for a, r := range v.window {
		window[a] = grid.Range{Lo: r.Lo >> 1, Hi: (r.Hi-1)>>1 + 1}
	}
	up.clear(window, k, finest)
	up.needed = room(up.needed, len(up.count))
	clear(up.needed)
	found := false
	v.rows(up, func(row, above int, z grid.Range) {
		for j := range z.Len() {
			if v.count[row+j] == 0 && (len(v.needed) == 0 || v.needed[row+j]) {
				up.needed[above+(z.Lo+j)>>1-z.Lo>>1] = true
				found = true
			}
		}
	})
	return found
}

// rows calls do for every row of cells along z: with the offset of its first
// cell and of the cell of up around that one.
func (v *level) rows(up *level, do func(row, above int, z grid.Range)) {
	w, row := v.window, 0
	for i := w[0].Lo; i < w[0].Hi; i++ {
		for j := w[1].Lo; j < w[1].Hi; j++ {
			above := ((i>>1-up.window[0].Lo)*up.window[1].Len() + j>>1 - up.window[1].Lo) * up.window[2].Len()
			do(row, above, w[2])
			row += w[2].Len()
		}
	}
}

// divide makes means of sums; cells without a point take those of up.
func (v *level) divide(up *level) {
	for o, n := range v.count {
		if n > 1 {
			d := float64(n)
			m := &v.mean[o]
			m[0], m[1], m[2], m[3], m[4], m[5] = m[0]/d, m[1]/d, m[2]/d, m[3]/d, m[4]/d, m[5]/d
		}
	}
	if up == nil {
		return
	}
	v.rows(up, func(row, above int, z grid.Range) {
		for j := range z.Len() {
			if v.count[row+j] == 0 {
				v.mean[row+j] = up.mean[above+(z.Lo+j)>>1-z.Lo>>1]
			}
		}
	})
}

// store writes the finest cells to the fields of cube from offset from on.
func store[T grid.Float](b *pyramid, cube *grid.Cube[T], from int, p *hydro.Points, opt Options) {
	mean := b.levels[len(b.levels)-1].mean
	to := from + len(mean)
	den, tem, turb := cube.Density[from:to], cube.Temperature[from:to], cube.Turbulence[from:to]
	for i := range mean {
		m := &mean[i]
		den[i] = T(m[0])
		tem[i] = T(max(m[1], opt.TemperatureFloorK))
		turb[i] = T(m[5])
	}
	if p.Turbulence == nil {
		for i := range turb {
			turb[i] = T(opt.TurbulenceMs)
		}
	}
	for a, v := range cube.Velocity {
		if v == nil {
			continue
		}
		v = v[from:to]
		for i := range mean {
			v[i] = T(mean[i][2+a])
		}
	}
}
