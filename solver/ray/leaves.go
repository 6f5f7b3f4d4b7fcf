// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"math/bits"

	"github.com/columen/columen/solver/grid"
)

// Leaves is where a kernel leaves what rays saw leaf by leaf, for fixed mode. A
// leaf is grid.LeafCells cells along each axis of the model; the intervals
// between planes belong to the leaf of the cell at whose centre they begin. The
// position of a leaf along the rays is the sum of its numbers along the axes,
// each counted away from the observer: a ray that passes from leaf to leaf moves on by
// one. Neither depends on how the model is divided into blocks.
type Leaves[T grid.Float] struct {
	Most        int     // of a ray: Volume.MostLeaves
	Pieces      []T     // [ray][leaf][T, E][channel]
	Count, Last []int32 // per ray: its leaves, none where it misses the volume, and the position of the last
}

// NewLeaves makes room for rays.
func (v *Volume[T]) NewLeaves(rays, channels int) *Leaves[T] {
	most := v.MostLeaves()
	return &Leaves[T]{Most: most, Pieces: make([]T, rays*most*2*channels), Count: make([]int32, rays), Last: make([]int32, rays)}
}

// MostLeaves returns how many leaves of the volume a ray can cross.
func (v *Volume[T]) MostLeaves() int {
	sum := 1
	for a := range v.Lo {
		sum += max(v.Hi[a]-2, 0)/grid.LeafCells - max(v.Lo[a]-1, 0)/grid.LeafCells
	}
	return max(sum, 1)
}

// Piece returns the light of leaf i that ray r crosses: T of all channels, then E.
func (l *Leaves[T]) Piece(r, i, channels int) []T {
	return l.Pieces[(r*l.Most+i)*2*channels:][:2*channels]
}

// Fold composes the leaves of ray r as far as the tree of fixed mode allows that
// without knowing those before and behind, and calls each with the subtrees in order from the
// observer. In that tree, over the positions of leaves, an absent leaf leaves light as it is.
func (l *Leaves[T]) Fold(r, channels int, each func(s Subtree, piece []T)) {
	n := int(l.Count[r])
	first := int(l.Last[r]) + 1 - n
	for lo := 0; lo < n; {
		s := largest(first+lo, first+n)
		for step := 1; step < 1<<s.Level; step *= 2 {
			for i := 0; i < 1<<s.Level; i += 2 * step {
				composePieces(l.Piece(r, lo+i, channels), l.Piece(r, lo+i+step, channels))
			}
		}
		each(s, l.Piece(r, lo, channels))
		lo += 1 << s.Level
	}
}

// largest returns the largest subtree that begins at position lo and ends before hi.
func largest(lo, hi int) Subtree {
	level := bits.Len(uint(hi-lo)) - 1
	if lo > 0 {
		level = min(level, bits.TrailingZeros(uint(lo)))
	}
	return Subtree{level, lo >> level}
}

// composePieces puts far behind near, in the place of near.
func composePieces[T grid.Float](near, far []T) {
	n := len(near) / 2
	Compose(near[:n], near[n:], far[:n], far[n:])
}

// Stack composes the subtrees of a ray in the order of the tree, whatever
// the subtrees are. The zero value is ready.
type Stack[T grid.Float] struct {
	held [][]T // by level: subtrees that wait for what is behind them
	full uint  // which levels hold one
	next int   // first position not yet given
	work []T
}

// Put adds the next subtree from the observer on; piece is copied.
func (k *Stack[T]) Put(s Subtree, piece []T) {
	first := s.first()
	for k.full != 0 && k.next < first { // absent leaves, where a ray runs along an edge
		gap := largest(k.next, first)
		k.work = append(k.work[:0], piece...)
		n := len(piece) / 2
		for i := range n {
			k.work[i], k.work[n+i] = 1, 0
		}
		k.carry(gap)
	}
	k.work = append(k.work[:0], piece...)
	k.next = first
	k.carry(s)
}

// carry adds the piece in work as subtree s.
func (k *Stack[T]) carry(s Subtree) {
	k.next += 1 << s.Level
	for ; s.Index&1 == 1; s = (Subtree{s.Level + 1, s.Index / 2}) {
		if k.full>>s.Level&1 == 1 {
			composePieces(k.held[s.Level], k.work)
			k.held[s.Level], k.work = k.work, k.held[s.Level]
			k.full &^= 1 << s.Level
		}
	}
	for len(k.held) <= s.Level {
		k.held = append(k.held, nil)
	}
	k.held[s.Level], k.work = k.work, k.held[s.Level]
	k.full |= 1 << s.Level
}

// Take returns T and E of the whole ray, nil if nothing was put, and empties the
// stack; they are valid until the next Put.
func (k *Stack[T]) Take() []T {
	var all []T
	for level, piece := range k.held {
		if k.full>>level&1 == 0 {
			continue
		}
		if all != nil {
			composePieces(piece, all)
		}
		all = piece
	}
	k.full, k.next = 0, 0
	return all
}

// checkLeaves panics on what is a programmer's error.
func checkLeaves[T grid.Float](b *Beam[T], out *Leaves[T], channels int) {
	n := len(b.Start[0])
	if len(b.Start[1]) != n || len(b.Start[2]) != n || n == 0 {
		panic("ray: beam without rays, or with starts of different lengths")
	}
	if out.Most < b.Volume.MostLeaves() || len(out.Pieces) < n*out.Most*2*channels || len(out.Count) < n || len(out.Last) < n {
		panic("ray: leaves too small")
	}
}
