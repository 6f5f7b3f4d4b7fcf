// SPDX-License-Identifier: BSD-3-Clause

package cpu

import (
	"fmt"
	"math"
	"testing"
)

// normLoss is Σ dy·relu(γ x̂ + β) in float64, whose derivatives BatchNormBackward computes.
func normLoss(batch, channels, n int, relu bool, eps float64, x, dy, gamma, beta []float64) float64 {
	loss := 0.0
	for c := range channels {
		sum, square, count := 0.0, 0.0, float64(batch*n)
		each := func(f func(i int)) {
			for b := range batch {
				for i := range n {
					f((b*channels+c)*n + i)
				}
			}
		}
		each(func(i int) { sum += x[i] })
		each(func(i int) { square += (x[i] - sum/count) * (x[i] - sum/count) })
		each(func(i int) {
			v := gamma[c]*(x[i]-sum/count)/math.Sqrt(square/count+eps) + beta[c]
			if !relu || v > 0 {
				loss += dy[i] * v
			}
		})
	}
	return loss
}

func TestBatchNorm(t *testing.T) {
	const eps = 1e-5
	for i, c := range []struct{ batch, channels, n int }{{1, 1, 3}, {3, 4, 1}, {2, 5, 7}, {3, 2, 600}, {2, 3, 1025}, {1, 2, 8}} {
		size := c.batch * c.channels * c.n
		x, dy, res := numbers(t, size, uint64(i)), numbers(t, size, 2), numbers(t, size, 3)
		gamma, beta := numbers(t, c.channels, 4), numbers(t, c.channels, 5)
		for j := range x {
			x[j] = 3*x[j] + 5 // a mean well away from zero
		}
		everywhere(t, func(t *testing.T, p *Pool) {
			mean, variance := make([]float32, c.channels), make([]float32, c.channels)
			scale, shift := make([]float32, c.channels), make([]float32, c.channels)
			BatchNormStats(p, c.batch, c.channels, c.n, x, mean, variance)
			BatchNormScale(gamma, beta, mean, variance, eps, scale, shift)
			y, dx := fenced(t, size), fenced(t, size)
			BatchNormApply(p, c.batch, c.channels, c.n, x, scale, shift, y, After{ReLU: true, Residual: res})
			for j := range y {
				ch := j / c.n % c.channels
				sum, square, count := 0.0, 0.0, float64(c.batch*c.n)
				for k, v := range x {
					if k/c.n%c.channels == ch {
						sum += float64(v)
						square += float64(v) * float64(v)
					}
				}
				mu, v := sum/count, square/count-sum/count*sum/count
				if math.Abs(float64(mean[ch])-mu) > 1e-6*5 || math.Abs(float64(variance[ch])-v) > 1e-5*(v+1e-6) {
					t.Fatalf("%v: channel %d has mean %v, variance %v; want %v, %v", c, ch, mean[ch], variance[ch], mu, v)
				}
				want := max(0, float64(gamma[ch])*(float64(x[j])-mu)/math.Sqrt(v+eps)+float64(beta[ch])) + float64(res[j])
				if math.Abs(float64(y[j])-want) > 1e-5 && v > 1e-3 {
					t.Fatalf("%v: element %d is %v, want %v", c, j, y[j], want)
				}
				if j > 50 {
					break // one channel and a bit: the reference is slow
				}
			}
			for _, relu := range []bool{false, true} {
				checkNormGradient(t, p, c.batch, c.channels, c.n, relu, eps, x, dy, gamma, beta,
					Norm{mean, variance, scale, shift, eps, relu}, dx)
			}
		})
	}
}

