// SPDX-License-Identifier: BSD-3-Clause

package cpu

import "math"

// scalar is the backend in plain Go.
type scalar struct{}

func (scalar) name() string { return "scalar" }
func (scalar) lanes() int64 { return 1 }

func (scalar) canPool(*geometry) bool { return false }

func (scalar) conv(g *geometry, first, last int, x, packed, residual, y, _ []float32) {
	c := Conv{In: int(g.In), Out: int(g.Out), Kernel: ints(g.Kernel)}
	w, bias := make([]float32, c.WeightLen()), make([]float32, c.Out)
	c.unpack(packed, w, bias)
	twinConv(g, first, last, x, w, bias, residual, y)
}

func (scalar) convPool(*geometry, int, int, []float32, []float32, []float32) {
	panic("cpu: scalar kernels do not fuse pooling")
}

func (scalar) convWeights(g *geometry, batch, first, last int, x, dy, dw, _ []float32) {
	twinConvWeights(g, batch, first, last, x, dy, dw)
}

func (scalar) matvec(first, last, k int, relu bool, w, x, bias, y []float32) {
	twinLinear(first, last, last, k, 1, relu, w, x, bias, y)
}

func (scalar) matvecBF16(first, last, k int, relu bool, w []uint16, x, bias, y, _ []float32) {
	twinLinearBF16(first, last, last, k, 1, relu, w, x, bias, y)
}

func (scalar) roundBF16(first, last int, w []float32, to []uint16) {
	for i := first; i < last; i++ {
		b := math.Float32bits(w[i])
		if w[i] != w[i] {
			to[i] = uint16(b>>16) | 0x40
			continue
		}
		to[i] = uint16((b + 0x7fff + b>>16&1) >> 16)
	}
}

func (scalar) dots(first, last, rows, k, batch int, relu bool, w []float32, half []uint16, x, bias, y, _ []float32) {
	if w == nil {
		twinLinearBF16(first, last, rows, k, batch, relu, half, x, bias, y)
		return
	}
	twinLinear(first, last, rows, k, batch, relu, w, x, bias, y)
}

func twinLinearBF16(first, last, rows, k, batch int, relu bool, w []uint16, x, bias, y []float32) {
	row := make([]float32, k)
	for o := first; o < last; o++ {
		for i, v := range w[o*k : (o+1)*k] {
			row[i] = math.Float32frombits(uint32(v) << 16)
		}
		for b := range batch {
			one := bias
			if bias != nil {
				one = bias[o : o+1]
			}
			twinLinear(0, 1, 1, k, 1, relu, row, x[b*k:(b+1)*k], one, y[b*rows+o:])
		}
	}
}

func (scalar) gemm(g gemmShape, a, b, c, _ []float32) { twinGemm(&g, a, b, c) }

// each calls f with the first index of every row of n elements of a channel.
func (t *tensor) each(channel int, f func(at int)) {
	for b := range t.batch {
		f((b*t.channels + channel) * t.n)
	}
}

func (scalar) sums(first, last int, t *tensor, x, sum []float32) {
	for c := first; c < last; c++ {
		total := 0.0
		t.each(c, func(at int) {
			for _, v := range x[at : at+t.n] {
				total += float64(v)
			}
		})
		sum[c] += float32(total)
	}
}

func (scalar) normStats(first, last int, t *tensor, x, mean, variance []float32) {
	for c := first; c < last; c++ {
		sum, square, count := 0.0, 0.0, float64(t.batch*t.n)
		t.each(c, func(at int) {
			for _, v := range x[at : at+t.n] {
				sum += float64(v)
			}
		})
		t.each(c, func(at int) {
			for _, v := range x[at : at+t.n] {
				square += (float64(v) - sum/count) * (float64(v) - sum/count)
			}
		})
		mean[c], variance[c] = float32(sum/count), float32(square/count)
	}
}

func (scalar) normApply(first, last int, t *tensor, relu bool, x, scale, shift, residual, y []float32) {
	for c := first; c < last; c++ {
		t.each(c, func(at int) {
			for i := at; i < at+t.n; i++ {
				v := scale[c]*x[i] + shift[c]
				if relu && v < 0 {
					v = 0
				}
				if residual != nil {
					v += residual[i]
				}
				y[i] = v
			}
		})
	}
}

func (scalar) normBackward(first, last int, t *tensor, relu bool, eps float64, x, dy, scale, shift, mean, variance, dx, dgamma, dbeta []float32) {
	for c := first; c < last; c++ {
		inv, count := 1/math.Sqrt(float64(variance[c])+eps), float64(t.batch*t.n)
		grad := func(i int) float64 {
			if relu && !(scale[c]*x[i]+shift[c] > 0) {
				return 0
			}
			return float64(dy[i])
		}
		normal := func(i int) float64 { return (float64(x[i]) - float64(mean[c])) * inv }
		plain, centred := 0.0, 0.0
		t.each(c, func(at int) {
			for i := at; i < at+t.n; i++ {
				plain += grad(i)
				centred += grad(i) * normal(i)
			}
		})
		dbeta[c] += float32(plain)
		dgamma[c] += float32(centred)
		t.each(c, func(at int) {
			for i := at; i < at+t.n; i++ {
				dx[i] = float32(float64(scale[c]) * (grad(i) - plain/count - normal(i)*centred/count))
			}
		})
	}
}

func (scalar) maxPool(first, last int, t *tensor, x, y []float32, arg []int32) {
	twinMaxPool(first, last, t, x, y, arg)
}

func (scalar) upsample(first, last int, t *tensor, x, y []float32) {
	for r := first * t.h; r < last*t.h; r++ {
		for i := range t.w {
			v, at := x[r*t.w+i], 4*r*t.w+2*i
			y[at], y[at+1], y[at+2*t.w], y[at+2*t.w+1] = v, v, v, v
		}
	}
}

func (scalar) upsampleBack(first, last int, t *tensor, dy, dx []float32) {
	for r := first * t.h; r < last*t.h; r++ {
		for i := range t.w {
			at := 4*r*t.w + 2*i
			dx[r*t.w+i] = (dy[at] + dy[at+1]) + (dy[at+2*t.w] + dy[at+2*t.w+1])
		}
	}
}

func (scalar) tanh(first, last int, x, y []float32) {
	for i := first; i < last; i++ {
		y[i] = float32(math.Tanh(float64(x[i])))
	}
}

func (scalar) tanhBack(first, last int, y, dy, dx []float32) {
	for i := first; i < last; i++ {
		dx[i] = dy[i] * ((1 - y[i]) * (1 + y[i]))
	}
}

func (scalar) add(first, last int, a, b, y []float32) {
	for i := first; i < last; i++ {
		y[i] = a[i] + b[i]
	}
}

func (scalar) reluBack(first, last int, y, dy, dx []float32) {
	for i := first; i < last; i++ {
		if y[i] > 0 {
			dx[i] = dy[i]
		} else {
			dx[i] = 0
		}
	}
}

func (scalar) adam(a *adamStep, first, last int, g, w, m, v []float32) {
	for i := first; i < last; i++ {
		gi, wi := float64(g[i]), float64(w[i])
		if a.decoupled != 0 {
			wi *= 1 - a.rate*a.decay
		} else {
			gi += a.decay * wi
		}
		mi := a.beta1*float64(m[i]) + (1-a.beta1)*gi
		vi := a.beta2*float64(v[i]) + (1-a.beta2)*gi*gi
		wi -= a.rate / a.correct1 * mi / (math.Sqrt(vi/a.correct2) + a.eps)
		m[i], v[i], w[i] = float32(mi), float32(vi), float32(wi)
	}
}
