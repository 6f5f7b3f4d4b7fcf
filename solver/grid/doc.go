// SPDX-License-Identifier: BSD-3-Clause

// Package grid is the geometry of the solver: boxes, uniform meshes, cubes of
// physical fields on them, and their decomposition over ranks.
//
// Axes are numbered 0, 1, 2 = x, y, z. Arrays are C-order with z fastest:
// element (i, j, k) of a mesh with Cells = {nx, ny, nz} lies at (i·ny+j)·nz+k.
// Lengths are in metres. Index ranges are half-open and count cells of the
// whole mesh, on every rank.
package grid
