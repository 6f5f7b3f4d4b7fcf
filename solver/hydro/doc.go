// SPDX-License-Identifier: BSD-3-Clause

// Package hydro reads snapshots of hydrodynamic models and maps them to cubes.
//
// A reader presents a snapshot as Leaves: boxes of equal cells that tile the
// model's domain without gap or overlap. OpenAMRVAC is the reader of the .dat
// files of MPI-AMRVAC. CellAverage maps leaves conservatively to a block of a
// uniform mesh, so every rank reads only the leaves that its block touches.
//
// Codes without a mesh give Points instead, samples at scattered positions:
// OpenPhantom reads the full dumps of the SPH code Phantom, OpenMagritte the
// HDF5 models of the line transfer code Magritte.
//
// Everything that leaves this package is in SI: m, kg m⁻³, m s⁻¹, K, m⁻³.
// Units that a file does not store come from the configuration; a missing one
// is an error, never a guess.
//
// References:
//
//	De Ceuster et al. (2020), MNRAS 492, 1812: Magritte, a model of points.
//	Keppens et al. (2023), A&A 673, A66: MPI-AMRVAC 3.0, its equations and units.
//	Price et al. (2018), PASA 35, e031: Phantom, its equations and h.
//	Tiesinga et al. (2021), Rev. Mod. Phys. 93, 025010: CODATA 2018 constants.
package hydro
