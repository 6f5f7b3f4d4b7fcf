/* SPDX-License-Identifier: BSD-3-Clause
 *
 * C (+)= A B after Goto & van de Geijn 2008: blocks of A and B are copied into the order in which a tile of 6 rows × 2
 * vectors reads them. */

enum { GEMM_ROWS = 6, GEMM_COLS = 2 * VEC_LANES_F, GEMM_DEPTH = 256, GEMM_M = 72, GEMM_N = 512, GEMM_SHORT = 64 };

VEC_INLINE void gemm_tile(const int R, int64_t k, const float *a, const float *b, float *c, int64_t pitch, int64_t cols, int add) {
  const int L = VEC_LANES_F;
  vf acc[12];
#pragma GCC unroll 12
  for (int i = 0; i < 2 * R; i++) acc[i] = vec_set_f(0);
  for (int64_t p = 0; p < k; p++, a += R, b += 2 * L) {
    vf b0 = load(b), b1 = load(b + L);
#pragma GCC unroll 6
    for (int r = 0; r < R; r++) {
      vf ar = vec_set_f(a[r]);
      acc[2 * r] = vec_fma_f(ar, b0, acc[2 * r]);
      acc[2 * r + 1] = vec_fma_f(ar, b1, acc[2 * r + 1]);
    }
  }
  if (cols == 2 * L) {
#pragma GCC unroll 12
    for (int i = 0; i < 2 * R; i++) {
      float *to = c + i / 2 * pitch + i % 2 * L;
      store(to, add ? load(to) + acc[i] : acc[i]);
    }
    return;
  }
#pragma GCC unroll 12
  for (int i = 0; i < 2 * R; i++) {
    float *to = c + i / 2 * pitch + i % 2 * L;
    for (int64_t j = 0; j < L && i % 2 * L + j < cols; j++) to[j] = (add ? to[j] : 0) + acc[i][j];
  }
}

#define GEMM_TILE(R)                                                                                                        \
  static __attribute__((noinline)) void gemm_tile_##R(int64_t k, const float *a, const float *b, float *c, int64_t pitch,   \
                                                      int64_t cols, int add) {                                              \
    gemm_tile(R, k, a, b, c, pitch, cols, add);                                                                             \
  }
GEMM_TILE(6)
GEMM_TILE(4)
GEMM_TILE(2)
GEMM_TILE(1)

static int64_t tile_height(int64_t left) { return left >= 6 ? 6 : left >= 4 ? 4 : left >= 2 ? 2 : 1; }

static void pack_a(const float *a, int64_t row, int64_t col, int64_t m, int64_t k, float *to) {
  for (int64_t i = 0; i < m;) {
    int64_t h = tile_height(m - i);
    for (int64_t p = 0; p < k; p++)
      for (int64_t r = 0; r < h; r++) *to++ = a[(i + r) * row + p * col];
    i += h;
  }
}

/* Columns in groups of GEMM_COLS, the last filled up with zeros. A group has a row more than it needs, so that those of one
 * row of B do not all fall into the same set of the first-level cache. */
static void pack_b(const float *b, int64_t row, int64_t col, int64_t k, int64_t n, float *to) {
  const int64_t L = VEC_LANES_F;
  for (int64_t p = 0; p < k; p++, b += row, to += GEMM_COLS)
    for (int64_t j = 0; j < n; j += GEMM_COLS) {
      float *t = to + j * (k + 1);
      if (col == 1 && j + GEMM_COLS <= n) {
        store(t, load(b + j));
        store(t + L, load(b + j + L));
        continue;
      }
      for (int64_t i = 0; i < GEMM_COLS; i++) t[i] = j + i < n ? b[(j + i) * col] : 0;
    }
}

static void gemm_one(int64_t h, int64_t k, const float *a, const float *b, float *c, int64_t pitch, int64_t cols, int add) {
  (h == 6 ? gemm_tile_6 : h == 4 ? gemm_tile_4 : h == 2 ? gemm_tile_2 : gemm_tile_1)(k, a, b, c, pitch, cols < GEMM_COLS ? cols : GEMM_COLS, add);
}

/* What the rows of a skinny A are multiplied with comes from memory: while one block is worked on, a part of the next, k rows
 * of a panel of columns, is on its way to the cache. */
VEC_INLINE void gemm_ahead(const float *next, int64_t row, int64_t first, int64_t last) {
  for (int64_t p = first; p < last; p++) __builtin_prefetch(next + p * row, 0, 2);
}

/* A block of few rows: all of them while a panel is in the first-level cache. */
static void gemm_skinny(int64_t m, int64_t n, int64_t k, const float *pa, const float *pb, float *c, int64_t pitch, int add,
                        const float *next, int64_t next_row, int64_t next_k) {
  for (int64_t j = 0; j < n; j += GEMM_COLS)
    for (int64_t i = 0, h; i < m; i += h) {
      h = tile_height(m - i);
      if (next) gemm_ahead(next + j, next_row, i * next_k / m, (i + h) * next_k / m);
      gemm_one(h, k, pa + i * k, pb + j * (k + 1), c + i * pitch + j, pitch, n - j, add);
    }
}

static void gemm(const cpu_gemm *g, const float *a, const float *b, float *c, float *scratch) {
  float *pa = align(scratch), *pb = pa + GEMM_M * GEMM_DEPTH;
  const int64_t depth = g->skinny ? GEMM_SHORT : GEMM_DEPTH;
  if (g->k == 0 && !g->add)
    for (int64_t i = 0; i < g->m; i++) memset(c + i * g->c_row, 0, (size_t)g->n * sizeof *c);
  for (int64_t jc = 0; jc < g->n; jc += GEMM_N) {
    int64_t n = g->n - jc < GEMM_N ? g->n - jc : GEMM_N;
    for (int64_t pc = 0; pc < g->k; pc += depth) {
      int64_t k = g->k - pc < depth ? g->k - pc : depth;
      int add = g->add || pc > 0;
      pack_b(b + pc * g->b_row + jc * g->b_col, g->b_row, g->b_col, k, n, pb);
      for (int64_t ic = 0; ic < g->m; ic += GEMM_M) {
        int64_t m = g->m - ic < GEMM_M ? g->m - ic : GEMM_M;
        pack_a(a + ic * g->a_row + pc * g->a_col, g->a_row, g->a_col, m, k, pa);
        float *cc = c + ic * g->c_row + jc;
        if (g->skinny) {
          int64_t left = g->k - pc - k;
          const float *next = left > 0 && g->b_col == 1 ? b + (pc + k) * g->b_row + jc : 0;
          gemm_skinny(m, n, k, pa, pb, cc, g->c_row, add, next, g->b_row, left < depth ? left : depth);
        } else if (k <= 64) { /* C is what costs: walk along its rows */
          for (int64_t i = 0, h; i < m; i += h) {
            h = tile_height(m - i);
            for (int64_t j = 0; j < n; j += GEMM_COLS) gemm_one(h, k, pa + i * k, pb + j * (k + 1), cc + i * g->c_row + j, g->c_row, n - j, add);
          }
        } else {
          for (int64_t j = 0; j < n; j += GEMM_COLS)
            for (int64_t i = 0, h; i < m; i += h) {
              h = tile_height(m - i);
              gemm_one(h, k, pa + i * k, pb + j * (k + 1), cc + i * g->c_row + j, g->c_row, n - j, add);
            }
        }
      }
    }
  }
}
