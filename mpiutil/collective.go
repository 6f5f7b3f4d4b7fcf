// SPDX-License-Identifier: BSD-3-Clause

package mpiutil

import (
	"errors"
	"fmt"
	"unsafe"
)

// Bcast copies buf of rank root to buf of all ranks. len(buf) must be the same
// on all ranks and may be of any size: long buffers travel in parts.
func Bcast[T Number](c *Comm, buf []T, root int) error {
	return c.do(opBcast, func() error {
		if err := c.checkRank("root", root); err != nil {
			return err
		}
		b := bufferOf(buf)
		return inParts(b.n, c.most, func(lo, hi int) error {
			return c.t.bcast(b.part(lo, hi), root)
		})
	})
}

// Allreduce combines element i of send of all ranks into element i of recv of
// all ranks. All slices have the same length, of any size. send and recv may be
// the same slice, and must not overlap otherwise. All ranks get the same values;
// the order of a floating-point sum depends on the number of ranks, and over MPI
// on the library. (In-process ranks add in rank order.)
func Allreduce[T Number](c *Comm, send, recv []T, op Op) error {
	return c.do(opAllreduce, func() error {
		if err := op.check(); err != nil {
			return err
		}
		if len(send) != len(recv) {
			return fmt.Errorf("send has %d elements and recv %d, they must be equal", len(send), len(recv))
		}
		s, r := bufferOf(send), bufferOf(recv)
		if s.ptr != r.ptr && s.overlaps(r) {
			return errOverlap()
		}
		return inParts(s.n, c.most, func(lo, hi int) error {
			return c.t.allreduce(s.part(lo, hi), r.part(lo, hi), op)
		})
	})
}

