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

// Step composes part Far behind part Near; the result takes the place of Near.
type Step struct {
	Near, Far int
}

// Plan returns the steps that compose root from parts, which are given in
// order from the observer and cover it, and the part that holds the result. The order of
// the steps is that of the tree, whatever the parts are. It returns an error if
// a leaf is in no part.
func Plan(root Subtree, leaves int, parts []Subtree) ([]Step, int, error) {
	index := make(map[Subtree]int, len(parts))
	for i, s := range parts {
		index[s.canonical(leaves)] = i
	}
	var steps []Step
	var visit func(s Subtree) (int, error)
	visit = func(s Subtree) (int, error) {
		s = s.canonical(leaves)
		if i, ok := index[s]; ok {
			return i, nil
		}
		if s.Level == 0 {
			return 0, fmt.Errorf("ray: leaf %d of %d is missing", s.Index, leaves)
		}
		near, err := visit(Subtree{s.Level - 1, 2 * s.Index})
		if err != nil {
			return 0, err
		}
		far, err := visit(Subtree{s.Level - 1, 2*s.Index + 1})
		if err != nil {
			return 0, err
		}
		steps = append(steps, Step{near, far})
		return near, nil
	}
	result, err := visit(root)
	return steps, result, err
}

// Root returns the subtree of all leaves of a ray.
func Root(leaves int) Subtree {
	s := Subtree{}
	for 1<<s.Level < leaves {
		s.Level++
	}
	return s
}
