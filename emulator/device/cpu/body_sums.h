/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Dense layers in training: products are summed in single precision over blocks of SUMMED inputs, counted from the first, and
 * the blocks in double precision. Shards of a layer that are cut between blocks then add up to what the whole layer gives,
 * but for the rounding of double precision, and a sum does not depend on how many samples come along. */

enum { SUMMED = 64 }; /* cuts of shards are made at multiples of it: SumUnit in device/shape.go */

/* R rows against B input vectors (from pack_vectors) over k elements (whole vectors), added to wide[row][vector]. */
VEC_INLINE void sum_tile(const int R, const int B, int64_t k, int64_t pitch, const float *w, const float *x, vd *wide,
                         const float *next0, const float *next1) {
  const int64_t L = VEC_LANES_F;
  for (int64_t from = 0; from < k; from += SUMMED) {
    int64_t to = from + SUMMED < k ? from + SUMMED : k;
    vf acc[12];
#pragma GCC unroll 12
    for (int i = 0; i < R * B; i++) acc[i] = vec_set_f(0);
    for (int64_t j = from; j < to; j += L) {
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
      for (int b = 0; b < B; b++) wide[r * GROUP + b] += folded_wide(acc[r * B + b]);
  }
}

#define SUMS(name, R, B)                                                                                                  \
  static __attribute__((noinline)) void name(int64_t k, int64_t pitch, const float *w, const float *x, vd *wide,          \
                                             const float *next0, const float *next1) {                                    \
    sum_tile(R, B, k, pitch, w, x, wide, next0, next1);                                                                   \
  }
SUMS(sums_4x3, 4, 3)
SUMS(sums_4x2, 4, 2)
SUMS(sums_4x1, 4, 1)
SUMS(sums_1x3, 1, 3)
SUMS(sums_1x2, 1, 2)
SUMS(sums_1x1, 1, 1)

/* One block of `depth` elements of nr rows, as dots_block. */
static void sums_block(int64_t nr, int64_t nb, int64_t j, int64_t depth, int64_t k, int64_t whole, const float *w, const float *packed,
                       vd *wide, const float *next) {
  for (int64_t b = 0, g = 0; b < nb; g++) {
    int64_t n = dots_group(nb - b);
    const float *xb = packed + b * whole + j * n, *n0 = w, *n1 = w;
    if (g < 2) n0 = next + 2 * g * k, n1 = n0 + k;
    if (nr == 4) (n == 3 ? sums_4x3 : n == 2 ? sums_4x2 : sums_4x1)(depth, k, w, xb, wide + b, n0, n1);
    else (n == 3 ? sums_1x3 : n == 2 ? sums_1x2 : sums_1x1)(depth, k, w, xb, wide + b, n0, n1);
    b += n;
  }
}

/* Rows [first, last) for vectors x [batch, k]: sums [batch, rows] or, where that is null, y [batch, rows] with the bias. */
static void dot_sums(int64_t first, int64_t last, int64_t rows, int64_t k, int64_t batch, const float *w, const float *x,
                     const float *bias, float *y, double *sums, float *scratch) {
  const int64_t whole = k / VEC_LANES_F * VEC_LANES_F;
  vd wide[4 * GROUP];
  for (int64_t b0 = 0; b0 < batch; b0 += GROUP) {
    int64_t nb = batch - b0 < GROUP ? batch - b0 : GROUP;
    const float *xb = x + b0 * k;
    float *packed = align(scratch);
    pack_vectors(nb, k, whole, xb, packed);
    for (int64_t o = first, nr; o < last; o += nr) {
      nr = o + 4 <= last ? 4 : 1;
      memset(wide, 0, sizeof wide);
      for (int64_t j = 0; j < whole; j += DEPTH) {
        int64_t depth = whole - j < DEPTH ? whole - j : DEPTH;
        const float *wj = w + o * k + j, *next = j + depth < whole ? wj + depth : w + (o + 4) * k;
        sums_block(nr, nb, j, depth, k, whole, wj, packed, wide, next);
      }
      for (int64_t r = 0; r < nr; r++)
        for (int64_t b = 0; b < nb; b++) {
          double sum = sum_wide(wide[r * GROUP + b]);
          for (int64_t i = whole; i < k; i++) sum += (double)w[(o + r) * k + i] * (double)xb[b * k + i];
          int64_t at = (b0 + b) * rows + o + r;
          if (sums) sums[at] = sum;
          else y[at] = (float)(sum + (double)bias[o + r]);
        }
    }
  }
}
