// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && cgo

package mpiutil_test

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/mpiutil/mpitest"
)

// roleVariable makes this test binary a rank of an MPI job. mpirun_test.go
// starts such jobs; by hand: COLUMEN_MPI_TEST=conformance mpirun -n 3 ./mpiutil.test.
// 1, which make mpi sets for the tests of all packages, is the conformance suite.
const roleVariable = "COLUMEN_MPI_TEST"

// TestMain runs the role, if any, on the main goroutine: the goroutines of tests
// move between threads.
func TestMain(m *testing.M) {
	runtime.LockOSThread()
	name := os.Getenv(roleVariable)
	if name == "" {
		os.Exit(m.Run())
	}
	if name == "1" {
		name = "conformance"
	}
	role, ok := roles()[name]
	if !ok {
		fmt.Fprintf(os.Stderr, "%s=%s is no role\n", roleVariable, name)
		os.Exit(2)
	}
	c, err := mpiutil.Init()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(mpiutil.ExitCode(err))
	}
	os.Exit(play(c, role))
}

// play runs role and leaves as a job does: together where all ranks know of the
// error, by Abort where only one does.
func play(c *mpiutil.Comm, role func(c *mpiutil.Comm) error) int {
	stop := c.StartWatchdog(20*time.Second, nil)
	err := role(c)
	if err != nil {
		fmt.Fprintf(os.Stderr, "rank %d: %v\n", c.Rank(), err)
	}
	var agreed *mpiutil.AgreedError
	if err != nil && !errors.As(err, &agreed) {
		c.Abort(mpiutil.ExitCode(err))
	}
	if final := c.Finalize(); final != nil {
		fmt.Fprintln(os.Stderr, final)
		c.Abort(mpiutil.ExitCode(final))
	}
	stop()
	return mpiutil.ExitCode(err)
}

// roles are what the ranks of a test job do. In all but the first, the last rank
// goes wrong.
func roles() map[string]func(c *mpiutil.Comm) error {
	isLast := func(c *mpiutil.Comm) bool { return c.Rank() == c.Size()-1 }
	return map[string]func(c *mpiutil.Comm) error{
		"conformance": func(c *mpiutil.Comm) error {
			if err := mpiutil.Agree(c, errors.Join(faults(), signals())); err != nil {
				return err
			}
			if err := mpitest.Run(c); err != nil {
				return err
			}
			if c.Rank() == 0 {
				fmt.Printf("conformance passed on %d ranks of %s\n", c.Size(), mpiutil.Version())
			}
			return nil
		},
		"allreduce": reduceAll,
		"agree": func(c *mpiutil.Comm) error {
			var err error
			if isLast(c) {
				err = &codedError{75}
			}
			return mpiutil.Agree(c, err)
		},
		"error": func(c *mpiutil.Comm) error {
			if isLast(c) {
				return &codedError{9}
			}
			return c.Barrier()
		},
		"panic": func(c *mpiutil.Comm) error {
			if isLast(c) {
				panic("rank lost")
			}
			return c.Barrier()
		},
		"exit": func(c *mpiutil.Comm) error {
			if isLast(c) {
				os.Exit(5)
			}
			return c.Barrier()
		},
		"stuck": func(c *mpiutil.Comm) error {
			defer c.StartWatchdog(time.Second, nil)()
			if isLast(c) {
				time.Sleep(time.Minute)
			}
			return c.Barrier()
		},
		"forgotten": func(c *mpiutil.Comm) error {
			_, err := mpiutil.Irecv(c, []int32{0}, c.Rank(), 0)
			return err
		},
	}
}

type codedError struct{ code int }

func (e *codedError) Error() string { return fmt.Sprintf("trouble with code %d", e.code) }
func (e *codedError) ExitCode() int { return e.code }

// faults checks that the signal handlers of Go have survived the start of MPI: a
// fault in Go code must still be a panic.
func faults() (err error) {
	defer func() {
		if recover() == nil {
			err = errors.New("a nil pointer was read without a panic")
		}
	}()
	var p *[1 << 10]int
	return fmt.Errorf("read %d at address 0", p[5])
}

// signals checks that those which ask a job to stop come to os/signal, and do not
// end the process.
func signals() error {
	got := make(chan os.Signal, 1)
	asked := []os.Signal{syscall.SIGUSR1, syscall.SIGTERM, syscall.SIGINT}
	signal.Notify(got, asked...)
	defer signal.Stop(got)
	for range 10 {
		for _, s := range asked {
			if err := syscall.Kill(os.Getpid(), s.(syscall.Signal)); err != nil {
				return err
			}
			select {
			case came := <-got:
				if came != s {
					return fmt.Errorf("signal %v came as %v", s, came)
				}
			case <-time.After(5 * time.Second):
				return fmt.Errorf("signal %v did not come", s)
			}
		}
	}
	return nil
}
