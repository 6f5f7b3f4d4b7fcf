/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Batch normalisation of x [batch][channels][n] over batch and n. Ranges are of rows, which are n values of one sample and
 * channel; what is summed over rows the caller adds up, in an order of its own. Sums run in double precision: statistics
 * rounded to single precision then have the same bits however the values of a channel are cut into rows, which ranks that
 * share a cube need, since a network of rectifiers turns a difference in the last bit into one of 1e-5 of its gradient. */

/* load_some: lanes beyond `left` are `other`. */
VEC_INLINE vf load_some(const float *p, int64_t left, float other) {
  if (left >= VEC_LANES_F) return load(p);
  vf a = vec_set_f(other);
  for (int64_t i = 0; i < left; i++) a[i] = p[i];
  return a;
}

VEC_INLINE void store_some(float *p, vf a, int64_t left) {
  if (left >= VEC_LANES_F) {
    store(p, a);
    return;
  }
  for (int64_t i = 0; i < left; i++) p[i] = a[i];
}

/* Four values in double precision. */
VEC_INLINE vd load_widened(const float *p) {
  vf_half a;
  memcpy(&a, p, sizeof a);
  return __builtin_convertvector(a, vd);
}

VEC_INLINE double sum_four(const vd *s) { return sum_wide((s[0] + s[1]) + (s[2] + s[3])); }

static double row_sum(int64_t n, const float *x) {
  vd acc[4] = {vec_set_d(0), vec_set_d(0), vec_set_d(0), vec_set_d(0)};
  int64_t i = 0;
  for (; i + 4 * VEC_LANES_D <= n; i += 4 * VEC_LANES_D)
    for (int u = 0; u < 4; u++) acc[u] += load_widened(x + i + u * VEC_LANES_D);
  double sum = sum_four(acc);
  for (; i < n; i++) sum += (double)x[i];
  return sum;
}

/* bn_stats: the mean and Σ(x − mean)² of each row in one pass, about its first value:
 * Σ(x − mean)² = Σ(x − c)² − n(mean − c)², whose cancellation double precision has room for. */
static void bn_stats(int64_t first, int64_t last, int64_t n, const float *x, double *moments) {
  for (int64_t r = first; r < last; r++) {
    const float *q = x + r * n;
    const double about = n > 0 ? (double)q[0] : 0;
    const vd c = vec_set_d(about);
    vd sums[4], squares[4];
    for (int u = 0; u < 4; u++) sums[u] = squares[u] = vec_set_d(0);
    int64_t i = 0;
    for (; i + 4 * VEC_LANES_D <= n; i += 4 * VEC_LANES_D)
#pragma GCC unroll 4
      for (int u = 0; u < 4; u++) {
        vd v = load_widened(q + i + u * VEC_LANES_D), d = v - c;
        sums[u] += v;
        squares[u] = vec_fma_d(d, d, squares[u]);
      }
    double sum = sum_four(sums), square = sum_four(squares);
    for (; i < n; i++) {
      double d = (double)q[i] - about;
      sum += (double)q[i];
      square += d * d;
    }
    double mean = n > 0 ? sum / (double)n : 0, off = mean - about;
    moments[2 * r] = mean;
    moments[2 * r + 1] = square > (double)n * off * off ? square - (double)n * off * off : 0;
  }
}

static void bn_apply(int64_t first, int64_t last, int64_t channels, int64_t n, int64_t relu, const float *x, const float *scale,
                     const float *shift, const float *residual, float *y) {
  const vf zero = vec_set_f(0);
  for (int64_t r = first; r < last; r++) {
    vf s = vec_set_f(scale[r % channels]), t = vec_set_f(shift[r % channels]);
    int64_t p = r * n;
    for (int64_t i = 0; i < n; i += VEC_LANES_F) {
      vf a = vec_fma_f(s, load_some(x + p + i, n - i, 0), t);
      if (relu) a = vec_max_f(zero, a);
      if (residual) a += load_some(residual + p + i, n - i, 0);
      store_some(y + p + i, a, n - i);
    }
  }
}

/* The gradient that reaches the normalised value, where the ReLU (if any) let something through. */
VEC_INLINE vf through(int64_t relu, vf dy, vf s, vf x, vf t) {
  return relu ? (vf)((vi32)dy & (vec_fma_f(s, x, t) > vec_set_f(0))) : dy;
}

/* bn_sums: Σ g and Σ g (x − mean) of each row, with g the gradient behind the ReLU. */
VEC_INLINE void bn_row_sums(int64_t relu, int64_t n, const float *x, const float *dy, float scale, float shift, float mean,
                            double *sums) {
  const vf s = vec_set_f(scale), t = vec_set_f(shift), mu = vec_set_f(mean);
  vd plain[4], centred[4];
  for (int u = 0; u < 4; u++) plain[u] = centred[u] = vec_set_d(0);
  for (int64_t i = 0; i < n; i += 2 * VEC_LANES_F)
#pragma GCC unroll 2
    for (int u = 0; u < 4; u += 2) {
      int64_t at = i + u / 2 * VEC_LANES_F;
      if (at >= n) break;
      vf v = load_some(x + at, n - at, 0), g = through(relu, load_some(dy + at, n - at, 0), s, v, t), d = v - mu;
      vd low = lower_wide(g), high = upper_wide(g);
      plain[u] += low;
      plain[u + 1] += high;
      centred[u] = vec_fma_d(low, lower_wide(d), centred[u]);
      centred[u + 1] = vec_fma_d(high, upper_wide(d), centred[u + 1]);
    }
  sums[0] = sum_four(plain);
  sums[1] = sum_four(centred);
}

static void bn_sums(int64_t first, int64_t last, int64_t channels, int64_t n, int64_t relu, const float *x, const float *dy,
                    const float *scale, const float *shift, const float *mean, double *sums) {
  for (int64_t r = first; r < last; r++) {
    int64_t ch = r % channels;
    if (relu) bn_row_sums(1, n, x + r * n, dy + r * n, scale[ch], shift[ch], mean[ch], sums + 2 * r);
    else bn_row_sums(0, n, x + r * n, dy + r * n, scale[ch], shift[ch], mean[ch], sums + 2 * r);
  }
}

/* bn_backward: dx = scale·((g − off) − slope·(x − mean)). */
static void bn_backward(int64_t first, int64_t last, int64_t channels, int64_t n, int64_t relu, const float *x, const float *dy,
                        const float *scale, const float *shift, const float *mean, const float *off, const float *slope, float *dx) {
  for (int64_t r = first; r < last; r++) {
    int64_t ch = r % channels, p = r * n;
    vf s = vec_set_f(scale[ch]), t = vec_set_f(shift[ch]), mu = vec_set_f(mean[ch]), o = vec_set_f(off[ch]), k = vec_set_f(slope[ch]);
    for (int64_t i = 0; i < n; i += VEC_LANES_F) {
      vf v = load_some(x + p + i, n - i, 0), g = through(relu, load_some(dy + p + i, n - i, 0), s, v, t);
      store_some(dx + p + i, s * ((g - o) - k * (v - mu)), n - i);
    }
  }
}
