// SPDX-License-Identifier: BSD-3-Clause

// Package foreign reads cubes that other programs wrote: fields on a uniform
// mesh that need no mapping.
//
//	OpenRADMC3D  the input folder of RADMC-3D: regular grid, text or binary
//	OpenCOEmuNet the HDF5 samples of COEmuNet, whose velocity is along z only
//	OpenFields   one .npy or FITS file per field
//
// # Axes
//
// RADMC-3D and FITS (NAXIS1 = x) have x fastest. Arrays in .npy and HDF5 are
// indexed [x, y, z]; the former may be in either order. A Cube hides this: Read
// returns blocks with z fastest, like the rest of the suite.
//
// # Blocks
//
// Of binary files only the rows that a block needs are read. Text has to be
// read whole.
//
// # Values
//
// Everything that leaves this package is in SI. What a field may hold (no NaN,
// no negative density) is checked by the solver, cell by cell; shapes, types and
// sizes are checked here. Errors name the file, the byte or line, what was found
// and what is wanted.
//
// References:
//
//	Dullemond et al. (2012), RADMC-3D, ascl:1202.015; manual of version 2.0, chapter "Main input and output files".
//	Pence et al. (2010), A&A 524, A42: FITS 3.0.
//	Su et al. (2025), RASTI, arXiv:2507.11398: COEmuNet.
package foreign
