/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Batch normalisation of x [batch][channels][n] over batch and n; ranges are of channels. Sums run in single precision
 * over blocks and in double precision over the blocks. */

#define SUM_BLOCK 512

/* Σ f over one channel, where VALUE is a vector expression in p (an offset) and tail lanes beyond n count as zero. */
#define SUM_LOOP(VALUE)                                                            \
  double total = 0;                                                                \
  for (int64_t b = 0; b < batch; b++) {                                            \
    int64_t base = (b * channels + ch) * n;                                        \
    for (int64_t i = 0; i < n; i += SUM_BLOCK) {                                   \
      int64_t end = n - i < SUM_BLOCK ? n : i + SUM_BLOCK, j = i;                  \
      vf acc = vec_set_f(0);                                                       \
      for (; j < end; j += VEC_LANES_F) {                                          \
        int64_t left = end - j;                                                    \
        int64_t p = base + j;                                                      \
        acc += VALUE;                                                              \
      }                                                                            \
      total += (double)sum_lanes(acc);                                             \
    }                                                                              \
  }

/* load_some: lanes beyond `left` are `fill`. */
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

static double channel_sum(int64_t ch, int64_t batch, int64_t channels, int64_t n, const float *x) {
  SUM_LOOP(load_some(x + p, left, 0))
  return total;
}

static double channel_square(int64_t ch, int64_t batch, int64_t channels, int64_t n, const float *x, float mean) {
  vf mu = vec_set_f(mean);
  SUM_LOOP(({ vf d = load_some(x + p, left, mean) - mu; d * d; }))
  return total;
}

/* sums adds Σ x of each channel to sum. */
static void sums(int64_t first, int64_t last, int64_t batch, int64_t channels, int64_t n, const float *x, float *sum) {
  for (int64_t ch = first; ch < last; ch++) sum[ch] += (float)channel_sum(ch, batch, channels, n, x);
}

static void bn_stats(int64_t first, int64_t last, int64_t batch, int64_t channels, int64_t n, const float *x, float *mean, float *variance) {
  for (int64_t ch = first; ch < last; ch++) {
    double count = (double)(batch * n), mu = channel_sum(ch, batch, channels, n, x) / count;
    double shift = mu - (double)(float)mu; /* the squares are taken about the rounded mean */
    mean[ch] = (float)mu;
    variance[ch] = (float)(channel_square(ch, batch, channels, n, x, (float)mu) / count - shift * shift);
  }
}

static void bn_apply(int64_t first, int64_t last, int64_t batch, int64_t channels, int64_t n, int64_t relu, const float *x,
                     const float *scale, const float *shift, const float *residual, float *y) {
  const vf zero = vec_set_f(0);
  for (int64_t ch = first; ch < last; ch++) {
    vf s = vec_set_f(scale[ch]), t = vec_set_f(shift[ch]);
    for (int64_t b = 0; b < batch; b++) {
      int64_t p = (b * channels + ch) * n;
      for (int64_t i = 0; i < n; i += VEC_LANES_F) {
        vf a = vec_fma_f(s, load_some(x + p + i, n - i, 0), t);
        if (relu) a = vec_max_f(zero, a);
        if (residual) a += load_some(residual + p + i, n - i, 0);
        store_some(y + p + i, a, n - i);
      }
    }
  }
}

/* The gradient that reaches the normalised value, where the ReLU (if any) let something through. */
VEC_INLINE vf through(int64_t relu, vf dy, vf s, vf x, vf t) {
  return relu ? vec_pick_f(vec_fma_f(s, x, t) > vec_set_f(0), dy, vec_set_f(0)) : dy;
}

static void bn_backward(int64_t first, int64_t last, int64_t batch, int64_t channels, int64_t n, int64_t relu, double eps,
                        const float *x, const float *dy, const float *scale, const float *shift, const float *mean,
                        const float *variance, float *dx, float *dgamma, float *dbeta) {
  for (int64_t ch = first; ch < last; ch++) {
    vf s = vec_set_f(scale[ch]), t = vec_set_f(shift[ch]), mu = vec_set_f(mean[ch]);
    double inv = 1 / sqrt((double)variance[ch] + eps), count = (double)(batch * n), plain, centred;
    {
      SUM_LOOP(through(relu, load_some(dy + p, left, 0), s, load_some(x + p, left, 0), t))
      plain = total;
    }
    {
      SUM_LOOP(({ vf v = load_some(x + p, left, 0); through(relu, load_some(dy + p, left, 0), s, v, t) * (v - mu); }))
      centred = total;
    }
    dbeta[ch] += (float)plain;
    dgamma[ch] += (float)(centred * inv);
    vf off = vec_set_f((float)(plain / count)), slope = vec_set_f((float)(centred * inv * inv / count));
    for (int64_t b = 0; b < batch; b++) {
      int64_t p = (b * channels + ch) * n;
      for (int64_t i = 0; i < n; i += VEC_LANES_F) {
        vf v = load_some(x + p + i, n - i, 0), g = through(relu, load_some(dy + p + i, n - i, 0), s, v, t);
        store_some(dx + p + i, s * ((g - off) - slope * (v - mu)), n - i);
      }
    }
  }
}
