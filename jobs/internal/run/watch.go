// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"time"

	"github.com/columen/columen/mpiutil"
)

// Watch starts the watchdog, which ends all ranks when one of them is inside a
// communication for longer than limitS seconds; 0 means never. The function
// returned stops it.
func Watch(comm *mpiutil.Comm, limitS int) (stop func()) {
	if limitS == 0 {
		return func() {}
	}
	return comm.StartWatchdog(time.Duration(limitS)*time.Second, nil)
}
