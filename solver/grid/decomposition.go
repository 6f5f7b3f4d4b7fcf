// SPDX-License-Identifier: BSD-3-Clause

package grid

import (
	"fmt"
	"math"
)

// LeafCells is the number of cells of a leaf: in fixed mode rays are cut at
// multiples of it only, so that their pieces, and with them every rounding,
// are the same for any number of ranks.
const LeafCells = 8

// Decomposition divides the cells of a mesh over a lattice of ranks. Rank
// (ix·py+iy)·pz+iz owns the block at lattice position (ix, iy, iz).
type Decomposition struct {
	Mesh  Mesh
	Ranks [3]int // px, py, pz
	Leaf  int    // cuts lie at multiples of this
}

// Decompose divides mesh over ranks[0]·ranks[1]·ranks[2] ranks with cuts at
// multiples of leaf cells. It returns an error if a rank would own nothing.
func Decompose(m Mesh, ranks [3]int, leaf int) (Decomposition, error) {
	if err := m.Validate(); err != nil {
		return Decomposition{}, err
	}
	for a, p := range ranks {
		leaves := (m.Cells[a] + leaf - 1) / leaf
		if p < 1 || p > leaves {
			what := "cells"
			if leaf > 1 {
				what = fmt.Sprintf("leaves of %d cells", leaf)
			}
			return Decomposition{}, fmt.Errorf("parallel.ranks = %v: %d ranks along %s for %d %s: want 1 to %d", ranks, p, AxisName(a), leaves, what, leaves)
		}
	}
	return Decomposition{Mesh: m, Ranks: ranks, Leaf: leaf}, nil
}

// NumRanks returns the number of blocks.
func (d Decomposition) NumRanks() int { return d.Ranks[0] * d.Ranks[1] * d.Ranks[2] }

// Coords returns the lattice position of a rank.
func (d Decomposition) Coords(rank int) [3]int {
	p := d.Ranks
	return [3]int{rank / (p[1] * p[2]), rank / p[2] % p[1], rank % p[2]}
}

// RankOf returns the rank at a lattice position.
func (d Decomposition) RankOf(c [3]int) int {
	return (c[0]*d.Ranks[1]+c[1])*d.Ranks[2] + c[2]
}

// Block returns what a rank owns, and stores with a halo of one cell inside the
// mesh.
func (d Decomposition) Block(rank int) Block {
	var b Block
	c := d.Coords(rank)
	for a := range c {
		n := d.Mesh.Cells[a]
		leaves := (n + d.Leaf - 1) / d.Leaf
		lo := c[a] * leaves / d.Ranks[a] * d.Leaf
		hi := min(n, (c[a]+1)*leaves/d.Ranks[a]*d.Leaf)
		b.Owned[a] = Range{lo, hi}
		b.Stored[a] = Range{max(0, lo-1), min(n, hi+1)}
	}
	return b
}

// AutoRanks chooses the lattice of n ranks for images seen along rayAxes (one
// entry per image). The estimate it minimises is time: cells of the largest
// block per image, plus the exchange of segments where a ray axis is cut. It
// returns an error if no lattice of n ranks fits.
func AutoRanks(cells [3]int, n int, rayAxes []int, leaf int) ([3]int, error) {
	const cell, exchange = 1.0, 6.0 // cost of a cell, and of a pixel whose segments travel
	best, bestCost := [3]int{}, math.Inf(1)
	for px := 1; px <= n; px++ {
		if n%px != 0 {
			continue
		}
		for py := 1; py <= n/px; py++ {
			if n/px%py != 0 {
				continue
			}
			p := [3]int{px, py, n / px / py}
			cost, ok := 0.0, true
			var largest [3]float64
			volume, halo := 1.0, 0.0
			for a := range p {
				leaves := (cells[a] + leaf - 1) / leaf
				ok = ok && p[a] <= leaves
				largest[a] = math.Min(float64(cells[a]), math.Ceil(float64(leaves)/float64(p[a]))*float64(leaf))
				volume *= largest[a]
			}
			if !ok {
				continue
			}
			for a := range p {
				if p[a] > 1 {
					halo += float64(min(p[a]-1, 2)) * volume / largest[a]
				}
			}
			cost = cell*(volume+halo) + 0.1*halo
			for _, a := range rayAxes {
				cost += cell * volume
				if p[a] > 1 {
					cost += exchange * volume / largest[a]
				}
			}
			if cost < bestCost {
				best, bestCost = p, cost
			}
		}
	}
	if math.IsInf(bestCost, 1) {
		return best, fmt.Errorf("%d ranks do not fit a mesh of %d×%d×%d cells cut at multiples of %d cells: use fewer ranks", n, cells[0], cells[1], cells[2], leaf)
	}
	return best, nil
}
