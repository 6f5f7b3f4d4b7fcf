// SPDX-License-Identifier: BSD-3-Clause

package device

// A slot is a stretch of the samples of a batch. Sums made per slot and folded in
// a binary tree over the slots have the same bits however the slots are shared
// out, as long as who holds several holds a whole subtree.

// Fold adds up n parts in a binary tree: neighbours first, then neighbouring
// pairs. make returns part k, and add adds b to a and returns a. n is at least 1.
func Fold[P any](n int, make func(k int) P, add func(a, b P) P) P {
	var tree []P // finished subtrees, the largest first
	for k := range n {
		part := make(k)
		for bits := k; bits&1 == 1; bits >>= 1 {
			part = add(tree[len(tree)-1], part)
			tree = tree[:len(tree)-1]
		}
		tree = append(tree, part)
	}
	for len(tree) > 1 { // n is no power of two
		last := len(tree) - 1
		tree[last-1] = add(tree[last-1], tree[last])
		tree = tree[:last]
	}
	return tree[0]
}

// LinearBackwardSlots adds dw[o,i] += tree over slots of Σ_b dy[b,o]·x[b,i], and
// likewise db[o] += tree of Σ_b dy[b,o] unless db is nil; to zeros with l.Write.
func LinearBackwardSlots[T Float](threads int, l Linear, bounds []int, x, dy, dw, db []T) {
	parallel(threads, l.Out, func(o int) {
		type part struct {
			row  []T
			bias T
		}
		sum := Fold(len(bounds)-1, func(k int) part {
			p := part{row: make([]T, l.In)}
			for b := bounds[k]; b < bounds[k+1]; b++ {
				g := dy[b*l.Out+o]
				Axpy(g, x[b*l.In:(b+1)*l.In], p.row)
				p.bias += g
			}
			return p
		}, func(a, b part) part {
			Axpy(1, b.row, a.row)
			a.bias += b.bias
			return a
		})
		row := dw[o*l.In : (o+1)*l.In]
		if l.Write {
			clear(row)
		}
		Axpy(1, sum.row, row)
		if db != nil {
			if l.Write {
				db[o] = 0
			}
			db[o] += sum.bias
		}
	})
}
