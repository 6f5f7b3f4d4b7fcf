// SPDX-License-Identifier: BSD-3-Clause

package device

// LinearForward computes y[b,o] = bias[o] + Σ_i w[o,i]·x[b,i].
func LinearForward[T Float](threads int, l Linear, batch int, x, w, bias, y []T) {
	parallel(threads, l.Out, func(o int) {
		row := w[o*l.In : (o+1)*l.In]
		for b := range batch {
			y[b*l.Out+o] = T(float64(bias[o]) + dot(row, x[b*l.In:(b+1)*l.In]))
		}
	})
}

// LinearSums computes sums[b,o] = Σ_i w[o,i]·x[b,i].
func LinearSums[T Float](threads int, l Linear, batch int, x, w []T, sums []float64) {
	parallel(threads, l.Out, func(o int) {
		for b := range batch {
			sums[b*l.Out+o] = dot(w[o*l.In:(o+1)*l.In], x[b*l.In:(b+1)*l.In])
		}
	})
}

// LinearBackwardData computes dx[b,i] = Σ_o dy[b,o]·w[o,i].
func LinearBackwardData[T Float](threads int, l Linear, batch int, dy, w, dx []T) {
	sums := make([]float64, batch*l.In)
	LinearBackwardSums(threads, l, batch, dy, w, sums)
	round(dx, sums)
}

// LinearBackwardSums computes sums[b,i] = Σ_o dy[b,o]·w[o,i].
func LinearBackwardSums[T Float](threads int, l Linear, batch int, dy, w []T, sums []float64) {
	ranges(threads, l.In, func(lo, hi int) {
		sum, row := make([]float64, batch*(hi-lo)), make([]float64, hi-lo)
		for o := range l.Out {
			widen(row, w[o*l.In+lo:])
			for b := range batch {
				scatter(sum[b*(hi-lo):], float64(dy[b*l.Out+o]), row, 1)
			}
		}
		for b := range batch {
			copy(sums[b*l.In+lo:b*l.In+hi], sum[b*(hi-lo):])
		}
	})
}

// LinearBackwardWeights adds dw[o,i] += Σ_b dy[b,o]·x[b,i] and db[o] += Σ_b dy[b,o],
// to zeros with l.Write.
func LinearBackwardWeights[T Float](threads int, l Linear, batch int, x, dy, dw, db []T) {
	parallel(threads, l.Out, func(o int) {
		grad := dw[o*l.In : (o+1)*l.In]
		if l.Write {
			clear(grad)
			db[o] = 0
		}
		for b := range batch {
			g := dy[b*l.Out+o]
			Axpy(g, x[b*l.In:(b+1)*l.In], grad)
			db[o] += g
		}
	})
}

// dot returns Σ a·b, summed in float64 in four interleaved sums, which lets the
// additions of a long product overlap.
func dot[T Float](a, b []T) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	for len(a) >= 4 && len(b) >= 4 {
		s0 += float64(a[0]) * float64(b[0])
		s1 += float64(a[1]) * float64(b[1])
		s2 += float64(a[2]) * float64(b[2])
		s3 += float64(a[3]) * float64(b[3])
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += float64(v) * float64(b[i])
	}
	return (s0 + s1) + (s2 + s3)
}
