// SPDX-License-Identifier: BSD-3-Clause

package mpitest

import (
	"fmt"

	"github.com/columen/columen/mpiutil"
)

// inFlight has several all-reduces under way, of different lengths, completed by
// Test and by Wait in another order than they were started.
func inFlight(c *mpiutil.Comm) error {
	var bufs [][]float32
	var reqs []*mpiutil.Request
	for _, n := range sizes() {
		buf := pattern[float32](c.Rank(), n)
		r, err := mpiutil.Iallreduce(c, buf, mpiutil.Sum)
		if err != nil {
			return fmt.Errorf("length %d: %w", n, err)
		}
		bufs, reqs = append(bufs, buf), append(reqs, r)
	}
	// A blocking collective meanwhile does not mix with them.
	sum := []float64{1}
	if err := first(mpiutil.Allreduce(c, sum, sum, mpiutil.Sum), same("meanwhile", sum, []float64{float64(c.Size())})); err != nil {
		return err
	}
	for i := len(reqs) - 1; i >= 0; i-- {
		var err error
		for done := i%2 == 0; !done && err == nil; {
			done, err = reqs[i].Test()
		}
		if err := first(err, reqs[i].Wait()); err != nil {
			return fmt.Errorf("length %d: %w", sizes()[i], err)
		}
		want := make([]float32, sizes()[i])
		for r := range c.Size() {
			for k, x := range pattern[float32](r, len(want)) {
				want[k] += x
			}
		}
		if err := same("sum in flight", bufs[i], want); err != nil {
			return err
		}
		if done, err := reqs[i].Test(); !done || err != nil {
			return fmt.Errorf("a second Test: %v, %w", done, err)
		}
	}
	return nil
}

// allToAll sends (from + 2·to) mod 5 times 11 elements, some parts being empty.
func allToAll(c *mpiutil.Comm) error {
	length := func(from, to int) int { return 11 * ((from + 2*to) % 5) }
	part := func(from, to int) []int32 { return pattern[int32](3*from+to, length(from, to)) }
	var send, want []int32
	var sendCounts, recvCounts []int
	for r := range c.Size() {
		send, sendCounts = append(send, part(c.Rank(), r)...), append(sendCounts, length(c.Rank(), r))
		want, recvCounts = append(want, part(r, c.Rank())...), append(recvCounts, length(r, c.Rank()))
	}
	got := make([]int32, len(want))
	if err := first(mpiutil.Alltoallv(c, send, sendCounts, got, recvCounts), same("recv", got, want)); err != nil {
		return err
	}
	return first(
		mustFail("counts for one rank more", mpiutil.Alltoallv(c, send, append(sendCounts, 0), got, recvCounts)),
		mustFail("a buffer of another length", mpiutil.Alltoallv(c, append(send, 1), sendCounts, got, recvCounts)))
}
