// SPDX-License-Identifier: BSD-3-Clause

package rotation

import (
	"math"
	"sync"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// Points turns a model about a point [m], which the published data sets have at
// the origin whatever the model is, and returns the box of the turned points.
// Positions and velocities go to dst, whose slices are used again where they are
// long enough, so that the next rotation allocates nothing; everything else is
// shared with src. dst may be src. Missing velocities stay missing. The work is
// shared out to threads goroutines, at least one.
func (r Rotation) Points(dst, src *hydro.Points, about [3]float64, threads int) grid.Box {
	n := src.Len()
	out := *src
	for a := range out.Position {
		out.Position[a] = room(dst.Position[a], n)
	}
	moving := true
	for a := range out.Velocity {
		moving = moving && src.Velocity[a] != nil
	}
	for a := range out.Velocity {
		if moving {
			out.Velocity[a] = room(dst.Velocity[a], n)
		}
	}
	threads = max(1, min(threads, n))
	boxes := make([]grid.Box, threads)
	var wg sync.WaitGroup
	for t := range threads {
		part := grid.Range{Lo: t * n / threads, Hi: (t + 1) * n / threads}
		work := func() {
			boxes[t] = r.turn(cut(out.Position, part), cut(src.Position, part), about)
			if moving {
				r.vectors(cut(out.Velocity, part), cut(src.Velocity, part))
			}
		}
		if t == threads-1 {
			work()
			continue
		}
		wg.Go(work)
	}
	wg.Wait()
	*dst = out
	box := boxes[0]
	for _, b := range boxes[1:] {
		for a := range b.Min {
			box.Min[a], box.Max[a] = min(box.Min[a], b.Min[a]), max(box.Max[a], b.Max[a])
		}
	}
	return box
}

// room returns a slice of n elements, s itself where its capacity allows.
func room(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	return s[:n]
}

func cut(v [3][]float64, r grid.Range) [3][]float64 {
	return [3][]float64{v[0][r.Lo:r.Hi], v[1][r.Lo:r.Hi], v[2][r.Lo:r.Hi]}
}

// turn turns positions and returns their box. Comparisons and no built-in min:
// that one looks at NaN and at the sign of zero too, in the hottest loop.
func (r Rotation) turn(dst, src [3][]float64, about [3]float64) grid.Box {
	px, py, pz := src[0], src[1][:len(src[0])], src[2][:len(src[0])]
	qx, qy, qz := dst[0][:len(px)], dst[1][:len(px)], dst[2][:len(px)]
	if len(px) == 0 {
		return grid.Box{}
	}
	r0, r1, r2 := r[0], r[1], r[2]
	lo, hi := [3]float64{math.Inf(1), math.Inf(1), math.Inf(1)}, [3]float64{math.Inf(-1), math.Inf(-1), math.Inf(-1)}
	for i := range px {
		x, y, z := px[i]-about[0], py[i]-about[1], pz[i]-about[2]
		u := r0[0]*x + r0[1]*y + r0[2]*z + about[0]
		v := r1[0]*x + r1[1]*y + r1[2]*z + about[1]
		w := r2[0]*x + r2[1]*y + r2[2]*z + about[2]
		qx[i], qy[i], qz[i] = u, v, w
		if u < lo[0] {
			lo[0] = u
		}
		if u > hi[0] {
			hi[0] = u
		}
		if v < lo[1] {
			lo[1] = v
		}
		if v > hi[1] {
			hi[1] = v
		}
		if w < lo[2] {
			lo[2] = w
		}
		if w > hi[2] {
			hi[2] = w
		}
	}
	return grid.Box{Min: lo, Max: hi}
}

// vectors turns vectors.
func (r Rotation) vectors(dst, src [3][]float64) {
	px, py, pz := src[0], src[1][:len(src[0])], src[2][:len(src[0])]
	qx, qy, qz := dst[0][:len(px)], dst[1][:len(px)], dst[2][:len(px)]
	r0, r1, r2 := r[0], r[1], r[2]
	for i := range px {
		x, y, z := px[i], py[i], pz[i]
		qx[i] = r0[0]*x + r0[1]*y + r0[2]*z
		qy[i] = r1[0]*x + r1[1]*y + r1[2]*z
		qz[i] = r2[0]*x + r2[1]*y + r2[2]*z
	}
}
