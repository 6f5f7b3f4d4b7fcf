// SPDX-License-Identifier: BSD-3-Clause

// Package rotation turns models: rotations from the angles of a camera, about
// an axis, or drawn at random, and what they do to the points of a model.
//
// A Rotation is active: it takes a vector of the model to where the turned
// model has it, in the same axes,
//
//	x → c + R (x − c),   v → R v.
//
// A camera is turned instead of the model by package solver, whose
// documentation has the angles. Camera gives the matrix of that camera, and its
// inverse turns a model so that an observer at +z sees it as the camera would.
//
// References:
//
//	Shoemake, K. 1992, Uniform random rotations, Graphics Gems III, 124
//	Rodrigues, O. 1840, J. Math. Pures Appl. 5, 380 (rotation about an axis)
//	Miles, R. E. 1965, Biometrika 52, 636, doi:10.1093/biomet/52.3-4.636
//	    (the law of the angle of a uniform rotation)
package rotation
