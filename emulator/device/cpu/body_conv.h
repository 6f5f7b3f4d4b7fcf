/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Convolution forward. A tile is OC output channels × V vectors of output positions, in registers over all input
 * channels and taps: V + OC loads for V·OC fused multiply-adds. */

/* What a tile reads: for each tap of the slowest axis that lies inside the input, its plane and its number. */
typedef struct {
  const float *plane[3];
  int64_t tap[3], planes;
  int64_t in, channel; /* input channels, and the distance between them */
  int64_t row[3], shift[3]; /* displacement of tap ky, of tap kx */
  int64_t next;          /* from the first vector of a tile of two to the second */
  int64_t width, line;   /* output rows of `width` begin `line` apart; width 0: all positions are one row */
  int64_t taps;          /* weights per input channel: kernel volume */
  const float *from[9];  /* the lines of taps along x, by their first, */
  int64_t weight[9], lines; /* and which of the weights that has */
} source;

/* The lines of a kernel k high and wide, when the planes are known. */
static void line_up(source *s, int64_t k) {
  s->lines = 0;
  for (int64_t p = 0; p < s->planes; p++)
    for (int64_t ky = 0; ky < k; ky++) {
      s->from[s->lines] = s->plane[p] + s->row[ky];
      s->weight[s->lines++] = (s->tap[p] * k + ky) * k;
    }
}

/* Where a tile goes. */
typedef struct {
  float *y;
  const float *residual;
  int64_t channel, relu; /* distance between output channels */
} target;

VEC_INLINE void tile(const int OC, const int V, const int K, const source *s, int64_t at, const float *packed, vf *acc) {
  const int L = VEC_LANES_F;
  const int64_t off[8] = {0, V == 2 ? s->next : L, 2 * L, 3 * L, 4 * L, 5 * L, 6 * L, 7 * L};
  const int64_t shift[3] = {0, s->shift[1], s->shift[2]};
#pragma GCC unroll 12
  for (int i = 0; i < OC * V; i++) acc[i] = vec_set_f(packed[i / V]);
  packed += OC;
  for (int64_t ci = 0; ci < s->in; ci++, packed += s->taps * OC, at += s->channel) {
#pragma GCC unroll 1
    for (int64_t r = 0; r < s->lines; r++) {
      const float *x = s->from[r] + at, *w = packed + s->weight[r] * OC;
#pragma GCC unroll 3
      for (int kx = 0; kx < K; kx++, w += OC) {
        vf in[8];
#pragma GCC unroll 8
        for (int v = 0; v < V; v++) in[v] = load(x + off[v] + shift[kx]);
#pragma GCC unroll 4
        for (int o = 0; o < OC; o++) {
          vf wo = vec_set_f(w[o]);
#pragma GCC unroll 8
          for (int v = 0; v < V; v++) acc[o * V + v] = vec_fma_f(wo, in[v], acc[o * V + v]);
        }
      }
    }
  }
}

/* The first n floats of each of OC·V vectors: where a whole range is shorter than a vector. */
static __attribute__((noinline)) void put_part(int oc, const float *from, float *y, const float *residual, int64_t channel, int64_t n) {
  for (int o = 0; o < oc; o++)
    for (int64_t i = 0; i < n; i++) y[o * channel + i] = from[o * VEC_LANES_F + i] + (residual ? residual[o * channel + i] : 0);
}

/* One tile at position `at` of the source and `to` of the target; n < V·lanes only where the whole range is short. */
VEC_INLINE void tile_out(const int OC, const int V, const int K, const source *s, const target *t, int64_t at, int64_t to,
                         int64_t n, const float *packed) {
  const int64_t L = VEC_LANES_F, channel = t->channel;
  float *y = t->y + to;
  const float *residual = t->residual ? t->residual + to : 0;
  vf acc[12];
  tile(OC, V, K, s, at, packed, acc);
  if (t->relu)
#pragma GCC unroll 12
    for (int i = 0; i < OC * V; i++) acc[i] = vec_max_f(vec_set_f(0), acc[i]);
  if (V == 1 && n < L) {
    float part[4 * VEC_LANES_F];
#pragma GCC unroll 4
    for (int o = 0; o < OC; o++) store(part + o * L, acc[o]);
    put_part(OC, part, y, residual, channel, n);
    return;
  }
  if (residual)
#pragma GCC unroll 12
    for (int i = 0; i < OC * V; i++) acc[i] += load(residual + i / V * channel + i % V * L);
#pragma GCC unroll 12
  for (int i = 0; i < OC * V; i++) store(y + i / V * channel + i % V * L, acc[i]);
}

