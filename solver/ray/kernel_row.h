/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A row of rays: populations and profile at the nodes (in double precision), then every channel. Included once per
 * precision after kernel_path.h; FUNCTION names the entry point. */

#define W ((int)(sizeof(V) / sizeof(REAL)))

/* The fields at the nodes of W rays, in double precision: [node][W]. */
#define FIELDS CAT(fields_, R)
typedef struct {
  double *n, *t, *v, *w;
} FIELDS;

/* COPY brings one field of W rays from the cube to nodes near.. of dst. Ray by ray: rays lie far apart in memory, often
 * at distances that compete for the same cache lines. */
#define COPY CAT(copy_, R)
static void COPY(const void *field, const ray_row *row, int64_t first, double *dst) {
  const int64_t step = row->step, cells = row->cells;
  if (row->across == 1 && first + W <= row->rays) {
    const REAL *p = (const REAL *)field + first;
    for (int64_t c = 0; c < cells; c++)
      for (int l = 0; l < W; l++) dst[c * W + l] = (double)p[c * step + l];
    return;
  }
  for (int l = 0; l < W; l++) {
    int64_t ray = first + l < row->rays ? first + l : row->rays - 1;
    const REAL *p = (const REAL *)field + ray * row->across;
    if (step == 1)
      for (int64_t c = 0; c < cells; c++) dst[c * W + l] = (double)p[c];
    else
      for (int64_t c = 0; c < cells; c++) dst[c * W + l] = (double)p[c * step];
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
    fd->n[j * W + l] = nf;
    fd->t[j * W + l] = tf < t_max ? tf : t_max;
    fd->v[j * W + l] = 1.5 * v[p] - 0.5 * v[q];
    fd->w[j * W + l] = wf > 0 ? wf : 0;
  }
}

/* GATHER fills all fields at all nodes of the W rays from `first` on. */
#define GATHER CAT(gather_, R)
static void GATHER(const ray_line *ln, const ray_row *row, const FIELDS *fd, int64_t first) {
  const int64_t near = row->near_face, last = row->cells - 1;
  COPY(row->density, row, first, fd->n + near * W);
  COPY(row->temperature, row, first, fd->t + near * W);
  COPY(row->velocity, row, first, fd->v + near * W);
  COPY(row->turbulence, row, first, fd->w + near * W);
  if (near) FACE(ln, row, fd, first, 0, 1, 0);
  if (row->far_face) FACE(ln, row, fd, first, last, last - 1, near + row->cells);
}

/* IMPOSSIBLE: the lanes in which a cell holds what no transfer can be computed for. */
#define IMPOSSIBLE CAT(impossible_, R)
VEC_INLINE vi64 IMPOSSIBLE(const ray_line *ln, vd n, vd t, vd speed, vd w) {
  const vi64 sign = (vi64)vec_set_d(-0.0);
  vd abs = (vd)((vi64)speed & ~sign);
  return ~((n >= vec_set_d(0)) & (n < vec_set_d(1e300)) & (t >= vec_set_d(ln->t_min)) & (t < vec_set_d(ln->t_max)) &
           (abs < vec_set_d(0.1)) & (w >= vec_set_d(0)) & (w * vec_set_d(ln->inv_c) < vec_set_d(0.1)));
}

/* NODE computes node j of rays lane.. of the group from their fields, and from node j-1 the range of channels
 * [u - b·width, u + b·width] in which the segment between them matters. */
#define CARRY CAT(carry_, R)
typedef struct {
  vd reach, u, width;  /* of the node before */
  vd seen, missed;     /* line emission, and what of it the window misses */
  vi64 bad;
} CARRY;

