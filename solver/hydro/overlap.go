// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"sort"

	"github.com/columen/columen/solver/grid"
)

// overlap is what a source cell and a target cell have in common on an axis.
type overlap struct {
	source, target int
	length         float64 // > 0, in units of the target cell
}

// edgesOf returns the coordinates of the faces between the cells r of axis a
// of mesh, r.Len()+1 of them [m]. Those of a cell depend on its index in the
// mesh alone, not on r.
func edgesOf(mesh grid.Mesh, a int, r grid.Range) []float64 {
	e := make([]float64, r.Len()+1)
	for i := range e {
		e[i] = edge(mesh.Box.Min[a], mesh.Box.Max[a], r.Lo+i, mesh.Cells[a])
	}
	return e
}

// edge is the lower face of cell i of n equal cells from lo to hi. The faces
// at both ends are exactly lo and hi.
func edge(lo, hi float64, i, n int) float64 {
	t := float64(i) / float64(n)
	return lo*(1-t) + hi*t
}

// appendOverlaps appends to dst all pairs of the n equal source cells from lo
// to hi and the target cells of size cell between edges that overlap, sources
// ascending.
func appendOverlaps(dst []overlap, lo, hi float64, n int, edges []float64, cell float64) []overlap {
	source, target := 0, max(0, sort.SearchFloat64s(edges, lo)-1)
	for source < n && target < len(edges)-1 {
		from, to := edge(lo, hi, source, n), edge(lo, hi, source+1, n)
		if l := min(to, edges[target+1]) - max(from, edges[target]); l > 0 {
			dst = append(dst, overlap{source, target, l / cell})
		}
		if to <= edges[target+1] {
			source++
		} else {
			target++
		}
	}
	return dst
}
