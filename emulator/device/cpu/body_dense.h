/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Dense layers y = W x + b with W [rows, k]. For few input vectors they are bound by the memory that W lies in: W is read
 * once, in four streams, which keep more of the hardware's prefetchers busy than one does (measured: 26 against 20 GB/s;
 * software prefetches made it slower). A stream is STRIP rows long, since a prefetcher that has found one goes on with the
 * next row, while neighbouring rows would end all four at once (measured: 31 against 26 GB/s in bfloat16). */

#define GROUP 24   /* input vectors at a time: their sums for four rows stay on the stack */
#define STRIP 16   /* rows of a stream */
#define DEPTH 512  /* elements of a block: four rows and three vectors share the first-level cache */

#if VEC_LANES_F == 16
#define TURN(a, n) __builtin_shuffle(a, (vi32){n, n ^ 1, n ^ 2, n ^ 3, n ^ 4, n ^ 5, n ^ 6, n ^ 7, n ^ 8, n ^ 9, n ^ 10, n ^ 11, n ^ 12, n ^ 13, n ^ 14, n ^ 15})
#else
#define TURN(a, n) __builtin_shuffle(a, (vi32){n, n ^ 1, n ^ 2, n ^ 3, n ^ 4, n ^ 5, n ^ 6, n ^ 7})
#endif

VEC_INLINE float sum_lanes(vf a) {
#if VEC_LANES_F == 16
  a += TURN(a, 8);
#endif
  a += TURN(a, 4);
  a += TURN(a, 2);
  return a[0] + a[1];
}

VEC_INLINE float finish(float sum, const float *bias, int64_t o, int64_t relu) {
  if (bias) sum += bias[o];
  return relu && sum < 0 ? 0 : sum; /* a NaN stays one */
}

/* R rows, pitch apart, against one vector. The order of a row's sum does not depend on R. */
VEC_INLINE void row_tile(const int R, int64_t k, int64_t pitch, const float *w, const float *x, float *sum) {
  const int64_t L = VEC_LANES_F;
  vf acc[8];
#pragma GCC unroll 8
  for (int i = 0; i < 2 * R; i++) acc[i] = vec_set_f(0);
  int64_t j = 0;
  for (; j + 2 * L <= k; j += 2 * L) {
    vf x0 = load(x + j), x1 = load(x + j + L);
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) {
      acc[2 * r] = vec_fma_f(load(w + r * pitch + j), x0, acc[2 * r]);
      acc[2 * r + 1] = vec_fma_f(load(w + r * pitch + j + L), x1, acc[2 * r + 1]);
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; r++) {
    sum[r] = sum_lanes(acc[2 * r] + acc[2 * r + 1]);
    for (int64_t i = j; i < k; i++) sum[r] += w[r * pitch + i] * x[i];
  }
}

/* How far apart the four rows of a tile are, if `left` rows are to be done; 0: there are not four. */
static int64_t strip(int64_t left) { return left >= 4 * STRIP ? STRIP : left / 4; }

/* Rows [first, last) for one vector x. */
static void matvec(int64_t first, int64_t last, int64_t k, int64_t relu, const float *w, const float *x, const float *bias, float *y) {
  float sum[4];
  int64_t o = first;
  for (int64_t n; (n = strip(last - o)) > 0; o += 4 * n)
    for (int64_t i = o; i < o + n; i++) {
      row_tile(4, k, n * k, w + i * k, x, sum);
      for (int r = 0; r < 4; r++) y[i + r * n] = finish(sum[r], bias, i + r * n, relu);
    }
  for (; o < last; o++) {
    row_tile(1, k, k, w + o * k, x, sum);
    y[o] = finish(sum[0], bias, o, relu);
  }
}

VEC_INLINE float from_bf16(uint16_t w) {
  union {
    uint32_t u;
    float f;
  } v = {(uint32_t)w << 16};
  return v.f;
}

