// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"fmt"
	"testing"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/line"
)

// BenchmarkAnyView compares oblique images with those along an axis of the same
// model sampled in the axes of the camera, so that both see the same gas at the
// same velocities: 64³ cells, 31 channels, pixels the size of a cell.
// Nanoseconds per segment and channel, the loading of the volume included; fixed
// is any leaf by leaf, with what a rank composes.
func BenchmarkAnyView(b *testing.B) {
	b.Run("f64", func(b *testing.B) { benchmarkViews[float64](b) })
	b.Run("f32", func(b *testing.B) { benchmarkViews[float32](b) })
}

func benchmarkViews[T grid.Float](b *testing.B) {
	l := coLine(b, 0, line.Options{})
	freq := benchmarkFrequencies(l)
	for _, model := range []string{"wind", "shear"} {
		c := benchmarkCube[T](model, 64)
		for _, d := range [][2]float64{{0, 0}, {60, 30}, {117, 250}} {
			name := fmt.Sprintf("%s/i%.0f_p%.0f", model, d[0], d[1])
			b.Run(name+"/axis", func(b *testing.B) { benchmarkAxis(b, turnedCube[T](model, 64, d[0], d[1]), l, freq) })
			v := look{kernel: Variants()[0], inclination: d[0], phi: d[1], size: 2e14, pixels: 64, line: l, frequencies: freq}
			b.Run(name+"/any", func(b *testing.B) { benchmarkLook(b, c, &v, false) })
			b.Run(name+"/fixed", func(b *testing.B) { benchmarkLook(b, c, &v, true) })
		}
	}
}

func benchmarkAxis[T grid.Float](b *testing.B, c *grid.Cube[T], l *line.Line, freq []float64) {
	const n = 64
	m := NewMedium(l)
	k, err := Named[T](Variants()[0], m, m.Offsets(freq), Limits{n})
	if err != nil {
		b.Fatal(err)
	}
	row := Row[T]{Density: c.Density, Temperature: c.Temperature, Velocity: c.Velocity[2], Turbulence: c.Turbulence, Across: n, Step: -1,
		Rays: n, Cells: n, VelocitySign: -1, CellLength: c.Mesh.CellSize()[2], NearFace: true, FarFace: true, Ends: []int32{n + 1}}
	out := Result[T]{Transmission: make([]T, len(freq)*n), Emission: make([]T, len(freq)*n), StrideRay: 1, StrideChannel: n}
	b.ResetTimer()
	for range b.N {
		for x := range n {
			row.Origin = x*n*n + n - 1
			if _, err := k.Integrate(&row, &out); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n*n*n*len(freq)), "ns/cell·channel")
}

func benchmarkLook[T grid.Float](b *testing.B, c *grid.Cube[T], l *look, fixed bool) {
	m := NewMedium(l.line)
	k, err := Named[T](l.kernel, m, m.Offsets(l.frequencies), Limits{1})
	if err != nil {
		b.Fatal(err)
	}
	_, _, o := camera(l.inclination, l.phi)
	v := loaded(b, k, c, o, false)
	beam, pixel := starts(c, v, l)
	n, nf := len(pixel), len(l.frequencies)
	out := Passage[T]{Transmission: make([]T, n*nf), Emission: make([]T, n*nf), Stride: n}
	const few = 32
	leaves, sink := v.NewLeaves(few, nf), 0
	tMin, tMax, _ := k.bounds()
	var work Work
	b.ResetTimer()
	for range b.N {
		for i := range v.Sheets() {
			if err := v.Load(k, c, i); err != nil {
				b.Fatal(err)
			}
		}
		v.Close(tMin, tMax)
		if !fixed {
			_, work = k.Cross(beam, &out)
			continue
		}
		work = Work{}
		for lo := 0; lo < n; lo += few {
			hi := min(n, lo+few)
			_, w := k.CrossLeaves(beam.Part(lo, hi), leaves)
			work = Work{work.Segments + w.Segments, work.Steps + w.Steps}
			for r := range hi - lo {
				leaves.Fold(r, nf, func(_ Subtree, piece []T) { sink += len(piece) })
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(work.Segments*int64(nf)), "ns/cell·channel")
	b.ReportMetric(float64(work.Steps)/float64(work.Segments), "steps/segment")
	b.ReportMetric(float64(work.Segments)/float64(n), "segments/ray")
}
