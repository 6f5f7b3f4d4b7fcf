// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"math"

	"github.com/columen/columen/solver/grid"
)

func (k *twin[T]) bounds() (tMin, tMax, light float64) {
	z := k.m.InversePartition
	return z.TMin, z.TMax, k.m.SpeedOfLight
}

func (k *twin[T]) Pack(s *Sheet[T]) bool {
	tMin, tMax, light := k.bounds()
	good := true
	for r := range s.Rows {
		for c := range s.Columns {
			i, to := s.Origin+r*s.RowCells+c, s.Points[PointFields*(r*s.RowPoints+c):]
			to[0], to[1], to[2], to[3] = s.Cube.Density[i], s.Cube.Temperature[i], s.velocity(i), s.Cube.Turbulence[i]
			good = good && refuse(float64(to[0]), float64(to[1]), float64(to[2]), float64(to[3]), tMin, tMax, light) == nil
		}
	}
	return good
}

// walk is where an oblique ray is: see kernel_walk.h.
type walk struct {
	start, along, inverse [3]float64
	lo, hi, cells         [3]int
	plane                 [3]int     // that comes next along each axis
	when                  [3]float64 // t of its crossing
	t                     float64
}

func (w *walk) coordinate(a, plane int) float64 {
	return min(max(float64(plane-1), -0.5), float64(w.cells[a])-0.5)
}

// crossing returns when a plane is crossed, from the numbers of plane and ray alone.
func (w *walk) crossing(a, plane int) float64 {
	return math.FMA(w.coordinate(a, plane), w.inverse[a], -(w.start[a] * w.inverse[a]))
}

// ends returns the planes at which the ray enters and leaves the block along axis a.
func (w *walk) ends(a int) (near, far int) {
	if w.along[a] > 0 {
		return w.lo[a], w.hi[a]
	}
	return w.hi[a], w.lo[a]
}

// begin puts the ray at its first crossing with the block; false if there is none.
func (w *walk) begin(closed [3]bool) bool {
	enter, leave, axis := math.Inf(-1), math.Inf(1), -1
	for a := range 3 {
		if w.along[a] == 0 {
			if w.start[a] < -0.5 || w.start[a] > w.coordinate(a, w.cells[a]+1) {
				return false
			}
			at := int(math.Floor(w.start[a])) + 1
			if closed[a] && at == w.hi[a] && w.start[a] == w.coordinate(a, at) {
				at--
			}
			if at < w.lo[a] || at >= w.hi[a] {
				return false
			}
			w.plane[a], w.when[a] = at, math.Inf(1)
			continue
		}
		near, far := w.ends(a)
		if t := w.crossing(a, near); t >= enter {
			enter, axis = t, a
		}
		leave = min(leave, w.crossing(a, far))
	}
	if !(enter < leave) {
		return false
	}
	w.t = enter
	for a := range 3 {
		if w.along[a] == 0 {
			continue
		}
		step := 1
		if w.along[a] < 0 {
			step = -1
		}
		p, _ := w.ends(a)
		for t := w.crossing(a, p); a != axis && (t < enter || t == enter && a < axis); t = w.crossing(a, p) {
			p += step
		}
		w.plane[a], w.when[a] = p, w.crossing(a, p)
	}
	return true
}

// next returns the axis whose plane is crossed next, and when.
func (w *walk) next() (axis int, t float64) {
	for a := 1; a < 3; a++ {
		if w.when[a] < w.when[axis] {
			axis = a
		}
	}
	return axis, w.when[axis]
}

// advance moves the next plane of an axis on; false if the ray leaves the block there.
func (w *walk) advance(axis int) bool {
	if _, far := w.ends(axis); w.plane[axis] == far {
		return false
	}
	w.plane[axis]++
	if w.along[axis] < 0 {
		w.plane[axis] -= 2
	}
	w.when[axis] = w.crossing(axis, w.plane[axis])
	return true
}

// passes reports whether the next plane of an axis, that of the centre of its first cell, begins a leaf.
func (w *walk) passes(axis int) bool {
	cell := w.plane[axis] - 1
	return cell > 0 && cell%grid.LeafCells == 0
}

// position returns that of the leaf in which the ray has left the block.
func (w *walk) position() int {
	sum := 0
	for a, e := range w.along {
		low := w.plane[a]
		if e > 0 {
			low--
		}
		leaf := max(low-1, 0) / grid.LeafCells
		if e < 0 {
			leaf = (w.cells[a]-1)/grid.LeafCells - leaf
		}
		sum += leaf
	}
	return sum
}

