/* SPDX-License-Identifier: BSD-3-Clause
 *
 * C (+)= A B after Goto & van de Geijn 2008: blocks of A and B are copied into the order in which a tile of 6 rows × 2
 * vectors reads them. The wide form adds blocks of GEMM_SHORT products to sums in double precision: where a product is cut
 * between such blocks, its parts add up to the bits of the whole, but for one in 2²⁵ or so. */

enum { GEMM_ROWS = 6, GEMM_COLS = 2 * VEC_LANES_F, GEMM_DEPTH = 256, GEMM_M = 72, GEMM_N = 512, GEMM_SHORT = 64 };

/* Where element i of C is. */
VEC_INLINE void *gemm_at(int wide, void *c, int64_t i) { return wide ? (void *)((double *)c + i) : (void *)((float *)c + i); }

/* Adds `left` values (L at most) to sums. */
VEC_INLINE void gemm_widen(double *to, vf a, int64_t left) {
  if (left >= VEC_LANES_F) {
    store_wide(to, load_wide(to) + lower_wide(a));
    store_wide(to + VEC_LANES_D, load_wide(to + VEC_LANES_D) + upper_wide(a));
    return;
  }
  for (int64_t j = 0; j < left; j++) to[j] += (double)a[j];
}

VEC_INLINE void gemm_tile(const int R, const int WIDE, int64_t k, const float *a, const float *b, void *to_c, int64_t pitch,
                          int64_t cols, int add) {
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
  if (WIDE) {
#pragma GCC unroll 12
    for (int i = 0; i < 2 * R; i++) gemm_widen((double *)to_c + i / 2 * pitch + i % 2 * L, acc[i], cols - i % 2 * L);
    return;
  }
  float *c = to_c;
  if (cols == 2 * L) {
#pragma GCC unroll 12
    for (int i = 0; i < 2 * R; i++) {
      float *to = c + i / 2 * pitch + i % 2 * L;
      store(to, (add ? load(to) : vec_set_f(0)) + acc[i]);
    }
    return;
  }
#pragma GCC unroll 12
  for (int i = 0; i < 2 * R; i++) {
    float *to = c + i / 2 * pitch + i % 2 * L;
    for (int64_t j = 0; j < L && i % 2 * L + j < cols; j++) to[j] = (add ? to[j] : 0) + acc[i][j];
  }
}

#define GEMM_TILE(R, name, WIDE)                                                                                   \
  static __attribute__((noinline)) void name(int64_t k, const float *a, const float *b, void *c, int64_t pitch,    \
                                             int64_t cols, int add) {                                              \
    gemm_tile(R, WIDE, k, a, b, c, pitch, cols, add);                                                              \
  }
GEMM_TILE(6, gemm_tile_6, 0)
GEMM_TILE(4, gemm_tile_4, 0)
GEMM_TILE(2, gemm_tile_2, 0)
GEMM_TILE(1, gemm_tile_1, 0)
GEMM_TILE(6, gemm_wide_6, 1)
GEMM_TILE(4, gemm_wide_4, 1)
GEMM_TILE(2, gemm_wide_2, 1)
GEMM_TILE(1, gemm_wide_1, 1)

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

typedef void gemm_block(int64_t k, const float *a, const float *b, void *c, int64_t pitch, int64_t cols, int add);

static void gemm_one(int wide, int64_t h, int64_t k, const float *a, const float *b, void *c, int64_t pitch, int64_t cols, int add) {
  static gemm_block *const blocks[2][7] = {{0, gemm_tile_1, gemm_tile_2, 0, gemm_tile_4, 0, gemm_tile_6},
                                           {0, gemm_wide_1, gemm_wide_2, 0, gemm_wide_4, 0, gemm_wide_6}};
  blocks[wide][h](k, a, b, c, pitch, cols < GEMM_COLS ? cols : GEMM_COLS, add);
}

/* What the rows of a skinny A are multiplied with comes from memory: while one block is worked on, a part of the next, k rows
 * of a panel of columns, is on its way to the cache. */
