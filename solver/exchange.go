// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/ray"
)

// share returns the range of n values that member i of m owns.
func share(n, i, m int) (lo, hi int) { return n * i / m, n * (i + 1) / m }

// exchange returns the intensities that this rank owns: its share of the pixels and channels of its
// column of ranks.
func exchange[T grid.Float](comm *mpiutil.Comm, d grid.Decomposition, g *patch, own *stretches[T], p *Problem) ([]T, error) {
	los := p.View.Observer
	cart, err := mpiutil.NewCart(comm, d.Ranks)
	if err != nil {
		return nil, err
	}
	column, err := cart.Axis(los.Axis)
	if err != nil {
		return nil, err
	}
	n := g.size()
	lo, hi := share(n, column.Rank(), column.Size())
	all, err := collect(column, d, g, own, p, lo, hi)
	if err != nil {
		return nil, err
	}
	steps, at, err := compositionPlan(all.parts, g.leaves, p.Fixed)
	if err != nil {
		return nil, err
	}
	for _, s := range steps {
		ray.Compose(all.transmission[s.Near], all.emission[s.Near], all.transmission[s.Far], all.emission[s.Far])
	}
	light, plane := all.emission[at], g.nx*g.ny
	if p.BackgroundSI != nil {
		for i, t := range all.transmission[at] {
			light[i] += T(t * T(p.BackgroundSI[(lo+i)/plane]))
		}
	}
	return light, nil
}

// compositionPlan orders the composition of the parts of a column: in fixed mode along the tree, else
// from the observer on.
func compositionPlan(parts []ray.Subtree, leaves int, fixed bool) ([]ray.Step, int, error) {
	if fixed {
		return ray.Plan(ray.Root(leaves), leaves, parts)
	}
	var steps []ray.Step
	for i := 1; i < len(parts); i++ {
		steps = append(steps, ray.Step{Near: 0, Far: i})
	}
	return steps, 0, nil
}

// columnParts is what the ranks of a column have computed for one share of the pixels, in
// order from the observer.
type columnParts[T grid.Float] struct {
	stretches[T]
	parts []ray.Subtree
}

// collect sends each rank of the column its share of our stretches, and receives ours: values [lo, hi).
func collect[T grid.Float](column *mpiutil.Comm, d grid.Decomposition, g *patch, own *stretches[T], p *Problem, lo, hi int) (*columnParts[T], error) {
	los := p.View.Observer
	var (
		all      columnParts[T]
		requests []*mpiutil.Request
		first    error
	)
	post := func(r *mpiutil.Request, err error) {
		if err == nil {
			requests = append(requests, r)
		} else if first == nil {
			first = err
		}
	}
	for i := 0; i < column.Size(); i++ {
		member := i // from the observer on
		if los.Sign > 0 {
			member = column.Size() - 1 - i
		}
		parts := partsOf(d, los, member, p.Fixed, g.leaves)
		all.parts = append(all.parts, parts...)
		for k := range parts {
			if member == column.Rank() {
				all.transmission = append(all.transmission, own.transmission[k][lo:hi])
				all.emission = append(all.emission, own.emission[k][lo:hi])
				continue
			}
			t, e := make([]T, hi-lo), make([]T, hi-lo)
			all.transmission, all.emission = append(all.transmission, t), append(all.emission, e)
			if hi > lo {
				post(mpiutil.Irecv(column, t, member, 2*k))
				post(mpiutil.Irecv(column, e, member, 2*k+1))
			}
		}
	}
	for member := 0; member < column.Size(); member++ {
		a, b := share(g.size(), member, column.Size())
		if member == column.Rank() || a == b {
			continue
		}
		for k := range g.parts {
			post(mpiutil.Isend(column, own.transmission[k][a:b], member, 2*k))
			post(mpiutil.Isend(column, own.emission[k][a:b], member, 2*k+1))
		}
	}
	if err := mpiutil.Waitall(requests...); first == nil {
		first = err
	}
	return &all, first
}

// partsOf returns the parts into which the rank at lattice position member along the line of sight has folded its rays.
func partsOf(d grid.Decomposition, los Direction, member int, fixed bool, leaves int) []ray.Subtree {
	if !fixed {
		return []ray.Subtree{{}}
	}
	var c [3]int
	c[los.Axis] = member
	own := d.Block(d.RankOf(c)).Owned[los.Axis]
	lo, hi := own.Lo/grid.LeafCells, (own.Hi+grid.LeafCells-1)/grid.LeafCells
	if los.Sign > 0 {
		lo, hi = leaves-hi, leaves-lo
	}
	return ray.Subtrees(lo, hi, leaves)
}
