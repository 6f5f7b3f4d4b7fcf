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
	codes []uint32 // of points: where they lie in the lattice
	parts []pyramid
}

// outside is the code of a point that is not in the lattice.
const outside = ^uint32(0)

// Map fills the stored cells of a block of c.Mesh:
//
//	p̂ = (p − Min)/Size,  cell of level k: ⌊p̂·2ᵏ⌋ along each axis
//	mean of a cell: sum in the order of the points, divided by their number
//	an empty cell has what the cell around it on the level above has
//
// Density, T, v and v_turb alike: these are plain means over points, of which a
// refined mesh has more where it is fine. Points outside the lattice are left
// out; it is an error if none is inside.
//
// [De Ceuster et al. 2024]
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
	if h.encode(p, c.Lattice, opt.Threads) == 0 {
		return fmt.Errorf("none of %d points lies in the box from %g m of size %g m", p.Len(), c.Lattice.Min, c.Lattice.Size)
	}
	cube.Mesh, cube.Block = c.Mesh, block
	refresh(cube, opt)
	for len(h.parts) < max(1, opt.Threads) {
		h.parts = append(h.parts, pyramid{})
	}
	share(block.Stored[0], opt.Threads, func(part int, x grid.Range) {
		window := block.Stored
		window[0] = x
		for a := range window {
			window[a].Lo += c.First[a]
			window[a].Hi += c.First[a]
		}
		b := &h.parts[part]
		b.build(h.codes, p, c.Lattice.Levels, window)
		from := (x.Lo - block.Stored[0].Lo) * block.Stored[1].Len() * block.Stored[2].Len()
		store(b, cube, from, p, opt)
	})
	return nil
}

// encode finds the finest cell of every point and returns how many have one.
// The cell of level k is that of the finest shifted right, for multiplying by a
// power of two does not round.
func (h *Haar) encode(p *hydro.Points, l Lattice, threads int) int {
	n := p.Len()
	h.codes = room(h.codes, n)
	inside := make([]int, max(1, threads))
	share(grid.Range{Lo: 0, Hi: n}, threads, func(part int, r grid.Range) {
		inside[part] = encode(h.codes[r.Lo:r.Hi], p.Position[0][r.Lo:r.Hi], p.Position[1][r.Lo:r.Hi], p.Position[2][r.Lo:r.Hi], l)
	})
	total := 0
	for _, k := range inside {
		total += k
	}
	return total
}

func encode(codes []uint32, x, y, z []float64, l Lattice) int {
	n := float64(l.Cells())
	inside := 0
	y, z, codes = y[:len(x)], z[:len(x)], codes[:len(x)]
	for i := range x {
		u, v, w := (x[i]-l.Min[0])/l.Size[0]*n, (y[i]-l.Min[1])/l.Size[1]*n, (z[i]-l.Min[2])/l.Size[2]*n
		if !(u >= 0 && u < n && v >= 0 && v < n && w >= 0 && w < n) {
			codes[i] = outside
			continue
		}
		codes[i] = uint32(u)<<20 | uint32(v)<<10 | uint32(w)
		inside++
	}
	return inside
}