VEC_INLINE void row_tile_bf16(const int R, int64_t k, int64_t pitch, const uint16_t *w, const float *x, const float *even,
                              const float *odd, float *sum) {
  const int64_t L = VEC_LANES_F;
  const vi32 high = (vi32){0} + (int32_t)0xffff0000;
  vf acc[8];
#pragma GCC unroll 8
  for (int i = 0; i < 2 * R; i++) acc[i] = vec_set_f(0);
  int64_t j = 0;
  for (; 2 * (j + L) <= k; j += L) {
    vf x0 = load(even + j), x1 = load(odd + j);
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) {
      vi32 p = *(const vi32_u *)(w + r * pitch + 2 * j);
      acc[2 * r] = vec_fma_f((vf)(p << 16), x0, acc[2 * r]);
      acc[2 * r + 1] = vec_fma_f((vf)(p & high), x1, acc[2 * r + 1]);
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; r++) {
    sum[r] = sum_lanes(acc[2 * r] + acc[2 * r + 1]);
    for (int64_t i = 2 * j; i < k; i++) sum[r] += from_bf16(w[r * pitch + i]) * x[i];
  }
}

/* The same with weights in bfloat16 (the upper half of a float). A vector of 32-bit words holds pairs: the even elements
 * are the low halves. x is given split likewise too: k/2 even elements, then as many odd ones. */
static void matvec_bf16(int64_t first, int64_t last, int64_t k, int64_t relu, const uint16_t *w, const float *x, const float *bias,
                        float *y, const float *split) {
  const float *even = split, *odd = split + k / 2;
  float sum[4];
  int64_t o = first;
  for (int64_t n; (n = strip(last - o)) > 0; o += 4 * n)
    for (int64_t i = o; i < o + n; i++) {
      row_tile_bf16(4, k, n * k, w + i * k, x, even, odd, sum);
      for (int r = 0; r < 4; r++) y[i + r * n] = finish(sum[r], bias, i + r * n, relu);
    }
  for (; o < last; o++) {
    row_tile_bf16(1, k, k, w + o * k, x, even, odd, sum);
    y[o] = finish(sum[0], bias, o, relu);
  }
}

/* Rounds to the nearest bfloat16, ties to even; a NaN stays one. */
static void round_bf16(int64_t first, int64_t last, const float *w, uint16_t *to) {
  for (int64_t i = first; i < last; i++) {
    union {
      float f;
      uint32_t u;
    } v = {w[i]};
    uint32_t near = (v.u + 0x7fff + (v.u >> 16 & 1)) >> 16, nan = v.u >> 16 | 0x40;
    to[i] = (uint16_t)((v.u & 0x7fffffff) > 0x7f800000 ? nan : near);
  }
}

/* widen brings a block of rows from bfloat16 to single precision; rows are k and DEPTH apart. */
static void widen(int64_t rows, int64_t depth, int64_t k, const uint16_t *w, float *to) {
  for (int64_t r = 0; r < rows; r++)
    for (int64_t i = 0; i < depth; i++) to[r * DEPTH + i] = from_bf16(w[r * k + i]);
}

/* R rows against B input vectors (from pack_vectors) over k elements (whole vectors), added to part[row][vector].
 * Meanwhile two rows of what comes next are on their way from memory. */
VEC_INLINE void dot_tile(const int R, const int B, int64_t k, int64_t pitch, const float *w, const float *x, vf *part,
                         const float *next0, const float *next1) {
  const int64_t L = VEC_LANES_F;
  vf acc[12];
#pragma GCC unroll 4
  for (int r = 0; r < R; r++)
#pragma GCC unroll 3
    for (int b = 0; b < B; b++) acc[r * B + b] = part[r * GROUP + b];
  for (int64_t j = 0; j < k; j += L) {
    vf in[3];
    __builtin_prefetch(next0 + j, 0, 2);
    __builtin_prefetch(next1 + j, 0, 2);
#pragma GCC unroll 3
    for (int b = 0; b < B; b++) in[b] = load(x + j * B + b * L);
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) {
      vf a = load(w + r * pitch + j);
#pragma GCC unroll 3
      for (int b = 0; b < B; b++) acc[r * B + b] = vec_fma_f(a, in[b], acc[r * B + b]);
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; r++)
#pragma GCC unroll 3
    for (int b = 0; b < B; b++) part[r * GROUP + b] = acc[r * B + b];
}

