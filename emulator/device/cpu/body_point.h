/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Pooling, up-sampling and what acts on single elements. Ranges are of planes or elements. */

/* Pairs of neighbours of two vectors, apart and together again. Apart they are in an order of their own, which ORDER turns
 * into that of memory and back. */
#define EVEN(a, b) VEC_MIX(a, b, 0, 2, 8, 10, 4, 6, 12, 14)
#define ODD(a, b) VEC_MIX(a, b, 1, 3, 9, 11, 5, 7, 13, 15)
#define ORDER(a) VEC_MIX(a, a, 0, 1, 4, 5, 2, 3, 6, 7)
#define LOWER(even, odd) VEC_MIX(even, odd, 0, 8, 1, 9, 4, 12, 5, 13)
#define UPPER(even, odd) VEC_MIX(even, odd, 2, 10, 3, 11, 6, 14, 7, 15)

/* The window of 2×2×2 at p in rows w and planes hw apart: the place of the first largest value; a NaN is largest. */
static int64_t largest(const float *p, int64_t w, int64_t hw) {
  int64_t best = 0;
  for (int64_t k = 1; k < 8; k++) {
    int64_t j = (k >> 2) * hw + (k >> 1 & 1) * w + (k & 1);
    if (p[j] > p[best] || (p[j] != p[j] && p[best] == p[best])) best = j;
  }
  return best;
}

/* The same for a vector of windows: their values, the places 0 to 7 of the largest in *at. */
VEC_INLINE vf largest_of(const float *p, int64_t w, int64_t hw, vi32 *at) {
  const int64_t L = VEC_LANES_F;
  vf best = vec_set_f(0);
  *at = (vi32){0};
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++) {
    const float *q = p + (k >> 1) * hw + (k & 1) * w;
    vf a = load(q), b = load(q + L), side[2] = {EVEN(a, b), ODD(a, b)};
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
      if (k + i == 0) {
        best = side[0];
        continue;
      }
      vi32 better = ~(side[i] <= best) & (best == best);
      best = vec_pick_f(better, side[i], best);
      *at = (better & (2 * k + i)) | (~better & *at);
    }
  }
  return best;
}

/* Maximum over 2×2×2 (floor) of volumes [first, last), each d·h·w. The first of equal values wins; a NaN wins always. */
static void max_pool(int64_t first, int64_t last, int64_t d, int64_t h, int64_t w, const float *x, float *y) {
  const int64_t L = VEC_LANES_F, pd = d / 2, ph = h / 2, pw = w / 2;
  for (int64_t q = first * pd * ph; q < last * pd * ph; q++) {
    const float *p = x + ((q / ph / pd * d + 2 * (q / ph % pd)) * h + 2 * (q % ph)) * w;
    float *to = y + q * pw;
    if (pw < L) {
      for (int64_t i = 0; i < pw; i++) to[i] = p[2 * i + largest(p + 2 * i, w, h * w)];
      continue;
    }
    for (int64_t i = 0; i < pw; i += L) {
      int64_t j = i + L <= pw ? i : pw - L;
      vi32 at;
      vf best = largest_of(p + 2 * j, w, h * w, &at);
      store(to + j, ORDER(best));
    }
  }
}

/* dy goes to the first largest value of each window of x. */
static void max_pool_back(int64_t first, int64_t last, int64_t d, int64_t h, int64_t w, const float *x, const float *dy, float *dx) {
  const int64_t L = VEC_LANES_F, pd = d / 2, ph = h / 2, pw = w / 2;
  if ((d | h | w) & 1 || pw < L) memset(dx + first * d * h * w, 0, (size_t)((last - first) * d * h * w) * sizeof *dx);
  for (int64_t q = first * pd * ph; q < last * pd * ph; q++) {
    int64_t from = ((q / ph / pd * d + 2 * (q / ph % pd)) * h + 2 * (q % ph)) * w;
    const float *p = x + from, *g = dy + q * pw;
    float *to = dx + from;
    if (pw < L) {
      for (int64_t i = 0; i < pw; i++) to[2 * i + largest(p + 2 * i, w, h * w)] = g[i];
      continue;
    }
    for (int64_t i = 0; i < pw; i += L) {
      int64_t j = i + L <= pw ? i : pw - L;
      vi32 at;
      largest_of(p + 2 * j, w, h * w, &at);
      vf gj = load(g + j), turned = ORDER(gj);
#pragma GCC unroll 4
      for (int k = 0; k < 4; k++) {
        float *row = to + (k >> 1) * h * w + (k & 1) * w + 2 * j;
        vf even = (vf)((vi32)turned & (at == 2 * k)), odd = (vf)((vi32)turned & (at == 2 * k + 1));
        store(row, LOWER(even, odd));
        store(row + L, UPPER(even, odd));
      }
    }
  }
}

