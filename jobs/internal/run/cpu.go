// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"syscall"

	"github.com/columen/columen/mpiutil"
)

// CoreSeconds returns the processor time of all threads of this process so far,
// in user code and in the system (getrusage), or 0 where the system does not say.
func CoreSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + 1e-6*float64(t.Usec) }
	return seconds(u.Utime) + seconds(u.Stime)
}

// countCores adds to the manifest what all ranks have used until now. It is
// collective.
func (s *session) countCores() error {
	sum := []float64{CoreSeconds()}
	s.counted = sum[0]
	if w, ok := s.comm.(World); ok {
		if err := mpiutil.Allreduce(w.Comm, sum, sum, mpiutil.Sum); err != nil {
			return err
		}
	}
	s.env.Manifest.CoreSeconds += sum[0]
	return nil
}
