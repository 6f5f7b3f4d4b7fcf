// SPDX-License-Identifier: BSD-3-Clause

// Package vec holds vec.h, the header by which C kernels use the vector
// registers of a machine: gcc and clang vector types of one width, and the few
// operations that the vector extensions themselves lack. Kernels include it
// after they have chosen a target, with VEC_AVX2 or without.
//
// Products and sums are contracted to fused multiply-adds only where a kernel
// says so (VEC FMA below): a value must not depend on which copy of an inlined
// function computed it, since images are to be bitwise the same however the
// rays are grouped.
package vec
