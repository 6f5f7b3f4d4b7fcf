// SPDX-License-Identifier: BSD-3-Clause

//go:build !mpi || !cgo

package calibrate

import (
	"errors"

	"github.com/columen/columen/mpiutil"
)

// play needs a launcher.
func play(*mpiutil.Comm, string) error { return errors.New("a build without tag mpi") }