#define NODE CAT(node_, R)
VEC_INLINE void NODE(const ray_line *ln, const ray_row *row, const FIELDS *fd, NODES *nd, int j, int lane, CARRY *k) {
  const int at = j * W + lane;
  const int is_cell = j >= row->near_face && j < row->near_face + row->cells;
  const vd one = vec_set_d(1), zero = vec_set_d(0);
  vd n = *(const vd *)(fd->n + at), t = *(const vd *)(fd->t + at), w = *(const vd *)(fd->w + at);
  vd speed = *(const vd *)(fd->v + at) * vec_set_d(row->v_sign * ln->inv_c);
  if (is_cell) {
    vi64 bad = IMPOSSIBLE(ln, n, t, speed, w);
    k->bad |= bad;
    t = vec_pick_d(bad, vec_set_d(ln->t_min), t); /* the table must not be left */
  }
  vd zinv = inverse_partition(ln, t), it = one / t, gap, tail;
  boltzmann(it * vec_set_d(-ln->upper_gap), &gap, &tail);
  if (ln->lower > 0) zinv = zinv * exp_neg_d(it * vec_set_d(-ln->lower));
  vd beta = vec_sqrt_d(vec_fma_d(t, vec_set_d(ln->thermal), w * w));
  vd g = one + speed, inv = one / (beta * g);
  vd chi = n * zinv * gap * vec_set_d(ln->opacity * row->length);
  vd a = chi * (inv * g);
  vd u = speed * (inv * beta) * vec_set_d(-1.0 / ln->inv_c);
  vd width = beta * beta * inv;
  vd s = vec_set_d(ln->source) * tail / gap;
  STORE(nd->a, j, lane, a);
  STORE(nd->u, j, lane, u);
  STORE(nd->r, j, lane, g * (inv * g));
  STORE(nd->s, j, lane, s);
  /* a·e^{-b²} falls below the cut-off at b² = CUTOFF + ln a if a > 1. ln a is rounded up to a power of two, and the
   * root to its tangent. */
  vd over = __builtin_convertvector(((vi64)a >> 52) - 1022, vd) * vec_set_d(0.6931471805599453 / (2 * CUTOFF_ROOT));
  vd reach = vec_set_d(CUTOFF_ROOT) + vec_pick_d(over > zero, over, zero);
  reach = vec_pick_d(a > vec_set_d(SMALLEST), reach, vec_set_d(-1));
  if (is_cell && (j + 1 < row->near_face + row->cells || row->far_face)) {
    vd light = chi * s;
    vi64 out = (u < vec_set_d(row->x_min) - width) | (u > vec_set_d(row->x_max) + width);
    k->seen += light;
    k->missed += (vd)((vi64)light & out);
  }
  if (j > 0) {
    vd b = vec_pick_d(reach > k->reach, reach, k->reach);
    vd l0 = k->u - b * k->width, l1 = u - b * width, h0 = k->u + b * k->width, h1 = u + b * width;
    vi64 on = b > zero;
    vd lo = vec_pick_d(on, vec_pick_d(l0 < l1, l0, l1), vec_set_d(1e30));
    vd hi = vec_pick_d(on, vec_pick_d(h0 > h1, h0, h1), vec_set_d(-1e30));
    STORE(nd->lo, j - 1, lane, lo);
    STORE(nd->hi, j - 1, lane, hi);
  }
  k->reach = reach;
  k->u = u;
  k->width = width;
}

/* GROUP prepares the m nodes of W rays from `first` on. Returns 0, or 1 for a cell that must be refused. */
#define GROUP CAT(group_, R)
static int GROUP(const ray_line *ln, ray_row *row, const FIELDS *fd, NODES *nd, int64_t first, int m) {
  GATHER(ln, row, fd, first);
  for (int lane = 0; lane < W; lane += VEC_LANES_D) {
    CARRY k = {.seen = vec_set_d(0), .missed = vec_set_d(0), .bad = (vi64)vec_set_d(0)};
    for (int j = 0; j < m; j++) NODE(ln, row, fd, nd, j, lane, &k);
    if (vec_any_d(k.bad)) return 1;
    for (int l = 0; l < VEC_LANES_D && first + lane + l < row->rays; l++) {
      row->total += k.seen[l];
      row->outside += k.missed[l];
    }
  }
  for (int i = 0; i + 1 < m; i++) {
    REAL lo = nd->lo[i][0], hi = nd->hi[i][0];
    for (int l = 1; l < W; l++) {
      lo = nd->lo[i][l] < lo ? nd->lo[i][l] : lo;
      hi = nd->hi[i][l] > hi ? nd->hi[i][l] : hi;
    }
    nd->slo[i] = lo;
    nd->shi[i] = hi;
    nd->ds[i] = 1;
  }
  if (row->near_face) nd->ds[0] = (REAL)0.5;
  if (row->far_face) nd->ds[m - 2] = (REAL)0.5;
  return 0;
}

int FUNCTION(const ray_line *ln, ray_row *row, void *scratch) {
  const int m = (int)(row->cells + row->near_face + row->far_face);
  V *p = (V *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63);
  NODES nd = {.a = p, .u = p + m, .r = p + 2 * m, .s = p + 3 * m, .lo = p + 4 * m, .hi = p + 5 * m};
  nd.slo = (REAL *)(p + 6 * m);
  nd.shi = nd.slo + m;
  nd.ds = nd.shi + m;
  double *q = (double *)(((uintptr_t)(nd.ds + m) + 63) & ~(uintptr_t)63);
  FIELDS fd = {.n = q, .t = q + m * W, .v = q + 2 * m * W, .w = q + 3 * m * W};
  for (int64_t first = 0; first < row->rays; first += W) {
    if (GROUP(ln, row, &fd, &nd, first, m)) return 1;
    int64_t lanes = row->rays - first < W ? row->rays - first : W;
    for (int64_t f = 0; f < row->channels; f++) {
      int from = 0;
      for (int k = 0; k < row->pieces; k++) {
        V t, e;
        PATH(&nd, from, row->ends[k], (REAL)row->x[f], &t, &e);
        from = row->ends[k];
        REAL *to = (REAL *)row->transmission + k * row->stride_piece + f * row->stride_channel + first;
        REAL *eo = (REAL *)row->emission + k * row->stride_piece + f * row->stride_channel + first;
        if (lanes == W) {
          *(VU *)to = t;
          *(VU *)eo = e;
        } else
          for (int64_t l = 0; l < lanes; l++) {
            to[l] = t[l];
            eo[l] = e[l];
          }
      }
    }
  }
  return 0;
}
