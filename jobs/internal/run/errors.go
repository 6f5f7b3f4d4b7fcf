// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// The exit status of a job.
const (
	ExitDone    = 0  // the job is done
	ExitFailed  = 1  // the job failed
	ExitUsage   = 2  // bad configuration or command line
	ExitRequeue = 75 // state was saved; start the same command again
)

// UsageError is a mistake on the command line.
type UsageError struct {
	Field   string // flag or argument
	Value   string // what was given
	Reason  string // what is wrong with it
	Allowed string // what may be given
}

// Error returns the mistake on one line.
func (e *UsageError) Error() string {
	where := strings.TrimSpace(e.Field + " " + e.Value)
	if where != "" {
		where += ": "
	}
	return where + e.Reason + ": allowed: " + e.Allowed
}

// ExitCode returns ExitUsage.
func (e *UsageError) ExitCode() int { return ExitUsage }

// RequeueError says that a job saved its state before its end.
type RequeueError struct {
	Reason string
}

// Error returns the reason.
func (e *RequeueError) Error() string { return e.Reason + "; start the same command again to continue" }

// ExitCode returns ExitRequeue.
func (e *RequeueError) ExitCode() int { return ExitRequeue }

// SignalError is the cause of the end of a job's context after a signal.
type SignalError struct {
	Signal os.Signal
}

// Error names the signal.
func (e *SignalError) Error() string { return "interrupted by signal: " + e.Signal.String() }

// TimeError is the cause of the end of a job's context when the time of its batch
// job is nearly over.
type TimeError struct {
	Margin time.Duration
}

// Error says how much time is left.
func (e *TimeError) Error() string {
	return fmt.Sprintf("the batch job ends in %v", e.Margin)
}

// ExitCode returns the exit status that an error asks for by a method
// ExitCode() int, ExitFailed for any other error, and ExitDone for nil.
func ExitCode(err error) int {
	if err == nil {
		return ExitDone
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return ExitFailed
}
