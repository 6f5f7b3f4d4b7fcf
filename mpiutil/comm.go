// SPDX-License-Identifier: BSD-3-Clause

package mpiutil

import (
	"errors"
	"fmt"
	"runtime"
)

// MaxTag is the largest tag of a message, the value that every MPI grants.
const MaxTag = 32767

// Comm is a communicator as one of its ranks sees it. It comes from Init, from
// InProcess or from Split. Only one goroutine may be inside its methods and
// functions at a time; see the package documentation.
type Comm struct {
	t       transport
	rank    int    // in this communicator
	size    int    // of this communicator
	world   int    // rank in the communicator that all others were split from
	watch   *watch // shared by all communicators of this rank
	isWorld bool
	closed  bool // after Finalize or Free
	most    int  // elements of one transport call
}

// transport moves bytes for one rank of one communicator. Arguments have been
// checked by the time they arrive here.
type transport interface {
	barrier() error
	isend(b buffer, dest, tag int) (pending, error)
	irecv(b buffer, src, tag int) (pending, error)
	send(b buffer, dest, tag int) error
	recv(b buffer, src, tag int) error
	bcast(b buffer, root int) error
	// allreduce works in place where send and recv start at the same address.
	allreduce(send, recv buffer, op Op) error
	// gatherv uses recv and counts on root only.
	gatherv(send, recv buffer, counts []int, root int) error
	allgather(send, recv buffer) error
	// iallreduce works in place. All ranks start such operations in one order.
	iallreduce(b buffer, op Op) (pending, error)
	alltoallv(send, recv buffer, sendCounts, recvCounts []int) error
	// split returns rank and size with the transport, nil for a negative color.
	split(color, key int) (t transport, rank, size int, err error)
	free() error
	finalize() error
	// kill ends all ranks of the world. Over MPI it does not return.
	kill(code int, cause error)
}

// pending is a communication in flight.
type pending interface {
	wait() error
	// test is wait where that need not block; otherwise done is false.
	test() (done bool, err error)
}

// newWorld returns the communicator of all ranks.
func newWorld(t transport, rank, size int) *Comm {
	return &Comm{t: t, rank: rank, size: size, world: rank, watch: newWatch(), isWorld: true, most: maxCount}
}

// Rank is the number of this rank, 0 ≤ Rank < Size.
func (c *Comm) Rank() int { return c.rank }

// Size is the number of ranks.
func (c *Comm) Size() int { return c.size }

// WorldRank is the number of this rank in the communicator that Init or
// InProcess made. It is the one to use in logs and error messages.
func (c *Comm) WorldRank() int { return c.world }

// Barrier returns when every rank has called it.
func (c *Comm) Barrier() error {
	return c.do(opBarrier, func() error { return c.t.barrier() })
}

// Split makes one communicator of the ranks of each color, ordered by key and
// then by rank. All ranks must call it. A rank with color < 0 takes no part and
// gets a nil communicator and no error.
func (c *Comm) Split(color, key int) (*Comm, error) {
	var sub *Comm
	err := c.do(opSplit, func() error {
		if color > maxCount || key > maxCount || key < -maxCount {
			return fmt.Errorf("color %d, key %d: at most %d is possible", color, key, maxCount)
		}
		t, rank, size, err := c.t.split(max(color, -1), key)
		if err == nil && t != nil {
			sub = &Comm{t: t, rank: rank, size: size, world: c.world, watch: c.watch, most: c.most}
		}
		return err
	})
	return sub, err
}

// Free gives back a communicator made by Split. All its ranks must call it.
// Communicators that live until the end of the job need no Free.
func (c *Comm) Free() error {
	return c.do(opFree, func() error {
		if c.isWorld {
			return errors.New("the communicator of all ranks is ended by Finalize")
		}
		c.closed = true
		return c.t.free()
	})
}

// Finalize leaves MPI. It is the last call of a rank and waits for the other
// ranks, so that a rank which has failed alone must call Abort instead. It
// refuses to leave while a Request has not been waited for.
func (c *Comm) Finalize() error {
	return c.do(opFinalize, func() error {
		if !c.isWorld {
			return errors.New("this communicator was made by Split: finalize the one it came from")
		}
		if err := c.t.finalize(); err != nil {
			return err
		}
		c.closed = true
		return nil
	})
}

// Abort ends every rank of the job with exit code code, taken as 1 where it is
// outside 1 to 255. It never returns: over MPI and on the single rank of a
// build without MPI the process ends; on in-process ranks the calling goroutine
// ends, and the other ranks are released with an error. It may be called from
// any goroutine and while another one is inside a communication.
func (c *Comm) Abort(code int) {
	code = validCode(code)
	c.t.kill(code, &abortError{rank: c.world, code: code})
	runtime.Goexit()
}

// do runs one communication: it marks its begin and end for the watchdog and
// says in its error who failed where.
func (c *Comm) do(op opcode, f func() error) error {
	if c == nil {
		return fmt.Errorf("mpiutil: %v on a nil communicator: this rank took no part in Split", op)
	}
	if c.closed {
		return fmt.Errorf("mpiutil: rank %d of %d: %v after Finalize or Free", c.rank, c.size, op)
	}
	if err := c.watch.begin(op); err != nil {
		return fmt.Errorf("mpiutil: rank %d of %d: %w", c.rank, c.size, err)
	}
	err := f()
	c.watch.end()
	if err != nil {
		return fmt.Errorf("mpiutil: rank %d of %d: %v: %w", c.rank, c.size, op, err)
	}
	return nil
}

// checkRank refuses a rank that is not one of c. what names the argument.
func (c *Comm) checkRank(what string, r int) error {
	if r < 0 || r >= c.size {
		return fmt.Errorf("%s %d is not a rank, allowed are 0 to %d", what, r, c.size-1)
	}
	return nil
}

// abortError says who ended the job on purpose.
type abortError struct {
	rank, code int
}

func (e *abortError) Error() string {
	return fmt.Sprintf("rank %d called Abort with exit code %d", e.rank, e.code)
}

// ExitCode is the code given to Abort.
func (e *abortError) ExitCode() int { return e.code }

// ExitCode is the exit code of a process that ends with err: 0 for nil, the
// value of the ExitCode method of the first error in the chain of err that has
// one, or else 1. Codes outside 1 to 255 count as 1.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	var coder interface{ ExitCode() int }
	if errors.As(err, &coder) {
		return validCode(coder.ExitCode())
	}
	return 1
}

// validCode is code where a process can end with it as a failure, else 1.
func validCode(code int) int {
	if code < 1 || code > 255 {
		return 1
	}
	return code
}
