// SPDX-License-Identifier: BSD-3-Clause

package mpiutil

import (
	"fmt"
	"strings"
	"testing"
)

// TestLongBuffers lowers the limit of one call from 2³¹−1 elements to 5, to see
// long buffers split or refused without filling the memory.
func TestLongBuffers(t *testing.T) {
	const most = 5
	err := InProcess(3, func(c *Comm) error {
		c.most = most
		for n := range 17 {
			buf := make([]int32, n)
			for i := range buf {
				buf[i] = int32(i * (c.rank + 1))
			}
			sum := make([]int32, n)
			if err := Allreduce(c, buf, sum, Sum); err != nil {
				return err
			}
			if err := Bcast(c, buf, 2); err != nil {
				return err
			}
			for i := range buf {
				if buf[i] != int32(3*i) || sum[i] != int32(6*i) {
					return fmt.Errorf("length %d, element %d: broadcast %d, sum %d", n, i, buf[i], sum[i])
				}
			}
		}
		long := make([]int32, most+1)
		for name, err := range map[string]error{
			"Send":      Send(c, long, 0, 0),
			"Recv":      Recv(c, long, 0, 0),
			"Gatherv":   Gatherv(c, long[:2], long, []int{2, 2, 2}, c.rank),
			"Gather":    Gather(c, long, nil, 0),
			"Allgather": Allgather(c, long[:2], long),
		} {
			if err == nil || !strings.Contains(err.Error(), "at most 5") {
				return fmt.Errorf("%s of %d elements: error %v", name, len(long), err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestOneRank is the communicator of a build without MPI.
func TestOneRank(t *testing.T) {
	code := 0
	c := newInProcess(1, func(n int) { code = n })[0]
	if c.Rank() != 0 || c.Size() != 1 {
		t.Fatalf("rank %d of %d", c.Rank(), c.Size())
	}
	if err := Recv(c, []int32{0}, 0, 0); err == nil || !strings.Contains(err.Error(), "deadlock") {
		t.Errorf("receiving from nobody: error %v", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Abort(300)
		t.Error("Abort returned")
	}()
	<-done
	if code != 1 {
		t.Errorf("Abort(300) ended with code %d, want 1", code)
	}
}

// TestWatchCosts keeps the marks of the watchdog free of allocations.
func TestWatchCosts(t *testing.T) {
	w := newWatch()
	if n := testing.AllocsPerRun(100, func() {
		if err := w.begin(opRecv); err != nil {
			t.Fatal(err)
		}
		w.end()
	}); n != 0 {
		t.Errorf("%v allocations per call", n)
	}
}

// TestSecondGoroutine checks that a rank cannot communicate from two goroutines
// at a time. The first one is played by a mark.
func TestSecondGoroutine(t *testing.T) {
	c := newInProcess(1, nil)[0]
	if err := c.watch.begin(opRecv); err != nil {
		t.Fatal(err)
	}
	err := c.Barrier()
	if want := "rank 0 of 1: Barrier called while another goroutine of this rank is inside Recv"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
	c.watch.end()
	if err := c.Barrier(); err != nil {
		t.Error(err)
	}
}
