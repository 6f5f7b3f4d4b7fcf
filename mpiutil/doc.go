// SPDX-License-Identifier: BSD-3-Clause

// Package mpiutil joins the ranks of a job: messages, collectives, a Cartesian
// layout of ranks, agreement on errors, and a watchdog against jobs that hang.
//
// # Builds
//
// With tag mpi, [Init] returns the ranks of a real MPI library, found by
// pkg-config as ompi-c; with tags mpi and mpich, as mpich; with tags mpi and
// mpicc, by the compiler itself:
//
//	go build -tags mpi                  # Open MPI
//	go build -tags mpi,mpich            # MPICH, Cray MPICH
//	CC=mpicc go build -tags mpi,mpicc   # any library with a compiler wrapper
//
// Without tag mpi it returns one rank. [InProcess] runs several ranks as
// goroutines in any build, for tests; package mpitest holds the checks that both
// kinds of ranks pass.
//
// # Calls come from one thread
//
// MPI is started with MPI_THREAD_FUNNELED: all calls come from the thread that
// called Init. A main function therefore begins with runtime.LockOSThread, and
// only its goroutine communicates; no other goroutine does it on its behalf,
// because a hand-over costs more than a message. Other goroutines compute: a
// rank that is blocked inside MPI does not hold up their execution. A second
// goroutine that enters a communication while one is going on gets an error.
//
//	func main() {
//		runtime.LockOSThread()
//		c, err := mpiutil.Init()
//		if err != nil {
//			fmt.Fprintln(os.Stderr, err)
//			os.Exit(mpiutil.ExitCode(err))
//		}
//		stop := c.StartWatchdog(10*time.Minute, nil)
//		err = run(c)
//		var agreed *mpiutil.AgreedError
//		if err != nil && !errors.As(err, &agreed) {
//			c.Abort(mpiutil.ExitCode(err)) // the other ranks do not know
//		}
//		if err := c.Finalize(); err != nil {
//			c.Abort(mpiutil.ExitCode(err))
//		}
//		stop()
//		os.Exit(mpiutil.ExitCode(err))
//	}
//
// MPI libraries may replace signal handlers while they start; Init puts those of
// the Go runtime back, so that faults stay panics and os/signal works. To see a
// Go traceback of a fault in C code under MPICH with UCX, set
// UCX_HANDLE_ERRORS=none in the environment.
//
// # Buffers
//
// Elements are those of [Number]. A blocking call uses the memory of its slices
// until it returns, without a copy. [Isend] and [Irecv] use it until Wait: it is
// pinned if it lies on the Go heap, may also be mapped or C memory, and is kept
// alive even if the caller drops it. Every Request must be waited for; Finalize
// refuses to leave before.
//
// A message must have exactly as many elements as the buffer that receives it.
// Over MPI a longer one is found by the library, which can be too late: Open MPI
// 4.1 with single-copy shared memory (its default on one node) has by then
// written past the end of the buffer when the message has more than 4 KiB, and it
// finds nothing when a rank sends to itself. After such an error a rank must
// abort. In-process ranks find it always, and without harm; tests belong there.
//
// Element types must be the same on both sides; only in-process ranks check it.
// One message and one gathered array have at most 2³¹−1 elements, more are
// refused; [Bcast] and [Allreduce] take any length.
//
// Collectives must be called by all ranks in the same order with matching
// arguments. In-process ranks compare the arguments; over MPI a mismatch is
// undefined. The order of additions in a sum over MPI is up to the library: a
// result that must not depend on the number of ranks is folded by the caller.
//
// # Errors, agreement, and ranks that die
//
// Errors of MPI are returned with the text of the library. A rank that fails
// alone must not leave the others waiting: it calls [Agree] before the next
// collective, as they do, and all get an [AgreedError] with one message and one
// exit code, and leave together by Finalize; or it calls [Comm.Abort]. Under
// mpirun and srun a rank that panics or exits without Finalize ends the others
// too. After an error of the communication itself the state of MPI is unknown,
// and Abort is the only way out.
//
// # Watchdog
//
// [Comm.StartWatchdog] ends a job of which one rank has waited inside a single
// communication for too long. Each communication marks its begin and end with
// one atomic word; a goroutine looks at it, also while the main goroutine is
// blocked in C. As last resort it calls MPI_Abort from its own thread, against
// the rule above, and ends its process if that has not happened 2 s later.
//
// # Launchers
//
// mpirun of another library, srun without a PMI plugin, or a build without tag
// mpi start N ranks that each believe to be alone and would do the job N times.
// [CheckLauncher], called by Init, refuses that.
package mpiutil
