// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/line"
)

// BenchmarkImage goes from (n, T, v, v_turb) in memory to the image on one
// thread, populations included: the cube of the published solver's timings.
func BenchmarkImage(b *testing.B) {
	for _, n := range []int{64, 128} {
		model := sync.OnceValue(func() cube { return referenceCube(n) })
		l := coLine(b, 1, line.Options{})
		all := referenceFrequencies(l)
		for _, nf := range []int{1, 7, 31} {
			freq := all[15-nf/2 : 15-nf/2+nf]
			for _, kernel := range Variants() {
				if kernel == "twin" && n > 64 {
					continue // it is here as the plain solver of the 64³ comparison only
				}
				b.Run(fmt.Sprintf("%d/%dch/f64/%s", n, nf, kernel), func(b *testing.B) { benchmarkImage[float64](b, kernel, model(), l, freq) })
				if kernel != "twin" {
					b.Run(fmt.Sprintf("%d/%dch/f32/%s", n, nf, kernel), func(b *testing.B) { benchmarkImage[float32](b, kernel, model(), l, freq) })
				}
			}
		}
	}
}

// BenchmarkFarChannels has 31 channels 100 km/s off the line: what is left is the populations.
func BenchmarkFarChannels(b *testing.B) {
	l := coLine(b, 1, line.Options{})
	freq := referenceFrequencies(l)
	for i := range freq {
		freq[i] += l.RestFrequencyHz * 1e5 / l.Constants.C
	}
	c := referenceCube(64)
	b.Run("f64", func(b *testing.B) { benchmarkImage[float64](b, Variants()[0], c, l, freq) })
	b.Run("f32", func(b *testing.B) { benchmarkImage[float32](b, Variants()[0], c, l, freq) })
}

func benchmarkImage[T grid.Float](b *testing.B, kernel string, c cube, l *line.Line, freq []float64) {
	m := NewMedium(l)
	k, err := Named[T](kernel, m, m.Offsets(freq), Limits{c.n})
	if err != nil {
		b.Fatal(err)
	}
	row := Row[T]{
		Density: convert[T](c.den), Temperature: convert[T](c.tem), Velocity: convert[T](c.v), Turbulence: convert[T](c.turb),
		Across: c.n, Step: 1, Rays: c.n, Cells: c.n, VelocitySign: 1, CellLength: c.size / float64(c.n),
		Ends: []int32{int32(c.n - 1)},
	}
	nf := len(freq)
	img := Result[T]{Transmission: make([]T, nf*c.n*c.n), Emission: make([]T, nf*c.n*c.n), StrideRay: 1, StrideChannel: c.n * c.n}
	var out Result[T]
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		for x := 0; x < c.n; x++ {
			row.Origin = x * c.n * c.n
			out = Result[T]{Transmission: img.Transmission[x:], Emission: img.Emission[x:], StrideRay: c.n, StrideChannel: c.n * c.n}
			if _, err := k.Integrate(&row, &out); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.StopTimer()
	per := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	b.ReportMetric(per/1e6, "ms/image")
	if e, ok := k.(interface{ exponentials(n int) float64 }); ok {
		// The limit: the bare exponentials of every cell and channel. Less than all of it is possible, where the line is far away.
		start := time.Now()
		e.exponentials(c.n * c.n * c.n * nf)
		b.ReportMetric(float64(time.Since(start).Nanoseconds())/per, "of-limit")
	}
	b.ReportMetric(per/float64(c.n*c.n*c.n*nf), "ns/cell·channel")
}