// checkNormGradient compares a few gradients with central differences.
func checkNormGradient(t *testing.T, p *Pool, batch, channels, n int, relu bool, eps float64, x, dy, gamma, beta []float32, norm Norm, dx []float32) {
	t.Helper()
	if batch*n < 4 {
		return // so few that x̂ = ±1 whatever x: nothing is left but ε
	}
	dgamma, dbeta := make([]float32, channels), make([]float32, channels)
	BatchNormSums(p, batch, channels, n, norm, x, dy, dgamma, dbeta)
	BatchNormBackward(p, batch, channels, n, norm, x, dy, dgamma, dbeta, dx)
	X, DY, G, B := wide(x), wide(dy), wide(gamma), wide(beta)
	difference := func(v []float64, i int) float64 {
		const h = 1e-5
		was := v[i]
		v[i] = was + h
		up := normLoss(batch, channels, n, relu, eps, X, DY, G, B)
		v[i] = was - h
		down := normLoss(batch, channels, n, relu, eps, X, DY, G, B)
		v[i] = was
		return (up - down) / (2 * h)
	}
	check := func(what string, got float32, want float64) {
		if math.Abs(float64(got)-want) > 3e-4*(1+math.Abs(want)) {
			t.Fatalf("%d×%d×%d relu %v: %s is %v, differences give %v", batch, channels, n, relu, what, got, want)
		}
	}
	for i := 0; i < len(x); i += 1 + len(x)/7 {
		check(fmt.Sprint("dx ", i), dx[i], difference(X, i))
	}
	for c := range channels {
		check("dgamma", dgamma[c], difference(G, c))
		check("dbeta", dbeta[c], difference(B, c))
	}
}

func TestMaxPool2(t *testing.T) {
	for i, size := range [][3]int{{2, 2, 2}, {3, 5, 7}, {6, 4, 9}, {15, 15, 15}, {2, 4, 16}, {5, 2, 62}, {4, 7, 19}, {1, 4, 4}} {
		const n = 3
		out := (size[0] / 2) * (size[1] / 2) * (size[2] / 2)
		x := numbers(t, n*volume(size), uint64(i))
		for j := range x {
			x[j] = float32(math.Round(float64(4 * x[j]))) // many equal values: the first counts
		}
		dy := numbers(t, n*out, 3)
		x[len(x)/2] = float32(math.NaN())
		want, index := make([]float32, n*out), make([]int32, n*out)
		whole := tensor{d: size[0], h: size[1], w: size[2]}
		twinMaxPool(0, n, &whole, x, want, index)
		everywhere(t, func(t *testing.T, p *Pool) {
			y, dx, back := fenced(t, n*out), fenced(t, len(x)), make([]float32, len(x))
			for j := range dx {
				dx[j] = float32(math.NaN())
			}
			MaxPool2(p, n, size, x, y)
			MaxPool2Backward(p, n, size, x, dy, dx)
			for j := range y {
				back[j/out*volume(size)+int(index[j])] = dy[j]
			}
			same(t, fmt.Sprint(size), y, want)
			same(t, fmt.Sprint(size, " backward"), dx, back)
		})
	}
}

func TestUpsample2(t *testing.T) {
	for i, c := range []struct{ n, h, w int }{{1, 1, 1}, {3, 5, 7}, {7, 8, 8}, {2, 3, 17}} {
		x, dy := numbers(t, c.n*c.h*c.w, uint64(i)), numbers(t, 4*c.n*c.h*c.w, 2)
		everywhere(t, func(t *testing.T, p *Pool) {
			y, dx := fenced(t, len(dy)), fenced(t, len(x))
			Upsample2(p, c.n, c.h, c.w, x, y)
			Upsample2Backward(p, c.n, c.h, c.w, dy, dx)
			sum, sizes := make([]float64, len(x)), make([]float64, len(x))
			for j, v := range y {
				from := j/(2*c.w)/2*c.w + j%(2*c.w)/2
				if v != x[from] {
					t.Fatalf("%v: element %d is %v, want %v", c, j, v, x[from])
				}
				sum[from] += float64(dy[j])
				sizes[from] += math.Abs(float64(dy[j]))
			}
			near(t, fmt.Sprint(c), dx, sum, sizes, 4)
		})
	}
}

