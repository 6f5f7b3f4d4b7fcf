// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && cgo && !mpich && !mpicc

package mpiutil

// The flags of each library stand in a file of their own: the build cache tells
// builds apart by their files, not by what pkg-config says.

// #cgo pkg-config: ompi-c
import "C"
