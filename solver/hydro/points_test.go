// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"testing"

	"github.com/columen/columen/solver/grid"
)

func TestPointsBox(t *testing.T) {
	p := Points{Position: [3][]float64{{3, -1, 2}, {0, 5, 1}, {-2, -7, -4}}}
	if got, want := p.Box(), (grid.Box{Min: [3]float64{-1, 0, -7}, Max: [3]float64{3, 5, -2}}); got != want {
		t.Errorf("box %v, want %v", got, want)
	}
	if p.Len() != 3 {
		t.Errorf("%d points, want 3", p.Len())
	}
	if got := (&Points{}).Box(); got != (grid.Box{}) {
		t.Errorf("box of no points %v, want empty", got)
	}
}
