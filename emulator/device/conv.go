// SPDX-License-Identifier: BSD-3-Clause

package device

// ConvForward computes the cross-correlation
//
//	y[b,o,p] = bias[o] + Σ_i Σ_k w[o,i,k] · x[b,i, p·stride + k − pad]
//
// with x taken as 0 outside.
func ConvForward[T Float](threads int, c Conv, batch int, x, w, bias, y []T) {
	nin, nout, taps := volume3(c.Size), volume3(c.OutSize()), c.Taps()
	parallel(threads, batch*c.Out, func(job int) {
		b, o := job/c.Out, job%c.Out
		dst := y[job*nout : (job+1)*nout]
		for j := range dst {
			dst[j] = bias[o]
		}
		for i := range c.In {
			src := x[(b*c.In+i)*nin : (b*c.In+i+1)*nin]
			for k, wk := range w[(o*c.In+i)*taps : (o*c.In+i+1)*taps] {
				c.rows(k, func(at, from, n int) {
					axpyFrom(dst[at:at+n], wk, src[from:], c.Stride[2])
				})
			}
		}
	})
}

// ConvBackwardData computes the derivative with respect to the input,
//
//	dx[b,i,q] = Σ_o Σ_{k,p: p·stride + k − pad = q} w[o,i,k] · dy[b,o,p]
func ConvBackwardData[T Float](threads int, c Conv, batch int, dy, w, dx []T) {
	nin, nout, taps := volume3(c.Size), volume3(c.OutSize()), c.Taps()
	parallel(threads, batch*c.In, func(job int) {
		b, i := job/c.In, job%c.In
		dst := dx[job*nin : (job+1)*nin]
		clear(dst)
		for o := range c.Out {
			src := dy[(b*c.Out+o)*nout : (b*c.Out+o+1)*nout]
			for k, wk := range w[(o*c.In+i)*taps : (o*c.In+i+1)*taps] {
				c.rows(k, func(at, from, n int) {
					axpyTo(dst[from:], wk, src[at:at+n], c.Stride[2])
				})
			}
		}
	})
}

// ConvBackwardWeights adds the derivatives with respect to weights and bias,
//
//	dw[o,i,k] += Σ_b Σ_p dy[b,o,p] · x[b,i, p·stride + k − pad],  db[o] += Σ_b Σ_p dy[b,o,p]
func ConvBackwardWeights[T Float](threads int, c Conv, batch int, x, dy, dw, db []T) {
	nin, nout, taps := volume3(c.Size), volume3(c.OutSize()), c.Taps()
	parallel(threads, c.Out, func(o int) {
		for b := range batch {
			src := dy[(b*c.Out+o)*nout : (b*c.Out+o+1)*nout]
			var sum T
			for _, v := range src {
				sum += v
			}
			db[o] += sum
			for i := range c.In {
				in := x[(b*c.In+i)*nin : (b*c.In+i+1)*nin]
				grad := dw[(o*c.In+i)*taps : (o*c.In+i+1)*taps]
				for k := range grad {
					var sum T
					c.rows(k, func(at, from, n int) {
						sum += dotStrided(src[at:at+n], in[from:], c.Stride[2])
					})
					grad[k] += sum
				}
			}
		}
	})
}

// rows calls visit for each row of the output that tap k reaches from inside
// the input: n outputs from index at on, fed by inputs from index from on, one
// stride apart.
func (c Conv) rows(k int, visit func(at, from, n int)) {
	out := c.OutSize()
	tap := [3]int{k / (c.Kernel[1] * c.Kernel[2]), k / c.Kernel[2] % c.Kernel[1], k % c.Kernel[2]}
	var lo, hi, shift [3]int
	for a := range tap {
		shift[a] = tap[a] - c.Pad[a]
		lo[a], hi[a] = reach(out[a], c.Size[a], c.Stride[a], shift[a])
	}
	n := hi[2] - lo[2]
	if n <= 0 {
		return
	}
	for d := lo[0]; d < hi[0]; d++ {
		plane := (d*c.Stride[0] + shift[0]) * c.Size[1]
		for h := lo[1]; h < hi[1]; h++ {
			row := (plane + h*c.Stride[1] + shift[1]) * c.Size[2]
			visit((d*out[1]+h)*out[2]+lo[2], row+lo[2]*c.Stride[2]+shift[2], n)
		}
	}
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

// axpyFrom adds a·src[j·stride] to dst[j].
func axpyFrom[T Float](dst []T, a T, src []T, stride int) {
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

// axpyTo adds a·src[j] to dst[j·stride].
func axpyTo[T Float](dst []T, a T, src []T, stride int) {
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

// dotStrided returns Σ_j a[j]·b[j·stride].
func dotStrided[T Float](a, b []T, stride int) T {
	var sum T
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
