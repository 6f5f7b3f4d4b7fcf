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

func (scalar) canHalve() bool { return false }

func (scalar) convBack(*geometry, int, int, []float32, []float32, []float32, []float32) {
	panic("cpu: scalar kernels do not take a stride apart")
}

func (scalar) convWeights(g *geometry, batch, first, last int, x, dy, dw []float32, db []float64, _ []float32) {
	if n := volume(ints(g.OutSize)); first == 0 {
		for i, v := range dy {
			db[i/n%int(g.Out)] += float64(v)
		}
	}
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

func (scalar) normStats(first, last, n int, x []float32, moments []float64) {
	for r := first; r < last; r++ {
		row, sum, square := x[r*n:(r+1)*n], 0.0, 0.0
		for _, v := range row {
			sum += float64(v)
		}
		for _, v := range row {
			square += (float64(v) - sum/float64(n)) * (float64(v) - sum/float64(n))
		}
		moments[2*r], moments[2*r+1] = sum/float64(n), square
	}
}

func (scalar) normApply(first, last int, t *tensor, relu bool, x, scale, shift, residual, y []float32) {
	for i := first * t.n; i < last*t.n; i++ {
		c := i / t.n % t.channels
		v := scale[c]*x[i] + shift[c]
		if relu && v < 0 {
			v = 0
		}
		if residual != nil {
			v += residual[i]
		}
		y[i] = v
	}
}

func (scalar) normSums(first, last int, t *tensor, relu bool, x, dy, scale, shift, mean []float32, sums []float64) {
	for r := first; r < last; r++ {
		c, plain, centred := r%t.channels, 0.0, 0.0
		for i := r * t.n; i < (r+1)*t.n; i++ {
			if !relu || scale[c]*x[i]+shift[c] > 0 {
				plain += float64(dy[i])
				centred += float64(dy[i]) * (float64(x[i]) - float64(mean[c]))
			}
		}
		sums[2*r], sums[2*r+1] = plain, centred
	}
}

func (scalar) normBackward(first, last int, t *tensor, relu bool, x, dy, scale, shift, mean, off, slope, dx []float32) {
	for i := first * t.n; i < last*t.n; i++ {
		c, g := i/t.n%t.channels, dy[i]
		if relu && !(scale[c]*x[i]+shift[c] > 0) {
			g = 0
		}
		dx[i] = scale[c] * ((g - off[c]) - slope[c]*(x[i]-mean[c]))
	}
}

func (scalar) maxPool(first, last int, t *tensor, x, y []float32) {
	twinMaxPool(first, last, t, x, y, nil)
}

func (scalar) maxPoolBack(first, last int, t *tensor, x, dy, dx []float32) {
	fine, coarse := t.d*t.h*t.w, (t.d/2)*(t.h/2)*(t.w/2)
	y, arg := make([]float32, last*coarse), make([]int32, last*coarse)
	twinMaxPool(first, last, t, x, y, arg)
	clear(dx[first*fine : last*fine])
	for i := first * coarse; i < last*coarse; i++ {
		dx[i/coarse*fine+int(arg[i])] = dy[i]
	}
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

func (scalar) relu(first, last int, x, y []float32) {
	for i := first; i < last; i++ {
		y[i] = max(x[i], 0)
	}
}

func (scalar) axpy(first, last int, a float32, x, y []float32) {
	for i := first; i < last; i++ {
		y[i] += a * x[i]
	}
}

func (scalar) squares(first, last, n int, x []float32, sum []float64) {
	for r := first; r < last; r++ {
		sum[r] = 0
		for _, v := range x[r*n : min((r+1)*n, len(x))] {
			sum[r] += float64(v) * float64(v)
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
