/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Gradient of a convolution by its weights: dw[o][i][tap] += Σ dy[o][position]·x[i][position + tap]. The working copy of the
 * forward pass serves here too: a tile is four output channels × the taps of one row, summed over the positions of as many
 * planes as the scratch holds, of several samples if they are small. What STEPS vectors give is summed in single precision and
 * goes to sums in double precision where these are kept: a large layer has 2¹⁸ positions, and blocks of it other sums. */

#define PLANES 64 /* at a time, at most */
#define STEPS 96  /* vectors at a time: four channels of dy and three copies of x share the first-level cache */
#define KEPT 40960 /* floats that the sums take that are kept as vectors, at most: part of the second-level cache */

typedef struct {
  int64_t planes, steps, out; /* output planes held; vectors per plane; channels, a multiple of four */
  const float *dy;            /* [planes][out][steps·lanes], zeros behind the end */
  const float *x;             /* working copies of input planes */
  int64_t slot[PLANES][3];    /* which copy tap kz of a plane reads, or -1 */
  int64_t copy;               /* floats per working copy */
} held;

/* The part of what is held that the first-level cache holds as well: planes [p0, p1), n floats of each from `from` on. */
typedef struct {
  int64_t p0, p1, from, n;
} part;

VEC_INLINE void weight_tile(const int K, const held *h, const part *c, int64_t o, int64_t kz, int64_t at, int64_t shift, vf acc[12]) {
  const int64_t L = VEC_LANES_F;
  const int64_t pitch = h->steps * L, next = h->out * pitch, n = c->n, copy = h->copy;
  const int64_t *slot = &h->slot[c->p0][kz], *end = &h->slot[c->p1][kz];
  const float *x0 = h->x + at + c->from, *d0 = h->dy + (c->p0 * h->out + o) * pitch + c->from;
  for (; slot < end; slot += 3, d0 += next) {
    if (*slot < 0) continue;
    const float *x = x0 + *slot * copy, *d1 = d0 + pitch, *d2 = d1 + pitch, *d3 = d2 + pitch;
    for (int64_t i = 0; i < n; i += L) {
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
}

/* weight_tile as functions: one that adds to vectors, one that returns the sums. */
#define WEIGHT_TILE(K)                                                                                                       \
  static __attribute__((noinline)) void weight_keep_##K(const held *h, const part *c, int64_t o, int64_t kz, int64_t at,     \
                                                        int64_t shift, vd *sums) {                                           \
    vf acc[12];                                                                                                              \
    _Pragma("GCC unroll 12") for (int i = 0; i < 4 * K; i++) acc[i] = vec_set_f(0);                                           \
    weight_tile(K, h, c, o, kz, at, shift, acc);                                                                             \
    _Pragma("GCC unroll 12") for (int i = 0; i < 4 * K; i++) sums[i] += folded_wide(acc[i]);                                  \
  }                                                                                                                          \
  static __attribute__((noinline)) void weight_sum_##K(const held *h, const part *c, int64_t o, int64_t kz, int64_t at,      \
                                                       int64_t shift, double sums[12]) {                                     \
    vf acc[12];                                                                                                              \
    _Pragma("GCC unroll 12") for (int i = 0; i < 4 * K; i++) acc[i] = vec_set_f(0);                                           \
    weight_tile(K, h, c, o, kz, at, shift, acc);                                                                             \
    _Pragma("GCC unroll 12") for (int i = 0; i < 4 * K; i++) sums[i] = (double)sum_lanes(acc[i]);                             \
  }
WEIGHT_TILE(3)
WEIGHT_TILE(1)

/* Where the gradient of the first tap of row ky of an item lies, for channel o. */
VEC_INLINE float *weight_place(const cpu_conv *c, int64_t o, int64_t item, int64_t ky, float *dw) {
  return dw + ((o * c->in * c->kernel[0] + item) * c->kernel[1] + ky) * c->kernel[2];
}

/* Adds the sums of k taps to up to four channels `step` apart. */
VEC_INLINE void weight_add(const double *sums, int64_t k, int64_t channels, int64_t step, float *to) {
  for (int64_t r = 0; r < 4 && r < channels; r++)
    for (int64_t kx = 0; kx < k; kx++) to[r * step + kx] = (float)((double)to[r * step + kx] + sums[r * k + kx]);
}

