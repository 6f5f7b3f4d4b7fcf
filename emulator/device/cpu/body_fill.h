/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The working copy of an input plane. For output element (oy, ox) and tap (ky, kx) a convolution reads input element
 * (s·oy + ky − pad, s·ox + kx − pad). The copy holds, for each kx, the input already shifted (and thinned out by the
 * stride s) in x, rows that are osize[2] long, zeros where the padding is; rows are grouped by ky mod s, so that tap ky is
 * the copy displaced by whole rows. A plane of outputs is then one contiguous range of oy·W + ox for every tap: vectors run
 * over it whatever W is, aligned, and no tap needs a test. */

typedef float vf_half_u __attribute__((vector_size(VEC_BYTES / 2), aligned(4), may_alias));

#if VEC_LANES_F == 16
#define PAIR_EVEN(a, b) __builtin_shuffle(a, b, (vi32){0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30})
#define PAIR_ODD(a, b) __builtin_shuffle(a, b, (vi32){1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31})
#define HALVES (vi32){0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15}
#define EVENS (vi32){0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31}
#else
#define PAIR_EVEN(a, b) __builtin_shuffle(a, b, (vi32){0, 2, 4, 6, 8, 10, 12, 14})
#define PAIR_ODD(a, b) __builtin_shuffle(a, b, (vi32){1, 3, 5, 7, 9, 11, 13, 15})
#define HALVES (vi32){0, 2, 4, 6, 1, 3, 5, 7}
#define EVENS (vi32){0, 2, 4, 6, 9, 11, 13, 15}
#endif

/* thin copies every second element: dst[i] = src[2i]. */
VEC_INLINE void thin(const float *src, float *dst, int64_t n) {
  const int L = VEC_LANES_F;
  if (n < L) {
    for (int64_t i = 0; i < n; i++) dst[i] = src[2 * i];
    return;
  }
  for (int64_t i = 0; i < n; i += L) {
    int64_t j = i + L <= n ? i : n - L;
    /* The second load begins one element early, so that nothing behind the last element is read. */
    vf a = load(src + 2 * j), b = load(src + 2 * j + L - 1);
    store(dst + j, __builtin_shuffle(a, b, EVENS));
  }
}

VEC_INLINE void copy_row(const float *src, float *dst, int64_t n) {
  const int L = VEC_LANES_F;
  if (n < L) {
    for (int64_t i = 0; i < n; i++) dst[i] = src[i];
    return;
  }
  for (int64_t i = 0; i + L <= n; i += L) store(dst + i, load(src + i));
  store(dst + n - L, load(src + n - L));
}

static int64_t ceil_div(int64_t a, int64_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }

/* The rows of one channel for shift kx, general case. */
static void fill_rows(const cpu_conv *c, int64_t kx, const float *src, float *dst) {
  const int64_t s = c->stride, d = c->dilate, w = c->size[2], ow = c->osize[2], k = c->kernel[1];
  /* Outputs [lo, hi) see the input: 0 <= s·ox + kx − pad < d·(w−1) + 1. */
  int64_t lo = ceil_div(c->pad[2] - kx, s), hi = ceil_div(d * (w - 1) + 1 + c->pad[2] - kx, s);
  lo = lo < 0 ? 0 : lo;
  hi = hi > ow ? ow : hi;
  for (int64_t g = 0; g < s && g < k; g++) {
    int64_t rows = c->osize[1] + (k - 1 - g) / s;
    for (int64_t r = 0; r < rows; r++, dst += ow) {
      int64_t iy = s * r + g - c->pad[1];
      if (iy < 0 || iy % d || iy / d >= c->size[1]) continue;
      const float *row = src + iy / d * w;
      if (d == 1 && s == 1)
        copy_row(row + lo + kx - c->pad[2], dst + lo, hi - lo);
      else if (d == 1)
        thin(row + s * lo + kx - c->pad[2], dst + lo, hi - lo);
      else
        for (int64_t ox = lo; ox < hi; ox++) {
          int64_t ix = s * ox + kx - c->pad[2];
          if (ix % d == 0) dst[ox] = row[ix / d];
        }
    }
  }
}

/* split_row sends the elements of a row to even and odd. */
VEC_INLINE void split_row(const float *src, int64_t w, float *even, float *odd) {
  const int64_t L = VEC_LANES_F, ne = (w + 1) / 2, no = w / 2;
  if (w == L) {
    union {
      vf all;
      vf_half half[2];
    } u = {__builtin_shuffle(load(src), HALVES)};
    *(vf_half_u *)even = u.half[0];
    *(vf_half_u *)odd = u.half[1];
    return;
  }
  int64_t j = 0;
  for (; 2 * (j + L) <= w; j += L) {
    vf a = load(src + 2 * j), b = load(src + 2 * j + L);
    store(even + j, PAIR_EVEN(a, b));
    store(odd + j, PAIR_ODD(a, b));
  }
  if (2 * j == w) return;
  int64_t e = ne < L ? 0 : ne - L, o = no < L ? 0 : no - L;
  thin(src + 2 * e, even + e, ne - e);
  thin(src + 2 * o + 1, odd + o, no - o);
}

/* The copies of one channel for stride 2 and a padding of 1 in x: even elements are tap 1, odd ones tap 2, and tap 0 is
 * tap 2 displaced by one. */
static void fill_halves(const cpu_conv *c, const cpu_copy_sizes *z, const float *src, float *dst) {
  const int64_t w = c->size[2], ow = c->osize[2], k = c->kernel[1];
  float *left = dst, *even = dst + z->copy, *odd = even + z->copy;
  int64_t rows = 0;
  for (int64_t g = 0; g < 2; g++)
    for (int64_t end = rows + c->osize[1] + (k - 1 - g) / 2, iy = g - c->pad[1]; rows < end; rows++, iy += 2)
      if (iy >= 0 && iy < c->size[1]) split_row(src + iy * w, w, even + rows * ow, odd + rows * ow);
  copy_row(odd, left + 1, rows * ow - 1);
  for (int64_t r = 0; r < rows; r++) left[r * ow] = 0;
}

/* fill brings one plane of all channels (channel_step floats apart) into the working copy, which must be zero where
 * nothing is ever written. */
static void fill(const cpu_conv *c, const cpu_copy_sizes *z, const float *src, int64_t channel_step, float *dst) {
  const int64_t h = c->size[1], w = c->size[2], k = c->kernel[2];
  int flat = c->stride == 1 && c->dilate == 1 && c->osize[2] == w && k == 3 && c->pad[2] == 1 && h * w >= 2 * VEC_LANES_F;
  int halves = c->stride == 2 && c->dilate == 1 && k == 3 && c->pad[2] == 1 && w > 2;
  for (int64_t i = 0; i < c->in; i++, src += channel_step, dst += z->channel) {
    if (halves) {
      fill_halves(c, z, src, dst);
      continue;
    }
    if (!flat) {
      for (int64_t kx = 0; kx < k; kx++) fill_rows(c, kx, src, dst + kx * z->copy);
      continue;
    }
    /* Shift the whole plane at once; what wraps around from the neighbouring row is padding. */
    int64_t n = h * w;
    float *left = dst + c->pad[1] * w, *mid = left + z->copy, *right = mid + z->copy;
    copy_row(src, left + 1, n - 1);
    copy_row(src, mid, n);
    copy_row(src + 1, right, n - 1);
    for (int64_t y = 0; y < h; y++) left[y * w] = right[y * w + w - 1] = 0;
  }
}
