/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Gradient by the input of a convolution 3 wide with stride 2 and padding 1. Along an axis the even elements of dx see tap 1
 * of dy at half their place, the odd ones tap 2 there and tap 0 one further on. So dx falls apart into eight convolutions of
 * stride 1, by parity, of 1 to 8 taps, and no multiplication is with a zero between elements. A class is such a parity; its
 * taps are numbered in the order z, y, x. */

/* What a class reads: offsets of its taps. */
typedef struct {
  const float *x; /* working copies of dy */
  int64_t out, channel, taps, off[8];
} half_source;

VEC_INLINE void half_tile(const int IC, const int V, const half_source *s, const float *w, float *to, int64_t pitch) {
  const int64_t L = VEC_LANES_F;
  vf acc[12];
#pragma GCC unroll 12
  for (int i = 0; i < IC * V; i++) acc[i] = vec_set_f(0);
  const float *x0 = s->x;
  for (int64_t o = 0; o < s->out; o++, x0 += s->channel)
    for (int64_t t = 0; t < s->taps; t++, w += IC) {
      const float *x = x0 + s->off[t];
      vf in[3];
#pragma GCC unroll 3
      for (int v = 0; v < V; v++) in[v] = load(x + v * L);
#pragma GCC unroll 4
      for (int i = 0; i < IC; i++) {
        vf wi = vec_set_f(w[i]);
#pragma GCC unroll 3
        for (int v = 0; v < V; v++) acc[i * V + v] = vec_fma_f(wi, in[v], acc[i * V + v]);
      }
    }
#pragma GCC unroll 4
  for (int i = 0; i < IC; i++)
#pragma GCC unroll 3
    for (int v = 0; v < V; v++) store(to + i * pitch + v * L, acc[i * V + v]);
}

typedef void half_block(const half_source *s, const float *w, float *to, int64_t pitch);
#define HALF(IC, V)                                                                                                     \
  static __attribute__((noinline)) void half_##IC##x##V(const half_source *s, const float *w, float *to, int64_t pitch) { \
    half_tile(IC, V, s, w, to, pitch);                                                                                  \
  }
HALF(4, 3)
HALF(4, 2)
HALF(4, 1)
HALF(1, 3)
HALF(1, 2)
HALF(1, 1)

/* All positions of a class for 4 channels or 1: to[channel][pitch]. */
static void half_class(int64_t width, const half_source *s, const float *w, float *to, int64_t pitch) {
  const int64_t L = VEC_LANES_F;
  half_source at = *s;
  for (int64_t i = 0; i < pitch;) {
    int64_t left = (pitch - i) / L, v = left == 4 || left == 2 ? 2 : left == 1 ? 1 : 3;
    half_block *f = width == 4 ? (v == 3 ? half_4x3 : v == 2 ? half_4x2 : half_4x1) : (v == 3 ? half_1x3 : v == 2 ? half_1x2 : half_1x1);
    f(&at, w, to + i, pitch);
    at.x += v * L;
    i += v * L;
  }
}

/* One row of dx, w wide, from its even and its odd elements. */
VEC_INLINE void join_row(const float *even, const float *odd, int64_t w, float *to) {
  const int64_t L = VEC_LANES_F, pairs = w / 2;
  int64_t i = 0;
  if (pairs >= L)
    for (; i < pairs; i += L) {
      int64_t j = i + L <= pairs ? i : pairs - L;
      vf e = load(even + j), o = load(odd + j);
      e = ORDER(e);
      o = ORDER(o);
      store(to + 2 * j, LOWER(e, o));
      store(to + 2 * j + L, UPPER(e, o));
    }
  for (i = pairs >= L ? 2 * pairs : 0; i < w; i++) to[i] = (i & 1 ? odd : even)[i / 2];
}

/* The sizes of a working copy of one plane of dy: itself with a row of zeros, and the same moved by one in x. */
VEC_INLINE int64_t half_copy(const cpu_conv *c, int64_t *positions) {
  const int64_t L = VEC_LANES_F;
  *positions = (c->osize[1] * c->osize[2] + L - 1) / L * L;
  return (c->osize[2] + *positions + L - 1) / L * L;
}

static void half_fill(const cpu_conv *c, int64_t copy, const float *dy, int64_t channel_step, float *to) {
  const int64_t oh = c->osize[1], ow = c->osize[2];
  for (int64_t o = 0; o < c->out; o++, dy += channel_step, to += 2 * copy) {
    memcpy(to, dy, (size_t)(oh * ow) * sizeof *to);
    for (int64_t y = 0; y < oh; y++) {
      memcpy(to + copy + y * ow, dy + y * ow + 1, (size_t)(ow - 1) * sizeof *to);
      to[copy + y * ow + ow - 1] = 0;
    }
  }
}

/* Pairs of planes [first, last) of the batch·⌈size[0]/2⌉ pairs of dx. packed: for each class, each four input channels (then
 * each that is left), [out][taps][4]. */
static void conv_back(const cpu_conv *c, int64_t first, int64_t last, const float *dy, const float *packed, float *dx, float *scratch) {
  const int64_t od = c->osize[0], oh = c->osize[1], ow = c->osize[2], h = c->size[1], w = c->size[2], n = oh * ow;
  int64_t pitch, copy = half_copy(c, &pitch), plane = 2 * copy * c->out, held[2] = {-1, -1};
  float *slots = align(scratch), *rows = slots + 2 * plane;
  memset(slots, 0, (size_t)(2 * plane) * sizeof *slots);
  for (int64_t q = first; q < last; q++) {
    int64_t b = q / od, az = q % od;
    for (int64_t z = az; z < az + 2; z++) {
      float *slot = slots + z % 2 * plane;
      if (held[z % 2] == b * (od + 1) + z) continue;
      held[z % 2] = b * (od + 1) + z;
      if (z == od) memset(slot, 0, (size_t)plane * sizeof *slot);
      else half_fill(c, copy, dy + (b * c->out * od + z) * n, od * n, slot);
    }
    const float *weights = packed;
    for (int64_t class = 0; class < 8; class += 2) {
      int64_t rz = class >> 2, ry = class >> 1 & 1, z = 2 * az + rz;
      half_source s[2];
      for (int64_t rx = 0; rx < 2; rx++) {
        s[rx] = (half_source){.x = slots, .out = c->out, .channel = 2 * copy};
        for (int64_t t = 0; t < 8; t++) {
          int64_t tz = t >> 2, ty = t >> 1 & 1, tx = t & 1;
          if (tz <= rz && ty <= ry && tx <= rx) s[rx].off[s[rx].taps++] = (az + tz) % 2 * plane + ty * ow + tx * copy;
        }
      }
      const float *even = weights, *odd = even + c->in * c->out * s[0].taps;
      weights = odd + c->in * c->out * s[1].taps;
      if (z >= c->size[0]) continue;
      for (int64_t i = 0, width; i < c->in; i += width) {
        width = c->in - i >= 4 ? 4 : 1;
        half_class(width, &s[0], even + i * c->out * s[0].taps, rows, pitch);
        half_class(width, &s[1], odd + i * c->out * s[1].taps, rows + 4 * pitch, pitch);
        for (int64_t k = 0; k < width; k++)
          for (int64_t y = ry; y < h; y += 2) {
            const float *from = rows + k * pitch + y / 2 * ow;
            join_row(from, from + 4 * pitch, w, dx + (((b * c->in + i + k) * c->size[0] + z) * h + y) * w);
          }
      }
    }
  }
}
