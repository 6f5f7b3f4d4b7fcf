// SPDX-License-Identifier: BSD-3-Clause

package cpu

import (
	"fmt"
	"testing"
	"time"
)

// limits is what a backend knows of its machine.
type limits interface {
	peak(rounds int, seed []float32) float64
	read(x []float32) float64
}

// shortest is the least time of f over many short runs: on a shared machine, the one that nobody disturbed.
func shortest(b *testing.B, f func()) float64 {
	best := 0.0
	for range b.N {
		start := time.Now()
		f()
		if s := time.Since(start).Seconds(); best == 0 || s < best {
			best = s
		}
	}
	return best
}

// peakRate measures multiply-adds in registers [GFLOP/s], one thread.
func peakRate(b *testing.B, p *Pool) float64 {
	k, ok := p.kernels.(limits)
	if !ok {
		return 0
	}
	const rounds = 4000
	seed, best := []float32{0.5, 1, 2}, 0.0
	for range 300 {
		start := time.Now()
		if k.peak(rounds, seed) == 0 {
			b.Fatal("the sum cannot be zero")
		}
		best = max(best, rounds*12*2*float64(p.kernels.lanes())/float64(time.Since(start).Nanoseconds()))
	}
	return best
}

// report gives the rate against the peak measured before and after: the speed of a shared machine drifts.
func report(b *testing.B, p *Pool, flop float64, f func()) {
	f()
	before := peakRate(b, p)
	b.ResetTimer()
	best := shortest(b, f)
	b.StopTimer()
	peak := max(before, peakRate(b, p))
	b.ReportMetric(best*1e6, "best-µs")
	b.ReportMetric(flop/best/1e9, "GFLOP/s")
	if peak > 0 {
		b.ReportMetric(100*flop/best/1e9/peak, "%peak")
	}
	b.ReportMetric(0, "ns/op")
}

func BenchmarkPeak(b *testing.B) {
	p := NewPool(1)
	for range b.N {
		b.ReportMetric(peakRate(b, p), "GFLOP/s")
	}
}

func convName(c Conv) string {
	return fmt.Sprintf("%dto%d_%dx%dx%d_k%d%d_s%d", c.In, c.Out, c.Size[0], c.Size[1], c.Size[2], c.Kernel[0], c.Kernel[2], c.Stride[0])
}

func BenchmarkConv(b *testing.B) {
	p := NewPool(1)
	for _, c := range network() {
		x, w, bias := numbers(b, 16*c.InLen(), 1), numbers(b, c.WeightLen(), 2), numbers(b, c.Out, 3)
		y, packed := make([]float32, 16*c.OutLen()), make([]float32, c.PackedLen())
		c.Pack(w, bias, packed)
		flop := 2 * float64(c.MultiplyAdds())
		for _, batch := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/batch%d", convName(c), batch), func(b *testing.B) {
				report(b, p, flop*float64(batch), func() { ConvPacked(p, c, batch, x, packed, y, After{ReLU: true}) })
			})
		}
		if c.In == 1 {
			b.Run(convName(c)+"_pooled", func(b *testing.B) {
				report(b, p, flop, func() { ConvPoolPacked(p, c, 1, x, packed, y, true) })
			})
		}
	}
}

func BenchmarkConvBackward(b *testing.B) {
	p := NewPool(1)
	const batch = 4
	for _, c := range network() {
		x, w, dy := numbers(b, batch*c.InLen(), 1), numbers(b, c.WeightLen(), 2), numbers(b, batch*c.OutLen(), 3)
		dx, dw, db := make([]float32, batch*c.InLen()), make([]float32, c.WeightLen()), make([]float32, c.Out)
		flop := 2 * batch * float64(c.MultiplyAdds())
		if c.In > 1 {
			b.Run("data/"+convName(c), func(b *testing.B) { report(b, p, flop, func() { ConvBackwardData(p, c, batch, dy, w, dx) }) })
		}
		b.Run("weights/"+convName(c), func(b *testing.B) {
			report(b, p, flop, func() { ConvBackwardWeights(p, c, batch, x, dy, dw, db) })
		})
	}
}

// BenchmarkRest times what is not a multiplication of matrices, at batch 1 of the largest tensors.
func BenchmarkRest(b *testing.B) {
	p := NewPool(1)
	x, y, z := make([]float32, 4*62*62*62), make([]float32, 4*62*62*62), make([]float32, 4*62*62*62)
	scale := []float32{1, 1, 1, 1}
	for name, f := range map[string]func(){
		"normStats": func() { BatchNormStats(p, 1, 4, 62*62*62, x, make([]float32, 4), make([]float32, 4)) },
		"normApply": func() { BatchNormApply(p, 1, 4, 62*62*62, x, scale, scale, y, After{ReLU: true}) },
		"normBackward": func() {
			BatchNormBackward(p, 1, 4, 62*62*62, Norm{scale, scale, scale, scale, 1e-5, true}, x, y, scale, scale, z)
		},
		"normSums": func() {
			BatchNormSums(p, 1, 4, 62*62*62, Norm{scale, scale, scale, scale, 1e-5, true}, x, y, scale, scale)
		},
		"maxPoolBackward": func() { MaxPool2Backward(p, 4, [3]int{62, 62, 62}, x, y, z) },
		"squares":         func() { SumSquares(p, x) },
		"maxPool":         func() { MaxPool2(p, 4, [3]int{62, 62, 62}, x, y) },
		"upsample":        func() { Upsample2(p, 7*8, 32, 32, x, y) },
		"tanh":            func() { Tanh(p, x[:7*64*64], y) },
		"adam":            func() { Adam(p, AdamRule{1e-3, 0.9, 0.999, 1e-8, 0, false}, 1, x, y, z, z) },
	} {
		b.Run(name, func(b *testing.B) {
			f()
			b.ResetTimer()
			b.ReportMetric(shortest(b, f)*1e6, "best-µs")
			b.ReportMetric(0, "ns/op")
		})
	}
}
