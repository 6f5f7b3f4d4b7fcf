// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo && !h5cc

package h5

// #cgo pkg-config: hdf5
import "C"