/* Planes [first, last) of h·w, each element to 2×2. */
static void upsample(int64_t first, int64_t last, int64_t h, int64_t w, const float *x, float *y) {
  const int64_t L = VEC_LANES_F;
  for (int64_t r = first * h; r < last * h; r++) {
    const float *from = x + r * w;
    float *to = y + 4 * r * w;
    if (w < L) {
      for (int64_t i = 0; i < w; i++) to[2 * i] = to[2 * i + 1] = to[2 * (w + i)] = to[2 * (w + i) + 1] = from[i];
      continue;
    }
    for (int64_t i = 0; i < w; i += L) {
      int64_t j = i + L <= w ? i : w - L;
      vf a = load(from + j), b = ORDER(a), lower = LOWER(b, b), upper = UPPER(b, b);
      store(to + 2 * j, lower);
      store(to + 2 * j + L, upper);
      store(to + 2 * (w + j), lower);
      store(to + 2 * (w + j) + L, upper);
    }
  }
}

static void upsample_back(int64_t first, int64_t last, int64_t h, int64_t w, const float *dy, float *dx) {
  const int64_t L = VEC_LANES_F;
  for (int64_t r = first * h; r < last * h; r++) {
    const float *a = dy + 4 * r * w, *b = a + 2 * w;
    float *to = dx + r * w;
    if (w < L) {
      for (int64_t i = 0; i < w; i++) to[i] = (a[2 * i] + a[2 * i + 1]) + (b[2 * i] + b[2 * i + 1]);
      continue;
    }
    for (int64_t i = 0; i < w; i += L) {
      int64_t j = i + L <= w ? i : w - L;
      vf a0 = load(a + 2 * j), a1 = load(a + 2 * j + L), b0 = load(b + 2 * j), b1 = load(b + 2 * j + L);
      vf sum = (EVEN(a0, a1) + ODD(a0, a1)) + (EVEN(b0, b1) + ODD(b0, b1));
      store(to + j, ORDER(sum));
    }
  }
}

/* 2^y for 0 <= y <= 40, or NaN; relative error 9e-8. */
VEC_INLINE vf power_of_two(vf y) {
  const vf round = vec_set_f(12582912.0f); /* 1.5·2^23: the last bit becomes that of 1 */
  vf n = y + round, r = y - (n - round), p = vec_set_f(0.0013264727f);
  p = vec_fma_f(p, r, vec_set_f(0.009671513f));
  p = vec_fma_f(p, r, vec_set_f(0.055507337f));
  p = vec_fma_f(p, r, vec_set_f(0.24022242f));
  p = vec_fma_f(p, r, vec_set_f(0.69314698f));
  p = vec_fma_f(p, r, vec_set_f(1));
  return (vf)((vi32)p + ((vi32)n << 23));
}

/* tanh x = 1 − 2/(e^{2x}+1) away from zero, an odd polynomial near it (coefficients: Moshier, Cephes, tanhf). */
VEC_INLINE vf tanh_of(vf x) {
  const vi32 sign = (vi32)vec_set_f(-0.0f);
  vf a = (vf)((vi32)x & ~sign), y = a * vec_set_f(2.885390081777927f), z = x * x;
  y = vec_pick_f(y > vec_set_f(40), vec_set_f(40), y);
  vf big = vec_set_f(1) - vec_set_f(2) / (power_of_two(y) + vec_set_f(1));
  vf p = vec_set_f(-5.70498872745e-3f);
  p = vec_fma_f(p, z, vec_set_f(2.06390887954e-2f));
  p = vec_fma_f(p, z, vec_set_f(-5.37397155531e-2f));
  p = vec_fma_f(p, z, vec_set_f(1.33314422036e-1f));
  p = vec_fma_f(p, z, vec_set_f(-3.33332819422e-1f));
  p = vec_fma_f(p * z, x, x);
  return vec_pick_f(a < vec_set_f(0.625f), p, (vf)((vi32)big | ((vi32)x & sign)));
}

static void tanh_all(int64_t first, int64_t last, const float *x, float *y) {
  for (int64_t i = first; i < last; i += VEC_LANES_F) store_some(y + i, tanh_of(load_some(x + i, last - i, 0)), last - i);
}

