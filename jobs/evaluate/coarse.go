// SPDX-License-Identifier: BSD-3-Clause

package evaluate

import "github.com/columen/columen/solver/grid"

// coarsen averages blocks of f³ cells of src, of g³ cells, into one cell of dst:
// the density by volume, so that no molecule is lost, and what molecules carry
// (temperature, velocity along z and v_turb) by density. It goes along the rows of
// src, since it is a part of what a coarse solution costs.
func coarsen[T grid.Float](dst, src *grid.Cube[T], g, f int) {
	h := g / f
	var sums [4][]float64
	for i := range sums {
		sums[i] = make([]float64, h)
	}
	for x := range h {
		for y := range h {
			for i := range sums {
				clear(sums[i])
			}
			for k := range f * f {
				addRow(&sums, src, ((x*f+k/f)*g+y*f+k%f)*g, f)
			}
			for z, n := range sums[0] {
				to := (x*h+y)*h + z
				dst.Density[to] = T(n / float64(f*f*f))
				if n > 0 {
					dst.Temperature[to], dst.Velocity[2][to], dst.Turbulence[to] = T(sums[1][z]/n), T(sums[2][z]/n), T(sums[3][z]/n)
				} else { // no gas: any of the cells will do
					at := (x*f*g+y*f)*g + z*f
					dst.Temperature[to], dst.Velocity[2][to], dst.Turbulence[to] = src.Temperature[at], src.Velocity[2][at], src.Turbulence[at]
				}
			}
		}
	}
}

// addRow adds the cells of a row of src from index from on to the sums of blocks
// of f: density, and density times what it carries.
func addRow[T grid.Float](sums *[4][]float64, src *grid.Cube[T], from, f int) {
	h := len(sums[0])
	n, t, v, w := src.Density[from:from+h*f], src.Temperature[from:from+h*f], src.Velocity[2][from:from+h*f], src.Turbulence[from:from+h*f]
	for z := range h {
		var a, b, c, d float64
		for i := z * f; i < (z+1)*f; i++ {
			m := float64(n[i])
			a += m
			b += m * float64(t[i])
			c += m * float64(v[i])
			d += m * float64(w[i])
		}
		sums[0][z] += a
		sums[1][z] += b
		sums[2][z] += c
		sums[3][z] += d
	}
}

// place is where a pixel lies among the coarse ones: share of the way from lo to
// hi.
type place struct {
	lo, hi int
	share  float64
}

// places returns where g pixels lie among g/f.
func places(g, f int, linear bool) []place {
	all := make([]place, g)
	for i := range all {
		all[i] = place{i / f, i / f, 0}
		if linear {
			at := min(max((float64(i)+0.5)/float64(f)-0.5, 0), float64(g/f-1))
			lo := int(at)
			all[i] = place{lo, min(lo+1, g/f-1), at - float64(lo)}
		}
	}
	return all
}

// enlarge makes images [F, g, g] of src [F, g/f, g/f]: pixels repeated, or
// interpolated linearly between their centres and held constant beyond the outer
// ones.
func enlarge[T grid.Float](dst []float64, src []T, channels, g, f int, linear bool) {
	h, at := g/f, places(g, f, linear)
	for c := range channels {
		for x, p := range at {
			near, far := src[(c*h+p.lo)*h:(c*h+p.lo+1)*h], src[(c*h+p.hi)*h:(c*h+p.hi+1)*h]
			row := dst[(c*g+x)*g : (c*g+x+1)*g]
			for y, q := range at {
				a := (1-q.share)*float64(near[q.lo]) + q.share*float64(near[q.hi])
				b := (1-q.share)*float64(far[q.lo]) + q.share*float64(far[q.hi])
				row[y] = (1-p.share)*a + p.share*b
			}
		}
	}
}
