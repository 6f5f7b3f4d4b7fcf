// SPDX-License-Identifier: BSD-3-Clause

package device

import "math"

// ReLU computes y = max(x, 0).
func ReLU[T Float](x, y []T) {
	for i, v := range x {
		y[i] = max(v, 0)
	}
}

// ReLUBackward computes dx = dy where y > 0, else 0.
func ReLUBackward[T Float](y, dy, dx []T) {
	for i, v := range y {
		g := dy[i]
		if !(v > 0) {
			g = 0
		}
		dx[i] = g
	}
}

// Tanh computes y = tanh x.
func Tanh[T Float](x, y []T) {
	for i, v := range x {
		y[i] = T(math.Tanh(float64(v)))
	}
}

// TanhBackward computes dx = dy·(1 − y²).
func TanhBackward[T Float](y, dy, dx []T) {
	for i, v := range y {
		dx[i] = dy[i] * (1 - v*v)
	}
}

// Axpy adds a·x to y.
func Axpy[T Float](a T, x, y []T) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += a * v
	}
}

// Scale multiplies x by a.
func Scale[T Float](a T, x []T) {
	for i := range x {
		x[i] *= a
	}
}

// SumSquares returns Σ x², summed in float64.
func SumSquares[T Float](x []T) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum
}

// Adam makes step t of Adam or AdamW:
//
//	g ← g + λp                (Adam)    or    p ← p − ηλp    (AdamW)
//	m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²
//	p ← p − η/(1 − β₁ᵗ) · m / ( √v/√(1 − β₂ᵗ) + ε )
//
// References: Kingma & Ba 2015, Adam: a method for stochastic optimization,
// ICLR, algorithm 1; Loshchilov & Hutter 2019, Decoupled weight decay
// regularization, ICLR, algorithm 2.
func Adam[T Float](threads int, a AdamStep, p, g, m, v []T) {
	beta1, beta2 := T(a.Beta1), T(a.Beta2)
	keep1, keep2 := T(1-a.Beta1), T(1-a.Beta2)
	rate := T(a.Rate / (1 - math.Pow(a.Beta1, float64(a.Step))))
	root := T(math.Sqrt(1 - math.Pow(a.Beta2, float64(a.Step))))
	var decay, shrink, eps T = 0, 1, T(a.Eps)
	if a.Decoupled {
		shrink = T(1 - a.Rate*a.WeightDecay)
	} else {
		decay = T(a.WeightDecay)
	}
	ranges(threads, len(p), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			value := p[i] * shrink
			grad := g[i] + decay*value
			m[i] = beta1*m[i] + keep1*grad
			v[i] = beta2*v[i] + keep2*(grad*grad)
			p[i] = value - rate*(m[i]/(T(math.Sqrt(float64(v[i])))/root+eps))
		}
	})
}