func TestTanh(t *testing.T) {
	var x []float32
	for v := 1e-30; v < 100; v *= 1.003 {
		x = append(x, float32(v), -float32(v))
	}
	x = append(x, 0, 0.625, -0.625, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()))
	everywhere(t, func(t *testing.T, p *Pool) {
		y, dx := make([]float32, len(x)), make([]float32, len(x))
		Tanh(p, x, y)
		for i, v := range y {
			want := math.Tanh(float64(x[i]))
			if d := math.Abs(float64(v) - want); !(d <= 3e-7*math.Abs(want)) && !(v != v && want != want) {
				t.Fatalf("tanh %v is %v, want %v", x[i], v, want)
			}
		}
		TanhBackward(p, y, x, dx)
		for i, v := range dx {
			if want := float64(x[i]) * (1 - float64(y[i])*float64(y[i])); math.Abs(float64(v)-want) > 2e-7*math.Abs(float64(x[i])) {
				t.Fatalf("gradient at %v is %v, want %v", x[i], v, want)
			}
		}
	})
}

func TestElementwise(t *testing.T) {
	a, b := numbers(t, 40001, 1), numbers(t, 40001, 2)
	everywhere(t, func(t *testing.T, p *Pool) {
		sum, pass, up, line := fenced(t, len(a)), fenced(t, len(a)), fenced(t, len(a)), fenced(t, len(a))
		Add(p, a, b, sum)
		ReLU(p, a, up)
		ReLUBackward(p, a, b, pass)
		copy(line, b)
		Axpy(p, 0.5, a, line)
		squares := 0.0
		for i := range a {
			squares += float64(a[i]) * float64(a[i])
			want := b[i]
			if a[i] <= 0 {
				want = 0
			}
			if sum[i] != a[i]+b[i] || pass[i] != want || up[i] != max(a[i], 0) || line[i] != b[i]+0.5*a[i] {
				t.Fatalf("element %d: sum %v, gradient %v, rectified %v, line %v", i, sum[i], pass[i], up[i], line[i])
			}
		}
		if got := SumSquares(p, a); math.Abs(got-squares) > 1e-7*squares {
			t.Fatalf("the sum of squares is %v, want %v", got, squares)
		}
	})
}

func TestAdam(t *testing.T) {
	const n = 20011
	for _, r := range []AdamRule{
		{Rate: 4e-4, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, {Rate: 1e-2, Beta1: 0.8, Beta2: 0.99, Eps: 1e-6, Decay: 0.1},
		{Rate: 1e-2, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.1, Decoupled: true},
	} {
		everywhere(t, func(t *testing.T, p *Pool) {
			w, m, v := numbers(t, n, 1), fenced(t, n), fenced(t, n)
			W, M, V := wide(w), wide(m), wide(v)
			for step := 1; step <= 3; step++ {
				g := numbers(t, n, uint64(step+5))
				Adam(p, r, step, g, w, m, v)
				for i := range W {
					gi := float64(g[i])
					if r.Decoupled {
						W[i] -= r.Rate * r.Decay * W[i]
					} else {
						gi += r.Decay * W[i]
					}
					M[i] = r.Beta1*M[i] + (1-r.Beta1)*gi
					V[i] = r.Beta2*V[i] + (1-r.Beta2)*gi*gi
					c1, c2 := 1-math.Pow(r.Beta1, float64(step)), 1-math.Pow(r.Beta2, float64(step))
					W[i] -= r.Rate * (M[i] / c1) / (math.Sqrt(V[i]/c2) + r.Eps)
				}
			}
			for i := range W {
				// The sum of m may cancel: its rounding error counts against the size of a step.
				if math.Abs(float64(w[i])-W[i]) > 3e-7*math.Abs(W[i])+1e-4*r.Rate {
					t.Fatalf("%+v: weight %d is %v, want %v", r, i, w[i], W[i])
				}
			}
		})
	}
}
