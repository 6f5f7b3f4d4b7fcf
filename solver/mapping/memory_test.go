// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"testing"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// TestHaarBytes: what is said to be held is held, and the coarser cells that empty ones need add less than a half.
func TestHaarBytes(t *testing.T) {
	const side, n = 32, 4096
	m := grid.Mesh{Box: grid.Box{Max: [3]float64{side, side, side}}, Cells: [3]int{side, side, side}}
	l, err := OnMesh(m)
	if err != nil {
		t.Fatal(err)
	}
	p := &hydro.Points{Density: make([]float64, n), Temperature: make([]float64, n), Turbulence: make([]float64, n)}
	for a := range 3 {
		p.Position[a], p.Velocity[a] = make([]float64, n), make([]float64, n)
		for i := range n { // the centre of every second cell along each axis
			p.Position[a][i] = float64(i>>(4*a)%16)*2 + 0.5
		}
	}
	h := new(Haar)
	if _, err := Map[float64](h, p, l.Whole(), m.Full(), Options{Threads: 1}); err != nil {
		t.Fatal(err)
	}
	held := 4 * float64(cap(h.cells)+cap(h.pairs))
	for _, b := range h.parts {
		for _, v := range b.levels {
			held += float64(4*cap(v.count) + cap(v.needed) + 40*cap(v.mean) + 8*cap(v.turbulence))
		}
		held += float64(4 * cap(b.place))
	}
	if want := HaarBytes(n, m.NumCells()); held < want || held > 1.5*want {
		t.Errorf("%g bytes held, %g said", held, want)
	}
}
