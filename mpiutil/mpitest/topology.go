// SPDX-License-Identifier: BSD-3-Clause

package mpitest

import (
	"errors"
	"fmt"

	"github.com/columen/columen/mpiutil"
)

// split makes groups of every third rank in reversed order, then leaves out all
// ranks but the last.
func split(c *mpiutil.Comm) error {
	sub, err := c.Split(c.Rank()%3, -c.Rank())
	if err != nil {
		return err
	}
	size := (c.Size()-1-c.Rank()%3)/3 + 1
	if sub.Size() != size || sub.Rank() != size-1-c.Rank()/3 || sub.WorldRank() != c.WorldRank() {
		return fmt.Errorf("rank %d of %d became rank %d of %d, world rank %d", c.Rank(), c.Size(), sub.Rank(), sub.Size(), sub.WorldRank())
	}
	sum := []int64{int64(c.Rank())}
	if err := mpiutil.Allreduce(sub, sum, sum, mpiutil.Sum); err != nil {
		return err
	}
	want := int64(0)
	for r := c.Rank() % 3; r < c.Size(); r += 3 {
		want += int64(r)
	}
	if err := first(same("sum of ranks", sum, []int64{want}), mustFail("Finalize of a part", sub.Finalize()), sub.Free()); err != nil {
		return err
	}
	if err := first(mustFail("Barrier after Free", sub.Barrier()), mustFail("Free of all ranks", freeOfWorld(c))); err != nil {
		return err
	}
	color := -1
	if c.Rank() == c.Size()-1 {
		color = 0
	}
	last, err := c.Split(color, 0)
	if err != nil {
		return err
	}
	if (last != nil) != (color == 0) {
		return fmt.Errorf("rank %d gave color %d and got communicator %v", c.Rank(), color, last)
	}
	if last == nil {
		return mustFail("Barrier on nil", last.Barrier())
	}
	return last.Free()
}

// freeOfWorld tries Free on c only if that is refused.
func freeOfWorld(c *mpiutil.Comm) error {
	if c.Rank() != c.WorldRank() {
		return errors.New("not the world")
	}
	return c.Free()
}

// apart checks that messages of a communicator are not received in another one,
// although source and tag are the same.
func apart(c *mpiutil.Comm) error {
	sub, err := c.Split(0, c.Rank())
	if err != nil {
		return err
	}
	next, before := (c.Rank()+1)%c.Size(), (c.Rank()+c.Size()-1)%c.Size()
	a, b := []int32{-1}, []int32{-1}
	s1, err := mpiutil.Isend(c, []int32{1}, next, 0)
	if err != nil {
		return err
	}
	s2, err := mpiutil.Isend(sub, []int32{2}, next, 0)
	if err != nil {
		return err
	}
	return first(
		mpiutil.Recv(sub, b, before, 0), mpiutil.Recv(c, a, before, 0), mpiutil.Waitall(s1, s2, nil),
		same("parent", a, []int32{1}), same("part", b, []int32{2}), sub.Free())
}

// cartesian tries every box of Size ranks.
func cartesian(c *mpiutil.Comm) error {
	n := c.Size()
	for px := 1; px <= n; px++ {
		for py := 1; px*py <= n; py++ {
			if n%(px*py) != 0 {
				continue
			}
			dims := [3]int{px, py, n / (px * py)}
			if err := box(c, dims); err != nil {
				return fmt.Errorf("%v: %w", dims, err)
			}
		}
	}
	return first(
		mustFail("a mesh with a rank too many", second(mpiutil.NewCart(c, [3]int{1, n + 1, 1}))),
		mustFail("a mesh with no ranks", second(mpiutil.NewCart(c, [3]int{n, 0, 1}))))
}

