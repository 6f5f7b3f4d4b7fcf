// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"testing"

	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver/grid"
)

// BenchmarkSolve is the whole of Solve on 128³ cells and 31 channels: one and
// two threads of one rank, and two ranks (goroutines) of one thread, along an
// axis and obliquely.
func BenchmarkSolve(b *testing.B) {
	m := meshOf(128, 128, 128)
	for _, c := range []struct {
		name    string
		ranks   [3]int
		threads int
		fixed   bool
		oblique bool
	}{
		{"1rank/1thread/fast", [3]int{1, 1, 1}, 1, false, false},
		{"1rank/2threads/fast", [3]int{1, 1, 1}, 2, false, false},
		{"2ranks/1thread/fast", [3]int{2, 1, 1}, 1, false, false},
		{"2ranks-along/1thread/fast", [3]int{1, 1, 2}, 1, false, false},
		{"1rank/1thread/fixed", [3]int{1, 1, 1}, 1, true, false},
		{"1rank/1thread/oblique", [3]int{1, 1, 1}, 1, false, true},
		{"1rank/1thread/oblique-fixed", [3]int{1, 1, 1}, 1, true, true},
		{"1rank/2threads/oblique", [3]int{1, 1, 1}, 2, false, true},
		{"2ranks/1thread/oblique", [3]int{2, 1, 1}, 1, false, true},
		{"2ranks/1thread/oblique-fixed", [3]int{2, 1, 1}, 1, true, true},
	} {
		b.Run(c.name, func(b *testing.B) {
			l := coLine(b, 1)
			p := Problem{Line: l, FrequenciesHz: channels(l, 31, 300), View: view(b, "+z"), Threads: c.threads, Fixed: c.fixed}
			if c.oblique {
				cam := NewCamera(60, 30, 0).Frame(m, 0, 0, 0)
				p.Camera = &cam
			}
			leaf := 1
			if c.fixed {
				leaf = grid.LeafCells
			}
			d, err := grid.Decompose(m, c.ranks, leaf)
			if err != nil {
				b.Fatal(err)
			}
			cubes := make([]*grid.Cube[float64], d.NumRanks())
			for r := range cubes {
				cubes[r] = cubeOf[float64](m, d.Block(r), spiral)
			}
			b.ResetTimer()
			for range b.N {
				if err := mpiutil.InProcess(d.NumRanks(), func(comm *mpiutil.Comm) error {
					_, err := Solve(comm, d, cubes[comm.Rank()], p)
					return err
				}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(m.NumCells()*31), "ns/cell·channel")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1e3/float64(b.N), "ms/image")
		})
	}
}
