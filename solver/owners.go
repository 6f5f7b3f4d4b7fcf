// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"cmp"
	"slices"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/ray"
)

// owners says which rank puts which pixels of a camera's image together: equal
// shares of its tiles, in order. Tiles run across the image in the direction in
// which the blocks of the ranks appear beside each other, and the ranks in that
// of their blocks, so that much of what a rank has seen is its own.
type owners struct {
	tiles ray.Tiles
	ranks []int // by place: the owner of share(tiles.Len(), place, len(ranks))
	place []int // by rank
}

func newOwners(d grid.Decomposition, c *Camera) *owners {
	n := d.NumRanks()
	at := make([][2]float64, n) // middles of blocks in the image [m]
	var mean, spread [2]float64
	for r := range at {
		at[r] = c.project(middle(d.Mesh, d.Block(r)))
		for a, x := range at[r] {
			mean[a] += x / float64(n)
		}
	}
	for _, x := range at {
		for a := range x {
			spread[a] += (x[a] - mean[a]) * (x[a] - mean[a])
		}
	}
	o := &owners{tiles: ray.Tiles{NX: c.NX, NY: c.NY, Columns: spread[0] > spread[1]}, ranks: make([]int, n), place: make([]int, n)}
	axis := 1
	if o.tiles.Columns {
		axis = 0
	}
	for r := range n {
		o.ranks[r] = r
	}
	slices.SortStableFunc(o.ranks, func(p, q int) int { return cmp.Compare(at[p][axis], at[q][axis]) })
	for place, r := range o.ranks {
		o.place[r] = place
	}
	return o
}

// share returns the tiles [lo, hi) of a rank.
func (o *owners) share(rank int) (lo, hi int) {
	return share(o.tiles.Len(), o.place[rank], len(o.ranks))
}

// pixels returns the number of pixels of a rank.
func (o *owners) pixels(rank int) int {
	lo, hi := o.share(rank)
	return o.tiles.Before(hi) - o.tiles.Before(lo)
}

// middle of what a block owns [m].
func middle(m grid.Mesh, b grid.Block) (p [3]float64) {
	h := m.CellSize()
	for a, own := range b.Owned {
		p[a] = m.Box.Min[a] + h[a]*float64(own.Lo+own.Hi)/2
	}
	return p
}

// order returns the place of a rank's block along the rays: whenever a ray
// passes from block to block it moves by one along one axis of the lattice,
// away from the observer, so the sum of the steps from the near corner grows.
func order(d grid.Decomposition, rank int, observer [3]float64) int {
	sum := 0
	for a, c := range d.Coords(rank) {
		if observer[a] > 0 {
			c = d.Ranks[a] - 1 - c
		}
		sum += c
	}
	return sum
}

// alongRays returns the ranks in the order in which rays meet their blocks.
func alongRays(d grid.Decomposition, observer [3]float64) []int {
	ranks := make([]int, d.NumRanks())
	for r := range ranks {
		ranks[r] = r
	}
	slices.SortStableFunc(ranks, func(a, b int) int { return cmp.Compare(order(d, a, observer), order(d, b, observer)) })
	return ranks
}
