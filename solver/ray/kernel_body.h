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
#define REAL double
#define FUNCTION NAME(f64, TARGET)
/* A segment is left out where its τ < 1e-18·min(1, its τ at line centre): √(ln 1e18). Nothing smaller than SMALLEST at line centre counts. */
#define CUTOFF_ROOT 6.4379
#define SMALLEST 1e-200
#define STORE(p, j, lane, v) ((void)(lane), (p)[j] = (v))
#define LOADD(p, j, lane) ((p)[j])
#include "kernel_math.h"

/* gap = 1 - e^x and tail = e^x for x <= 0, both to full relative precision: e^x = 2^n(1+q), q = expm1 of the rest. */
VEC_INLINE void boltzmann(vd x, vd *gap, vd *tail) {
  static const double c[] = {1.0, 5.0e-1, 1.6666666666666681e-1, 4.1666666666666677e-2, 8.3333333333196006e-3, 1.3888888888879082e-3,
                             1.9841269890047114e-4, 2.4801587336421323e-5, 2.755724091857897e-6, 2.7557263301474755e-7,
                             2.5110037605963778e-8, 2.0918129454967066e-9}; /* (e^r-1)/r, error 2.4e-19 */
  const vd magic = vec_set_d(0x1.8p52), lowest = vec_set_d(-700.0);
  x = vec_pick_d(x > lowest, x, lowest);
  vd z = vec_fma_d(x, vec_set_d(1.4426950408889634), magic);
  vd n = z - magic;
  vd r = vec_fma_d(n, vec_set_d(-2.3190468138462996e-17), vec_fma_d(n, vec_set_d(-0.6931471805599453), x));
  vd p = vec_set_d(c[11]);
  for (int i = 10; i >= 0; i--) p = vec_fma_d(p, r, vec_set_d(c[i]));
  vd q = p * r;
  vd scale = (vd)((vi64)vec_set_d(1) + ((vi64)z << 52));
  *gap = vec_fma_d(-scale, q, vec_set_d(1) - scale);
  *tail = vec_fma_d(scale, q, scale);
}

/* 1/Z(T) from its table: polynomials of degree 8 on bins equal in the bits of T. */
VEC_INLINE vd inverse_partition(const ray_line *ln, vd t) {
  vi64 bits = (vi64)t, bin = (bits >> ln->shift) - ln->base;
  vd p = (vd)((vi64)(((vu64)bits << (64 - ln->shift)) >> 12) | (vi64)vec_set_d(1));
  p = (p - vec_set_d(1.5)) * vec_set_d(2);
  const double *c = ln->coef + bin[0] * 9;
  vi64 same = bin == (bin[0] - (vi64){0});
  if (vec_all_d(same)) { /* the common case: neighbours are about as warm */
    vd z = vec_set_d(c[8]);
    for (int i = 7; i >= 0; i--) z = vec_fma_d(z, p, vec_set_d(c[i]));
    return z;
  }
  vd k[9];
  for (int l = 0; l < VEC_LANES_D; l++) {
    c = ln->coef + bin[l] * 9;
    for (int i = 0; i < 9; i++) k[i][l] = c[i];
  }
  vd z = k[8];
  for (int i = 7; i >= 0; i--) z = vec_fma_d(z, p, k[i]);
  return z;
}

#include "kernel_path.h"
#include "kernel_row.h"

/* --- float32 --- */
#undef DOUBLE
#undef R
#undef V
#undef VU
#undef VI
#undef REAL
#undef FUNCTION
#undef CUTOFF_ROOT
#undef SMALLEST
#undef STORE
#undef LOADD
#undef NARROW
#undef VANISHED
#define R f
#define V vf
#define VU vf_u
#define VI vi32
#define REAL float
#define FUNCTION NAME(f32, TARGET)
#define CUTOFF_ROOT 4.7112 /* √(ln 4.4e9) */
#define SMALLEST 1e-30
#define STORE(p, j, lane, v) (*(vf_half *)((float *)&(p)[j] + (lane)) = __builtin_convertvector(v, vf_half))
#define LOADD(p, j, lane) __builtin_convertvector(*(vf_half *)((float *)&(p)[j] + (lane)), vd)
#include "kernel_math.h"
#include "kernel_path.h"
#include "kernel_row.h"
