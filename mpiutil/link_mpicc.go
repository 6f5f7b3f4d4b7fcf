// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && cgo && mpicc

package mpiutil

// With tag mpicc the compiler itself knows the library: CC=mpicc go build
// -tags mpi,mpicc. It is the way for libraries without pkg-config files.

import "C"
