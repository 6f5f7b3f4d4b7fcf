// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"errors"
	"strings"
	"time"

	"github.com/columen/columen/mpiutil"
)

// forwarding is how long a launcher may take to pass on what a rank said before
// it ends all ranks; some drop what they have not.
const forwarding = 300 * time.Millisecond

// Watch starts the watchdog, which ends all ranks when one of them is inside a
// communication for longer than limitS seconds; 0 means never. The rank that
// notices speaks and removes partial files, whichever it is: rank 0 may be the
// one that is stuck. The function returned stops it.
func (e *Env) Watch(comm *mpiutil.Comm, limitS int) (stop func()) {
	return e.WatchWith(comm, limitS, func(line string) string { return line })
}

// WatchWith is Watch with another message: say gets that of the watchdog.
func (e *Env) WatchWith(comm *mpiutil.Comm, limitS int, say func(line string) string) (stop func()) {
	return comm.StartWatchdog(time.Duration(limitS)*time.Second, func(line string) {
		e.Outputs.abandon()
		e.report(errors.New(say(strings.TrimPrefix(line, "mpiutil: "))))
		time.Sleep(forwarding)
	})
}
