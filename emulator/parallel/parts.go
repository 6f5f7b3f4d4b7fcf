// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/mpiutil"
)

// parts is the nn.Parts of a team.
type parts[T device.Float] struct{ t *Team[T] }

// Slots returns the bounds of the slots of this rank.
func (p parts[T]) Slots() []int {
	bounds := p.t.slotsOf(p.t.Rank(), p.t.Rank()+1)
	if p.t.fault.slots != nil {
		bounds = p.t.fault.slots(bounds)
	}
	return bounds
}

// moments are those of some slots, which are merged in a binary tree.
type moments struct {
	count  int
	values []float64
}

func mergeMoments(a, b moments) moments {
	nn.Merge(a.count, a.values, b.count, b.values)
	return moments{a.count + b.count, a.values}
}

// Moments merges those of this rank's slots, and then those of all ranks.
func (p parts[T]) Moments(counts []int, slots [][]float64, total []float64) int {
	t := p.t
	if t.fault.moments != nil {
		t.fault.moments(counts, slots)
	}
	own := device.Fold(len(counts), func(k int) moments { return moments{counts[k], slots[k]} }, mergeMoments)
	if t.opts.LocalNorm || t.Size() == 1 {
		copy(total, own.values)
		return own.count
	}
	n := 1 + len(total)
	send, recv := make([]float64, n), make([]float64, n*t.Size())
	send[0] = float64(own.count)
	copy(send[1:], own.values)
	t.during("the statistics of a normalisation")
	t.communicate(func() error { return mpiutil.Allgather(t.world, send, recv) })
	t.traffic.Norm += int64(t.Size()-1) * int64(n) * 8
	all := device.Fold(t.Size(), func(r int) moments {
		return moments{int(recv[r*n]), recv[r*n+1 : (r+1)*n]}
	}, mergeMoments)
	copy(total, all.values)
	return all.count
}

// Sum folds sums over this rank's slots, and then those of all ranks.
func (p parts[T]) Sum(slots [][]float64, total []float64) (keep bool) {
	t := p.t
	own := device.Fold(len(slots), func(k int) []float64 { return slots[k] }, func(a, b []float64) []float64 {
		device.Axpy(1, b, a)
		return a
	})
	copy(total, own)
	if t.opts.LocalNorm || t.Size() == 1 {
		return true
	}
	t.during("the derivatives of the statistics of a normalisation")
	t.communicate(func() error {
		if t.opts.Fixed {
			return foldAll(t.world, total)
		}
		return mpiutil.Allreduce(t.world, total, total, mpiutil.Sum)
	})
	t.traffic.Norm += reduceBytes(t.Size(), len(total), 8)
	return t.Rank() == 0
}