#define DOTS(name, R, B)                                                                                                   \
  static __attribute__((noinline)) void name(int64_t k, int64_t pitch, const float *w, const float *x, vf *part,           \
                                             const float *next0, const float *next1) {                                     \
    dot_tile(R, B, k, pitch, w, x, part, next0, next1);                                                                    \
  }
DOTS(dots_4x3, 4, 3)
DOTS(dots_4x2, 4, 2)
DOTS(dots_4x1, 4, 1)
DOTS(dots_1x3, 1, 3)
DOTS(dots_1x2, 1, 2)
DOTS(dots_1x1, 1, 1)

/* How many of the vectors that are left a tile takes. */
static int64_t dots_group(int64_t left) { return left >= 3 && left != 4 ? 3 : left >= 2 ? 2 : 1; }

/* pack_vectors brings the elements of x [n, k] that tiles read together to lie together: by groups of vectors, in a group
 * by VEC_LANES_F elements. Rows of x are often a power of two apart and would evict each other from the caches. */
static void pack_vectors(int64_t n, int64_t k, int64_t whole, const float *x, float *to) {
  const int64_t L = VEC_LANES_F;
  for (int64_t b = 0, g; b < n; b += g, x += g * k) {
    g = dots_group(n - b);
    for (int64_t j = 0; j < whole; j += L)
      for (int64_t i = 0; i < g; i++, to += L) store(to, load(x + i * k + j));
  }
}

/* One block of `depth` elements of nr rows, from element j on, against all nb vectors; `next` is the block after it. */
static void dots_block(int64_t nr, int64_t nb, int64_t j, int64_t depth, int64_t pitch, int64_t whole, const float *w,
                       const float *packed, vf *part, const float *next) {
  for (int64_t b = 0, g = 0; b < nb; g++) {
    int64_t n = dots_group(nb - b);
    const float *xb = packed + b * whole + j * n, *n0 = w, *n1 = w;
    if (g < 2) n0 = next + 2 * g * pitch, n1 = n0 + pitch;
    if (nr == 4) (n == 3 ? dots_4x3 : n == 2 ? dots_4x2 : dots_4x1)(depth, pitch, w, xb, part + b, n0, n1);
    else (n == 3 ? dots_1x3 : n == 2 ? dots_1x2 : dots_1x1)(depth, pitch, w, xb, part + b, n0, n1);
    b += n;
  }
}

/* Rows [first, last) for several vectors x [batch, k]; y [batch, rows]. The weights are w or, where it is null, half. */
static void dots(int64_t first, int64_t last, int64_t rows, int64_t k, int64_t batch, int64_t relu, const float *w, const uint16_t *half,
                 const float *x, const float *bias, float *y, float *scratch) {
  const int64_t whole = k / VEC_LANES_F * VEC_LANES_F;
  vf part[4 * GROUP];
  float wide[4 * DEPTH];
  for (int64_t b0 = 0; b0 < batch; b0 += GROUP) {
    int64_t nb = batch - b0 < GROUP ? batch - b0 : GROUP;
    float *packed = align(scratch);
    pack_vectors(nb, k, whole, x + b0 * k, packed);
    for (int64_t o = first; o < last;) {
      int64_t nr = o + 4 <= last ? 4 : 1;
      const float *xb = x + b0 * k;
      memset(part, 0, sizeof part);
      for (int64_t j = 0; j < whole; j += DEPTH) {
        int64_t depth = whole - j < DEPTH ? whole - j : DEPTH;
        if (!w) {
          widen(nr, depth, k, half + o * k + j, wide);
          dots_block(nr, nb, j, depth, DEPTH, whole, wide, packed, part, wide);
          continue;
        }
        const float *wj = w + o * k + j, *next = j + depth < whole ? wj + depth : w + (o + 4) * k;
        dots_block(nr, nb, j, depth, k, whole, wj, packed, part, next);
      }
      for (int64_t r = 0; r < nr; r++)
        for (int64_t b = 0; b < nb; b++) {
          float sum = sum_lanes(part[r * GROUP + b]);
          for (int64_t i = whole, at = (o + r) * k + i; i < k; i++, at++) sum += (w ? w[at] : from_bf16(half[at])) * xb[b * k + i];
          y[(b0 + b) * rows + o + r] = finish(sum, bias, o + r, relu);
        }
      o += nr;
    }
  }
}
