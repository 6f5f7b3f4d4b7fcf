/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A row of rays: populations and profile at the nodes (in double precision), then every channel. Included once per
 * precision after kernel_path.h; FUNCTION names the entry point. */

#define W ((int)(sizeof(V) / sizeof(REAL)))

/* Cells at offset at + off[lane], as doubles. */
#define CELLS CAT(cells_, R)
VEC_INLINE vd CELLS(const void *field, int64_t at, const int64_t *off) {
  const REAL *p = (const REAL *)field + at;
  vd v;
  for (int l = 0; l < VEC_LANES_D; l++) v[l] = (double)p[off[l]];
  return v;
}

/* FILL computes node j of VEC_LANES_D rays whose first is `lane` of the group. Returns 0 or the code of a fault. */
#define FILL CAT(fill_, R)
VEC_INLINE int FILL(const ray_line *ln, const ray_row *row, NODES *nd, int j, int lane, const int64_t *off, vd *cut,
                    vd *width, vd *seen, vd *missed) {
  int64_t cell = (int64_t)j - row->near_face, last = row->cells - 1;
  int64_t c0 = cell < 0 ? 0 : cell > last ? last : cell;
  vd n = CELLS(row->density, c0 * row->step, off), t = CELLS(row->temperature, c0 * row->step, off);
  vd v = CELLS(row->velocity, c0 * row->step, off), w = CELLS(row->turbulence, c0 * row->step, off);
  vi64 bad = ~((n >= vec_set_d(0)) & (n < vec_set_d(1e300)));
  if (vec_any_d(bad)) return 1;
  bad = ~((t >= vec_set_d(ln->t_min)) & (t < vec_set_d(ln->t_max)));
  if (vec_any_d(bad)) return 2;
  vd speed = v * vec_set_d(row->v_sign * ln->inv_c);
  bad = ~((speed > vec_set_d(-0.1)) & (speed < vec_set_d(0.1)));
  if (vec_any_d(bad)) return 3;
  bad = ~((w >= vec_set_d(0)) & (w * vec_set_d(ln->inv_c) < vec_set_d(0.1)));
  if (vec_any_d(bad)) return 4;
  if (cell != c0 && !row->single) { /* a face: extrapolate by half a cell */
    int64_t c1 = cell < 0 ? 1 : last - 1;
    const vd a = vec_set_d(1.5), b = vec_set_d(-0.5), tenth = vec_set_d(0.1);
    vd n1 = CELLS(row->density, c1 * row->step, off), t1 = CELLS(row->temperature, c1 * row->step, off);
    vd v1 = CELLS(row->velocity, c1 * row->step, off), w1 = CELLS(row->turbulence, c1 * row->step, off);
    n1 = vec_fma_d(n, a, n1 * b);
    n = vec_pick_d(n1 > n * tenth, n1, n * tenth);
    t1 = vec_fma_d(t, a, t1 * b);
    t = vec_pick_d(t1 > t * tenth, t1, t * tenth);
    t = vec_pick_d(t > vec_set_d(ln->t_min), t, vec_set_d(ln->t_min));
    t = vec_pick_d(t < vec_set_d(ln->t_max * 0.999), t, vec_set_d(ln->t_max * 0.999));
    speed = vec_fma_d(v, a, v1 * b) * vec_set_d(row->v_sign * ln->inv_c);
    w1 = vec_fma_d(w, a, w1 * b);
    w = vec_pick_d(w1 > vec_set_d(0), w1, vec_set_d(0));
  }
  vd zinv;
  for (int l = 0; l < VEC_LANES_D; l++) {
    union { double d; int64_t i; } bits = {.d = t[l]}, frac;
    const double *c = ln->coef + ((bits.i >> ln->shift) - ln->base) * 9;
    frac.i = (int64_t)(((uint64_t)bits.i << (64 - ln->shift)) >> 12) | 0x3ff0000000000000;
    double p = (frac.d - 1.5) * 2, p2 = p * p, p4 = p2 * p2;
    zinv[l] = ((c[0] + c[1] * p) + (c[2] + c[3] * p) * p2) + ((c[4] + c[5] * p) + (c[6] + c[7] * p) * p2) * p4 +
              c[8] * (p4 * p4);
  }
  vd it = vec_set_d(1) / t;
  vd gap, tail; /* 1 - e^{-ΔE/kT} and e^{-ΔE/kT} */
  boltzmann(it * vec_set_d(-ln->upper_gap), &gap, &tail);
  if (ln->lower > 0) zinv = zinv * exp_neg_d(it * vec_set_d(-ln->lower));
  vd beta2 = vec_fma_d(t, vec_set_d(ln->thermal), w * w);
  vd beta = vec_sqrt_d(beta2);
  vd g = vec_set_d(1) + speed;
  vd chi = n * zinv * gap * vec_set_d(ln->opacity * row->length);
  vd a = chi / beta;
  vd ig = vec_set_d(1) / g;
  vd u = speed * ig * vec_set_d(-1.0 / ln->inv_c);
  vd s = vec_set_d(ln->source) * tail / gap;
  vd wide = beta * ig;
  STORE(nd->a, j, lane, a);
  STORE(nd->u, j, lane, u);
  STORE(nd->r, j, lane, g / beta);
  STORE(nd->s, j, lane, s);
  /* A segment sees channels with a·e^{-b²} above the cut-off; ln a is rounded up to a power of two. */
  vd up = __builtin_convertvector(((vi64)a >> 52) - 1022, vd) * vec_set_d(0.6931471805599453);
  up = vec_pick_d(up > vec_set_d(0), up, vec_set_d(0)) + vec_set_d(CUTOFF);
  *cut = vec_pick_d(a > vec_set_d(1e-200), up, vec_set_d(-1));
  *width = wide;
  if (cell == c0 && (cell < last || row->far_face)) {
    vd light = chi * s;
    vi64 out = (u < vec_set_d(row->x_min) - wide) | (u > vec_set_d(row->x_max) + wide);
    *seen += light;
    *missed += (vd)((vi64)light & out);
  }
  return 0;
}