func box(c *mpiutil.Comm, dims [3]int) error {
	t, err := mpiutil.NewCart(c, dims)
	if err != nil {
		return err
	}
	at := t.Coords()
	if r := (at[0]*dims[1]+at[1])*dims[2] + at[2]; r != c.Rank() || t.RankOf(at) != r {
		return fmt.Errorf("rank %d is at %v, which is rank %d", c.Rank(), at, t.RankOf(at))
	}
	for axis := range 3 {
		// Everyone tells the neighbour above where it is.
		src, dst := t.Shift(axis, 1)
		if (src == mpiutil.NoRank) != (at[axis] == 0) || (dst == mpiutil.NoRank) != (at[axis] == dims[axis]-1) {
			return fmt.Errorf("shift along axis %d from %v gives %d and %d", axis, at, src, dst)
		}
		if dst != mpiutil.NoRank {
			if err := mpiutil.Send(c, []int32{int32(at[0]), int32(at[1]), int32(at[2])}, dst, axis); err != nil {
				return err
			}
		}
		if src != mpiutil.NoRank {
			got, want := make([]int32, 3), []int32{int32(at[0]), int32(at[1]), int32(at[2])}
			want[axis]--
			if err := first(mpiutil.Recv(c, got, src, axis), same("neighbour below", got, want)); err != nil {
				return err
			}
		}
		line, err := t.Axis(axis)
		if err != nil {
			return err
		}
		if line.Rank() != at[axis] || line.Size() != dims[axis] {
			return fmt.Errorf("axis %d at %v: rank %d of %d", axis, at, line.Rank(), line.Size())
		}
		sum := []int32{int32(c.Rank())}
		if err := mpiutil.Allreduce(line, sum, sum, mpiutil.Sum); err != nil {
			return err
		}
		want := int32(0)
		for at[axis] = range dims[axis] {
			want += int32(t.RankOf(at))
		}
		at = t.Coords()
		if err := first(same("sum along the axis", sum, []int32{want}), line.Free()); err != nil {
			return err
		}
	}
	return mustFail("axis 3", second(t.Axis(3)))
}

// coded is an error with an exit code.
type coded struct {
	rank, code int
}

func (e *coded) Error() string { return fmt.Sprintf("trouble on rank %d", e.rank) }
func (e *coded) ExitCode() int { return e.code }

// agreement lets each rank fail alone.
func agreement(c *mpiutil.Comm) error {
	if err := mpiutil.Agree(c, nil); err != nil {
		return fmt.Errorf("no rank failed: %w", err)
	}
	for r := range c.Size() {
		var mine error
		if c.Rank() == r {
			mine = fmt.Errorf("step 3: %w", &coded{c.WorldRank(), 75})
		}
		err := mpiutil.Agree(c, mine)
		again := mpiutil.Agree(c, err)
		var agreed *mpiutil.AgreedError
		if !errors.As(again, &agreed) {
			return fmt.Errorf("rank %d failed, agreed on %w", r, again)
		}
		var local *coded
		if agreed.Code != 75 || mpiutil.ExitCode(again) != 75 || agreed.Failed != c.Size() || agreed.Size != c.Size() ||
			agreed.Message != fmt.Sprintf("step 3: trouble on rank %d", agreed.Rank) || errors.As(again, &local) != (mine != nil) {
			return fmt.Errorf("rank %d failed, agreed on %#v", r, agreed)
		}
		if errors.As(err, &agreed); agreed.Failed != 1 {
			return fmt.Errorf("rank %d failed, agreed that %d did", r, agreed.Failed)
		}
	}
	return nil
}

// agreementOfSeveral lets all ranks but 0 fail, each with another code.
func agreementOfSeveral(c *mpiutil.Comm) error {
	if c.Size() < 2 {
		return nil
	}
	var mine error
	if c.Rank() > 0 {
		mine = &coded{c.Rank(), c.Rank() + 1}
	}
	err := mpiutil.Agree(c, mine)
	var agreed *mpiutil.AgreedError
	if !errors.As(err, &agreed) || agreed.Code != 2 || agreed.Message != "trouble on rank 1" || agreed.Failed != c.Size()-1 {
		return fmt.Errorf("agreed on %v, want code 2 of rank 1 and %d failures", err, c.Size()-1)
	}
	return nil
}
