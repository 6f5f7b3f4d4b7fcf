/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Convolution and maximum over 2×2×2 in one. */

/* Out of line, since the registers are just enough for this loop alone. */
static __attribute__((noinline)) void tile_4x2(const source *s, int64_t at, const float *packed, vf acc[8]) {
  vf a[8];
  tile(4, 2, 3, s, at, packed, a);
#pragma GCC unroll 8
  for (int j = 0; j < 8; j++) acc[j] = a[j];
}

/* pool_tile: VEC_LANES_F elements of a pooled row for four channels from 2×2 rows of the convolution. */
static void pool_tile(source s[2], int64_t at, int64_t width, const float *packed, int relu, vf best[4]) {
  vf m[4][8];
  for (int i = 0; i < 4; i++) tile_4x2(&s[i / 2], at + i % 2 * width, packed, m[i]);
  for (int o = 0; o < 4; o++) {
    vf h[2];
    for (int i = 0; i < 2; i++) h[i] = vec_max_f(vec_max_f(m[0][2 * o + i], m[1][2 * o + i]), vec_max_f(m[2][2 * o + i], m[3][2 * o + i]));
    best[o] = vec_max_f(PAIR_EVEN(h[0], h[1]), PAIR_ODD(h[0], h[1]));
    if (relu) best[o] = vec_max_f(vec_set_f(0), best[o]);
  }
}

/* Convolution (3 wide, no padding, channels a multiple of four, osize[2]/2 at least one vector), ReLU where asked, and the
 * maximum over 2×2×2 (floor): planes [first, last) of the batch·(osize[0]/2) planes of the pooled output. The full output,
 * the largest tensor of the network, is never written. */
static void conv_pool(const cpu_conv *c, int64_t first, int64_t last, const float *x, const float *packed, float *y) {
  const int64_t L = VEC_LANES_F, pd = c->osize[0] / 2, ph = c->osize[1] / 2, pw = c->osize[2] / 2;
  source s[2];
  vf best[4];
  for (int64_t q = first; q < last; q++) {
    int64_t b = q / pd, pz = q % pd;
    direct_source(c, &s[0], x, b, 2 * pz);
    direct_source(c, &s[1], x, b, 2 * pz + 1);
    for (int64_t py = 0; py < ph; py++) {
      for (int64_t i = 0; i < pw; i += L) {
        int64_t px = i + L <= pw ? i : pw - L;
        const float *w = packed;
        for (int64_t o = 0; o < c->out; o += 4, w += 4 * (1 + c->in * s[0].taps)) {
          pool_tile(s, 2 * py * c->size[2] + 2 * px, c->size[2], w, (int)c->relu, best);
          for (int j = 0; j < 4; j++) store(y + (((b * c->out + o + j) * pd + pz) * ph + py) * pw + px, best[j]);
        }
      }
    }
  }
}
