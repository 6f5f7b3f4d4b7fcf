// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// locateTwin finds the cells of points: their offset in the window, negative
// outside, and in the level above the finest, the last plus 1 outside. Indices
// on a coarser level are these shifted right, for multiplying by a power of two
// does not round.
func locateTwin(cells, pairs []int32, x, y, z []float64, l Lattice, window [3]grid.Range) int {
	side, half := uint(l.Cells()), (l.Cells()+1)/2
	n := float64(side)
	nx, ny, nz := uint(window[0].Len()), uint(window[1].Len()), uint(window[2].Len())
	inside := 0
	y, z, cells, pairs = y[:len(x)], z[:len(x)], cells[:len(x)], pairs[:len(x)]
	for i := range x {
		u, v, w := (x[i]-l.Min[0])/l.Size[0]*n, (y[i]-l.Min[1])/l.Size[1]*n, (z[i]-l.Min[2])/l.Size[2]*n
		// None is at n, a power of two, or above if no bit is beyond those of n−1.
		a, b, c := int(u), int(v), int(w)
		if !(u >= 0 && v >= 0 && w >= 0) || uint(a|b|c) >= side {
			cells[i], pairs[i] = -1, int32(half*half*half)
			continue
		}
		inside++
		pairs[i] = int32(((a>>1)*half+b>>1)*half + c>>1)
		p, q, r := uint(a-window[0].Lo), uint(b-window[1].Lo), uint(c-window[2].Lo)
		cells[i] = -1
		if p < nx && q < ny && r < nz {
			cells[i] = int32((p*ny+q)*nz + r)
		}
	}
	return inside
}

// addTwin sums n, T and v of points, in their order, in the cells at offset
// cells[i]−first or, with place, at place[cells[i]]; points elsewhere are left
// out. The first point of a cell sets its sums.
func addTwin(sum []sample, count []int32, cells, place []int32, first int, p *hydro.Points) {
	den, tem := p.Density[:len(cells)], p.Temperature[:len(cells)]
	vx, vy, vz := p.Velocity[0][:len(cells)], p.Velocity[1][:len(cells)], p.Velocity[2][:len(cells)]
	count = count[:len(sum)]
	for i, c := range cells {
		o := uint(int(c) - first) // one comparison for both ends
		if len(place) > 0 {
			o = uint(int(place[c]))
		}
		if o >= uint(len(sum)) {
			continue
		}
		m, n := &sum[o], count[o]
		count[o] = n + 1
		if n == 0 {
			m[0], m[1], m[2], m[3], m[4] = den[i], tem[i], vx[i], vy[i], vz[i]
			continue
		}
		m[0] += den[i]
		m[1] += tem[i]
		m[2] += vx[i]
		m[3] += vy[i]
		m[4] += vz[i]
	}
}
