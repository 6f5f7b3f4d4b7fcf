// SPDX-License-Identifier: BSD-3-Clause

package mpitest

import (
	"fmt"
	"strings"

	"github.com/columen/columen/mpiutil"
)

func broadcast(c *mpiutil.Comm) error {
	for root := range c.Size() {
		for _, n := range sizes() {
			buf := make([]float64, n)
			if c.Rank() == root {
				copy(buf, pattern[float64](root, n))
			}
			if err := first(mpiutil.Bcast(c, buf, root), same("buf", buf, pattern[float64](root, n))); err != nil {
				return fmt.Errorf("root %d, length %d: %w", root, n, err)
			}
		}
	}
	return nil
}

// allreduce compares all operations with sums done here; the values are small
// integers, exact in any order (uint8 wraps the same way in any order).
func allreduce[T mpiutil.Number](c *mpiutil.Comm) error {
	for _, op := range []mpiutil.Op{mpiutil.Sum, mpiutil.Min, mpiutil.Max} {
		for _, n := range sizes() {
			want := pattern[T](0, n)
			for r := 1; r < c.Size(); r++ {
				for i, x := range pattern[T](r, n) {
					switch op {
					case mpiutil.Sum:
						want[i] += x
					case mpiutil.Min:
						want[i] = min(want[i], x)
					case mpiutil.Max:
						want[i] = max(want[i], x)
					}
				}
			}
			mine, got := pattern[T](c.Rank(), n), make([]T, n)
			err := first(
				mpiutil.Allreduce(c, mine, got, op),
				same("recv", got, want),
				same("send", mine, pattern[T](c.Rank(), n)),
				mpiutil.Allreduce(c, mine, mine, op),
				same("in place", mine, want))
			if err != nil {
				return fmt.Errorf("%v, length %d: %w", op, n, err)
			}
		}
	}
	return nil
}

func gather(c *mpiutil.Comm) error {
	for root := range c.Size() {
		for _, n := range sizes() {
			var got, want []int64
			if c.Rank() == root {
				got = make([]int64, n*c.Size())
				for r := range c.Size() {
					want = append(want, pattern[int64](r, n)...)
				}
			}
			if err := first(mpiutil.Gather(c, pattern[int64](c.Rank(), n), got, root), same("recv", got, want)); err != nil {
				return fmt.Errorf("root %d, length %d: %w", root, n, err)
			}
		}
	}
	return nil
}

// gatherv has parts of 0, 17, 34, ... elements, rank 0 and the middle being empty.
func gatherv(c *mpiutil.Comm) error {
	length := func(r int) int {
		if r == c.Size()/2 {
			return 0
		}
		return 17 * r
	}
	for root := range c.Size() {
		var got, want []float32
		var counts []int
		if c.Rank() == root {
			for r := range c.Size() {
				counts = append(counts, length(r))
				want = append(want, pattern[float32](r, length(r))...)
			}
			got = make([]float32, len(want))
		}
		mine := pattern[float32](c.Rank(), length(c.Rank()))
		if err := first(mpiutil.Gatherv(c, mine, got, counts, root), same("recv", got, want)); err != nil {
			return fmt.Errorf("root %d: %w", root, err)
		}
	}
	return nil
}

func allgather(c *mpiutil.Comm) error {
	for _, n := range sizes() {
		var want []uint8
		for r := range c.Size() {
			want = append(want, pattern[uint8](r, n)...)
		}
		got := make([]uint8, n*c.Size())
		if err := first(mpiutil.Allgather(c, pattern[uint8](c.Rank(), n), got), same("recv", got, want)); err != nil {
			return fmt.Errorf("length %d: %w", n, err)
		}
	}
	return nil
}

// byteStrings have a length that only their own rank knows; that of rank 0 is
// empty.
func byteStrings(c *mpiutil.Comm) error {
	text := func(r int) []byte { return []byte(strings.Repeat(fmt.Sprintf("rank %d ", r), 100*r)) }
	for root := range c.Size() {
		got, err := mpiutil.BcastBytes(c, text(c.Rank()), root)
		if err := first(err, same("broadcast", got, text(root))); err != nil {
			return err
		}
		parts, err := mpiutil.GatherBytes(c, text(c.Rank()), root)
		if err != nil {
			return err
		}
		if c.Rank() != root {
			if parts != nil {
				return fmt.Errorf("rank %d got %d parts meant for rank %d", c.Rank(), len(parts), root)
			}
			continue
		}
		if len(parts) != c.Size() {
			return fmt.Errorf("%d parts from %d ranks", len(parts), c.Size())
		}
		for r, part := range parts {
			if err := same(fmt.Sprintf("part %d", r), part, text(r)); err != nil {
				return err
			}
		}
	}
	return nil
}
