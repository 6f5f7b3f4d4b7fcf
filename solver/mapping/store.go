// SPDX-License-Identifier: BSD-3-Clause

package mapping

import "github.com/columen/columen/solver/grid"

// store divides the finest cells and writes them to the fields of cube, row by
// row: a row stays in the cache while its fields are taken apart.
func store[T grid.Float](b *pyramid, cube *grid.Cube[T], opt Options) {
	finest := len(b.levels) - 1
	v := &b.levels[finest]
	up := v // not looked at where there is no empty cell
	if b.last < finest {
		up = &b.levels[finest-1]
	}
	nz := v.window[2].Len()
	spare := make([]T, nz) // for what is not wanted: one loop without a question
	for row, above := range v.rows(up) {
		from, to := b.first+row, b.first+row+nz
		out := [5][]T{cube.Density[from:to], cube.Temperature[from:to], spare, spare, spare}
		for a, field := range cube.Velocity {
			if field != nil {
				out[2+a] = field[from:to]
			}
		}
		storeRow(out, v.count[row:to-b.first], v.mean[row:to-b.first], up.mean, above, v.window[2].Lo, opt.TemperatureFloorK)
		turbulence(v, up, cube.Turbulence[from:to], row, above, opt.TurbulenceMs)
	}
}

// storeRow writes the means of a row of cells. Those of the cells around them
// are the elements above+(lo+j)/2 of up.
func storeRow[T grid.Float](out [5][]T, count []int32, sum, up []sample, above, lo int, floor float64) {
	sum = sum[:len(count)]
	o0, o1, o2, o3, o4 := out[0][:len(count)], out[1][:len(count)], out[2][:len(count)], out[3][:len(count)], out[4][:len(count)]
	for j, n := range count {
		m := &sum[j]
		if n == 0 {
			m = &up[above+(lo+j)>>1]
		} else if n > 1 {
			d := float64(n)
			m[0], m[1], m[2], m[3], m[4] = m[0]/d, m[1]/d, m[2]/d, m[3]/d, m[4]/d
		}
		t := m[1]
		if t < floor {
			t = floor
		}
		o0[j], o1[j], o2[j], o3[j], o4[j] = T(m[0]), T(t), T(m[2]), T(m[3]), T(m[4])
	}
}

// turbulence writes a row of v_turb.
func turbulence[T grid.Float](v, up *level, dst []T, row, above int, uniform float64) {
	if len(v.turbulence) == 0 {
		for j := range dst {
			dst[j] = T(uniform)
		}
		return
	}
	for j := range dst {
		if n := v.count[row+j]; n > 0 {
			dst[j] = T(v.turbulence[row+j] / float64(n))
		} else {
			dst[j] = T(up.turbulence[above+(v.window[2].Lo+j)>>1])
		}
	}
}
