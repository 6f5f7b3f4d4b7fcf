// SPDX-License-Identifier: BSD-3-Clause

package mpiutil

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// grace is how long InProcess waits for ranks that are busy outside mpiutil
// after another rank has failed.
const grace = 10 * time.Second

// InProcess runs fn on n ranks that are goroutines of this process and returns
// the joined errors of all ranks, each with its rank. It is for tests, which need
// no launcher and can use the race detector.
//
// A rank that returns an error, panics, or leaves by runtime.Goexit (as
// testing.T.Fatal does) ends the communication of all: the others get an error
// that wraps its error. So does a deadlock, which is found at once because all
// ranks are in sight, and a rank that returns while another one waits for it.
// When a rank has failed and another one does not return within 10 s, InProcess
// returns without it.
//
// Messages and collectives behave as over MPI, with more checks: element types
// must agree between ranks, as must the arguments of collectives. Messages of
// more than 4096 bytes wait for their receiver.
func InProcess(n int, fn func(c *Comm) error) error {
	if n < 1 {
		return fmt.Errorf("mpiutil: InProcess with %d ranks, at least 1 is needed", n)
	}
	type result struct {
		rank int
		err  error
	}
	comms := newInProcess(n, nil)
	w := comms[0].t.(*local).g.w
	results := make(chan result, n)
	for r, c := range comms {
		go func() {
			// A Goexit leaves this error in place.
			err := errors.New("its goroutine ended before its function returned")
			returned := false
			defer func() {
				if p := recover(); p != nil {
					err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				} else if a := w.abortOf(r); !returned && a != nil {
					err = a
				}
				w.leave(r, err)
				results <- result{r, err}
			}()
			err = fn(c)
			returned = true
		}()
	}
	errs := make([]error, n)
	for r := range errs {
		errs[r] = fmt.Errorf("rank %d: still busy outside communication, %v after another rank failed", r, grace)
	}
	var expired <-chan time.Time
	for range n {
		select {
		case res := <-results:
			errs[res.rank] = nil
			if res.err != nil {
				errs[res.rank] = fmt.Errorf("rank %d: %w", res.rank, res.err)
				if expired == nil {
					expired = time.After(grace)
				}
			}
		case <-expired:
			return errors.Join(errs...)
		}
	}
	return errors.Join(errs...)
}
