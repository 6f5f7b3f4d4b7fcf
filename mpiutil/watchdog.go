// SPDX-License-Identifier: BSD-3-Clause

package mpiutil

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// opcode names a communication for the watchdog and in errors. 0 means none.
type opcode uint8

const (
	opNone opcode = iota
	opBarrier
	opSplit
	opFree
	opFinalize
	opSend
	opRecv
	opIsend
	opIrecv
	opWait
	opBcast
	opAllreduce
	opGather
	opGatherv
	opAllgather
	opIallreduce
	opAlltoallv
	opTest
)

func (o opcode) String() string {
	return [...]string{"no communication", "Barrier", "Split", "Free", "Finalize", "Send", "Recv", "Isend", "Irecv",
		"Wait", "Bcast", "Allreduce", "Gather", "Gatherv", "Allgather", "Iallreduce", "Alltoallv", "Test"}[o]
}

// watch knows which communication a rank is inside, and since when. One word
// holds both: the opcode above opShift, below it the nanoseconds since base,
// enough for two years.
type watch struct {
	base  time.Time
	state atomic.Uint64
}

const opShift = 56

func newWatch() *watch { return &watch{base: time.Now()} }

// begin marks that the rank enters op. It refuses a second goroutine.
func (w *watch) begin(op opcode) error {
	since := uint64(time.Since(w.base)) & (1<<opShift - 1)
	if w.state.CompareAndSwap(0, uint64(op)<<opShift|since) {
		return nil
	}
	inside, _ := w.inside()
	return fmt.Errorf("%v called while another goroutine of this rank is inside %v", op, inside)
}

func (w *watch) end() { w.state.Store(0) }

// inside is the communication that the rank is in, and for how long.
func (w *watch) inside() (opcode, time.Duration) {
	v := w.state.Load()
	since := time.Duration(v & (1<<opShift - 1))
	return opcode(v >> opShift), time.Since(w.base) - since
}

// Inside names the communication that this rank is in, "" for none, and tells for
// how long. It may be called from any goroutine.
func (c *Comm) Inside() (name string, since time.Duration) {
	op, since := c.watch.inside()
	if op == opNone {
		return "", 0
	}
	return op.String(), since
}

// stuckError says that the watchdog of a rank has ended the job.
type stuckError struct {
	rank, size    int
	op            opcode
	inside, limit time.Duration
}

func (e *stuckError) Error() string {
	return fmt.Sprintf("watchdog: rank %d of %d has been inside %v for %.1f s, the limit is %.1f s: "+
		"another rank has probably failed alone, taken another path or is still computing; ending all ranks",
		e.rank, e.size, e.op, e.inside.Seconds(), e.limit.Seconds())
}

// StartWatchdog ends all ranks of the job when this rank has been inside one
// communication for longer than limit: it gives one line without a newline to
// report, or writes it to stderr where report is nil, and aborts with exit code
// 1. It covers this rank with all its communicators, so one call on the world is
// enough. A limit ≤ 0 starts nothing. limit must be longer than the longest time
// that one rank may compute while another waits for it.
//
// It runs in a goroutine of its own, and so also while the main goroutine is
// blocked inside MPI. The returned function stops it and may be called more than
// once; stop it after Finalize, so that a rank which hangs there is ended too.
func (c *Comm) StartWatchdog(limit time.Duration, report func(line string)) (stop func()) {
	if limit <= 0 {
		return func() {}
	}
	if report == nil {
		report = func(line string) { fmt.Fprintln(os.Stderr, line) }
	}
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(min(max(limit/8, time.Millisecond), time.Second))
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if op, inside := c.watch.inside(); op != opNone && inside > limit {
				err := &stuckError{c.rank, c.size, op, inside, limit}
				report("mpiutil: " + err.Error())
				c.t.kill(1, err)
				return
			}
		}
	}()
	var once sync.Once
	return func() { once.Do(func() { close(done) }) }
}
