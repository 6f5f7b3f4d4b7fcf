// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/columen/columen/slurm"
)

// defaultMargin is the time that saving the state of a job takes at most, where
// the user does not say.
const defaultMargin = time.Minute

// watchSignals returns a context that ends with a *SignalError at the first
// SIGINT, SIGTERM or SIGUSR1, which batch systems send before time is up.
// Partial files go at once: a launcher that ends all ranks
// gives a process a second, and rank 0 may be waiting inside MPI. A second
// signal ends this process without further ado, but for SIGUSR1, which a batch
// system may send by two ways, and which only says that time is short.
//
// A job that saves its state also stops by itself before the time of its batch
// job is over: signals of batch systems come late, or not at all to the ranks.
//
// SIGXFSZ, which a write beyond the limit of ulimit -f raises, would end the
// process: ignored, the write fails with an error, like one to a full disk.
func (s *session) watchSignals() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	quit := make(chan struct{})
	signal.Ignore(syscall.SIGXFSZ)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1)
	timeUp := s.timeUp(time.Now())
	go func() {
		for received := 0; ; received++ {
			select {
			case sig := <-signals:
				if received > 0 {
					if sig == syscall.SIGUSR1 {
						continue
					}
					os.Exit(ExitFailed)
				}
				cancel(&SignalError{sig})
				if log := s.log.Load(); log != nil {
					log.Info("stopping at the end of this step; a second signal stops at once", "signal", sig)
				}
				if o := s.outputs.Load(); o != nil {
					o.Discard()
				}
			case <-timeUp:
				received--
				timeUp = nil
				cancel(&TimeError{Margin: s.margin()})
				if log := s.log.Load(); log != nil {
					log.Info("the time of the batch job is nearly over; stopping at the end of this step", "margin_s", s.margin().Seconds())
				}
			case <-quit:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(quit)
		cancel(nil)
	}
}

// margin is how long before the end of the batch job this one stops.
func (s *session) margin() time.Duration {
	if s.call.Flags.Margin > 0 {
		return time.Duration(s.call.Flags.Margin) * time.Second
	}
	return defaultMargin
}

// timeUp returns a channel that gets a value when a job that saves its state
// should stop, or nil when that is never. An end in the past is that of another
// batch job, from whose environment this one was started.
func (s *session) timeUp(now time.Time) <-chan time.Time {
	a, found, err := slurm.FromEnv(os.Getenv)
	if !found || err != nil || !s.call.Job.Saves || !a.End.After(now) {
		return nil
	}
	return time.After(a.End.Sub(now) - s.margin())
}
