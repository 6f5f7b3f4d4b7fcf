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

/* What nodes need to know beside their fields. */
typedef struct {
  double v_sign, length; /* v_los = v_sign · v; the unit of length along the ray [m] */
  double x_min, x_max;   /* the window spanned by the channels: (ν − ν₀)·c/ν₀ [m/s] */
} ray_window;

/* A row of parallel rays through a block of cells. */
typedef struct {
  const void *density, *temperature, *velocity, *turbulence; /* at the first cell of the first ray */
  int64_t step, across; /* elements to the next cell away from the observer, to the next ray */
  int64_t rays, cells;
  ray_window window; /* length: distance of cell centres */
  int32_t near_face, far_face, single, pieces;
  const int32_t *ends; /* index after the last segment of each piece */
  const double *x;     /* channels: (ν − ν₀)·c/ν₀ [m/s] */
  int64_t channels, stride_ray, stride_channel, stride_piece;
  void *transmission, *emission; /* [piece][channel][ray] */
  double total, outside;         /* line emission of all cells, and of those beyond the window; added to */
} ray_row;

/* Parallel rays of any direction through the fields of a block, which are given on planes: the outer faces of the model
 * (planes 0 and cells+1) and the cell centres between. Coordinates count cells, the centre of cell i at i. */
typedef struct {
  const void *fields;      /* n, T, v_los and v_turb at each stored point, C order */
  const void *start[3];    /* per ray: where it is at t = 0 */
  int64_t stride[3];       /* points to the next plane along each axis */
  double along[3], inverse[3]; /* cells per t going away from the observer, and t per cell; both 0 across the rays */
  int32_t first[3], lo[3], hi[3], cells[3]; /* first plane stored; planes that bound the block; cells of the model */
  int32_t closed[3]; /* does the model end at plane hi? A ray within that plane then belongs to the block */
  int64_t rays;
  ray_window window; /* length: what one of t is */
  const double *x;
  int64_t channels, stride_channel;
  void *transmission, *emission; /* [channel][ray] */
  void *depth, *first_moment, *second_moment; /* the same, or NULL: τ, and the light weighted with -t and t² */
  /* Instead, if not NULL: T and E of each leaf, [ray][leaf][T, E][channel], most leaves of a ray; how many leaves of each ray, and the
   * position of the last. A leaf is RAY_LEAF cells along each axis. */
  void *pieces;
  int32_t *count, *last;
  int64_t most;
  double total, outside;  /* as in ray_row */
  int64_t segments, steps; /* segments of all rays, and how many all lanes took: added to */
} ray_beam;

/* A row of cells to bring to a plane of fields. */
typedef struct {
  const void *density, *temperature, *velocity[3], *turbulence; /* of a velocity across the rays, any field: it counts 0 times */
  double away[3]; /* unit vector away from the observer */
  int64_t rows, columns;         /* cells along y and z */
  int64_t row_cells, row_points; /* elements to the next row of the cells, points to that of the plane */
  void *points;
} ray_sheet;

/* Segments that an oblique ray collects before it takes the channels through them. */
#define RAY_LEG 96

/* Cells along each edge of a leaf: grid.LeafCells. */
#define RAY_LEAF 8

/* Each kernel returns 0, or 1 where a cell holds what no transfer can be computed for. */
#define RAY_DECLARE(name)                                                              \
  int ray_f64_##name(const ray_line *, ray_row *, void *scratch); \
  int ray_f32_##name(const ray_line *, ray_row *, void *scratch);  \
  int ray_beam64_##name(const ray_line *, ray_beam *, void *scratch); \
  int ray_beam32_##name(const ray_line *, ray_beam *, void *scratch); \
  int ray_pack64_##name(const ray_line *, const ray_sheet *);         \
  int ray_pack32_##name(const ray_line *, const ray_sheet *);         \
  double ray_exp64_##name(int64_t n);                              \
  double ray_exp32_##name(int64_t n);
RAY_DECLARE(base)
RAY_DECLARE(avx2)

#endif
