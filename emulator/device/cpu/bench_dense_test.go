// SPDX-License-Identifier: BSD-3-Clause

package cpu

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

const (
	latent  = 4096
	encoded = 3 * 32 * 4 * 4 * 4 // 6144
	decoded = 64 * 8 * 8 * 7     // 28672
)

// readRate measures the sum of all of w [GB/s] with the threads of p, least time of a few.
func readRate(p *Pool, w []float32) float64 {
	k, ok := p.kernels.(limits)
	if !ok {
		return 0
	}
	best, n := 0.0, p.Threads()
	for range 5 {
		start := time.Now()
		var all sync.WaitGroup
		for i := range n {
			all.Go(func() { k.read(w[i*len(w)/n : (i+1)*len(w)/n]) })
		}
		all.Wait()
		best = max(best, 4*float64(len(w))/float64(time.Since(start).Nanoseconds()))
	}
	return best
}

func denseWeights() ([]float32, func()) {
	w, free := Alloc(latent*encoded + decoded*latent)
	for i := range w {
		w[i] = float32(i%1009)/1009 - 0.5
	}
	return w, free
}

func BenchmarkDense(b *testing.B) {
	w, free := denseWeights()
	defer free()
	half := make([]uint16, len(w))
	BF16(NewPool(1), w, half)
	x, y := numbers(b, 16*encoded, 1), make([]float32, 16*decoded)
	for _, threads := range []int{1, 2} {
		p := NewPool(threads)
		for _, batch := range []int{1, 2, 4, 8, 16} {
			b.Run(fmt.Sprintf("f32/batch%d/threads%d", batch, threads), func(b *testing.B) {
				denseRun(b, p, w, batch, 4, func() {
					Linear(p, batch, encoded, latent, false, x, w, nil, y)
					Linear(p, batch, latent, decoded, true, x, w[latent*encoded:], nil, y)
				})
			})
		}
		b.Run(fmt.Sprintf("bf16/batch1/threads%d", threads), func(b *testing.B) {
			denseRun(b, p, w, 1, 2, func() {
				LinearBF16(p, 1, encoded, latent, false, x, half, nil, y)
				LinearBF16(p, 1, latent, decoded, true, x, half[latent*encoded:], nil, y)
			})
		})
	}
}

// denseRun reports both dense layers against the bandwidth and the peak measured before and after.
func denseRun(b *testing.B, p *Pool, w []float32, batch, bytes int, f func()) {
	f()
	rate, peak := readRate(p, w), peakRate(b, p)
	b.ResetTimer()
	best := shortest(b, f)
	b.StopTimer()
	rate, peak = max(rate, readRate(p, w)), max(peak, peakRate(b, p))*float64(p.Threads())
	b.ReportMetric(best*1e3, "best-ms")
	b.ReportMetric(float64(bytes*len(w))/best/1e9, "GB/s")
	b.ReportMetric(2*float64(batch*len(w))/best/1e9, "GFLOP/s")
	if rate > 0 {
		b.ReportMetric(100*float64(bytes*len(w))/best/1e9/rate, "%read")
		b.ReportMetric(200*float64(batch*len(w))/best/1e9/peak, "%peak")
	}
	b.ReportMetric(0, "ns/op")
}

func BenchmarkGemm(b *testing.B) {
	p := NewPool(1)
	for _, s := range []Product{{M: 240, N: 240, K: 240}, {M: 768, N: 768, K: 768}, {M: 16, N: 4096, K: 4096}, {M: 4096, N: 4096, K: 16, TransposeA: true, Add: true}} {
		x, y, z := numbers(b, s.M*s.K, 1), numbers(b, s.K*s.N, 2), make([]float32, s.M*s.N)
		b.Run(fmt.Sprintf("%dx%dx%d", s.M, s.N, s.K), func(b *testing.B) {
			report(b, p, 2*float64(s.M*s.N*s.K), func() { Gemm(p, s, x, y, z) })
		})
	}
}
