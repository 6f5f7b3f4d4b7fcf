// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"testing"

	"github.com/columen/columen/emulator/space"
	"github.com/columen/columen/solver/grid"
)

// TestLatticeIsTheSolversDecomposition checks that a rank has the same block of a
// cube when it solves and when it trains.
func TestLatticeIsTheSolversDecomposition(t *testing.T) {
	for _, l := range []space.Lattice{{1, 1, 1}, {2, 2, 2}, {3, 1, 5}, {8, 4, 2}} {
		for _, n := range []int{32, 64, 128} {
			mesh := grid.Mesh{Box: grid.Box{Max: [3]float64{1, 1, 1}}, Cells: [3]int{n, n, n}}
			d, err := grid.Decompose(mesh, l, 1)
			if err != nil {
				t.Fatal(err)
			}
			for rank, b := range l.Cut([3]int{n, n, n}) {
				owned := d.Block(rank).Owned
				for a, r := range b {
					if r.Lo != owned[a].Lo || r.Hi != owned[a].Hi {
						t.Errorf("%v of %d: rank %d has %v, the solver %v", l, n, rank, b, owned)
					}
				}
			}
		}
	}
}
