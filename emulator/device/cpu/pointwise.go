// SPDX-License-Identifier: BSD-3-Clause

package cpu

import "math"

// chunk is how many elements of an elementwise operation are worth a thread.
const chunk = 1 << 14

// MaxPool2 computes the maxima over 2×2×2 (floor) of volumes [n, D, H, W]. The
// first of equal values wins, a NaN before all.
func MaxPool2(p *Pool, n int, size [3]int, x, y []float32) {
	need("pooling input", len(x), n*volume(size))
	need("pooling output", len(y), n*(size[0]/2)*(size[1]/2)*(size[2]/2))
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.maxPool(first, last, &j.t, j.a, j.y)
		},
		total: n, unit: 1, t: tensor{d: size[0], h: size[1], w: size[2]}, a: x, y: y,
	}
	p.run(0)
}

// MaxPool2Backward sends dy to where MaxPool2 found the maxima of x [n, D, H, W].
func MaxPool2Backward(p *Pool, n int, size [3]int, x, dy, dx []float32) {
	need("pooling input", len(x), n*volume(size))
	need("output gradient", len(dy), n*(size[0]/2)*(size[1]/2)*(size[2]/2))
	need("input gradient", len(dx), n*volume(size))
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.maxPoolBack(first, last, &j.t, j.a, j.b, j.y)
		},
		total: n, unit: 1, t: tensor{d: size[0], h: size[1], w: size[2]}, a: x, b: dy, y: dx,
	}
	p.run(0)
}

// Upsample2 repeats each element of n planes h × w twice on both axes.
func Upsample2(p *Pool, n, h, w int, x, y []float32) {
	need("up-sampling input", len(x), n*h*w)
	need("up-sampling output", len(y), 4*n*h*w)
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.upsample(first, last, &j.t, j.a, j.y)
		},
		total: n, unit: 1, t: tensor{h: h, w: w}, a: x, y: y,
	}
	p.run(0)
}

// Upsample2Backward sums the gradients dy of the four copies into dx (n planes h × w).
func Upsample2Backward(p *Pool, n, h, w int, dy, dx []float32) {
	need("output gradient", len(dy), 4*n*h*w)
	need("input gradient", len(dx), n*h*w)
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.upsampleBack(first, last, &j.t, j.a, j.y)
		},
		total: n, unit: 1, t: tensor{h: h, w: w}, a: dy, y: dx,
	}
	p.run(0)
}

// Tanh computes y = tanh x to 3·10⁻⁷ relative; y may be x.
func Tanh(p *Pool, x, y []float32) {
	need("tanh output", len(y), len(x))
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.tanh(first, last, j.a, j.y)
		},
		total: len(x), unit: chunk, a: x, y: y,
	}
	p.run(0)
}

// TanhBackward computes dx = dy (1 − y²) from the output y; dx may be dy.
func TanhBackward(p *Pool, y, dy, dx []float32) {
	need("output gradient", len(dy), len(y))
	need("input gradient", len(dx), len(y))
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.tanhBack(first, last, j.a, j.b, j.y)
		},
		total: len(y), unit: chunk, a: y, b: dy, y: dx,
	}
	p.run(0)
}

// Add computes y = a + b; y may be either.
func Add(p *Pool, a, b, y []float32) {
	need("summand", len(b), len(a))
	need("sum", len(y), len(a))
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.add(first, last, j.a, j.b, j.y)
		},
		total: len(a), unit: chunk, a: a, b: b, y: y,
	}
	p.run(0)
}

// Axpy adds a·x to y.
func Axpy(p *Pool, a float32, x, y []float32) {
	need("sum", len(y), len(x))
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.axpy(first, last, j.factor, j.a, j.y)
		},
		total: len(x), unit: chunk, factor: a, a: x, y: y,
	}
	p.run(0)
}

// SumSquares returns Σ x², of blocks in float32 and over the blocks in float64.
func SumSquares(p *Pool, x []float32) float64 {
	rows := (len(x) + chunk - 1) / chunk
	sums := p.rowSums(rows)
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.squares(first, last, j.n, j.a, j.rows)
		},
		total: rows, unit: 1, n: chunk, a: x, rows: sums,
	}
	p.run(0)
	total := 0.0
	for _, s := range sums {
		total += s
	}
	return total
}

// ReLU computes y = max(x, 0); y may be x. A NaN stays one.
func ReLU(p *Pool, x, y []float32) {
	need("rectified", len(y), len(x))
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.relu(first, last, j.a, j.y)
		},
		total: len(x), unit: chunk, a: x, y: y,
	}
	p.run(0)
}

// ReLUBackward computes dx = dy where the output y > 0, else 0; dx may be dy.
func ReLUBackward(p *Pool, y, dy, dx []float32) {
	need("output gradient", len(dy), len(y))
	need("input gradient", len(dx), len(y))
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.reluBack(first, last, j.a, j.b, j.y)
		},
		total: len(y), unit: chunk, a: y, b: dy, y: dx,
	}
	p.run(0)
}

// AdamRule is the update rule of Adam (Kingma & Ba 2015, algorithm 1).
type AdamRule struct {
	Rate         float64
	Beta1, Beta2 float64
	Eps          float64
	Decay        float64 // weight decay
	Decoupled    bool    // decay acts on the weights (AdamW: Loshchilov & Hutter 2019), not on the gradient
}

// Adam does step number `step` (from 1) on weights w with gradient g and moments m, v.
func Adam(p *Pool, r AdamRule, step int, g, w, m, v []float32) {
	need("weights", len(w), len(g))
	need("first moment", len(m), len(g))
	need("second moment", len(v), len(g))
	a := adamStep{
		rate: r.Rate, beta1: r.Beta1, beta2: r.Beta2, eps: r.Eps, decay: r.Decay,
		correct1: 1 - math.Pow(r.Beta1, float64(step)), correct2: 1 - math.Pow(r.Beta2, float64(step)),
	}
	if r.Decoupled {
		a.decoupled = 1
	}
	p.job = job{
		do: func(p *Pool, j *job, first, last int, _ []float32) {
			p.kernels.adam(&j.adam, first, last, j.a, j.b, j.c, j.y)
		},
		total: len(g), unit: chunk, adam: a, a: g, b: w, c: m, y: v,
	}
	p.run(0)
}
