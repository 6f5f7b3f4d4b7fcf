// SPDX-License-Identifier: BSD-3-Clause

package mpiutil

import (
	"fmt"
	"strings"
	"sync"
)

// world is a set of ranks inside one process. One lock guards all of it, its
// groups and the buffers of waiting ranks: a message or a collective is carried
// out by the rank that completes it, while the others sleep.
type world struct {
	mu      sync.Mutex
	ranks   []rankState // by world rank
	blocked int         // ranks with waitsFor != nil
	ended   int         // ranks with ended set
	failure error       // why all communication is over; nil while it is not
	exit    func(code int)
}

type rankState struct {
	wake     *sync.Cond
	waitsFor *event
	ended    bool
	flying   int // requests not waited for
}

// event is what a rank may have to wait for. Only its owner waits.
type event struct {
	w     *world
	owner int // world rank
	what  func() string
	done  bool
	err   error
}

// releasedError is returned by the ranks that did not fail themselves.
type releasedError struct {
	cause error
}

func (e *releasedError) Error() string { return "released, because " + e.cause.Error() }

func (e *releasedError) Unwrap() error { return e.cause }

// deadlockError lists what each rank waits for.
type deadlockError struct {
	waits []string
}

func (e *deadlockError) Error() string { return "deadlock: " + strings.Join(e.waits, "; ") }

// newInProcess makes a world of n ranks. exit, if any, ends the process when a
// rank aborts.
func newInProcess(n int, exit func(code int)) []*Comm {
	w := &world{ranks: make([]rankState, n), exit: exit}
	members := make([]int, n)
	for r := range members {
		members[r] = r
		w.ranks[r].wake = sync.NewCond(&w.mu)
	}
	g := newGroup(w, members)
	comms := make([]*Comm, n)
	for r := range comms {
		comms[r] = newWorld(&local{g, r}, r, n)
	}
	return comms
}

// complete ends ev with err and wakes its owner. The lock is held.
func (w *world) complete(ev *event, err error) {
	ev.done, ev.err = true, err
	if st := &w.ranks[ev.owner]; st.waitsFor == ev {
		st.waitsFor = nil
		w.blocked--
		st.wake.Signal()
	}
}

// await returns when ev is done or all is over. The lock is held.
func (w *world) await(ev *event) error {
	if ev.done {
		return ev.err
	}
	st := &w.ranks[ev.owner]
	st.waitsFor = ev
	w.blocked++
	w.checkDeadlock()
	for !ev.done && w.failure == nil {
		st.wake.Wait()
	}
	if ev.done {
		return ev.err
	}
	st.waitsFor = nil
	w.blocked--
	return w.released()
}

// released is the error of a rank that finds the world over, nil before.
func (w *world) released() error {
	if w.failure == nil {
		return nil
	}
	return &releasedError{w.failure}
}

// fail ends all communication because of cause. The first cause counts. The
// lock is held.
func (w *world) fail(cause error) {
	if w.failure != nil {
		return
	}
	w.failure = cause
	for r := range w.ranks {
		w.ranks[r].wake.Broadcast()
	}
}

// leave notes that rank r has ended, with err if it failed.
func (w *world) leave(r int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ranks[r].ended = true
	w.ended++
	if err != nil {
		w.fail(fmt.Errorf("rank %d failed: %w", r, err))
		return
	}
	w.checkDeadlock()
}

// abortOf is the failure of the world if it is an Abort by rank r.
func (w *world) abortOf(r int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a, ok := w.failure.(*abortError); ok && a.rank == r {
		return a
	}
	return nil
}

// checkDeadlock fails the world when no rank is left that could wake another.
// What wakes a rank is done by another rank before it goes to sleep itself, so
// that a wait which can still be satisfied is never counted. The lock is held.
func (w *world) checkDeadlock() {
	if w.failure != nil || w.blocked == 0 || w.blocked+w.ended < len(w.ranks) {
		return
	}
	e := &deadlockError{}
	for r, st := range w.ranks {
		if st.waitsFor != nil {
			e.waits = append(e.waits, fmt.Sprintf("rank %d waits in %s", r, st.waitsFor.what()))
		} else {
			e.waits = append(e.waits, fmt.Sprintf("rank %d has returned", r))
		}
	}
	w.fail(e)
}
