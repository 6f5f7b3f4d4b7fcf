// SPDX-License-Identifier: BSD-3-Clause

//go:build !mpi || !cgo

package parallel

import (
	"errors"

	"github.com/columen/columen/mpiutil"
)

// benchRole needs a launcher.
func benchRole(*mpiutil.Comm, string) error { return errors.New("a build without tag mpi") }