/* One function per tile, out of line: the registers are just enough for one such loop at a time. Three vectors at once only
 * where the kernel is 1 wide: with several taps compilers run out of registers for 12 sums, and 8 are enough to be at work. */
typedef void block(int k, const source *s, const target *t, int64_t at, int64_t to, int64_t n, const float *packed);
#define BLOCK(OC, V)                                                                                            \
  static __attribute__((noinline)) void block_##OC##x##V(int k, const source *s, const target *t, int64_t at,   \
                                                         int64_t to, int64_t n, const float *packed) {          \
    if (k == 3 && V != 3) tile_out(OC, V, 3, s, t, at, to, n, packed);                                          \
    else tile_out(OC, V, 1, s, t, at, to, n, packed);                                                           \
  }
BLOCK(4, 3)
BLOCK(4, 2)
BLOCK(4, 1)
BLOCK(1, 8)
BLOCK(1, 3)
BLOCK(1, 2)
BLOCK(1, 1)

/* All output channels over v vectors from `at`. */
static void channels(int64_t out, int k, int v, const source *s, const target *t, int64_t at, int64_t to, int64_t n,
                     const float *packed) {
  block *four = v == 3 ? block_4x3 : v == 2 ? block_4x2 : block_4x1;
  block *one = v == 8 ? block_1x8 : v == 3 ? block_1x3 : v == 2 ? block_1x2 : block_1x1;
  target u = *t;
  for (int64_t o = 0, width; o < out; o += width) {
    width = out - o >= 4 ? 4 : 1;
    (width == 4 ? four : one)(k, s, &u, at, to, n, packed);
    packed += width * (1 + s->in * s->taps);
    u.y += width * u.channel;
    if (u.residual) u.residual += width * u.channel;
  }
}

/* walk goes v vectors on from column *x of the row at *row, through whole rows, and returns where it began. */
static int64_t walk(source *s, int v, int64_t *x, int64_t *row) {
  const int64_t first = *row + *x;
  for (int i = 0; i < v; i++) {
    if (i == 1) s->next = *row + *x - first;
    *x += VEC_LANES_F;
    if (*x == s->width) {
      *x = 0;
      *row += s->line;
    }
  }
  return first;
}

/* sweep computes n contiguous positions. The last tile is moved back so that it ends with the range: some positions
 * are computed twice, to the same value. */
static void sweep(int64_t out, int k, source *s, const target *t, int64_t at, int64_t to, int64_t n, const float *packed) {
  const int64_t L = VEC_LANES_F;
  int64_t x = 0;
  if (n < L) {
    channels(out, k, 1, s, t, at, to, n, packed);
    return;
  }
  for (int64_t i = 0; i < n;) {
    int64_t left = (n - i + L - 1) / L;
    int v = left == 1 ? 1 : k == 3 || left == 2 || left == 4 ? 2 : 3;
    if (out == 1 && n - i >= 8 * L && s->width % (8 * L) == 0) v = 8; /* one channel: as many sums as multiply-adds are under way */
    if (n < v * L) v = 1;
    int64_t j = i + v * L <= n ? i : n - v * L, from = at + j;
    if (s->width) from = walk(s, v, &x, &at);
    channels(out, k, v, s, t, from, to + j, v * L, packed);
    i = j + v * L;
  }
}

/* direct: the input can be read where it lies. */
static int direct(const cpu_conv *c) {
  int64_t n = c->kernel[2] == 1 ? c->osize[1] * c->osize[2] : c->osize[2];
  return c->stride == 1 && c->dilate == 1 && c->pad[0] == 0 && c->pad[1] == 0 && c->pad[2] == 0 && n >= VEC_LANES_F;
}

/* Positions one after the other, taps along x `shift` apart. */
static void flat_source(source *s, int64_t shift) {
  for (int i = 0; i < 3; i++) s->shift[i] = i * shift;
  s->next = VEC_LANES_F;
  s->width = 0;
}

