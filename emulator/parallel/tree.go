// SPDX-License-Identifier: BSD-3-Clause

package parallel

import "github.com/columen/columen/mpiutil"

// treeTag marks the messages of foldAll.
const treeTag = 7001

// foldAll replaces x of each of 2ᵏ ranks by the sum over ranks, folded in the
// binary tree of their order: a reduce-scatter by recursive halving, nearest
// ranks first, and the way back. A rank sends 2·(p−1)/p·len(x) values.
//
// Reference: Rabenseifner 2004, Optimization of collective reduction operations,
// ICCS, LNCS 3036, 1, with distances that double instead of halve.
func foldAll[T mpiutil.Number](c *mpiutil.Comm, x []T) error {
	type span struct{ lo, hi int }
	kept, scratch := []span{{0, len(x)}}, make([]T, (len(x)+1)/2)
	for far := 1; far < c.Size(); far *= 2 {
		mine := kept[len(kept)-1]
		mid := (mine.lo + mine.hi) / 2
		keep, give := span{mine.lo, mid}, span{mid, mine.hi}
		if c.Rank()&far != 0 {
			keep, give = give, keep
		}
		got := scratch[:keep.hi-keep.lo]
		if err := swap(c, x[give.lo:give.hi], got, c.Rank()^far); err != nil {
			return err
		}
		for i, v := range got {
			x[keep.lo+i] += v
		}
		kept = append(kept, keep)
	}
	for far := c.Size() / 2; far >= 1; far /= 2 {
		mine, both := kept[len(kept)-1], kept[len(kept)-2]
		kept = kept[:len(kept)-1]
		other := span{both.lo, mine.lo}
		if mine.lo == both.lo {
			other = span{mine.hi, both.hi}
		}
		if err := swap(c, x[mine.lo:mine.hi], x[other.lo:other.hi], c.Rank()^far); err != nil {
			return err
		}
	}
	return nil
}

// swap sends one slice to a rank and receives another from it.
func swap[T mpiutil.Number](c *mpiutil.Comm, send, recv []T, with int) error {
	in, err := mpiutil.Irecv(c, recv, with, treeTag)
	if err != nil {
		return err
	}
	out, err := mpiutil.Isend(c, send, with, treeTag)
	if err != nil {
		return err
	}
	return mpiutil.Waitall(in, out)
}
