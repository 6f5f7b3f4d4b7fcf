// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && cgo

package mpiutil

/*
#cgo CFLAGS: -Wno-stringop-overflow
#include "shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// abortPatience is how long MPI_Abort may take before the process ends itself.
const abortPatience = 2 * time.Second

// Init joins the other ranks of the job. The caller must have locked its thread
// with runtime.LockOSThread, first thing in main, and must make all calls of
// this package from that goroutine. It can be called once in a process. It
// returns a *LauncherError if the environment shows that more ranks were started
// than see each other.
func Init() (*Comm, error) {
	var already, enough C.int
	if err := check("MPI_Init_thread", C.mu_init(&already, &enough)); err != nil {
		return nil, fmt.Errorf("mpiutil: Init: %w", err)
	}
	if already != 0 {
		return nil, errors.New("mpiutil: Init: MPI has been started before in this process")
	}
	c, err := world0(enough != 0)
	if err != nil {
		// The other ranks, if any, find the same and leave too.
		return nil, errors.Join(err, check("MPI_Finalize", C.MPI_Finalize()))
	}
	return c, nil
}

// world0 makes the communicator of all ranks.
func world0(funneled bool) (*Comm, error) {
	if !funneled {
		return nil, fmt.Errorf("mpiutil: Init: %s was built without support for threads (MPI_THREAD_FUNNELED)", Version())
	}
	t := &remote{comm: C.mu_world(), live: map[*request]struct{}{}}
	rank, size, err := t.place()
	if err != nil {
		return nil, fmt.Errorf("mpiutil: Init: %w", err)
	}
	if err := CheckLauncher(os.Getenv, size); err != nil {
		return nil, err
	}
	return newWorld(t, rank, size), nil
}

// Version names the MPI library, such as "Open MPI v4.1.4, package: Debian
// OpenMPI, ...".
func Version() string {
	buf := make([]C.char, C.mu_version_max+1)
	var n C.int
	if err := check("MPI_Get_library_version", C.MPI_Get_library_version(&buf[0], &n)); err != nil {
		return err.Error()
	}
	line, _, _ := strings.Cut(C.GoString(&buf[0]), "\n")
	return strings.Join(strings.Fields(line), " ")
}

// remote is the transport of a rank of a real MPI communicator.
type remote struct {
	comm C.MPI_Comm
	// live holds the requests in flight of all communicators of the rank, so
	// that their buffers stay alive and pinned even if a caller forgets them.
	live map[*request]struct{}
}

// check turns an MPI error code into an error with the text of the library.
func check(name string, rc C.int) error {
	if rc == C.MPI_SUCCESS {
		return nil
	}
	buf := make([]C.char, C.mu_error_max+1)
	var n C.int
	if C.MPI_Error_string(rc, &buf[0], &n) != C.MPI_SUCCESS {
		return fmt.Errorf("%s: error code %d", name, int(rc))
	}
	return fmt.Errorf("%s: %s", name, C.GoString(&buf[0]))
}

// place is the rank and size of the communicator.
func (t *remote) place() (rank, size int, err error) {
	var r, n C.int
	if err := check("MPI_Comm_rank", C.MPI_Comm_rank(t.comm, &r)); err != nil {
		return 0, 0, err
	}
	if err := check("MPI_Comm_size", C.MPI_Comm_size(t.comm, &n)); err != nil {
		return 0, 0, err
	}
	return int(r), int(n), nil
}

func (t *remote) barrier() error {
	return check("MPI_Barrier", C.MPI_Barrier(t.comm))
}

func (t *remote) bcast(b buffer, root int) error {
	return check("MPI_Bcast", C.mu_bcast(b.chars(), C.int(b.n), C.int(b.kind), C.int(root), t.comm))
}

func (t *remote) allreduce(send, recv buffer, op Op) error {
	return check("MPI_Allreduce", C.mu_allreduce(send.chars(), recv.chars(), C.int(send.n), C.int(send.kind), C.int(op), t.comm))
}

func (t *remote) gatherv(send, recv buffer, counts []int, root int) error {
	n, start := layout(counts)
	return check("MPI_Gatherv", C.mu_gatherv(send.chars(), C.int(send.n), recv.chars(), &n[0], &start[0], C.int(send.kind), C.int(root), t.comm))
}

// layout returns counts, and the starts of parts that lie one after the other,
// as C wants them. One spare element, so that both have an address on all ranks.
func layout(counts []int) (n, start []C.int) {
	n, start = make([]C.int, len(counts)+1), make([]C.int, len(counts)+1)
	for r, count := range counts {
		n[r] = C.int(count)
		start[r+1] = start[r] + n[r]
	}
	return n, start
}

func (t *remote) alltoallv(send, recv buffer, sendCounts, recvCounts []int) error {
	n, start := layout(sendCounts)
	m, from := layout(recvCounts)
	return check("MPI_Alltoallv", C.mu_alltoallv(send.chars(), &n[0], &start[0], recv.chars(), &m[0], &from[0], C.int(send.kind), t.comm))
}

func (t *remote) allgather(send, recv buffer) error {
	return check("MPI_Allgather", C.mu_allgather(send.chars(), C.int(send.n), recv.chars(), C.int(send.kind), t.comm))
}

func (t *remote) split(color, key int) (transport, int, int, error) {
	sub := &remote{live: t.live}
	var none C.int
	if err := check("MPI_Comm_split", C.mu_split(t.comm, C.int(color), C.int(key), &sub.comm, &none)); err != nil || none != 0 {
		return nil, 0, 0, err
	}
	rank, size, err := sub.place()
	return sub, rank, size, err
}

func (t *remote) free() error {
	return check("MPI_Comm_free", C.MPI_Comm_free(&t.comm))
}

func (t *remote) finalize() error {
	if n := len(t.live); n > 0 {
		return flyingError(n)
	}
	return check("MPI_Finalize", C.MPI_Finalize())
}

// kill may be called from any thread although MPI was promised calls from one:
// it is the last resort, and the process ends by itself if it does not work.
func (t *remote) kill(code int, _ error) {
	time.AfterFunc(abortPatience, func() { os.Exit(code) })
	C.mu_abort(C.int(code))
	os.Exit(code)
}
