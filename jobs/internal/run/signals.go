// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// watchSignals returns a context that ends with a *SignalError at the first
// SIGINT, SIGTERM or SIGUSR1, which batch systems send before time is up.
// Partial files go at once: a launcher that ends all ranks
// gives a process a second, and rank 0 may be waiting inside MPI. A second
// signal ends this process without further ado.
//
// SIGXFSZ, which a write beyond the limit of ulimit -f raises, would end the
// process: ignored, the write fails with an error, like one to a full disk.
func (s *session) watchSignals() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	quit := make(chan struct{})
	signal.Ignore(syscall.SIGXFSZ)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1)
	go func() {
		for received := 0; ; received++ {
			select {
			case sig := <-signals:
				if received > 0 {
					os.Exit(ExitFailed)
				}
				cancel(&SignalError{sig})
				if log := s.log.Load(); log != nil {
					log.Info("stopping at the end of this step; a second signal stops at once", "signal", sig)
				}
				if o := s.outputs.Load(); o != nil {
					o.Discard()
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
