/* SPDX-License-Identifier: BSD-3-Clause
 *
 * All kernels for one kind of vector. Included by kernel_*.c, which say which. */
#include <math.h>
#include <string.h>

#include "vec.h"

#include "kernel.h"

typedef int32_t vi32_u __attribute__((vector_size(VEC_BYTES), aligned(2), may_alias));
VEC_INLINE vf load(const float *p) { return *(const vf_u *)p; }
VEC_INLINE void store(float *p, vf a) { *(vf_u *)p = a; }

/* Halves of a vector in double precision, and vectors of those from memory. */
#if defined(VEC_AVX2)
VEC_INLINE vd lower_wide(vf a) { return __builtin_convertvector((vf_half)__builtin_ia32_ps_ps256(a), vd); }
VEC_INLINE vd upper_wide(vf a) { return __builtin_convertvector((vf_half)__builtin_ia32_vextractf128_ps256(a, 1), vd); }
/* The upper half added to the lower. */
VEC_INLINE vd folded_wide(vf a) {
  return __builtin_convertvector((vf_half)__builtin_ia32_ps_ps256(a) + (vf_half)__builtin_ia32_vextractf128_ps256(a, 1), vd);
}
#else
VEC_INLINE vd half_wide(vf a, int from) {
  vd r;
  for (int i = 0; i < VEC_LANES_D; i++) r[i] = (double)a[from + i];
  return r;
}
VEC_INLINE vd lower_wide(vf a) { return half_wide(a, 0); }
VEC_INLINE vd upper_wide(vf a) { return half_wide(a, VEC_LANES_D); }
VEC_INLINE vd folded_wide(vf a) {
  vd r;
  for (int i = 0; i < VEC_LANES_D; i++) r[i] = (double)(a[i] + a[i + VEC_LANES_D]);
  return r;
}
#endif
VEC_INLINE vd load_wide(const double *p) { return *(const vd_u *)p; }
VEC_INLINE void store_wide(double *p, vd a) { *(vd_u *)p = a; }
VEC_INLINE double sum_wide(vd a) { return (a[0] + a[1]) + (a[2] + a[3]); }

static float *align(float *p) { return (float *)(((uintptr_t)p + VEC_BYTES - 1) & ~(uintptr_t)(VEC_BYTES - 1)); }

#include "body_fill.h"
#include "body_rows.h"
#include "body_conv.h"
#include "body_pooled.h"
#include "body_dense.h"
#include "body_gemm.h"
#include "body_sums.h"
#include "body_norm.h"
#include "body_weights.h"
#include "body_point.h"
#include "body_back.h"
#include "body_slots.h"
#include "body_limits.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
const cpu_kernels JOIN(cpu_kernels_, TARGET) = {
    .lanes = VEC_LANES_F,
    .conv = conv,
    .conv_pool = conv_pool,
    .conv_back = conv_back,
    .conv_weights = conv_weights,
    .matvec = matvec,
    .matvec_bf16 = matvec_bf16,
    .round_bf16 = round_bf16,
    .dots = dots,
    .gemm = gemm,
    .gemm_sums = gemm_sums,
    .dot_sums = dot_sums,
    .bn_stats = bn_stats,
    .bn_apply = bn_apply,
    .bn_sums = bn_sums,
    .bn_backward = bn_backward,
    .pool = max_pool,
    .pool_back = max_pool_back,
    .upsample = upsample,
    .upsample_back = upsample_back,
    .tanh = tanh_all,
    .tanh_back = tanh_back,
    .add = add,
    .relu_back = relu_back,
    .relu = relu_all,
    .axpy = axpy,
    .squares = squares,
    .adam = adam,
    .weight_slots = weight_slots,
    .peak = peak,
    .read = read_all,
};
