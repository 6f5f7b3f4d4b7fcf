// SPDX-License-Identifier: BSD-3-Clause

package device

// ConvForward computes the cross-correlation
//
//	y[b,o,p] = bias[o] + Σ_i Σ_k w[o,i,k] · x[b,i, p·stride + k − pad]
//
// with x taken as 0 outside. Here and below sums run in float64, so that a
// float32 result is rounded once: the reference for faster kernels.
func ConvForward[T Float](threads int, c Conv, batch int, x, w, bias, y []T) {
	nin, nout, taps, spans, stride := volume3(c.Size), volume3(c.OutSize()), c.Taps(), c.spans(), c.Stride[2]
	ranges(threads, batch*c.Out, func(lo, hi int) {
		sum, src := make([]float64, nout), make([]float64, nin)
		for job := lo; job < hi; job++ {
			b, o := job/c.Out, job%c.Out
			for j := range sum {
				sum[j] = float64(bias[o])
			}
			for i := range c.In {
				widen(src, x[(b*c.In+i)*nin:])
				for k, wk := range w[(o*c.In+i)*taps : (o*c.In+i+1)*taps] {
					for _, r := range spans[k] {
						gather(sum[r.at:r.at+r.n], float64(wk), src[r.from:], stride)
					}
				}
			}
			round(y[job*nout:(job+1)*nout], sum)
		}
	})
}

// ConvBackwardData computes the derivative with respect to the input,
//
//	dx[b,i,q] = Σ_o Σ_{k,p: p·stride + k − pad = q} w[o,i,k] · dy[b,o,p]
func ConvBackwardData[T Float](threads int, c Conv, batch int, dy, w, dx []T) {
	nin, nout, taps, spans, stride := volume3(c.Size), volume3(c.OutSize()), c.Taps(), c.spans(), c.Stride[2]
	ranges(threads, batch*c.In, func(lo, hi int) {
		sum, src := make([]float64, nin), make([]float64, nout)
		for job := lo; job < hi; job++ {
			b, i := job/c.In, job%c.In
			clear(sum)
			for o := range c.Out {
				widen(src, dy[(b*c.Out+o)*nout:])
				for k, wk := range w[(o*c.In+i)*taps : (o*c.In+i+1)*taps] {
					for _, r := range spans[k] {
						scatter(sum[r.from:], float64(wk), src[r.at:r.at+r.n], stride)
					}
				}
			}
			round(dx[job*nin:(job+1)*nin], sum)
		}
	})
}

// ConvBackwardWeights adds the derivatives with respect to weights and bias,
//
//	dw[o,i,k] += Σ_b Σ_p dy[b,o,p] · x[b,i, p·stride + k − pad],  db[o] += Σ_b Σ_p dy[b,o,p]
func ConvBackwardWeights[T Float](threads int, c Conv, batch int, x, dy, dw, db []T) {
	nin, nout, taps, spans, stride := volume3(c.Size), volume3(c.OutSize()), c.Taps(), c.spans(), c.Stride[2]
	ranges(threads, c.Out, func(lo, hi int) {
		sums, src, in := make([]float64, c.In*taps), make([]float64, nout), make([]float64, nin)
		for o := lo; o < hi; o++ {
			clear(sums)
			var bias float64
			for b := range batch {
				widen(src, dy[(b*c.Out+o)*nout:])
				for _, v := range src {
					bias += v
				}
				for i := range c.In {
					widen(in, x[(b*c.In+i)*nin:])
					for k := range taps {
						for _, r := range spans[k] {
							sums[i*taps+k] += product(src[r.at:r.at+r.n], in[r.from:], stride)
						}
					}
				}
			}
			db[o] += T(bias)
			for k, v := range sums {
				dw[o*len(sums)+k] += T(v)
			}
		}
	})
}

// span is a stretch of one row of the output that a tap reaches from inside the
// input: n outputs from index at on, fed by inputs from index from on, one
// stride apart.
type span struct {
	at, from, n int
}

// spans lists the stretches of each tap.
func (c Conv) spans() [][]span {
	out, all := c.OutSize(), make([][]span, c.Taps())
	for k := range all {
		tap := [3]int{k / (c.Kernel[1] * c.Kernel[2]), k / c.Kernel[2] % c.Kernel[1], k % c.Kernel[2]}
		var lo, hi, shift [3]int
		for a := range tap {
			shift[a] = tap[a] - c.Pad[a]
			lo[a], hi[a] = reach(out[a], c.Size[a], c.Stride[a], shift[a])
		}
		n := hi[2] - lo[2]
		if n <= 0 {
			continue
		}
		all[k] = make([]span, 0, max(0, hi[0]-lo[0])*max(0, hi[1]-lo[1]))
		for d := lo[0]; d < hi[0]; d++ {
			plane := (d*c.Stride[0] + shift[0]) * c.Size[1]
			for h := lo[1]; h < hi[1]; h++ {
				row := (plane + h*c.Stride[1] + shift[1]) * c.Size[2]
				all[k] = append(all[k], span{(d*out[1]+h)*out[2] + lo[2], row + lo[2]*c.Stride[2] + shift[2], n})
			}
		}
	}
	return all
}

// reach returns the range of outputs p with 0 ≤ p·stride + shift < in.
func reach(out, in, stride, shift int) (lo, hi int) {
	if shift < 0 {
		lo = (-shift + stride - 1) / stride
	}
	if last := in - 1 - shift; last >= 0 {
		hi = min(out, last/stride+1)
	}
	return lo, hi
}

// gather adds a·src[j·stride] to dst[j].
func gather(dst []float64, a float64, src []float64, stride int) {
	if stride == 1 {
		src = src[:len(dst)]
		for j, v := range src {
			dst[j] += a * v
		}
		return
	}
	for j := range dst {
		dst[j] += a * src[j*stride]
	}
}

// scatter adds a·src[j] to dst[j·stride].
func scatter(dst []float64, a float64, src []float64, stride int) {
	if stride == 1 {
		dst = dst[:len(src)]
		for j, v := range src {
			dst[j] += a * v
		}
		return
	}
	for j, v := range src {
		dst[j*stride] += a * v
	}
}

// product returns Σ_j a[j]·b[j·stride].
func product(a, b []float64, stride int) float64 {
	var sum float64
	if stride == 1 {
		b = b[:len(a)]
		for j, v := range a {
			sum += v * b[j]
		}
		return sum
	}
	for j, v := range a {
		sum += v * b[j*stride]
	}
	return sum
}

// widen converts as many values as dst takes.
func widen[T Float](dst []float64, src []T) {
	for j, v := range src[:len(dst)] {
		dst[j] = float64(v)
	}
}

// round converts sums to the type of the result.
func round[T Float](dst []T, sum []float64) {
	for j, v := range sum {
		dst[j] = T(v)
	}
}
