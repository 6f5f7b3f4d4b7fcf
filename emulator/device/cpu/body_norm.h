/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Batch normalisation of x [batch][channels][n] over batch and n. Ranges are of rows, which are n values of one sample and
 * channel; what is summed over rows the caller adds up, in an order of its own. Sums run in single precision over blocks
 * that stay in the first-level cache and in double precision over the blocks. */

enum { SUM_BLOCK = 1024 };

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

/* Σ f over a block of m values, where VALUE is a vector expression in p (an offset) and left (values from there on): lanes
 * beyond must be zero. Four sums, since an addition takes four cycles. */
#define BLOCK_SUM(result, m, VALUE)                                        \
  do {                                                                     \
    vf acc_[4] = {vec_set_f(0), vec_set_f(0), vec_set_f(0), vec_set_f(0)}; \
    int64_t p = 0, left = (m);                                             \
    for (; left >= 4 * VEC_LANES_F;)                                       \
      for (int u_ = 0; u_ < 4; u_++) {                                     \
        acc_[u_] += VALUE;                                                 \
        p += VEC_LANES_F, left -= VEC_LANES_F;                             \
      }                                                                    \
    for (; left > 0; p += VEC_LANES_F, left -= VEC_LANES_F) acc_[0] += VALUE; \
    (result) = (double)sum_lanes((acc_[0] + acc_[1]) + (acc_[2] + acc_[3]));  \
  } while (0)

static double row_sum(int64_t n, const float *x) {
  double sum = 0;
  for (int64_t i = 0; i < n; i += SUM_BLOCK) {
    const float *q = x + i;
    double part;
    BLOCK_SUM(part, n - i < SUM_BLOCK ? n - i : SUM_BLOCK, load_some(q + p, left, 0));
    sum += part;
  }
  return sum;
}

/* bn_stats: the mean and Σ(x − mean)² of each row in one pass through memory: those of blocks, put together after Chan, Golub
 * & LeVeque 1983, Am. Stat. 37, 242, equation 1.5. */
static void bn_stats(int64_t first, int64_t last, int64_t n, const float *x, double *moments) {
  for (int64_t r = first; r < last; r++) {
    double mean = 0, square = 0;
    for (int64_t i = 0; i < n; i += SUM_BLOCK) {
      const float *q = x + r * n + i;
      int64_t m = n - i < SUM_BLOCK ? n - i : SUM_BLOCK;
      double sum, about, mu;
      BLOCK_SUM(sum, m, load_some(q + p, left, 0));
      mu = sum / (double)m;
      float rounded = (float)mu;
      vf centre = vec_set_f(rounded);
      BLOCK_SUM(about, m, ({ vf d = load_some(q + p, left, rounded) - centre; d * d; }));
      double off = mu - (double)rounded, apart = mu - mean, count = (double)(i + m);
      square += about - (double)m * off * off + apart * apart * (double)i * (double)m / count;
      mean += apart * (double)m / count;
    }
    moments[2 * r] = mean;
    moments[2 * r + 1] = square;
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
  double plain = 0, centred = 0;
  for (int64_t i = 0; i < n; i += SUM_BLOCK) {
    const float *xi = x + i, *di = dy + i;
    vf also[2] = {vec_set_f(0), vec_set_f(0)};
    int which = 0;
    double part;
    BLOCK_SUM(part, n - i < SUM_BLOCK ? n - i : SUM_BLOCK, ({
                vf v = load_some(xi + p, left, 0), g = through(relu, load_some(di + p, left, 0), s, v, t);
                also[which] = vec_fma_f(g, v - mu, also[which]);
                which ^= 1;
                g;
              }));
    plain += part;
    centred += (double)sum_lanes(also[0] + also[1]);
  }
  sums[0] = plain;
  sums[1] = centred;
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
