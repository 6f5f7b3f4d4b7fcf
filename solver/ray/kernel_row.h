/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A row of rays: fields from the cube, nodes, then every channel. Included once per precision after kernel_node.h;
 * FUNCTION names the entry point. */

/* COPY brings one field of W rays from the cube to nodes. Ray by ray: rays lie far apart in memory, often
 * at distances that compete for the same cache lines. */
#define COPY CAT(copy_, R)
static void COPY(const void *field, const ray_row *row, int64_t first, V *nodes) {
  const int64_t step = row->step, cells = row->cells;
  REAL *dst = (REAL *)nodes;
  if (row->across == 1 && first + W <= row->rays) {
    const REAL *p = (const REAL *)field + first;
    for (int64_t c = 0; c < cells; c++)
      for (int l = 0; l < W; l++) dst[c * W + l] = p[c * step + l];
    return;
  }
  int64_t done = 0;
#if !defined(DOUBLE)
  if (step == 1 || step == -1) /* eight cells of eight rays at a time */
    for (; done + W <= cells; done += W) {
      V r[W];
      for (int l = 0; l < W; l++) {
        int64_t ray = first + l < row->rays ? first + l : row->rays - 1;
        const REAL *p = (const REAL *)field + ray * row->across + done * step;
        r[l] = *(const VU *)(step == 1 ? p : p - (W - 1));
      }
      vec_transpose8(r);
      for (int c = 0; c < W; c++) nodes[done + c] = r[step == 1 ? c : W - 1 - c];
    }
#endif
  for (int l = 0; l < W; l++) {
    int64_t ray = first + l < row->rays ? first + l : row->rays - 1;
    const REAL *p = (const REAL *)field + ray * row->across;
    for (int64_t c = done; c < cells; c++) dst[c * W + l] = p[c * step];
  }
}

/* FACE extrapolates to the face of cell c away from cell inner, into node j. */
#define FACE CAT(face_, R)
static void FACE(const ray_line *ln, const ray_row *row, const FIELDS *fd, int64_t first, int64_t c, int64_t inner, int64_t j) {
  for (int l = 0; l < W; l++) {
    int64_t ray = first + l < row->rays ? first + l : row->rays - 1;
    int64_t p = ray * row->across + c * row->step, q = ray * row->across + inner * row->step;
    const REAL *n = row->density, *t = row->temperature, *v = row->velocity, *w = row->turbulence;
    if (row->single) q = p;
    double nf = 1.5 * n[p] - 0.5 * n[q], tf = 1.5 * t[p] - 0.5 * t[q], wf = 1.5 * w[p] - 0.5 * w[q];
    double t_max = ln->t_max * 0.999;
    nf = nf > 0.1 * n[p] ? nf : 0.1 * n[p];
    tf = tf > 0.1 * t[p] ? tf : 0.1 * t[p];
    tf = tf > ln->t_min ? tf : ln->t_min;
    fd->n[j][l] = (REAL)nf;
    fd->t[j][l] = (REAL)(tf < t_max ? tf : t_max);
    fd->v[j][l] = (REAL)(1.5 * v[p] - 0.5 * v[q]);
    fd->w[j][l] = (REAL)(wf > 0 ? wf : 0);
  }
}

/* GATHER fills all fields at all nodes of the W rays from `first` on. */
#define GATHER CAT(gather_, R)
static void GATHER(const ray_line *ln, const ray_row *row, const FIELDS *fd, int64_t first) {
  const int64_t near = row->near_face, last = row->cells - 1;
  COPY(row->density, row, first, fd->n + near);
  COPY(row->temperature, row, first, fd->t + near);
  COPY(row->velocity, row, first, fd->v + near);
  COPY(row->turbulence, row, first, fd->w + near);
  if (near) FACE(ln, row, fd, first, 0, 1, 0);
  if (row->far_face) FACE(ln, row, fd, first, last, last - 1, near + row->cells);
}

/* SPAN finds where the m-1 segments between m nodes matter to any of the W rays. */
#define SPAN CAT(span_, R)
static void SPAN(NODES *nd, int m) {
  for (int i = 0; i + 1 < m; i++) {
    REAL lo = nd->lo[i][0], hi = nd->hi[i][0];
    for (int l = 1; l < W; l++) {
      lo = nd->lo[i][l] < lo ? nd->lo[i][l] : lo;
      hi = nd->hi[i][l] > hi ? nd->hi[i][l] : hi;
    }
    nd->slo[i] = lo;
    nd->shi[i] = hi;
  }
}

