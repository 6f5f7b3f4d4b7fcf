// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && cgo && mpich && !mpicc

package mpiutil

// #cgo pkg-config: mpich
import "C"
