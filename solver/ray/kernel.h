/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the Go side and every build of the transfer kernel share. Symbols are
 * those of solver/doc.go. */
#ifndef COLUMEN_RAY_KERNEL_H
#define COLUMEN_RAY_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* One line, as numbers: see Medium in medium.go for what each is. */
typedef struct {
  double opacity, source, upper_gap, lower, thermal, inv_c;
  double t_min, t_max;
  const void *coef; /* 1/Z(T), in the precision of the kernel: polynomials of degree 8 on 2^log_bins bins per octave of T */
  int32_t log_bins, first_octave; /* of the table: log2(t_min) */
} ray_line;

/* A row of parallel rays through a block of cells. */
typedef struct {
  const void *density, *temperature, *velocity, *turbulence; /* at the first cell of the first ray */
  int64_t step, across; /* elements to the next cell away from the observer, to the next ray */
  int64_t rays, cells;
  double v_sign, length; /* v_los = v_sign · v; distance of cell centres [m] */
  int32_t near_face, far_face, single, pieces;
  const int32_t *ends; /* index after the last segment of each piece */
  const double *x;     /* channels: (ν − ν₀)·c/ν₀ [m/s] */
  double x_min, x_max; /* the window spanned by the channels */
  int64_t channels, stride_ray, stride_channel, stride_piece;
  void *transmission, *emission; /* [piece][channel][ray] */
  double total, outside;         /* line emission of all cells, and of those beyond the window; added to */
} ray_row;

/* Each kernel returns 0, or 1 where a cell holds what no transfer can be computed for. */
#define RAY_DECLARE(name)                                                              \
  int ray_f64_##name(const ray_line *, ray_row *, void *scratch); \
  int ray_f32_##name(const ray_line *, ray_row *, void *scratch);  \
  double ray_exp64_##name(int64_t n);                              \
  double ray_exp32_##name(int64_t n);
RAY_DECLARE(base)
RAY_DECLARE(avx2)

#endif
