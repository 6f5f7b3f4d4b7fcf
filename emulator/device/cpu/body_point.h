/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Pooling, up-sampling and what acts on single elements. Ranges are of planes or elements. */

/* Maximum over 2×2×2 (floor) of volumes [first, last), each d·h·w; arg, where wanted, is the index within the volume. The
 * first of equal values wins; a NaN wins always. */
static void max_pool(int64_t first, int64_t last, int64_t d, int64_t h, int64_t w, const float *x, float *y, int32_t *arg) {
  const int64_t pd = d / 2, ph = h / 2, pw = w / 2;
  for (int64_t v = first; v < last; v++)
    for (int64_t z = 0; z < pd; z++)
      for (int64_t r = 0; r < ph; r++) {
        const float *p = x + v * d * h * w;
        int64_t to = ((v * pd + z) * ph + r) * pw;
        for (int64_t i = 0; i < pw; i++) {
          int64_t at = (2 * z * h + 2 * r) * w + 2 * i, best = at;
          for (int64_t k = 1; k < 8; k++) {
            int64_t j = at + (k >> 2) * h * w + (k >> 1 & 1) * w + (k & 1);
            if (p[j] > p[best] || (p[j] != p[j] && p[best] == p[best])) best = j;
          }
          y[to + i] = p[best];
          if (arg) arg[to + i] = (int32_t)best;
        }
      }
}

/* Planes [first, last) of h·w, each element to 2×2. */
static void upsample(int64_t first, int64_t last, int64_t h, int64_t w, const float *x, float *y) {
  for (int64_t r = first * h; r < last * h; r++) {
    float *to = y + 4 * r * w;
    for (int64_t i = 0; i < w; i++) to[2 * i] = to[2 * i + 1] = x[r * w + i];
    memcpy(to + 2 * w, to, (size_t)(2 * w) * sizeof *to);
  }
}

static void upsample_back(int64_t first, int64_t last, int64_t h, int64_t w, const float *dy, float *dx) {
  for (int64_t r = first * h; r < last * h; r++) {
    const float *a = dy + 4 * r * w, *b = a + 2 * w;
    for (int64_t i = 0; i < w; i++) dx[r * w + i] = (a[2 * i] + a[2 * i + 1]) + (b[2 * i] + b[2 * i + 1]);
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

static void tanh_back(int64_t first, int64_t last, const float *y, const float *dy, float *dx) {
  for (int64_t i = first; i < last; i++) dx[i] = dy[i] * ((1 - y[i]) * (1 + y[i]));
}

static void add(int64_t first, int64_t last, const float *a, const float *b, float *y) {
  for (int64_t i = first; i < last; i++) y[i] = a[i] + b[i];
}

static void relu_back(int64_t first, int64_t last, const float *y, const float *dy, float *dx) {
  for (int64_t i = first; i < last; i++) dx[i] = y[i] > 0 ? dy[i] : 0;
}

/* Kingma & Ba 2015, algorithm 1; with decoupled decay Loshchilov & Hutter 2019, algorithm 2. */
static void adam(const cpu_adam *a, int64_t first, int64_t last, const float *g, float *w, float *m, float *v) {
  const float b1 = (float)a->beta1, b2 = (float)a->beta2, c1 = (float)(1 - a->beta1), c2 = (float)(1 - a->beta2);
  const float step = (float)(a->rate / a->correct1), root = (float)(1 / sqrt(a->correct2)), eps = (float)a->eps;
  const float l2 = a->decoupled != 0 ? 0 : (float)a->decay, keep = a->decoupled != 0 ? (float)(1 - a->rate * a->decay) : 1;
  for (int64_t i = first; i < last; i++) {
    float gi = g[i] + l2 * w[i];
    m[i] = b1 * m[i] + c1 * gi;
    v[i] = b2 * v[i] + c2 * (gi * gi);
    w[i] = w[i] * keep - step * m[i] / (__builtin_sqrtf(v[i]) * root + eps);
  }
}
