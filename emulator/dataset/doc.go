// SPDX-License-Identifier: BSD-3-Clause

// Package dataset is what the emulator learns from: samples, their
// normalisation, their order and their files.
//
// A sample is a pair in the normalised space of the network, float32, C order:
//
//	input  [3, g, g, g]   line-of-sight velocity, temperature, density of CO; axes x, y, z
//	output [F, g, g]      intensity in F channels of rising frequency; axes x, y
//
// z is the line of sight. The observer stands at z → −∞, as in the files of the
// original: v_z > 0 recedes.
//
// # Order
//
// Which sample stands at which place of an epoch is a keyed permutation
// (Permutation), and all randomness is drawn from a counter-based generator
// (Random) keyed by (seed, purpose, epoch, sample). Both are functions of place
// and not of history: they are the same for any number of ranks, and a run
// resumes in the middle of an epoch from one integer.
//
// # Files
//
// Shards, raw and clean samples and statistics have the layout and the types of
// the original's files, so that either code reads the other's. A Manifest
// indexes them with checksums. HDF5 needs a binary built with the tag hdf5.
//
// References:
//
//	Black, J. & Rogaway, P. 2002, Ciphers with Arbitrary Finite Domains,
//	    CT-RSA 2002, LNCS 2271, 114 (cycle walking)
//	Luby, M. & Rackoff, C. 1988, SIAM J. Comput. 17, 373 (Feistel networks)
//	Salmon, J. K., Moraes, M. A., Dror, R. O. & Shaw, D. E. 2011, Parallel Random
//	    Numbers: As Easy as 1, 2, 3, SC11, doi:10.1145/2063384.2063405 (Philox)
//	Su, S. et al. 2025, Emulating CO Line Radiative Transfer with Deep Learning,
//	    arXiv:2507.11398
package dataset
