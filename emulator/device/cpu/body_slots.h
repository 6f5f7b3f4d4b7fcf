/* SPDX-License-Identifier: BSD-3-Clause
 *
 * dW (+)= tree over slots of dYᵀX: each slot of samples is summed by itself, and the sums are folded in a binary tree while
 * they are in registers, so that dW is read and written once. Rows [first, last) of dW [rows, n]. */

enum { SLOT_COLS = 256, SLOT_ROWS = 4, SLOT_LEVELS = 16 };

/* One vector of columns of R rows: x [batch][lanes] packed, dy [batch][SLOT_ROWS] packed. */
VEC_INLINE void slot_tile(const int R, int64_t slots, const int64_t *bounds, const float *x, const float *dy, vf *sum) {
  const int64_t L = VEC_LANES_F;
  vf tree[SLOT_LEVELS][SLOT_ROWS];
  for (int64_t k = 0; k < slots; k++) {
    vf part[SLOT_ROWS];
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) part[r] = vec_set_f(0);
    for (int64_t b = bounds[k]; b < bounds[k + 1]; b++) {
      vf in = load(x + b * L);
#pragma GCC unroll 4
      for (int r = 0; r < R; r++) part[r] = vec_fma_f(vec_set_f(dy[b * SLOT_ROWS + r]), in, part[r]);
    }
    int level = 0;
    for (int64_t bits = k; bits & 1; bits >>= 1, level++)
#pragma GCC unroll 4
      for (int r = 0; r < R; r++) part[r] = tree[level][r] + part[r];
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) tree[level][r] = part[r];
  }
  /* What is left are the levels of the bits of `slots`. */
  int some = 0;
  for (int level = 0; (slots >> level) > 0; level++) {
    if (!(slots >> level & 1)) continue;
#pragma GCC unroll 4
    for (int r = 0; r < R; r++) sum[r] = some ? tree[level][r] + sum[r] : tree[level][r];
    some = 1;
  }
}

static __attribute__((noinline)) void slot_tile_4(int64_t slots, const int64_t *bounds, const float *x, const float *dy, vf *sum) {
  slot_tile(4, slots, bounds, x, dy, sum);
}
static __attribute__((noinline)) void slot_tile_1(int64_t slots, const int64_t *bounds, const float *x, const float *dy, vf *sum) {
  slot_tile(1, slots, bounds, x, dy, sum);
}

/* scratch: batch·(SLOT_COLS + SLOT_ROWS) floats. */
static void weight_slots(int64_t first, int64_t last, int64_t rows, int64_t n, int64_t add, int64_t slots, const int64_t *bounds, const float *x,
                         const float *dy, float *dw, float *scratch) {
  const int64_t L = VEC_LANES_F, batch = bounds[slots];
  float *px = scratch, *pd = scratch + batch * SLOT_COLS;
  for (int64_t at = 0; at < n; at += SLOT_COLS) {
    int64_t cols = n - at < SLOT_COLS ? n - at : SLOT_COLS;
    for (int64_t j = 0; j < cols; j += L)
      for (int64_t b = 0; b < batch; b++) store(px + j * batch + b * L, load_some(x + b * n + at + j, cols - j, 0));
    for (int64_t o = first, nr; o < last; o += nr) {
      nr = o + SLOT_ROWS <= last ? SLOT_ROWS : 1;
      for (int64_t b = 0; b < batch; b++)
        for (int64_t r = 0; r < nr; r++) pd[b * SLOT_ROWS + r] = dy[b * rows + o + r];
      for (int64_t j = 0; j < cols; j += L) {
        vf sum[SLOT_ROWS];
        (nr == 1 ? slot_tile_1 : slot_tile_4)(slots, bounds, px + j * batch, pd, sum);
        for (int64_t r = 0; r < nr; r++) {
          float *to = dw + (o + r) * n + at + j;
          store_some(to, (add ? load_some(to, cols - j, 0) : vec_set_f(0)) + sum[r], cols - j);
        }
      }
    }
  }
}
