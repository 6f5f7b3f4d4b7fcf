// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"fmt"

	"github.com/columen/columen/solver/grid"
)

// Compose overwrites the stretch (t1, e1) with the stretch that is it and then
// (t2, e2) behind it, element by element:
// T = T₁T₂, E = E₁ + T₁E₂ [Heinemann et al. 2006, eq. 8].
func Compose[T grid.Float](t1, e1, t2, e2 []T) {
	e1, t2, e2 = e1[:len(t1)], t2[:len(t1)], e2[:len(t1)]
	for i, t := range t1 {
		e1[i] += T(t * e2[i]) // the conversion forbids fusing: the same bits on every machine
		t1[i] = t * t2[i]
	}
}

// Subtree is a node of the binary tree in which fixed mode composes the leaves
// of a ray: leaves [Index·2^Level, (Index+1)·2^Level), as far as they exist,
// counted from the observer.
type Subtree struct {
	Level, Index int
}

func (s Subtree) first() int { return s.Index << s.Level }

// canonical descends where the right half is empty, so that equal sets of
// leaves have equal names.
func (s Subtree) canonical(leaves int) Subtree {
	for s.Level > 0 && s.first()+1<<(s.Level-1) >= leaves {
		s = Subtree{s.Level - 1, 2 * s.Index}
	}
	return s
}

// Subtrees returns the largest subtrees that together cover leaves [lo, hi) of
// a ray of the given number of leaves, in order from the observer.
func Subtrees(lo, hi, leaves int) []Subtree {
	var list []Subtree
	for lo < hi {
		s := Subtree{0, lo}
		for {
			up := Subtree{s.Level + 1, s.Index / 2}
			end := min(leaves, (up.Index+1)<<up.Level)
			if up.first() != lo || end > hi || 1<<s.Level >= leaves {
				break
			}
			s = up
		}
		next := min(leaves, (s.Index+1)<<s.Level)
		list = append(list, s.canonical(leaves))
		lo = next
	}
	return list
}

// Stretch is what a subtree of leaves does to light, per pixel and channel.
type Stretch[T grid.Float] struct {
	Transmission, Emission []T
}

// Fold composes the parts of the subtree root, given under their names, in the
// order of the tree. It overwrites the parts and returns the stretch of root,
// which is one of them. It returns an error if a leaf is in no part.
func Fold[T grid.Float](root Subtree, leaves int, parts map[Subtree]Stretch[T]) (Stretch[T], error) {
	root = root.canonical(leaves)
	if s, ok := parts[root]; ok {
		return s, nil
	}
	if root.Level == 0 {
		return Stretch[T]{}, fmt.Errorf("ray: leaf %d of %d is missing", root.Index, leaves)
	}
	near, err := Fold(Subtree{root.Level - 1, 2 * root.Index}, leaves, parts)
	if err != nil {
		return near, err
	}
	far, err := Fold(Subtree{root.Level - 1, 2*root.Index + 1}, leaves, parts)
	if err != nil {
		return near, err
	}
	Compose(near.Transmission, near.Emission, far.Transmission, far.Emission)
	return near, nil
}

// Root returns the subtree of all leaves of a ray.
func Root(leaves int) Subtree {
	s := Subtree{}
	for 1<<s.Level < leaves {
		s.Level++
	}
	return s
}
