// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && cgo

package mpiutil

/*
#include "shim.h"
*/
import "C"

import "runtime"

// request is a message in flight. MPI reads or writes its buffer until wait has
// returned: memory of the Go heap is pinned, other memory needs no pin.
type request struct {
	t      *remote
	req    C.MPI_Request
	buf    buffer
	peer   int
	tag    int
	isRecv bool
	pin    runtime.Pinner
}

// chars is the address of b for C.
func (b buffer) chars() *C.char { return (*C.char)(b.ptr) }

// hold keeps the buffer in place and alive until drop.
func (r *request) hold() {
	if r.buf.n > 0 {
		r.pin.Pin(r.buf.ptr)
	}
	r.t.live[r] = struct{}{}
}

func (r *request) drop() {
	delete(r.t.live, r)
	r.pin.Unpin()
}

func (t *remote) send(b buffer, dest, tag int) error {
	return check("MPI_Send", C.mu_send(b.chars(), C.int(b.n), C.int(b.kind), C.int(dest), C.int(tag), t.comm))
}

func (t *remote) recv(b buffer, src, tag int) error {
	var got C.int
	if err := check("MPI_Recv", C.mu_recv(b.chars(), C.int(b.n), C.int(b.kind), C.int(src), C.int(tag), t.comm, &got)); err != nil {
		return err
	}
	return exact(got, b, src, tag)
}

func (t *remote) isend(b buffer, dest, tag int) (pending, error) {
	r := &request{t: t, buf: b, peer: dest, tag: tag}
	r.hold()
	err := check("MPI_Isend", C.mu_isend(b.chars(), C.int(b.n), C.int(b.kind), C.int(dest), C.int(tag), t.comm, &r.req))
	if err != nil {
		r.drop()
		return nil, err
	}
	return r, nil
}

func (t *remote) irecv(b buffer, src, tag int) (pending, error) {
	r := &request{t: t, buf: b, peer: src, tag: tag, isRecv: true}
	r.hold()
	err := check("MPI_Irecv", C.mu_irecv(b.chars(), C.int(b.n), C.int(b.kind), C.int(src), C.int(tag), t.comm, &r.req))
	if err != nil {
		r.drop()
		return nil, err
	}
	return r, nil
}

func (r *request) wait() error {
	defer r.drop()
	if !r.isRecv {
		return check("MPI_Wait", C.mu_wait_send(&r.req))
	}
	var got C.int
	if err := check("MPI_Wait", C.mu_wait_recv(&r.req, C.int(r.buf.kind), &got)); err != nil {
		return err
	}
	return exact(got, r.buf, r.peer, r.tag)
}

func (r *request) test() (bool, error) {
	var done, isRecv, got C.int
	if r.isRecv {
		isRecv = 1
	}
	if err := check("MPI_Test", C.mu_test(&r.req, C.int(r.buf.kind), &done, isRecv, &got)); err != nil {
		r.drop()
		return true, err
	}
	if done == 0 {
		return false, nil
	}
	r.drop()
	if r.isRecv {
		return true, exact(got, r.buf, r.peer, r.tag)
	}
	return true, nil
}

func (t *remote) iallreduce(b buffer, op Op) (pending, error) {
	r := &request{t: t, buf: b}
	r.hold()
	err := check("MPI_Iallreduce", C.mu_iallreduce(b.chars(), C.int(b.n), C.int(b.kind), C.int(op), t.comm, &r.req))
	if err != nil {
		r.drop()
		return nil, err
	}
	return r, nil
}

// exact refuses a message that is shorter than its buffer.
func exact(got C.int, b buffer, src, tag int) error {
	if int(got) != b.n {
		return sizeError(int(got), b.n, src, tag)
	}
	return nil
}