/* The planes held, against every tap of items [first, last) = input channel · kernel[0] + kz. The sums stay vectors in
 * `kept`, unless that is null. */
static void weight_items(const cpu_conv *c, const held *h, const source *s, int64_t first, int64_t last, float *dw, vd *kept) {
  const int64_t k = c->kernel[2], kd = c->kernel[0], L = VEC_LANES_F, step = c->in * kd * k * k;
  /* Without a place to keep them the sums cost most, and what is held is worked on at once. */
  const int64_t steps = kept ? STEPS : h->steps, planes = !kept ? h->planes : h->steps >= STEPS ? 1 : STEPS / h->steps;
  double here[12];
  part q;
  for (q.p0 = 0; q.p0 < h->planes; q.p0 += planes)
    for (q.from = 0; q.from < h->steps * L; q.from += steps * L) {
      q.p1 = q.p0 + planes < h->planes ? q.p0 + planes : h->planes;
      q.n = h->steps * L - q.from < steps * L ? h->steps * L - q.from : steps * L;
      vd *sums = kept;
      for (int64_t o = 0; o < h->out; o += 4)
        for (int64_t item = first, ci = 0, kz = first % kd; item < last; item++) {
          for (int64_t ky = 0; ky < k; ky++) {
            int64_t at = ci * s->channel + s->row[ky];
            if (kept) {
              (k == 3 ? weight_keep_3 : weight_keep_1)(h, &q, o, kz, at, s->shift[1], sums);
              sums += 4 * k;
              continue;
            }
            (k == 3 ? weight_sum_3 : weight_sum_1)(h, &q, o, kz, at, s->shift[1], here);
            weight_add(here, k, c->out - o, step, weight_place(c, o, item, ky, dw));
          }
          if (++kz == kd) kz = 0, ci++;
        }
    }
}

/* weight_flush adds the sums kept to dw. */
static void weight_flush(const cpu_conv *c, int64_t out, int64_t first, int64_t last, float *dw, vd *kept) {
  const int64_t k = c->kernel[2];
  for (int64_t o = 0; o < out; o += 4)
    for (int64_t item = first; item < last; item++)
      for (int64_t ky = 0; ky < k; ky++, kept += 4 * k) {
        double sums[12];
        for (int64_t i = 0; i < 4 * k; i++) sums[i] = sum_wide(kept[i]);
        weight_add(sums, k, c->out - o, c->in * c->kernel[0] * k * k, weight_place(c, o, item, ky, dw));
      }
}

/* The sum of a few whole vectors. */
VEC_INLINE double small_sum(int64_t steps, const float *x) {
  vf sum = vec_set_f(0);
  for (int64_t i = 0; i < steps; i++) sum += load(x + i * VEC_LANES_F);
  return (double)sum_lanes(sum);
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
  const int64_t dy_plane = h.out * h.steps * L;
  int64_t sums = h.out * c->in * kd * c->kernel[2] * c->kernel[2] * L;
  if (sums > KEPT || sums > scratch_len / 2) sums = 0;
  const int64_t room = scratch_len - L - sums;
  vd *kept = sums ? (vd *)align(scratch) : 0;
  /* Room for n planes of dy and n·stride + kernel[0] input planes; one of each kind at least. Counted for all input channels,
   * so that the order of the sums does not depend on how many of them this thread has. */
  const int64_t whole = cpu_copy_of(c, VEC_LANES_F).plane;
  int64_t most = (room - kd * whole) / (dy_plane + c->stride * whole);
  most = most < 1 ? 1 : most > PLANES ? PLANES : most;
  float *dyp = align(scratch) + sums, *xp = dyp + most * dy_plane;
  const int64_t slots = (room - most * dy_plane) / whole;
  memset(align(scratch), 0, (size_t)sums * sizeof *dyp);
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
      weight_items(c, &h, &s, first, last, dw, kept);
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
      if (first == 0) db[o] += ohw <= 64 ? small_sum(h.steps, dyp + (h.planes * h.out + o) * h.steps * L) : row_sum(ohw, from_dy);
    }
    h.planes++;
  }
  if (h.planes > 0) weight_items(c, &h, &s, first, last, dw, kept);
  if (kept) weight_flush(c, h.out, first, last, dw, kept);
}
