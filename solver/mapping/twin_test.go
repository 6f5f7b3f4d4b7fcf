// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"math"
	"slices"
	"testing"

	"github.com/columen/columen/solver/grid"
)

// TestTwins checks that the loops over points give the same bits as their twins
// in Go: for points on faces, outside, far away and nowhere.
func TestTwins(t *testing.T) {
	p := particles(4003, -0.2, 1.2, 0.1, 0.2)
	odd := []float64{0, 1, math.Copysign(0, -1), -1e-300, 0.5, math.Nextafter(1, 0), math.Nextafter(0.25, 0), 1e300, -1e300, 5e9, math.Inf(1), math.Inf(-1), math.NaN()}
	for i, x := range odd {
		for a := range p.Position {
			p.Position[a][10*i+3*a] = x
		}
	}
	for _, l := range []Lattice{{Size: [3]float64{1, 1, 1}, Levels: 1}, {Size: [3]float64{1, 0.7, 1.1}, Levels: 4}, {Min: [3]float64{0.1, -0.1, 0}, Size: [3]float64{1, 1, 1}, Levels: 7}} {
		n := l.Cells()
		window := [3]grid.Range{{Lo: n / 4, Hi: n - n/4}, {Lo: 0, Hi: n}, {Lo: n / 2, Hi: n}}
		cells, pairs := make([]int32, p.Len()), make([]int32, p.Len())
		wantCells, wantPairs := make([]int32, p.Len()), make([]int32, p.Len())
		inside := locate(cells, pairs, p.Position[0], p.Position[1], p.Position[2], l, window)
		want := locateTwin(wantCells, wantPairs, p.Position[0], p.Position[1], p.Position[2], l, window)
		if inside != want || !slices.Equal(cells, wantCells) || !slices.Equal(pairs, wantPairs) {
			t.Fatalf("%d levels: %d points inside, want %d, in the same cells", l.Levels, inside, want)
		}
		if inside == 0 || inside == p.Len() {
			t.Errorf("%d levels: %d of %d points inside", l.Levels, inside, p.Len())
		}
		place := make([]int32, slices.Max(pairs)+1)
		for i := range place {
			place[i] = int32(i%5) - 1
		}
		for _, c := range []struct {
			cells, place []int32
			first, total int
		}{{cells, nil, 0, window[0].Len() * n * window[2].Len()}, {cells, nil, 2, 3}, {pairs, place, 0, 4}} {
			got, want := make([]sample, c.total), make([]sample, c.total)
			gotCount, wantCount := make([]int32, c.total), make([]int32, c.total)
			add(got, gotCount, c.cells, c.place, c.first, p)
			addTwin(want, wantCount, c.cells, c.place, c.first, p)
			if !slices.Equal(got, want) || !slices.Equal(gotCount, wantCount) {
				t.Errorf("%d levels, %d cells: other sums", l.Levels, c.total)
			}
		}
	}
}