// Iallreduce starts what Allreduce does in place and returns at once. buf must
// not be read or written until the request is complete; it stays pinned, and may
// lie off the Go heap. All ranks start such operations in the same order. buf
// has at most 2³¹−1 elements.
func Iallreduce[T Number](c *Comm, buf []T, op Op) (*Request, error) {
	r := &Request{c: c}
	err := c.do(opIallreduce, func() error {
		if err := op.check(); err != nil {
			return err
		}
		if err := limit(len(buf), c.most); err != nil {
			return err
		}
		var err error
		r.p, err = c.t.iallreduce(bufferOf(buf), op)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Alltoallv sends to each rank its part of send and receives from each rank a
// part of recv. Parts lie one after the other in rank order: sendCounts[r]
// elements go to rank r and recvCounts[r] come from it, and what one rank sends
// is what the other expects. Counts are not negative and sum to the length of
// their slice, at most 2³¹−1.
func Alltoallv[T Number](c *Comm, send []T, sendCounts []int, recv []T, recvCounts []int) error {
	return c.do(opAlltoallv, func() error {
		s, r := bufferOf(send), bufferOf(recv)
		if err := c.checkParts("send", s.n, sendCounts); err != nil {
			return err
		}
		if err := c.checkParts("recv", r.n, recvCounts); err != nil {
			return err
		}
		if sendCounts[c.rank] != recvCounts[c.rank] {
			return fmt.Errorf("%d elements to this rank itself, but %d expected from it", sendCounts[c.rank], recvCounts[c.rank])
		}
		if s.overlaps(r) {
			return errOverlap()
		}
		return c.t.alltoallv(s, r, sendCounts, recvCounts)
	})
}

// checkParts checks that counts divide n elements among all ranks.
func (c *Comm) checkParts(what string, n int, counts []int) error {
	if len(counts) != c.size {
		return fmt.Errorf("%d %s counts for %d ranks", len(counts), what, c.size)
	}
	total := 0
	for r, k := range counts {
		if k < 0 || k > c.most-total {
			return fmt.Errorf("%s counts[%d] = %d: counts must not be negative and sum to at most %d", what, r, k, c.most)
		}
		total += k
	}
	if total != n {
		return fmt.Errorf("%s has %d elements, its counts sum to %d", what, n, total)
	}
	return nil
}

// Gather puts send of rank r at recv[r·len(send):] of rank root. len(send) must
// be the same on all ranks; recv is used on root only and has Size·len(send)
// elements there.
func Gather[T Number](c *Comm, send, recv []T, root int) error {
	return c.do(opGather, func() error {
		if err := c.checkRank("root", root); err != nil {
			return err
		}
		counts := make([]int, c.size)
		for i := range counts {
			counts[i] = len(send)
		}
		return c.gatherv(bufferOf(send), bufferOf(recv), counts, root)
	})
}

// Gatherv puts send of all ranks one after the other, in rank order, into recv
// of rank root. recv and counts are used on root only: counts[r] is len(send) of
// rank r, and recv has as many elements as counts sums to, at most 2³¹−1.
func Gatherv[T Number](c *Comm, send, recv []T, counts []int, root int) error {
	return c.do(opGatherv, func() error {
		if err := c.checkRank("root", root); err != nil {
			return err
		}
		return c.gatherv(bufferOf(send), bufferOf(recv), counts, root)
	})
}

// gatherv checks the arguments of Gather and Gatherv and runs them.
func (c *Comm) gatherv(send, recv buffer, counts []int, root int) error {
	if err := limit(send.n, c.most); err != nil {
		return err
	}
	if c.rank != root {
		return c.t.gatherv(send, buffer{nil, 0, send.kind}, nil, root)
	}
	if len(counts) != c.size {
		return fmt.Errorf("%d counts for %d ranks", len(counts), c.size)
	}
	total := 0
	for r, n := range counts {
		if n < 0 || n > c.most-total {
			return fmt.Errorf("counts[%d] = %d: counts must not be negative and sum to at most %d", r, n, c.most)
		}
		total += n
	}
	if recv.n != total {
		return fmt.Errorf("recv has %d elements, counts sum to %d", recv.n, total)
	}
	if counts[root] != send.n {
		return fmt.Errorf("counts[%d] = %d, but send of that rank has %d elements", root, counts[root], send.n)
	}
	if send.overlaps(recv) {
		return errOverlap()
	}
	return c.t.gatherv(send, recv, counts, root)
}

// Allgather puts send of rank r at recv[r·len(send):] of all ranks. len(send)
// must be the same on all ranks; recv has Size·len(send) elements, at most 2³¹−1.
func Allgather[T Number](c *Comm, send, recv []T) error {
	return c.do(opAllgather, func() error {
		if len(recv) != c.size*len(send) {
			return fmt.Errorf("recv has %d elements, %d ranks × %d are needed", len(recv), c.size, len(send))
		}
		if err := limit(len(recv), c.most); err != nil {
			return err
		}
		s, r := bufferOf(send), bufferOf(recv)
		if s.overlaps(r) {
			return errOverlap()
		}
		return c.t.allgather(s, r)
	})
}

// BcastBytes returns b of rank root on all ranks; b of other ranks is not used.
func BcastBytes(c *Comm, b []byte, root int) ([]byte, error) {
	n := []int64{int64(len(b))}
	if err := Bcast(c, n, root); err != nil {
		return nil, err
	}
	if c.rank != root {
		b = make([]byte, n[0])
	}
	if err := Bcast(c, b, root); err != nil {
		return nil, err
	}
	return b, nil
}

// GatherBytes returns b of all ranks in rank order on rank root, and nil on the
// others. Lengths may differ; together they are at most 2³¹−1 bytes.
func GatherBytes(c *Comm, b []byte, root int) ([][]byte, error) {
	if c == nil {
		return nil, c.do(opGatherv, nil)
	}
	lengths := make([]int64, c.size)
	if err := Gather(c, []int64{int64(len(b))}, lengths, root); err != nil {
		return nil, err
	}
	counts, total := make([]int, c.size), 0
	for r, n := range lengths {
		counts[r] = int(n)
		total += int(n)
	}
	all := make([]byte, total)
	if err := Gatherv(c, b, all, counts, root); err != nil {
		return nil, err
	}
	if c.rank != root {
		return nil, nil
	}
	parts := make([][]byte, c.size)
	for r, n := range counts {
		parts[r], all = all[:n:n], all[n:]
	}
	return parts, nil
}

// inParts calls f for consecutive ranges of at most most elements that cover n,
// and once with an empty range for n = 0, so that all ranks still meet.
func inParts(n, most int, f func(lo, hi int) error) error {
	for lo := 0; ; lo += most {
		hi := min(n-lo, most) + lo
		if err := f(lo, hi); err != nil || hi == n {
			return err
		}
	}
}

func errOverlap() error {
	return errors.New("send and recv overlap in memory")
}

// view is the memory of b as a slice of T.
func view[T Number](b buffer) []T {
	return unsafe.Slice((*T)(b.ptr), b.n)
}
