// SPDX-License-Identifier: BSD-3-Clause

package cpu

// The kernels once more in plain Go, generic over the precision: in float64 they are the reference of the tests, in
// float32 they serve builds without cgo.

type float interface{ ~float32 | ~float64 }

// twinConv computes output planes [first, last) of batch·D'.
func twinConv[T float](g *geometry, first, last int, x, w, bias, residual, y []T) {
	size, out, k := ints(g.Size), ints(g.OutSize), ints(g.Kernel)
	in, oc, n, step := int(g.In), int(g.Out), volume(k), volume(size)
	for q := first; q < last; q++ {
		b, oz := q/out[0], q%out[0]
		for o := range oc {
			for oy := range out[1] {
				for ox := range out[2] {
					sum := bias[o]
					g.taps(oz, oy, ox, func(tap, at int) {
						wi, xi := o*in*n+tap, b*in*step+at
						for range in {
							sum += w[wi] * x[xi]
							wi, xi = wi+n, xi+step
						}
					})
					if g.ReLU != 0 && sum < 0 {
						sum = 0
					}
					j := ((b*oc+o)*out[0]+oz)*out[1]*out[2] + oy*out[2] + ox
					if residual != nil {
						sum += residual[j]
					}
					y[j] = sum
				}
			}
		}
	}
}

// twinConvWeights adds the gradient by the weights of items [first, last) = input channel·kd + kz.
func twinConvWeights[T float](g *geometry, batch, first, last int, x, dy, dw []T) {
	size, out, k := ints(g.Size), ints(g.OutSize), ints(g.Kernel)
	in, oc := int(g.In), int(g.Out)
	for b := range batch {
		for o := range oc {
			for oz := range out[0] {
				for oy := range out[1] {
					for ox := range out[2] {
						d := dy[((b*oc+o)*out[0]+oz)*out[1]*out[2]+oy*out[2]+ox]
						g.taps(oz, oy, ox, func(tap, at int) {
							for i := range in {
								if item := i*k[0] + tap/(k[1]*k[2]); item >= first && item < last {
									dw[(o*in+i)*volume(k)+tap] += d * x[(b*in+i)*volume(size)+at]
								}
							}
						})
					}
				}
			}
		}
	}
}

// taps calls f for each tap of an output position that sees the input: its number, and the input's index within a channel.
func (g *geometry) taps(oz, oy, ox int, f func(tap, at int)) {
	size, k, pad, s, d := ints(g.Size), ints(g.Kernel), ints(g.Pad), int(g.Stride), int(g.Dilate)
	for t := range volume(k) {
		z, y, x := s*oz+t/(k[1]*k[2])-pad[0], s*oy+t/k[2]%k[1]-pad[1], s*ox+t%k[2]-pad[2]
		if z < 0 || y < 0 || x < 0 || z%d != 0 || y%d != 0 || x%d != 0 {
			continue
		}
		if z, y, x = z/d, y/d, x/d; z < size[0] && y < size[1] && x < size[2] {
			f(t, (z*size[1]+y)*size[2]+x)
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
