/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Vectors of VEC_BYTES bytes: vf (float), vd (double) and the integer vectors
 * vi32, vi64 of the same shape. A comparison gives an integer vector whose lanes are all ones (true)
 * or all zeros (false). */
#ifndef COLUMEN_VEC_H
#define COLUMEN_VEC_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off", "no-math-errno", "no-trapping-math")
#endif

#define VEC_BYTES 32

typedef float vf __attribute__((vector_size(VEC_BYTES)));
typedef double vd __attribute__((vector_size(VEC_BYTES)));
typedef int32_t vi32 __attribute__((vector_size(VEC_BYTES)));
typedef int64_t vi64 __attribute__((vector_size(VEC_BYTES)));
typedef uint32_t vu32 __attribute__((vector_size(VEC_BYTES)));
typedef uint64_t vu64 __attribute__((vector_size(VEC_BYTES)));
typedef float vf_half __attribute__((vector_size(VEC_BYTES / 2)));
typedef float vf_u __attribute__((vector_size(VEC_BYTES), aligned(4), may_alias));
typedef double vd_u __attribute__((vector_size(VEC_BYTES), aligned(8), may_alias));

#define VEC_INLINE static inline __attribute__((always_inline))
#define VEC_LANES_F (VEC_BYTES / 4)
#define VEC_LANES_D (VEC_BYTES / 8)

VEC_INLINE vf vec_set_f(float x) { return x - (vf){0}; }
VEC_INLINE vd vec_set_d(double x) { return x - (vd){0}; }

#if defined(VEC_AVX2)
VEC_INLINE vf vec_fma_f(vf a, vf b, vf c) { return __builtin_ia32_vfmaddps256(a, b, c); }
VEC_INLINE vd vec_fma_d(vd a, vd b, vd c) { return __builtin_ia32_vfmaddpd256(a, b, c); }
#elif defined(__FP_FAST_FMA) && defined(__FP_FAST_FMAF)
VEC_INLINE vf vec_fma_f(vf a, vf b, vf c) {
  vf r;
  for (int i = 0; i < VEC_LANES_F; i++) r[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return r;
}
VEC_INLINE vd vec_fma_d(vd a, vd b, vd c) {
  vd r;
  for (int i = 0; i < VEC_LANES_D; i++) r[i] = __builtin_fma(a[i], b[i], c[i]);
  return r;
}
#else
VEC_INLINE vf vec_fma_f(vf a, vf b, vf c) { return a * b + c; }
VEC_INLINE vd vec_fma_d(vd a, vd b, vd c) { return a * b + c; }
#endif

#if defined(VEC_AVX2)
VEC_INLINE vd vec_sqrt_d(vd a) { return __builtin_ia32_sqrtpd256(a); }
VEC_INLINE vf vec_sqrt_f(vf a) { return __builtin_ia32_sqrtps256(a); }
#else
VEC_INLINE vd vec_sqrt_d(vd a) {
  vd r = a;
  for (int i = 0; i < VEC_LANES_D; i++) r[i] = __builtin_sqrt(a[i]);
  return r;
}
VEC_INLINE vf vec_sqrt_f(vf a) {
  vf r = a;
  for (int i = 0; i < VEC_LANES_F; i++) r[i] = __builtin_sqrtf(a[i]);
  return r;
}
#endif

/* vec_pick: lane of a where m is true, of b elsewhere. */
VEC_INLINE vf vec_pick_f(vi32 m, vf a, vf b) { return (vf)((m & (vi32)a) | (~m & (vi32)b)); }
VEC_INLINE vd vec_pick_d(vi64 m, vd a, vd b) { return (vd)((m & (vi64)a) | (~m & (vi64)b)); }

/* vec_transpose8: lane j of r[i] and lane i of r[j] change places. For vectors of eight floats. */
#if defined(__clang__)
#define VEC_MIX(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define VEC_MIX(a, b, ...) __builtin_shuffle(a, b, (vi32){__VA_ARGS__})
#endif
VEC_INLINE void vec_transpose8(vf *r) {
  vf a[8], b[8];
  for (int i = 0; i < 8; i += 2) { /* pairs */
    a[i] = VEC_MIX(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    a[i + 1] = VEC_MIX(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
  for (int i = 0; i < 8; i += 4) /* fours */
    for (int j = 0; j < 2; j++) {
      b[i + 2 * j] = VEC_MIX(a[i + j], a[i + j + 2], 0, 1, 8, 9, 4, 5, 12, 13);
      b[i + 2 * j + 1] = VEC_MIX(a[i + j], a[i + j + 2], 2, 3, 10, 11, 6, 7, 14, 15);
    }
  for (int i = 0; i < 4; i++) { /* halves */
    r[i] = VEC_MIX(b[i], b[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
    r[i + 4] = VEC_MIX(b[i], b[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
  }
}

/* vec_max: a where a > b, else b (so b where either is not a number). vec_min: a where a < b, else b. */
#if defined(VEC_AVX2)
VEC_INLINE vf vec_max_f(vf a, vf b) { return __builtin_ia32_maxps256(a, b); }
VEC_INLINE vd vec_max_d(vd a, vd b) { return __builtin_ia32_maxpd256(a, b); }
VEC_INLINE vf vec_min_f(vf a, vf b) { return __builtin_ia32_minps256(a, b); }
VEC_INLINE vd vec_min_d(vd a, vd b) { return __builtin_ia32_minpd256(a, b); }
#else
VEC_INLINE vf vec_max_f(vf a, vf b) { return vec_pick_f(a > b, a, b); }
VEC_INLINE vd vec_max_d(vd a, vd b) { return vec_pick_d(a > b, a, b); }
VEC_INLINE vf vec_min_f(vf a, vf b) { return vec_pick_f(a < b, a, b); }
VEC_INLINE vd vec_min_d(vd a, vd b) { return vec_pick_d(a < b, a, b); }
#endif

/* vec_any, vec_all: is the mask true in any lane, in every lane? */
#if defined(VEC_AVX2)
VEC_INLINE int vec_bits_f(vi32 m) { return __builtin_ia32_movmskps256((vf)m); }
VEC_INLINE int vec_bits_d(vi64 m) { return __builtin_ia32_movmskpd256((vd)m); }
#else
VEC_INLINE int vec_bits_f(vi32 m) {
  int b = 0;
  for (int i = 0; i < VEC_LANES_F; i++) b |= (m[i] & 1) << i;
  return b;
}
VEC_INLINE int vec_bits_d(vi64 m) {
  int b = 0;
  for (int i = 0; i < VEC_LANES_D; i++) b |= (int)(m[i] & 1) << i;
  return b;
}
#endif
VEC_INLINE int vec_any_f(vi32 m) { return vec_bits_f(m) != 0; }
VEC_INLINE int vec_any_d(vi64 m) { return vec_bits_d(m) != 0; }
VEC_INLINE int vec_all_f(vi32 m) { return vec_bits_f(m) == (1 << VEC_LANES_F) - 1; }
VEC_INLINE int vec_all_d(vi64 m) { return vec_bits_d(m) == (1 << VEC_LANES_D) - 1; }

#endif
