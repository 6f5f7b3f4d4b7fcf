// SPDX-License-Identifier: BSD-3-Clause

package mpiutil

import (
	"errors"
	"fmt"
)

// Send sends buf to rank dest. It may return before the message is received and
// it may wait until it is: two ranks that send to each other before they receive
// are a deadlock for long messages. Messages from one rank to another with the
// same tag arrive in the order in which they were sent. 0 ≤ tag ≤ MaxTag.
func Send[T Number](c *Comm, buf []T, dest, tag int) error {
	return c.do(opSend, func() error {
		if err := c.checkMessage("dest", dest, tag, len(buf)); err != nil {
			return err
		}
		return c.t.send(bufferOf(buf), dest, tag)
	})
}

// Recv fills buf with the next message from rank src with this tag. A message
// that has not exactly len(buf) elements is an error.
func Recv[T Number](c *Comm, buf []T, src, tag int) error {
	return c.do(opRecv, func() error {
		if err := c.checkMessage("src", src, tag, len(buf)); err != nil {
			return err
		}
		return c.t.recv(bufferOf(buf), src, tag)
	})
}

// Isend starts what Send does and returns at once. buf must not be written
// until Wait; it stays pinned, and may lie off the Go heap.
func Isend[T Number](c *Comm, buf []T, dest, tag int) (*Request, error) {
	r := &Request{c: c}
	err := c.do(opIsend, func() error {
		if err := c.checkMessage("dest", dest, tag, len(buf)); err != nil {
			return err
		}
		var err error
		r.p, err = c.t.isend(bufferOf(buf), dest, tag)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Irecv starts what Recv does and returns at once. buf must not be read or
// written until Wait; it stays pinned, and may lie off the Go heap.
func Irecv[T Number](c *Comm, buf []T, src, tag int) (*Request, error) {
	r := &Request{c: c}
	err := c.do(opIrecv, func() error {
		if err := c.checkMessage("src", src, tag, len(buf)); err != nil {
			return err
		}
		var err error
		r.p, err = c.t.irecv(bufferOf(buf), src, tag)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Request is a communication in flight. Every Request must be waited for.
type Request struct {
	c *Comm
	p pending // nil once waited for
}

// Wait returns when the buffer of the message may be used again. A second Wait
// and a Wait on a nil Request do nothing.
func (r *Request) Wait() error {
	if r == nil || r.p == nil {
		return nil
	}
	return r.c.do(opWait, func() error {
		p := r.p
		r.p = nil
		return p.wait()
	})
}

// Test tells whether the communication is complete, and then is what Wait is. It
// does not block, and it lets the library work on what is in flight: many
// libraries make progress only inside calls.
func (r *Request) Test() (done bool, err error) {
	if r == nil || r.p == nil {
		return true, nil
	}
	err = r.c.do(opTest, func() error {
		var err error
		if done, err = r.p.test(); done || err != nil {
			done, r.p = true, nil
		}
		return err
	})
	return done, err
}

// Waitall waits for all requests, also after one of them has failed, and joins
// their errors.
func Waitall(reqs ...*Request) error {
	var errs []error
	for _, r := range reqs {
		if err := r.Wait(); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// checkMessage checks the arguments of a message. what names the peer.
func (c *Comm) checkMessage(what string, peer, tag, n int) error {
	if err := c.checkRank(what, peer); err != nil {
		return err
	}
	if tag < 0 || tag > MaxTag {
		return fmt.Errorf("tag %d, allowed are 0 to %d", tag, MaxTag)
	}
	return limit(n, c.most)
}

// sizeError says that a message and its buffer differ in length.
func sizeError(got, want, src, tag int) error {
	return fmt.Errorf("the message from rank %d with tag %d has %d elements, the buffer has %d", src, tag, got, want)
}