// fetch interpolates the fields where the ray crosses the next plane of an axis at t.
func fetch[T grid.Float](v *Volume[T], w *walk, axis int, t float64) (fields [PointFields]float64) {
	var low [3]int
	var frac [3]float64
	for a := range 3 {
		low[a] = w.plane[a]
		if a == axis {
			continue
		}
		if w.along[a] > 0 {
			low[a]--
		}
		g0, g1 := w.coordinate(a, low[a]), w.coordinate(a, low[a]+1)
		frac[a] = min(max((math.FMA(t, w.along[a], w.start[a])-g0)/(g1-g0), 0), 1)
	}
	stride := v.strides()
	for corner := range 8 {
		weight, at := 1.0, 0
		for a := range 3 {
			up := corner >> a & 1
			if weight *= frac[a]*float64(up) + (1-frac[a])*float64(1-up); weight == 0 {
				break
			}
			at += (low[a] + up - v.First[a]) * stride[a]
		}
		if weight == 0 {
			continue
		}
		for i := range fields {
			fields[i] += weight * float64(v.Points[PointFields*at+i])
		}
	}
	return fields
}

// leg is a segment of an oblique ray.
type leg struct {
	near, far     node
	length, depth float64 // [m]; of the middle, in t
	passes        bool    // into another leaf at its far end
}

// legs walks through the block.
func (k *twin[T]) legs(v *Volume[T], start [3]float64, light *Light) ([]leg, *walk) {
	w := &walk{start: start, along: v.Along(), lo: v.Lo, hi: v.Hi, cells: v.Cells}
	for a, e := range w.along {
		if e != 0 {
			w.inverse[a] = 1 / e
		}
	}
	if !w.begin(v.Closed) {
		return nil, w
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, x := range k.offsets {
		lo, hi = min(lo, x), max(hi, x)
	}
	var list []leg
	var before node
	for first := true; ; first = false {
		axis, t := w.next()
		f := fetch(v, w, axis, t)
		d := k.node(f[0], f[1], f[2], f[3])
		if !first {
			l := leg{before, d, (t - w.t) * v.Unit(), -(t + w.t) / 2, w.passes(axis)}
			list = append(list, l)
			part := d.a * d.s / d.r * l.length
			light.Total += part
			if d.u < lo-1/d.r || d.u > hi+1/d.r {
				light.Outside += part
			}
		}
		before, w.t = d, t
		if !w.advance(axis) {
			return list, w
		}
	}
}

func (k *twin[T]) Cross(b *Beam[T], out *Passage[T]) (light Light, work Work) {
	checkBeam(b, out, len(k.offsets))
	for r := range b.Start[0] {
		list, _ := k.legs(b.Volume, [3]float64{float64(b.Start[0][r]), float64(b.Start[1][r]), float64(b.Start[2][r])}, &light)
		work.Segments += int64(len(list))
		for f, x := range k.offsets {
			t, e, depth, first, second := 1.0, 0.0, 0.0, 0.0, 0.0
			for _, l := range list {
				tau := l.length * OpticalDepth(l.near.a, l.far.a, (x-l.near.u)*l.near.r, (x-l.far.u)*l.far.r)
				w0, w1, keep := Weights(tau)
				seen := t * (l.near.s*w0 + l.far.s*w1)
				e += seen
				t *= keep
				depth += tau
				first += seen * l.depth
				second += seen * l.depth * l.depth
			}
			i := f*out.Stride + r
			out.Transmission[i], out.Emission[i] = T(t), T(e)
			if out.Depth != nil {
				out.Depth[i], out.First[i], out.Second[i] = T(depth), T(first), T(second)
			}
		}
	}
	work.Steps = work.Segments
	return light, work
}

func (k *twin[T]) CrossLeaves(b *Beam[T], out *Leaves[T]) (light Light, work Work) {
	checkLeaves(b, out, len(k.offsets))
	for r := range b.Start[0] {
		list, w := k.legs(b.Volume, [3]float64{float64(b.Start[0][r]), float64(b.Start[1][r]), float64(b.Start[2][r])}, &light)
		work.Segments += int64(len(list))
		out.Count[r], out.Last[r] = 0, 0
		for len(list) > 0 {
			n := 1
			for n < len(list) && !list[n-1].passes {
				n++
			}
			k.leaf(list[:n], out.Piece(r, int(out.Count[r]), len(k.offsets)))
			list = list[n:]
			out.Count[r], out.Last[r] = out.Count[r]+1, int32(w.position())
		}
	}
	work.Steps = work.Segments
	return light, work
}

// leaf computes T and E of segments.
func (k *twin[T]) leaf(list []leg, piece []T) {
	for f, x := range k.offsets {
		t, e := 1.0, 0.0
		for _, l := range list {
			w0, w1, keep := Weights(l.length * OpticalDepth(l.near.a, l.far.a, (x-l.near.u)*l.near.r, (x-l.far.u)*l.far.r))
			e += t * (l.near.s*w0 + l.far.s*w1)
			t *= keep
		}
		piece[f], piece[len(k.offsets)+f] = T(t), T(e)
	}
}
