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
static float *align(float *p) { return (float *)(((uintptr_t)p + VEC_BYTES - 1) & ~(uintptr_t)(VEC_BYTES - 1)); }

#include "body_fill.h"
#include "body_rows.h"
#include "body_conv.h"
#include "body_pooled.h"
#include "body_dense.h"
#include "body_gemm.h"
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