/* GROUP prepares the m nodes of W rays from `first` on. Returns 0, or 1 for a cell that must be refused. */
#define GROUP CAT(group_, R)
static int GROUP(const ray_line *ln, const SCALES *by, ray_row *row, const FIELDS *fd, NODES *nd, int64_t first, int m) {
  GATHER(ln, row, fd, first);
  CARRY k = {.seen = SET(0), .missed = SET(0), .bad = (VI)SET(0)};
  const int near = row->near_face, far = (int)(near + row->cells);
  const V all = SET(1);
  for (int j = 0; j < m; j++) {
    const POINT p = {fd->n[j], fd->t[j], fd->v[j], fd->w[j]};
    const int is_cell = j >= near && j < far;
    NODE(ln, by, &p, is_cell, is_cell && (j + 1 < far || row->far_face) ? &all : NULL, nd, j, &k);
  }
  if (ANY(k.bad)) return 1;
  for (int l = 0; l < W && first + l < row->rays; l++) {
    row->total += k.seen[l];
    row->outside += k.missed[l];
  }
  SPAN(nd, m);
  for (int i = 0; i + 1 < m; i++) nd->ds[i] = SET(1);
  if (row->near_face) nd->ds[0] = SET((REAL)0.5);
  if (row->far_face) nd->ds[m - 2] = SET((REAL)0.5);
  return 0;
}

/* WRITE stores a result of W rays, of which the first `lanes` exist. */
#define WRITE CAT(write_, R)
VEC_INLINE void WRITE(const ray_row *row, int piece, int64_t channel, int64_t first, int64_t lanes, V t, V e) {
  const int64_t at = piece * row->stride_piece + channel * row->stride_channel + first * row->stride_ray;
  REAL *to = (REAL *)row->transmission + at, *eo = (REAL *)row->emission + at;
  if (lanes == W && row->stride_ray == 1) {
    *(VU *)to = t;
    *(VU *)eo = e;
    return;
  }
  for (int64_t l = 0; l < lanes; l++) {
    to[l * row->stride_ray] = t[l];
    eo[l * row->stride_ray] = e[l];
  }
}

int FUNCTION(const ray_line *ln, ray_row *row, void *scratch) {
  const int m = (int)(row->cells + row->near_face + row->far_face);
  /* Arrays are spaced by a cache line more than they need: at equal distances of 2 or 4 kB, as 64 cells would give, they
   * would compete for the same lines of the cache. */
  const int pad = m + 64 / (int)sizeof(V);
  V *p = (V *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63);
  NODES nd = {.a = p, .u = p + pad, .r = p + 2 * pad, .s = p + 3 * pad, .lo = p + 4 * pad, .hi = p + 5 * pad};
  nd.ds = p + 6 * pad;
  nd.slo = (REAL *)(p + 7 * pad);
  nd.shi = nd.slo + m;
  p = (V *)(((uintptr_t)(nd.shi + m) + 63) & ~(uintptr_t)63);
  FIELDS fd = {.n = p, .t = p + pad, .v = p + 2 * pad, .w = p + 3 * pad};
  SCALES by;
  SCALE(ln, &row->window, &by);
  for (int64_t first = 0; first < row->rays; first += W) {
    if (GROUP(ln, &by, row, &fd, &nd, first, m)) return 1;
    int64_t lanes = row->rays - first < W ? row->rays - first : W;
    for (int64_t f = 0; f < row->channels; f += ABREAST) {
      const int count = row->channels - f < ABREAST ? (int)(row->channels - f) : ABREAST;
      for (int k = 0; k < row->pieces; k++) {
        V t[ABREAST], e[ABREAST];
        int from = k ? row->ends[k - 1] : 0;
        if (count == ABREAST)
          PATH(&nd, from, row->ends[k], row->x + f, ABREAST, t, e, NULL, NULL, 0, 0);
        else
          PATH(&nd, from, row->ends[k], row->x + f, 1, t, e, NULL, NULL, 0, 0);
        for (int q = 0; q < count; q++) WRITE(row, k, f + q, first, lanes, t[q], e[q]);
      }
    }
  }
  return 0;
}

/* What the arithmetic alone costs at least: two exponentials for each of n numbers, the profile's and the attenuation's. The
 * benchmarks state their times as multiples of this. */
double EXPONENTIALS(int64_t n) {
  V x = SET((REAL)-0.5), sum[4] = {x, x, x, x};
  for (int64_t i = 0; i < 2 * n; i += 4 * W)
    for (int k = 0; k < 4; k++) sum[k] += EXP(x * SET((REAL)((i / (4 * W)) & 7)) - SET((REAL)k));
  double total = 0;
  for (int k = 0; k < 4; k++) total += sum[k][0];
  return total;
}
