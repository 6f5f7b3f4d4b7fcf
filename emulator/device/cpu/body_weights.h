/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Gradient of a convolution by its weights: dw[o][i][tap] += Σ dy[o][position]·x[i][position + tap]. The working copy of the
 * forward pass serves here too: a tile is four output channels × the taps of one row, summed over the positions of as many
 * planes as the scratch holds, of several samples if they are small. */

#define PLANES 64 /* at a time, at most */

typedef struct {
  int64_t planes, steps, out; /* output planes held; vectors per plane; channels, a multiple of four */
  const float *dy;            /* [planes][out][steps·lanes], zeros behind the end */
  const float *x;             /* working copies of input planes */
  int64_t slot[PLANES][3];    /* which copy tap kz of a plane reads, or -1 */
  int64_t copy;               /* floats per working copy */
} held;

VEC_INLINE void weight_tile(const int K, const held *h, int64_t o, int64_t kz, int64_t at, int64_t shift, float sums[4][3]) {
  const int64_t L = VEC_LANES_F;
  vf acc[12];
#pragma GCC unroll 12
  for (int i = 0; i < 4 * K; i++) acc[i] = vec_set_f(0);
  const int64_t pitch = h->steps * L;
  for (int64_t p = 0; p < h->planes; p++) {
    if (h->slot[p][kz] < 0) continue;
    const float *x = h->x + h->slot[p][kz] * h->copy + at;
    const float *d0 = h->dy + (p * h->out + o) * pitch, *d1 = d0 + pitch, *d2 = d1 + pitch, *d3 = d2 + pitch;
    for (int64_t i = 0; i < pitch; i += L) {
      vf in[3];
#pragma GCC unroll 3
      for (int k = 0; k < K; k++) in[k] = load(x + i + k * shift);
#define ROW(r)                                                                             \
  do {                                                                                     \
    vf d = load(d##r + i);                                                                 \
    for (int k = 0; k < K; k++) acc[r * K + k] = vec_fma_f(d, in[k], acc[r * K + k]);      \
  } while (0)
      ROW(0);
      ROW(1);
      ROW(2);
      ROW(3);
#undef ROW
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < 4; r++)
#pragma GCC unroll 3
    for (int k = 0; k < K; k++) sums[r][k] = sum_lanes(acc[r * K + k]);
}

#define WEIGHT_TILE(K)                                                                                                       \
  static __attribute__((noinline)) void weight_tile_##K(const held *h, int64_t o, int64_t kz, int64_t at, int64_t shift,     \
                                                        float sums[4][3]) {                                                  \
    weight_tile(K, h, o, kz, at, shift, sums);                                                                               \
  }
WEIGHT_TILE(3)
WEIGHT_TILE(1)

/* The planes held, against every tap of items [first, last) = input channel · kernel[0] + kz. */
static void weight_items(const cpu_conv *c, const held *h, const source *s, int64_t first, int64_t last, float *dw) {
  const int64_t k = c->kernel[2], kd = c->kernel[0], c0 = first / kd;
  float sums[4][3];
  for (int64_t o = 0; o < h->out; o += 4)
    for (int64_t item = first; item < last; item++)
      for (int64_t ky = 0; ky < k; ky++) {
        int64_t ci = item / kd, kz = item % kd, at = (ci - c0) * s->channel + s->row[ky];
        (k == 3 ? weight_tile_3 : weight_tile_1)(h, o, kz, at, s->shift, sums);
        for (int64_t r = 0; r < 4 && o + r < c->out; r++)
          for (int64_t kx = 0; kx < k; kx++) dw[((((o + r) * c->in + ci) * kd + kz) * k + ky) * k + kx] += sums[r][kx];
      }
}

/* Items [first, last) of the gradient; the range that begins with 0 also adds Σ dy of each channel to db. */
static void conv_weights(const cpu_conv *c, int64_t batch, int64_t first, int64_t last, const float *x, const float *dy, float *dw,
                         double *db, float *scratch, int64_t scratch_len) {
  const int64_t L = VEC_LANES_F, kd = c->kernel[0], od = c->osize[0], ohw = c->osize[1] * c->osize[2];
  const int64_t hw = c->size[1] * c->size[2], dhw = c->size[0] * hw, c0 = first / kd;
  cpu_conv sub = *c;
  sub.in = (last - 1) / kd + 1 - c0;
  cpu_copy_sizes z = cpu_copy_of(&sub, VEC_LANES_F);
  source s;
  copy_source(&sub, &z, &s);
  held h = {.steps = (ohw + L - 1) / L, .out = (c->out + 3) / 4 * 4, .copy = z.plane};
  const int64_t dy_plane = h.out * h.steps * L, room = scratch_len - L;
  /* Room for n planes of dy and n·stride + kernel[0] input planes; one of each kind at least. Counted for all input channels,
   * so that the order of the sums does not depend on how many of them this thread has. */
  const int64_t whole = cpu_copy_of(c, VEC_LANES_F).plane;
  int64_t most = (room - kd * whole) / (dy_plane + c->stride * whole);
  most = most < 1 ? 1 : most > PLANES ? PLANES : most;
  float *dyp = align(scratch), *xp = dyp + most * dy_plane;
  const int64_t slots = (room - most * dy_plane) / whole;
  memset(dyp, 0, (size_t)(most * dy_plane + slots * z.plane) * sizeof *dyp);
  h.dy = dyp;
  h.x = xp;
  int64_t used = 0, last_plane = -1; /* input planes held, the newest of them; they are consecutive within a sample */
  for (int64_t q = 0; q < batch * od; q++) {
    int64_t b = q / od, oz = q % od, lo = c->stride * oz - c->pad[0], hi = lo + kd;
    lo = b * c->size[0] + (lo < 0 ? 0 : lo);
    hi = b * c->size[0] + (hi > c->size[0] ? c->size[0] : hi);
    int64_t from = h.planes > 0 && last_plane + 1 > lo ? last_plane + 1 : lo;
    if (h.planes == most || (h.planes > 0 && used + hi - from > slots)) {
      weight_items(c, &h, &s, first, last, dw);
      h.planes = used = 0;
      from = lo;
    }
    for (int64_t iz = from; iz < hi; iz++) {
      int64_t sample = iz / c->size[0], plane = iz % c->size[0];
      fill(&sub, &z, x + (sample * c->in + c0) * dhw + plane * hw, dhw, xp + used++ * z.plane);
      last_plane = iz;
    }
    for (int64_t kz = 0; kz < kd; kz++) {
      int64_t iz = b * c->size[0] + c->stride * oz + kz - c->pad[0];
      h.slot[h.planes][kz] = iz < lo || iz >= hi ? -1 : used - 1 - (last_plane - iz);
    }
    for (int64_t o = 0; o < c->out; o++) {
      const float *from_dy = dy + ((b * c->out + o) * od + oz) * ohw;
      memcpy(dyp + (h.planes * h.out + o) * h.steps * L, from_dy, (size_t)ohw * sizeof *dy);
      if (first == 0) db[o] += row_sum(ohw, from_dy);
    }
    h.planes++;
  }
  if (h.planes > 0) weight_items(c, &h, &s, first, last, dw);
}
