// SPDX-License-Identifier: BSD-3-Clause

// Package cubefile reads and writes cube files: HDF5 files that hold the
// physical fields of a model on a uniform mesh.
//
// # Format, schema "columen-cube-1"
//
// Datasets in the root group, each of shape [nx, ny, nz] in C order (z
// fastest), each 4- or 8-byte floats, all of one type in files written here:
//
//	CO (or the value of species)        number density    m-3
//	temperature                         gas temperature   K
//	velocity_x, velocity_y, velocity_z  velocity          m s-1
//	v_turb                              turbulent width   m s-1
//
// Root attributes: schema, species, box_min_m and box_max_m (three float64
// each, the outer faces of the mesh), units ("SI"). Every dataset has an
// attribute units as in the table. Anything else among the root's string
// attributes is provenance: keys and values of the job that wrote the file.
//
// A velocity component that was not stored (a nil slice at Write) has no
// dataset; reading it is an error. Density, temperature and v_turb must be
// there.
//
// # No rank holds the whole cube
//
// Read fetches by hyperslab what one block stores, and a Writer takes the
// cube block by block. Datasets are contiguous, so that a block of planes is
// one stretch of the file.
//
// # Failure
//
// Files are written under a temporary name and renamed when complete. What a
// field may hold (no NaN, no negative density) is the solver's business;
// shapes, types and units are checked here.
package cubefile