static void direct_source(const cpu_conv *c, source *s, const float *x, int64_t b, int64_t oz) {
  int64_t hw = c->size[1] * c->size[2], dhw = c->size[0] * hw;
  for (int64_t kz = 0; kz < c->kernel[0]; kz++) {
    s->plane[kz] = x + b * c->in * dhw + (oz + kz) * hw;
    s->tap[kz] = kz;
  }
  s->planes = c->kernel[0];
  s->in = c->in;
  s->channel = dhw;
  for (int ky = 0; ky < 3; ky++) s->row[ky] = ky * c->size[2];
  s->taps = c->kernel[0] * c->kernel[1] * c->kernel[2];
  flat_source(s, 1);
  line_up(s, c->kernel[1]);
}

static void copy_source(const cpu_conv *c, const cpu_copy_sizes *z, source *s) {
  int64_t k = c->kernel[1], start[2] = {0, 0};
  if (c->stride == 2) start[1] = (c->osize[1] + (k - 1) / 2) * c->osize[2];
  for (int64_t ky = 0; ky < 3; ky++) s->row[ky] = start[ky % c->stride] + ky / c->stride * c->osize[2];
  s->in = c->in;
  s->channel = z->channel;
  s->taps = c->kernel[0] * k * k;
  flat_source(s, z->copy);
}

static void row_source(const cpu_conv *c, const row_copy *r, source *s) {
  s->in = c->in;
  s->channel = r->channel;
  s->taps = c->kernel[0] * 9;
  for (int i = 0; i < 3; i++) {
    s->row[i] = i * r->pitch + r->start;
    s->shift[i] = c->stride == 1 ? i : i == 1 ? -r->start : i / 2;
  }
  s->width = c->osize[2];
  s->line = c->stride * r->pitch;
}

/* Planes [first, last) of the batch·osize[0] output planes. */
static void conv(const cpu_conv *c, int64_t first, int64_t last, const float *x, const float *packed, const float *residual,
                 float *y, float *scratch) {
  const int64_t hw = c->size[1] * c->size[2], ohw = c->osize[1] * c->osize[2], od = c->osize[0], kd = c->kernel[0];
  const int k = (int)c->kernel[2];
  cpu_copy_sizes z = cpu_copy_of(c, VEC_LANES_F);
  target t = {0, 0, od * ohw, c->relu};
  source s;
  int64_t held[3] = {-1, -1, -1};
  int in_place = direct(c), rows = !in_place && by_rows(c);
  row_copy r = row_copy_of(c);
  int64_t plane = rows ? r.channel * c->in : z.plane;
  if (!in_place) {
    scratch = align(scratch);
    memset(scratch, 0, (size_t)(kd * plane + VEC_LANES_F) * sizeof *scratch);
    if (rows) row_source(c, &r, &s);
    else copy_source(c, &z, &s);
  }
  for (int64_t q = first; q < last; q++) {
    int64_t b = q / od, oz = q % od, to = b * c->out * od * ohw + oz * ohw;
    t.y = y + to;
    t.residual = residual ? residual + to : 0;
    if (in_place) {
      direct_source(c, &s, x, b, oz);
      if (k == 1) sweep(c->out, k, &s, &t, 0, 0, ohw, packed);
      else
        for (int64_t oy = 0; oy < c->osize[1]; oy++)
          sweep(c->out, k, &s, &t, oy * c->size[2], oy * c->osize[2], c->osize[2], packed);
      continue;
    }
    s.planes = 0;
    for (int64_t kz = 0; kz < kd; kz++) {
      int64_t iz = c->stride * oz + kz - c->pad[0];
      if (iz < 0 || iz % c->dilate || iz / c->dilate >= c->size[0]) continue;
      iz = b * c->size[0] + iz / c->dilate;
      float *slot = scratch + iz % kd * plane;
      if (held[iz % kd] != iz) {
        const float *from = x + b * (c->in - 1) * c->size[0] * hw + iz * hw;
        if (rows) row_fill(c, &r, from, c->size[0] * hw, slot);
        else fill(c, &z, from, c->size[0] * hw, slot);
        held[iz % kd] = iz;
      }
      s.plane[s.planes] = slot;
      s.tap[s.planes++] = kz;
    }
    line_up(&s, k);
    sweep(c->out, k, &s, &t, 0, 0, ohw, packed);
  }
}
