/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Both precisions of the kernel for one target. The including file chooses the
 * target and defines TARGET, its name. */

#include "kernel.h"
#include "vec.h"

#define NAME_(p, t) ray_##p##_##t
#define NAME(p, t) NAME_(p, t)

/* --- float64 --- */
#define DOUBLE
#define R d
#define V vd
#define VU vd_u
#define VI vi64
#define VUI vu64
#define INT int64_t
#define REAL double
#define FUNCTION NAME(f64, TARGET)
#define EXPONENTIALS NAME(exp64, TARGET)
#define BEAM NAME(beam64, TARGET)
#define PACK NAME(pack64, TARGET)
/* A segment is left out where its τ < 1e-18·min(1, its τ at line centre): √(ln 1e18). Nothing smaller than SMALLEST at line centre counts. */
#define CUTOFF_ROOT 6.4379
#define SMALLEST 1e-200
#include "kernel_math.h"

#include "kernel_path.h"
#include "kernel_node.h"
#include "kernel_row.h"
#include "kernel_oblique.h"

/* --- float32 --- */
#undef DOUBLE
#undef R
#undef V
#undef VU
#undef VI
#undef VUI
#undef INT
#undef REAL
#undef FUNCTION
#undef EXPONENTIALS
#undef BEAM
#undef PACK
#undef CUTOFF_ROOT
#undef SMALLEST
#undef NARROW
#undef MANTISSA
#undef EXPONENT_OF_ONE
#undef VANISHED
#define R f
#define V vf
#define VU vf_u
#define VI vi32
#define VUI vu32
#define INT int32_t
#define REAL float
#define FUNCTION NAME(f32, TARGET)
#define EXPONENTIALS NAME(exp32, TARGET)
#define BEAM NAME(beam32, TARGET)
#define PACK NAME(pack32, TARGET)
#define CUTOFF_ROOT 4.7112 /* √(ln 4.4e9) */
#define SMALLEST 1e-30
#include "kernel_math.h"
#include "kernel_path.h"
#include "kernel_node.h"
#include "kernel_row.h"
#include "kernel_oblique.h"
