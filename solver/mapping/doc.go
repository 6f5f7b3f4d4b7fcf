// SPDX-License-Identifier: BSD-3-Clause

// Package mapping turns models given at scattered points into cubes.
//
// Three rules, for three kinds of model:
//
//	Haar     a cell is the mean of the points in it; an empty one takes the mean
//	         of the smallest of the nested cells around it that is not. The rule
//	         of the published data sets of COEmuNet, to the last bit.
//	SPH      particles are spread with their kernel: mass is kept, T and v are
//	         means weighted by mass.
//	Nearest  a cell is what the model has at its centre: the nearest point, or,
//	         by Contain, the cell of a refined mesh that contains it.
//
// The conservative average of refined meshes is hydro.CellAverage.
//
// Every rule fills the stored cells of one block of a mesh. A cell gets the
// same bits in whatever block and on however many threads it is computed: sums
// run in the order of the points. Points are turned before by package rotation.
//
// References:
//
//	Su, S. et al. 2025, arXiv:2507.11398 (COEmuNet, whose data sets are made of
//	    nested cells)
//	Monaghan, J. J. & Lattanzio, J. C. 1985, A&A 149, 135 (the kernel M₄)
//	Price, D. J. 2007, PASA 24, 159, doi:10.1071/AS07022 (kernel-weighted
//	    and normalised interpolation to pixels)
//	Shepard, D. 1968, Proc. 23rd ACM Nat. Conf., 517, doi:10.1145/800186.810616
//	Friedman, J. H., Bentley, J. L. & Finkel, R. A. 1977, ACM Trans. Math.
//	    Softw. 3, 209, doi:10.1145/355744.355745 (the search in a k-d tree)
package mapping
