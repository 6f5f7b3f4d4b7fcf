/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the Go side and every build of the network kernels share. All tensors are dense, in C order. */
#ifndef COLUMEN_CPU_KERNEL_H
#define COLUMEN_CPU_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* A convolution as geometry: axes are D, H, W; see Conv in conv.go. The input is taken as if `dilate` - 1 zeros stood
 * between its elements (backward through a stride). */
typedef struct {
  int64_t in, out;
  int64_t size[3], osize[3], kernel[3], stride, pad[3], dilate;
  int64_t relu;
} cpu_conv;

/* Sizes of the working copy of one input plane, in floats; see body_fill.h. */
typedef struct {
  int64_t copy, channel, plane, total;
} cpu_copy_sizes;

/* A matrix product C[m,n] (+)= A[m,k] B[k,n]; element (i,j) of A is a[i·a_row + j·a_col]. skinny: m is so small that
 * B comes from memory as fast as it is worked on. shallow: k is worked on in blocks of GEMM_SHORT, which sets the order of a sum. */
typedef struct {
  int64_t m, n, k, a_row, a_col, b_row, b_col, c_row, add, skinny, shallow;
} cpu_gemm;

typedef struct {
  double rate, beta1, beta2, eps, decay, decoupled, correct1, correct2;
} cpu_adam;

/* One build of the kernels. Ranges [first, last) are what one thread does. */
typedef struct {
  int64_t lanes;
  void (*conv)(const cpu_conv *, int64_t first, int64_t last, const float *x, const float *packed, const float *residual,
               float *y, float *scratch);
  void (*conv_pool)(const cpu_conv *, int64_t first, int64_t last, const float *x, const float *packed, float *y);
  void (*conv_back)(const cpu_conv *, int64_t first, int64_t last, const float *dy, const float *packed, float *dx, float *scratch);
  void (*conv_weights)(const cpu_conv *, int64_t batch, int64_t first, int64_t last, const float *x, const float *dy, float *dw,
                       double *db, float *scratch, int64_t scratch_len);
  void (*matvec)(int64_t first, int64_t last, int64_t k, int64_t relu, const float *w, const float *x, const float *bias, float *y);
  void (*matvec_bf16)(int64_t first, int64_t last, int64_t k, int64_t relu, const uint16_t *w, const float *x, const float *bias,
                      float *y, const float *split);
  void (*round_bf16)(int64_t first, int64_t last, const float *w, uint16_t *to);
  void (*dots)(int64_t first, int64_t last, int64_t rows, int64_t k, int64_t batch, int64_t relu, const float *w,
               const uint16_t *half, const float *x, const float *bias, float *y, float *scratch);
  void (*dot_sums)(int64_t first, int64_t last, int64_t rows, int64_t k, int64_t batch, const float *w, const float *x,
                   const float *bias, float *y, double *sums, float *scratch);
  void (*gemm)(const cpu_gemm *, const float *a, const float *b, float *c, float *scratch);
  void (*gemm_sums)(const cpu_gemm *, const float *a, const float *b, double *c, float *scratch);
  void (*bn_stats)(int64_t first, int64_t last, int64_t n, const float *x, double *moments);
  void (*bn_apply)(int64_t first, int64_t last, int64_t channels, int64_t n, int64_t relu, const float *x, const float *scale,
                   const float *shift, const float *residual, float *y);
  void (*bn_sums)(int64_t first, int64_t last, int64_t channels, int64_t n, int64_t relu, const float *x, const float *dy,
                  const float *scale, const float *shift, const float *mean, double *sums);
  void (*bn_backward)(int64_t first, int64_t last, int64_t channels, int64_t n, int64_t relu, const float *x, const float *dy,
                      const float *scale, const float *shift, const float *mean, const float *off, const float *slope, float *dx);
  void (*pool)(int64_t first, int64_t last, int64_t d, int64_t h, int64_t w, const float *x, float *y);
  void (*pool_back)(int64_t first, int64_t last, int64_t d, int64_t h, int64_t w, const float *x, const float *dy, float *dx);
  void (*upsample)(int64_t first, int64_t last, int64_t h, int64_t w, const float *x, float *y);
  void (*upsample_back)(int64_t first, int64_t last, int64_t h, int64_t w, const float *dy, float *dx);
  void (*tanh)(int64_t first, int64_t last, const float *x, float *y);
  void (*tanh_back)(int64_t first, int64_t last, const float *y, const float *dy, float *dx);
  void (*add)(int64_t first, int64_t last, const float *a, const float *b, float *y);
  void (*relu_back)(int64_t first, int64_t last, const float *y, const float *dy, float *dx);
  void (*relu)(int64_t first, int64_t last, const float *x, float *y);
  void (*axpy)(int64_t first, int64_t last, float a, const float *x, float *y);
  void (*squares)(int64_t first, int64_t last, int64_t n, int64_t size, const float *x, double *sum);
  void (*adam)(const cpu_adam *, int64_t first, int64_t last, const float *g, float *w, float *m, float *v);
  void (*weight_slots)(int64_t first, int64_t last, int64_t rows, int64_t n, int64_t add, int64_t slots, const int64_t *bounds, const float *x,
                       const float *dy, float *dw, float *scratch);
  double (*peak)(int64_t rounds, const float *seed);
  double (*read)(int64_t n, const float *x);
} cpu_kernels;

extern const cpu_kernels cpu_kernels_base;
#if defined(__x86_64__)
extern const cpu_kernels cpu_kernels_avx2;
#endif

/* The sizes of the working copy for kernels of this many lanes. */
static inline cpu_copy_sizes cpu_copy_of(const cpu_conv *c, int64_t lanes) {
  cpu_copy_sizes s;
  int64_t k = c->kernel[1], rows = 0;
  for (int64_t g = 0; g < c->stride && g < k; g++) rows += c->osize[1] + (k - 1 - g) / c->stride;
  s.copy = (rows * c->osize[2] + lanes - 1) / lanes * lanes + lanes;
  s.channel = s.copy * c->kernel[2];
  s.plane = s.channel * c->in;
  s.total = s.plane * c->kernel[0] + 3 * lanes;
  return s;
}

#endif
