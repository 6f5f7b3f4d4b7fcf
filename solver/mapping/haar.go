// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"fmt"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// Haar maps points to nested cells. It keeps its memory, so that the next
// rotation of a model costs no allocation; use one per goroutine. The zero
// value is ready.
type Haar struct {
	cells []int32 // of points: offset of the finest cell in the block; negative outside
	pairs []int32 // of points: offset in the lattice of the cell one level above the finest; the last plus 1 outside
	parts []pyramid
}

// Map fills the stored cells of a block of c.Mesh:
//
//	p̂ = (p − Min)/Size,  cell of level k: ⌊p̂·2ᵏ⌋ along each axis
//	mean of a cell: sum in the order of the points, divided by their number
//	an empty cell has what the cell around it on the level above has
//
// Density, T, v and v_turb alike: these are plain means over points, of which a
// refined mesh has more where it is fine. Points outside the lattice are left
// out; it is an error if none is inside [Su et al. 2025].
func Map[T grid.Float](h *Haar, p *hydro.Points, c Crop, block grid.Block, opt Options) (*grid.Cube[T], error) {
	cube := new(grid.Cube[T])
	return cube, MapInto(h, cube, p, c, block, opt)
}

// MapInto is Map into a cube whose fields are used again where they are long
// enough.
func MapInto[T grid.Float](h *Haar, cube *grid.Cube[T], p *hydro.Points, c Crop, block grid.Block, opt Options) error {
	if err := check(p, c.Mesh, block); err != nil {
		return err
	}
	if err := c.Lattice.validate(); err != nil {
		return err
	}
	var window [3]grid.Range
	for a, r := range block.Stored {
		window[a] = grid.Range{Lo: r.Lo + c.First[a], Hi: r.Hi + c.First[a]}
		if window[a].Lo < 0 || window[a].Hi > c.Lattice.Cells() {
			return fmt.Errorf("cells %d to %d of the lattice along %s: want a part of 0 to %d", window[a].Lo, window[a].Hi, grid.AxisName(a), c.Lattice.Cells())
		}
	}
	if h.locate(p, c.Lattice, window, opt.Threads) == 0 {
		return fmt.Errorf("none of %d points lies in the box from %g m of size %g m", p.Len(), c.Lattice.Min, c.Lattice.Size)
	}
	cube.Mesh, cube.Block = c.Mesh, block
	refresh(cube, opt)
	for len(h.parts) < max(1, opt.Threads) {
		h.parts = append(h.parts, pyramid{})
	}
	plane := window[1].Len() * window[2].Len()
	share(window[0], opt.Threads, func(part int, x grid.Range) {
		b := &h.parts[part]
		b.first = (x.Lo - window[0].Lo) * plane
		b.build(h, p, c.Lattice.Levels, [3]grid.Range{x, window[1], window[2]})
		store(b, cube, opt)
	})
	return nil
}

// locate finds the cells of all points and returns how many lie in the lattice.
func (h *Haar) locate(p *hydro.Points, l Lattice, window [3]grid.Range, threads int) int {
	n := p.Len()
	h.cells, h.pairs = room(h.cells, n), room(h.pairs, n)
	inside := make([]int, max(1, threads))
	share(grid.Range{Lo: 0, Hi: n}, threads, func(part int, r grid.Range) {
		x, y, z := p.Position[0][r.Lo:r.Hi], p.Position[1][r.Lo:r.Hi], p.Position[2][r.Lo:r.Hi]
		inside[part] = locate(h.cells[r.Lo:r.Hi], h.pairs[r.Lo:r.Hi], x, y, z, l, window)
	})
	total := 0
	for _, k := range inside {
		total += k
	}
	return total
}