/* BOUND sets the range of channels that segment i, between nodes i and i+1, must be computed for. */
#define BOUND CAT(bound_, R)
VEC_INLINE void BOUND(NODES *nd, int i, int lane, vd c0, vd c1, vd u0, vd u1, vd w0, vd w1) {
  vd c = vec_pick_d(c0 > c1, c0, c1);
  vd b = vec_sqrt_d(vec_pick_d(c > vec_set_d(0), c, vec_set_d(0)));
  vd l0 = u0 - b * w0, l1 = u1 - b * w1, h0 = u0 + b * w0, h1 = u1 + b * w1;
  vi64 on = c > vec_set_d(0);
  vd lo = vec_pick_d(on, vec_pick_d(l0 < l1, l0, l1), vec_set_d(1e30));
  vd hi = vec_pick_d(on, vec_pick_d(h0 > h1, h0, h1), vec_set_d(-1e30));
  STORE(nd->lo, i, lane, lo);
  STORE(nd->hi, i, lane, hi);
}

/* GROUP prepares the nodes of W rays from `first` on. */
#define GROUP CAT(group_, R)
static int GROUP(const ray_line *ln, ray_row *row, NODES *nd, int64_t first, int m, ray_fault *fault) {
  for (int lane = 0; lane < W; lane += VEC_LANES_D) {
    int64_t off[VEC_LANES_D];
    for (int l = 0; l < VEC_LANES_D; l++) {
      int64_t ray = first + lane + l;
      off[l] = (ray < row->rays ? ray : row->rays - 1) * row->across;
    }
    vd cut0 = {0}, u0 = {0}, w0 = {0}, seen = {0}, missed = {0};
    for (int j = 0; j < m; j++) {
      vd cut, width;
      int code = FILL(ln, row, nd, j, lane, off, &cut, &width, &seen, &missed);
      if (code) {
        int64_t cell = (int64_t)j - row->near_face;
        fault->code = code;
        fault->ray = first + lane;
        fault->cell = cell < 0 ? 0 : cell < row->cells ? cell : row->cells - 1;
        return 1;
      }
      vd u = LOADD(nd->u, j, lane);
      if (j > 0) BOUND(nd, j - 1, lane, cut0, cut, u0, u, w0, width);
      cut0 = cut;
      u0 = u;
      w0 = width;
    }
    for (int l = 0; l < VEC_LANES_D && first + lane + l < row->rays; l++) {
      row->total += seen[l];
      row->outside += missed[l];
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

void FUNCTION(const ray_line *ln, ray_row *row, void *scratch, ray_fault *fault) {
  const int m = (int)(row->cells + row->near_face + row->far_face);
  V *p = (V *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63);
  NODES nd = {.a = p, .u = p + m, .r = p + 2 * m, .s = p + 3 * m, .lo = p + 4 * m, .hi = p + 5 * m};
  nd.slo = (REAL *)(p + 6 * m);
  nd.shi = nd.slo + m;
  nd.ds = nd.shi + m;
  for (int64_t first = 0; first < row->rays; first += W) {
    if (GROUP(ln, row, &nd, first, m, fault)) return;
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
}
