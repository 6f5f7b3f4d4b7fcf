// SPDX-License-Identifier: BSD-3-Clause

package evaluate

import "github.com/columen/columen/solver/grid"

// coarsen averages blocks of f³ cells of src, of g³ cells, into one cell of dst:
// the density by volume, so that no molecule is lost, and what molecules carry
// (temperature, velocity along z and v_turb) by density.
func coarsen[T grid.Float](dst, src *grid.Cube[T], g, f int) {
	h := g / f
	for x := range h {
		for y := range h {
			for z := range h {
				var n, sum [4]float64
				for k := range f * f * f {
					at := ((x*f+k/(f*f))*g+y*f+k/f%f)*g + z*f + k%f
					w := float64(src.Density[at])
					for i, v := range [4]float64{1, float64(src.Temperature[at]), float64(src.Velocity[2][at]), float64(src.Turbulence[at])} {
						n[i] += v
						sum[i] += w * v
					}
				}
				cells, to := float64(f*f*f), (x*h+y)*h+z
				mean := func(i int) T {
					if sum[0] > 0 {
						return T(sum[i] / sum[0])
					}
					return T(n[i] / cells) // no gas: what is nearest to the truth
				}
				dst.Density[to] = T(sum[0] / cells)
				dst.Temperature[to], dst.Velocity[2][to], dst.Turbulence[to] = mean(1), mean(2), mean(3)
			}
		}
	}
}

// enlarge makes images [F, g, g] of src [F, g/f, g/f]: pixels repeated, or
// interpolated linearly between their centres and held constant beyond the outer
// ones.
func enlarge[T grid.Float](dst []float64, src []T, channels, g, f int, linear bool) {
	h := g / f
	place := func(i int) (lo, hi int, share float64) { // of pixel i among the coarse ones
		if !linear {
			return i / f, i / f, 0
		}
		at := min(max((float64(i)+0.5)/float64(f)-0.5, 0), float64(h-1))
		lo = int(at)
		return lo, min(lo+1, h-1), at - float64(lo)
	}
	for c := range channels {
		for x := range g {
			x0, x1, a := place(x)
			near, far := src[(c*h+x0)*h:(c*h+x0+1)*h], src[(c*h+x1)*h:(c*h+x1+1)*h]
			for y := range g {
				y0, y1, b := place(y)
				dst[(c*g+x)*g+y] = (1-a)*((1-b)*float64(near[y0])+b*float64(near[y1])) + a*((1-b)*float64(far[y0])+b*float64(far[y1]))
			}
		}
	}
}