VEC_INLINE void gemm_ahead(const float *next, int64_t row, int64_t first, int64_t last) {
  for (int64_t p = first; p < last; p++) __builtin_prefetch(next + p * row, 0, 2);
}

/* A block of few rows: all of them while a panel is in the first-level cache. */
static void gemm_skinny(int wide, int64_t m, int64_t n, int64_t k, const float *pa, const float *pb, void *c, int64_t pitch,
                        int add, const float *next, int64_t next_row, int64_t next_k) {
  for (int64_t j = 0; j < n; j += GEMM_COLS)
    for (int64_t i = 0, h; i < m; i += h) {
      h = tile_height(m - i);
      if (next) gemm_ahead(next + j, next_row, i * next_k / m, (i + h) * next_k / m);
      gemm_one(wide, h, k, pa + i * k, pb + j * (k + 1), gemm_at(wide, c, i * pitch + j), pitch, n - j, add);
    }
}

/* Rows [0, m) of a block of C from a packed block of B. */
static void gemm_rows(int wide, int64_t m, int64_t n, int64_t k, const float *pa, const float *pb, void *c, int64_t pitch, int add) {
  if (k <= GEMM_SHORT) /* C is what costs: walk along its rows */
    for (int64_t i = 0, h; i < m; i += h) {
      h = tile_height(m - i);
      for (int64_t j = 0; j < n; j += GEMM_COLS) gemm_one(wide, h, k, pa + i * k, pb + j * (k + 1), gemm_at(wide, c, i * pitch + j), pitch, n - j, add);
    }
  else
    for (int64_t j = 0; j < n; j += GEMM_COLS)
      for (int64_t i = 0, h; i < m; i += h) {
        h = tile_height(m - i);
        gemm_one(wide, h, k, pa + i * k, pb + j * (k + 1), gemm_at(wide, c, i * pitch + j), pitch, n - j, add);
      }
}

static void gemm_all(int wide, const cpu_gemm *g, const float *a, const float *b, void *c, float *scratch) {
  float *pa = align(scratch), *pb = pa + GEMM_M * GEMM_DEPTH;
  const int64_t depth = g->shallow ? GEMM_SHORT : GEMM_DEPTH;
  for (int64_t jc = 0; jc < g->n; jc += GEMM_N) {
    int64_t n = g->n - jc < GEMM_N ? g->n - jc : GEMM_N;
    for (int64_t pc = 0; pc < g->k; pc += depth) {
      int64_t k = g->k - pc < depth ? g->k - pc : depth;
      int add = g->add || pc > 0;
      pack_b(b + pc * g->b_row + jc * g->b_col, g->b_row, g->b_col, k, n, pb);
      for (int64_t ic = 0; ic < g->m; ic += GEMM_M) {
        int64_t m = g->m - ic < GEMM_M ? g->m - ic : GEMM_M;
        pack_a(a + ic * g->a_row + pc * g->a_col, g->a_row, g->a_col, m, k, pa);
        void *cc = gemm_at(wide, c, ic * g->c_row + jc);
        if (g->skinny) {
          int64_t left = g->k - pc - k;
          const float *next = left > 0 && g->b_col == 1 ? b + (pc + k) * g->b_row + jc : 0;
          gemm_skinny(wide, m, n, k, pa, pb, cc, g->c_row, add, next, g->b_row, left < depth ? left : depth);
        } else gemm_rows(wide, m, n, k, pa, pb, cc, g->c_row, add);
      }
    }
  }
}

static void gemm(const cpu_gemm *g, const float *a, const float *b, float *c, float *scratch) {
  if (g->k == 0 && !g->add)
    for (int64_t i = 0; i < g->m; i++) memset(c + i * g->c_row, 0, (size_t)g->n * sizeof *c);
  gemm_all(0, g, a, b, c, scratch);
}

/* gemm_sums: C = A B in the wide form. */
static void gemm_sums(const cpu_gemm *g, const float *a, const float *b, double *c, float *scratch) {
  for (int64_t i = 0; i < g->m; i++) memset(c + i * g->c_row, 0, (size_t)g->n * sizeof *c);
  gemm_all(1, g, a, b, c, scratch);
}
