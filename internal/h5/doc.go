// SPDX-License-Identifier: BSD-3-Clause

// Package h5 is a thin binding of the HDF5 C calls that the suite needs:
// files, groups, n-dimensional float datasets with hyperslab access, and
// string, float and integer attributes.
//
// # Why an own binding
//
// gonum.org/v1/hdf5 has had no commit since 2021. It cannot switch off the
// time stamps that HDF5 puts into every object, so two runs on the same input
// give different bytes, and it lacks the property lists for filters. The calls
// bound here exist unchanged from HDF5 1.10 to 1.14.
//
// # Building
//
// The tag hdf5 (and cgo) binds the library through pkg-config package hdf5.
// Where a site has no hdf5.pc, add the tag h5cc and give the flags yourself:
//
//	CGO_CFLAGS=-I$HDF5_DIR/include CGO_LDFLAGS="-L$HDF5_DIR/lib -lhdf5" go build -tags hdf5,h5cc ./...
//
// Without the tag every function returns ErrNotBuilt.
//
// # Threads
//
// The library is not thread-safe unless built so, and even then it runs one
// call at a time. One package-level mutex therefore serialises all calls: the
// state it guards is the C library's own global state, so a mutex per file
// would not do. Calls also lock their thread, because a thread-safe build
// keeps the error stack and its printing switch per thread.
//
// # Reproducible bytes
//
// Objects carry no time stamps (H5Pset_obj_track_times), floats are stored
// little-endian on every machine, and members and attributes are created in
// the order of the calls: equal calls give equal files.
//
// # Parallel file systems
//
// Where a file system refuses the locks that HDF5 takes when opening (some
// Lustre mounts), set HDF5_USE_FILE_LOCKING=FALSE in the job's environment.
//
// # Damaged files
//
// The C library itself may crash on a file made to harm it, so this package has
// no fuzz target and its files must come from a source you trust. Truncated
// files and files of another kind give errors.
//
// Reference: The HDF Group, HDF5 Reference Manual 1.10,
// https://docs.hdfgroup.org/hdf5/v1_10/.
package h5
