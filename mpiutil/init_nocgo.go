// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && !cgo

package mpiutil

import "errors"

// Init fails in this build, which has tag mpi but no cgo.
func Init() (*Comm, error) {
	return nil, errors.New("mpiutil: built with tag mpi but without cgo: set CGO_ENABLED=1 and have a C compiler, or drop the tag")
}

// Version names the MPI library; this build has none.
func Version() string { return "in-process" }
