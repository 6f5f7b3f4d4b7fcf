// SPDX-License-Identifier: BSD-3-Clause

package cpu

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"
	"unsafe"
)

const (
	latent  = 4096
	encoded = 3 * 32 * 4 * 4 * 4 // 6144
	decoded = 64 * 8 * 8 * 7     // 28672
)

// readTime measures the sum of all of w [s] with the threads of p.
func readTime(p *Pool, w []float32) float64 {
	k, ok := p.kernels.(limits)
	if !ok {
		return 0
	}
	n, start := p.Threads(), time.Now()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { k.read(w[i*len(w)/n : (i+1)*len(w)/n]) })
	}
	all.Wait()
	return time.Since(start).Seconds()
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
	pages, freeHalf := Alloc(len(w) / 2)
	defer freeHalf()
	half := unsafe.Slice((*uint16)(unsafe.Pointer(&pages[0])), len(w))
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
		for _, batch := range []int{1, 8} {
			b.Run(fmt.Sprintf("bf16/batch%d/threads%d", batch, threads), func(b *testing.B) {
				denseRun(b, p, w, batch, 2, func() {
					LinearBF16(p, batch, encoded, latent, false, x, half, nil, y)
					LinearBF16(p, batch, latent, decoded, true, x, half[latent*encoded:], nil, y)
				})
			})
		}
	}
}

// denseRun reports both dense layers against the bandwidth and the peak of the
// machine: the least times of as many runs, in turns, since what others do on a
// shared machine must strike all alike. What must be reached: limit-%read.
func denseRun(b *testing.B, p *Pool, w []float32, batch, bytes int, f func()) {
	f()
	best, read := math.Inf(1), math.Inf(1)
	b.ResetTimer()
	for range b.N {
		start := time.Now()
		f()
		best = min(best, time.Since(start).Seconds())
		read = min(read, readTime(p, w[:len(w)*bytes/4]))
	}
	b.StopTimer()
	b.ReportMetric(best*1e3, "best-ms")
	b.ReportMetric(float64(bytes*len(w))/best/1e9, "GB/s")
	b.ReportMetric(2*float64(batch*len(w))/best/1e9, "GFLOP/s")
	if read > 0 {
		b.ReportMetric(100*read/best, "%read")
		b.ReportMetric(200*float64(batch*len(w))/best/1e9/(peakRate(b, p)*float64(p.Threads())), "%peak")
	}
	if batch == 1 {
		b.ReportMetric(90, "limit-%read")
	}
	b.ReportMetric(0, "ns/op")
}

func BenchmarkGemm(b *testing.B) {
	p := NewPool(1)
	for _, s := range []Product{{M: 240, N: 240, K: 240}, {M: 768, N: 768, K: 768}, {M: 16, N: 4096, K: 4096}, {M: 4096, N: 4096, K: 16, TransposeA: true, Add: true}} {
		x, y, z := numbers(b, s.M*s.K, 1), numbers(b, s.K*s.N, 2), make([]float32, s.M*s.N)
		b.Run(fmt.Sprintf("%dx%dx%d", s.M, s.N, s.K), func(b *testing.B) {
			report(b, p, 2*float64(s.M*s.N*s.K), func() { Gemm(p, s, x, y, z) })
			if s.K > 64 && s.M > 64 { // else its operands are what costs
				b.ReportMetric(85, "limit-%peak")
			}
		})
	}
}
