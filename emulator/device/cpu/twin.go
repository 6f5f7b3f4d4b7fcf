// SPDX-License-Identifier: BSD-3-Clause

package cpu

// The kernels once more in plain Go, generic over the precision: in float64 they are the reference of the tests, in
// float32 they serve builds without cgo.

type float interface{ ~float32 | ~float64 }

// twinConv computes output planes [first, last) of batch·D'.
func twinConv[T float](g *geometry, first, last int, x, w, bias, residual, y []T) {
	n, step, out := volume(ints(g.Kernel)), volume(ints(g.Size)), ints(g.OutSize)
	in, oc, plane := int(g.In), int(g.Out), out[1]*out[2]
	for q := first; q < last; q++ {
		b, oz := q/out[0], q%out[0]
		for o := range oc {
			at := ((b*oc+o)*out[0] + oz) * plane
			to := y[at : at+plane]
			for i := range to {
				to[i] = bias[o]
			}
			g.rows(oz, func(tap int, r run) {
				for i := range in {
					wi, xi, yi := w[(o*in+i)*n+tap], (b*in+i)*step+r.x, r.y
					for range r.n {
						to[yi] += wi * x[xi]
						xi, yi = xi+r.stepX, yi+r.stepY
					}
				}
			})
			for i := range to {
				if g.ReLU != 0 && to[i] < 0 {
					to[i] = 0
				}
				if residual != nil {
					to[i] += residual[at+i]
				}
			}
		}
	}
}

// twinConvWeights adds the gradient by the weights of items [first, last) = input channel·kd + kz.
func twinConvWeights[T float](g *geometry, batch, first, last int, x, dy, dw []T) {
	k, step, out := ints(g.Kernel), volume(ints(g.Size)), ints(g.OutSize)
	in, oc, plane := int(g.In), int(g.Out), out[1]*out[2]
	for q := range batch * oc * out[0] {
		b, o, oz := q/out[0]/oc, q/out[0]%oc, q%out[0]
		d := dy[q*plane : (q+1)*plane]
		g.rows(oz, func(tap int, r run) {
			for i := range in {
				if item := i*k[0] + tap/(k[1]*k[2]); item < first || item >= last {
					continue
				}
				var sum T
				xi, yi := (b*in+i)*step+r.x, r.y
				for range r.n {
					sum += d[yi] * x[xi]
					xi, yi = xi+r.stepX, yi+r.stepY
				}
				dw[(o*in+i)*volume(k)+tap] += sum
			}
		})
	}
}

// run is n elements of a row of the output plane, from y on, and what they see of an input channel, from x on.
type run struct{ n, x, stepX, y, stepY int }

// rows calls f for each row of output plane oz and each tap that sees the input there.
func (g *geometry) rows(oz int, f func(tap int, r run)) {
	size, k, pad, s, d := ints(g.Size), ints(g.Kernel), ints(g.Pad), int(g.Stride), int(g.Dilate)
	for t := range volume(k) {
		z, kx := s*oz+t/(k[1]*k[2])-pad[0], t%k[2]-pad[2]
		if z < 0 || z%d != 0 || z/d >= size[0] {
			continue
		}
		// One of stride and dilation is 1: what is seen, every d-th output sees, and it lies s apart.
		lo := 0
		for s*lo+kx < 0 || (s*lo+kx)%d != 0 {
			lo++
		}
		r := run{x: (s*lo + kx) / d, stepX: s, y: lo, stepY: d}
		for ox := lo; ox < int(g.OutSize[2]) && (s*ox+kx)/d < size[2]; ox += d {
			r.n++
		}
		for oy := range int(g.OutSize[1]) {
			y := s*oy + t/k[2]%k[1] - pad[1]
			if y < 0 || y%d != 0 || y/d >= size[1] {
				continue
			}
			at := r
			at.x += (z/d*size[1] + y/d) * size[2]
			at.y += oy * int(g.OutSize[2])
			f(t, at)
		}
	}
}

func ints(a [3]int64) [3]int { return [3]int{int(a[0]), int(a[1]), int(a[2])} }

func twinLinear[T float](first, last, rows, k, batch int, relu bool, w, x, bias, y []T) {
	for b := range batch {
		for o := first; o < last; o++ {
			var sum T
			for i := range k {
				sum += w[o*k+i] * x[b*k+i]
			}
			if bias != nil {
				sum += bias[o]
			}
			if relu && sum < 0 {
				sum = 0
			}
			y[b*rows+o] = sum
		}
	}
}

func twinGemm[T float](g *gemmShape, a, b, c []T) {
	for i := range g.m {
		for j := range g.n {
			var sum T
			if g.add != 0 {
				sum = c[i*g.cRow+j]
			}
			for k := range g.k {
				sum += a[i*g.aRow+k*g.aCol] * b[k*g.bRow+j*g.bCol]
			}
			c[i*g.cRow+j] = sum
		}
	}
}

func twinMaxPool[T float](first, last int, t *tensor, x, y []T, arg []int32) {
	pd, ph, pw := t.d/2, t.h/2, t.w/2
	for v := first; v < last; v++ {
		p := x[v*t.d*t.h*t.w:]
		for to := range pd * ph * pw {
			z, r, i := to/(ph*pw), to/pw%ph, to%pw
			at := (2*z*t.h+2*r)*t.w + 2*i
			best := at
			for k := 1; k < 8; k++ {
				j := at + k>>2*t.h*t.w + k>>1&1*t.w + k&1
				if p[j] > p[best] || (p[j] != p[j] && p[best] == p[best]) {
					best = j
				}
			}
			y[v*pd*ph*pw+to] = p[best]
			if arg != nil {
				arg[v*pd*ph*pw+to] = int32(best)
			}
		}
	}
}