/* What follows does vectors and then the elements that are left, in the same way. */
#define EACH(WIDE, NARROW)                                              \
  do {                                                                  \
    int64_t i = first;                                                  \
    for (; i + VEC_LANES_F <= last; i += VEC_LANES_F) WIDE;             \
    for (; i < last; i++) NARROW;                                       \
  } while (0)

static void tanh_back(int64_t first, int64_t last, const float *y, const float *dy, float *dx) {
  const vf one = vec_set_f(1);
  EACH(({ vf v = load(y + i); store(dx + i, load(dy + i) * ((one - v) * (one + v))); }), dx[i] = dy[i] * ((1 - y[i]) * (1 + y[i])));
}

static void add(int64_t first, int64_t last, const float *a, const float *b, float *y) {
  EACH(store(y + i, load(a + i) + load(b + i)), y[i] = a[i] + b[i]);
}

/* A NaN stays one. */
static void relu_all(int64_t first, int64_t last, const float *x, float *y) {
  const vf zero = vec_set_f(0);
  EACH(store(y + i, vec_max_f(zero, load(x + i))), y[i] = x[i] < 0 ? 0 : x[i]);
}

static void relu_back(int64_t first, int64_t last, const float *y, const float *dy, float *dx) {
  const vf zero = vec_set_f(0);
  EACH(store(dx + i, (vf)((vi32)load(dy + i) & (load(y + i) > zero))), dx[i] = y[i] > 0 ? dy[i] : 0);
}

static void axpy(int64_t first, int64_t last, float a, const float *x, float *y) {
  const vf f = vec_set_f(a);
  EACH(store(y + i, load(y + i) + f * load(x + i)), y[i] += a * x[i]);
}

enum { SUM_BLOCK = 1024 }; /* values that are summed in single precision, at most */

VEC_INLINE double square_block(int64_t m, const float *x) {
  const int64_t L = VEC_LANES_F;
  vf acc[4] = {vec_set_f(0), vec_set_f(0), vec_set_f(0), vec_set_f(0)};
  int64_t i = 0;
  for (; i + 4 * L <= m; i += 4 * L)
    for (int u = 0; u < 4; u++) {
      vf v = load(x + i + u * L);
      acc[u] += v * v;
    }
  for (; i < m; i += L) {
    vf v = load_some(x + i, m - i, 0);
    acc[0] += v * v;
  }
  return (double)sum_lanes((acc[0] + acc[1]) + (acc[2] + acc[3]));
}

/* The sum of the squares of each row: rows [first, last) of n values, size in all. */
static void squares(int64_t first, int64_t last, int64_t n, int64_t size, const float *x, double *sum) {
  for (int64_t r = first; r < last; r++) sum[r] = 0;
  /* Blocks of four rows by turns: several streams come faster from memory than one. */
  for (int64_t r0 = first; r0 < last; r0 += 4)
    for (int64_t i = 0; i < n; i += SUM_BLOCK)
      for (int64_t r = r0; r < last && r < r0 + 4; r++) {
        int64_t end = (r + 1) * n < size ? (r + 1) * n : size, left_over = end - (r * n + i);
        if (left_over > 0) sum[r] += square_block(left_over < SUM_BLOCK ? left_over : SUM_BLOCK, x + r * n + i);
      }
}

/* Kingma & Ba 2015, algorithm 1; with decoupled decay Loshchilov & Hutter 2019, algorithm 2. */
static void adam(const cpu_adam *a, int64_t first, int64_t last, const float *g, float *w, float *m, float *v) {
  const float b1 = (float)a->beta1, b2 = (float)a->beta2, c1 = (float)(1 - a->beta1), c2 = (float)(1 - a->beta2);
  const float step = (float)(a->rate / a->correct1), root = (float)(1 / sqrt(a->correct2)), eps = (float)a->eps;
  const float l2 = a->decoupled != 0 ? 0 : (float)a->decay, keep = a->decoupled != 0 ? (float)(1 - a->rate * a->decay) : 1;
  for (int64_t i = first; i < last; i += VEC_LANES_F) {
    int64_t n = last - i;
    vf wi = load_some(w + i, n, 0), gi = load_some(g + i, n, 0) + vec_set_f(l2) * wi;
    vf mi = vec_set_f(b1) * load_some(m + i, n, 0) + vec_set_f(c1) * gi;
    vf vi = vec_set_f(b2) * load_some(v + i, n, 0) + vec_set_f(c2) * (gi * gi);
    wi = wi * vec_set_f(keep) - vec_set_f(step) * mi / (vec_sqrt_f(vi) * vec_set_f(root) + vec_set_f(eps));
    store_some(m + i, mi, n);
    store_some(v + i, vi, n);
    store_some(w + i, wi, n);
  }
}
