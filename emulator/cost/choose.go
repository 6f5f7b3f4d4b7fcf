// SPDX-License-Identifier: BSD-3-Clause

package cost

import (
	"cmp"
	"fmt"
	"slices"
)

// Limits say which meshes may be chosen.
type Limits struct {
	Ranks       int
	MemoryBytes float64 // of a rank; 0 knows no limit
	Prefetch    int     // batches read ahead
	NoSpace     bool    // cubes are not shared: fixed mode, statistics of each rank's samples
	// Fixed requires that 8 be a multiple of the ranks.
	Fixed bool
}

// Candidate is a mesh and what it is predicted to need.
type Candidate struct {
	Mesh   Mesh
	Memory Memory
	Step   Step
	Fits   bool
}

// fixedRanks is the largest number of ranks of fixed mode (parallel.Slots).
const fixedRanks = 8

// Choose returns the meshes of so many ranks, best first: those that fit into the
// memory before others, and then by the time of a step. Cubes are shared where a
// batch has fewer samples than there are ranks, or where nothing else fits. What
// fits nowhere is ordered by its memory. A mesh that is not simpler must be faster
// by a hundredth than a simpler one, since a prediction is no better.
func Choose(n Network, o Options, l Limits, r Rates, w Wires, s Sharing) ([]Candidate, error) {
	if l.Fixed && fixedRanks%l.Ranks != 0 {
		return nil, fmt.Errorf("cost: fixed mode on %d ranks: want 1, 2, 4 or 8", l.Ranks)
	}
	var plain, shared []Candidate
	fits := false
	for _, m := range Meshes(l.Ranks) {
		if l.Fixed && fixedRanks%m.Group() != 0 {
			continue
		}
		whole := m.volume() == 1
		if !whole && (l.NoSpace || l.Fixed || n.Grid/m.Space[0] < 4) {
			continue
		}
		c := Candidate{Mesh: m, Memory: MemoryOf(n, m, o.Batch, l.Prefetch), Step: Predict(n, m, o, r, w, s)}
		c.Fits = l.MemoryBytes == 0 || c.Memory.Total() <= l.MemoryBytes
		if whole {
			plain = append(plain, c)
			fits = fits || c.Fits
		} else {
			shared = append(shared, c)
		}
	}
	list := plain
	if !fits || o.Batch < l.Ranks {
		list = append(list, shared...)
	}
	slices.SortStableFunc(list, func(a, b Candidate) int {
		switch {
		case a.Fits != b.Fits:
			return cmp.Compare(b2i(b.Fits), b2i(a.Fits))
		case !a.Fits:
			return cmp.Compare(a.Memory.Total(), b.Memory.Total())
		}
		return cmp.Compare(a.Step.Total(), b.Step.Total())
	})
	simplest := 0
	for i, c := range list {
		if c.Fits == list[0].Fits && c.Step.Total() <= 1.01*list[0].Step.Total() && c.Mesh.simplicity() < list[simplest].Mesh.simplicity() {
			simplest = i
		}
	}
	if list[0].Fits && simplest > 0 {
		best := list[simplest]
		list = slices.Insert(slices.Delete(list, simplest, simplest+1), 0, best)
	}
	return list, nil
}

// simplicity orders meshes by how much is shared.
func (m Mesh) simplicity() int { return m.Tensor*m.volume() + 1000*m.volume() }

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
