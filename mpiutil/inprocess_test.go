// SPDX-License-Identifier: BSD-3-Clause

package mpiutil_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/mpiutil/mpitest"
)

func TestConformanceInProcess(t *testing.T) {
	for _, n := range []int{1, 2, 3, 4, 6, 8} {
		t.Run(fmt.Sprintf("ranks=%d", n), func(t *testing.T) {
			err := mpiutil.InProcess(n, func(c *mpiutil.Comm) error {
				if err := mpitest.Run(c); err != nil {
					return err
				}
				return c.Finalize()
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// errTrouble is the error of a failing rank.
var errTrouble = errors.New("trouble")

// TestRankEndsAlone checks that ranks blocked in any communication are released
// when rank 1 ends in any way, and that each error says why.
func TestRankEndsAlone(t *testing.T) {
	waits := map[string]func(c *mpiutil.Comm) error{
		"Barrier":   func(c *mpiutil.Comm) error { return c.Barrier() },
		"Recv":      func(c *mpiutil.Comm) error { return mpiutil.Recv(c, make([]float64, 1), 1, 0) },
		"Send":      func(c *mpiutil.Comm) error { return mpiutil.Send(c, make([]float64, 10000), 1, 0) },
		"Allreduce": func(c *mpiutil.Comm) error { b := []int32{1}; return mpiutil.Allreduce(c, b, b, mpiutil.Sum) },
		"Split":     func(c *mpiutil.Comm) error { _, err := c.Split(0, 0); return err },
		"Agree":     func(c *mpiutil.Comm) error { return mpiutil.Agree(c, nil) },
		"Finalize":  func(c *mpiutil.Comm) error { return c.Finalize() },
		"Wait": func(c *mpiutil.Comm) error {
			r, err := mpiutil.Irecv(c, make([]float64, 1), 1, 0)
			return errors.Join(err, mpiutil.Waitall(r))
		},
	}
	ends := []struct {
		name string
		end  func(c *mpiutil.Comm) error
		want string // in the errors of the other ranks
		code int
	}{
		{"error", func(*mpiutil.Comm) error { return errTrouble }, "rank 1 failed: trouble", 1},
		{"panic", func(*mpiutil.Comm) error { panic("lost") }, "rank 1 failed: panic: lost", 1},
		{"abort", func(c *mpiutil.Comm) error { c.Abort(7); return nil }, "rank 1 called Abort with exit code 7", 7},
		{"return", func(*mpiutil.Comm) error { return nil }, "deadlock: rank 0 waits in ", 1},
	}
	for op, wait := range waits {
		for _, e := range ends {
			t.Run(e.name+"/"+op, func(t *testing.T) {
				others := make([]error, 3)
				err := mpiutil.InProcess(3, func(c *mpiutil.Comm) error {
					if c.Rank() == 1 {
						return e.end(c)
					}
					others[c.Rank()] = wait(c)
					return others[c.Rank()]
				})
				if err == nil {
					t.Fatal("no error")
				}
				for _, r := range []int{0, 2} {
					if others[r] == nil || !strings.Contains(others[r].Error(), e.want) || mpiutil.ExitCode(others[r]) != e.code {
						t.Errorf("rank %d: %v, want %q and code %d", r, others[r], e.want, e.code)
					}
					if e.name == "error" && !errors.Is(others[r], errTrouble) {
						t.Errorf("rank %d: %v does not wrap the cause", r, others[r])
					}
				}
			})
		}
	}
}

func TestDeadlockNamesTheWaits(t *testing.T) {
	tests := []struct {
		name string
		fn   func(c *mpiutil.Comm) error
		want []string
	}{
		{"receive from each other", func(c *mpiutil.Comm) error {
			return mpiutil.Recv(c, []float64{0}, 1-c.Rank(), 4)
		}, []string{"rank 0 waits in Recv(src 1, tag 4)", "rank 1 waits in Recv(src 0, tag 4)"}},
		{"long sends to each other", func(c *mpiutil.Comm) error {
			return mpiutil.Send(c, make([]float64, 513), 1-c.Rank(), 0)
		}, []string{"rank 0 waits in Send(dest 1, tag 0) of 4104 bytes", "rank 1 waits in Send"}},
		{"another tag", func(c *mpiutil.Comm) error {
			if c.Rank() == 0 {
				return mpiutil.Send(c, []float64{1}, 1, 1)
			}
			return mpiutil.Recv(c, []float64{1}, 0, 2)
		}, []string{"rank 0 has returned", "rank 1 waits in Recv(src 0, tag 2)"}},
		{"one rank short", func(c *mpiutil.Comm) error {
			if c.Rank() == 0 {
				return c.Barrier()
			}
			return nil
		}, []string{"rank 0 waits in Barrier, entered by 1 of 2 ranks", "rank 1 has returned"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := mpiutil.InProcess(2, tt.fn)
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q in it", err, want)
				}
			}
		})
	}
}

// TestShortSendsNeedNoReceiver is the other side of the long sends above.
func TestShortSendsNeedNoReceiver(t *testing.T) {
	err := mpiutil.InProcess(2, func(c *mpiutil.Comm) error {
		if err := mpiutil.Send(c, make([]float64, 512), 1-c.Rank(), 0); err != nil {
			return err
		}
		return mpiutil.Recv(c, make([]float64, 512), 1-c.Rank(), 0)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRanksDiffer(t *testing.T) {
	tests := []struct {
		name string
		fn   func(c *mpiutil.Comm) error
		want string
	}{
		{"operation", func(c *mpiutil.Comm) error {
			if c.Rank() == 0 {
				return c.Barrier()
			}
			return mpiutil.Bcast(c, []float64{1}, 0)
		}, "rank 0 called Barrier and rank 1 Bcast"},
		{"length", func(c *mpiutil.Comm) error {
			return mpiutil.Bcast(c, make([]float64, 2+c.Rank()), 0)
		}, "rank 0 gave 2 elements and rank 1 3"},
		{"type", func(c *mpiutil.Comm) error {
			if c.Rank() == 0 {
				return mpiutil.Bcast(c, []float64{1}, 0)
			}
			return mpiutil.Bcast(c, []int64{1}, 0)
		}, "rank 0 gave float64 and rank 1 int64"},
		{"root", func(c *mpiutil.Comm) error {
			return mpiutil.Bcast(c, []float64{1}, c.Rank())
		}, "root is 0 on rank 0 and 1 on rank 1"},
		{"reduction", func(c *mpiutil.Comm) error {
			return mpiutil.Allreduce(c, []float64{1}, []float64{1}, mpiutil.Op(c.Rank()))
		}, "the operation is Sum on rank 0 and Min on rank 1"},
		{"count", func(c *mpiutil.Comm) error {
			return mpiutil.Gatherv(c, make([]float64, 1+c.Rank()), make([]float64, 2), []int{1, 1}, 0)
		}, "rank 1 gave 2 elements, counts[1] of the root is 1"},
		{"type of a message", func(c *mpiutil.Comm) error {
			if c.Rank() == 0 {
				return mpiutil.Send(c, []float64{1}, 1, 0)
			}
			return mpiutil.Recv(c, []int64{1}, 0, 0)
		}, "is of float64, the buffer of int64"},
		{"length of a message", func(c *mpiutil.Comm) error {
			if c.Rank() == 0 {
				return mpiutil.Send(c, make([]float64, 5001), 1, 8)
			}
			return mpiutil.Recv(c, make([]float64, 4), 0, 8)
		}, "the message from rank 0 with tag 8 has 5001 elements, the buffer has 4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := mpiutil.InProcess(2, tt.fn); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
}

// TestWatchdog lets rank 1 be busy while rank 0 waits: the watchdog of rank 0
// must end both.
func TestWatchdog(t *testing.T) {
	const limit = 50 * time.Millisecond
	released := make(chan struct{})
	lines := make(chan string, 1)
	start := time.Now()
	err := mpiutil.InProcess(2, func(c *mpiutil.Comm) error {
		if c.Rank() == 1 {
			<-released
			return c.Barrier()
		}
		defer c.StartWatchdog(limit, func(line string) { lines <- line })()
		defer close(released)
		return c.Barrier()
	})
	if took := time.Since(start); took < limit || took > 5*time.Second {
		t.Errorf("ended after %v, limit %v", took, limit)
	}
	if err == nil || strings.Count(err.Error(), "watchdog: rank 0 of 2 has been inside Barrier for 0.") < 2 {
		t.Errorf("error %v, want the watchdog's on both ranks", err)
	}
	if line := <-lines; !strings.HasPrefix(line, "mpiutil: watchdog: rank 0 of 2 has been inside Barrier") || strings.Contains(line, "\n") {
		t.Errorf("line %q", line)
	}
}

// TestWatchdogLeavesComputingAlone checks that only time inside one
// communication counts.
func TestWatchdogLeavesComputingAlone(t *testing.T) {
	err := mpiutil.InProcess(2, func(c *mpiutil.Comm) error {
		stop := c.StartWatchdog(300*time.Millisecond, func(string) {})
		defer stop()
		defer c.StartWatchdog(0, nil)()
		for range 5 {
			time.Sleep(80 * time.Millisecond)
			if err := c.Barrier(); err != nil {
				return err
			}
		}
		stop()
		return c.Finalize()
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFinalize(t *testing.T) {
	err := mpiutil.InProcess(1, func(c *mpiutil.Comm) error {
		r, err := mpiutil.Irecv(c, []int32{0}, 0, 0)
		if err != nil {
			return err
		}
		if err := c.Finalize(); err == nil || !strings.Contains(err.Error(), "1 requests have not been waited for") {
			return fmt.Errorf("Finalize with a request in flight: %v", err)
		}
		if err := errors.Join(mpiutil.Send(c, []int32{1}, 0, 0), r.Wait(), c.Finalize()); err != nil {
			return err
		}
		if err := c.Barrier(); err == nil || !strings.Contains(err.Error(), "after Finalize") {
			return fmt.Errorf("Barrier after Finalize: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestInProcessRanks(t *testing.T) {
	if err := mpiutil.InProcess(0, func(*mpiutil.Comm) error { return nil }); err == nil {
		t.Error("0 ranks were accepted")
	}
	err := mpiutil.InProcess(4, func(c *mpiutil.Comm) error {
		if c.Rank()%2 == 1 {
			return errTrouble
		}
		return nil
	})
	if got, want := fmt.Sprint(err), "rank 1: trouble\nrank 3: trouble"; got != want || !errors.Is(err, errTrouble) {
		t.Errorf("error %q, want %q", got, want)
	}
}

// Non-blocking reductions and exchanges that do not fit each other are found.
func TestMismatchedExchange(t *testing.T) {
	err := mpiutil.InProcess(2, func(c *mpiutil.Comm) error {
		r, err := mpiutil.Iallreduce(c, make([]float32, 3+c.Rank()), mpiutil.Sum)
		return errors.Join(err, r.Wait())
	})
	if err == nil || !strings.Contains(err.Error(), "rank 0 gave 3 elements and rank 1 4") {
		t.Errorf("reductions of two lengths: %v", err)
	}
	err = mpiutil.InProcess(2, func(c *mpiutil.Comm) error {
		expect := 1 + c.Rank() // of rank 0, which sends 1
		return mpiutil.Alltoallv(c, make([]int32, 2), []int{1, 1}, make([]int32, expect+1), []int{expect, 1})
	})
	if err == nil {
		t.Error("an exchange of differing counts was accepted")
	}
	err = mpiutil.InProcess(2, func(c *mpiutil.Comm) error {
		if c.Rank() == 1 {
			return nil
		}
		r, err := mpiutil.Iallreduce(c, make([]float32, 3), mpiutil.Sum)
		return errors.Join(err, r.Wait())
	})
	if err == nil || !strings.Contains(err.Error(), "Iallreduce, entered by 1 of 2") {
		t.Errorf("a rank that never joins: %v", err)
	}
}
