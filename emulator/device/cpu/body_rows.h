/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The working copy of an input plane for outputs whose rows are whole vectors. Each row is there once, with its padding, and
 * a tap is a displacement: a third of what body_fill.h writes, and of what the first-level cache must hold. With stride 2 the
 * padded row e is taken apart into A[j] = e[2j], j <= W, and B[j] = e[2j + 1], j < W: taps 0, 1, 2 of output j are A[j], B[j]
 * and A[j + 1]. In exchange most loads are unaligned and a vector must not leave its row. */

/* Sizes of the copy, in floats: of a row and of a channel; where in a row e[0] is. */
typedef struct {
  int64_t pitch, start, channel;
} row_copy;

static int by_rows(const cpu_conv *c) {
  /* A single channel needs eight vectors of one row to hide the latency of the sums. */
  const int64_t unit = c->out == 1 ? 8 * VEC_LANES_F : VEC_LANES_F;
  return c->kernel[2] == 3 && c->dilate == 1 && c->osize[2] % unit == 0;
}

/* Rows begin one vector early, so that with a padding of 1 what comes from the input is aligned; B comes before A. The last
 * zero of a row may be the first float of the next. */
static row_copy row_copy_of(const cpu_conv *c) {
  const int64_t L = VEC_LANES_F, before = c->stride == 1 ? 0 : c->osize[2];
  row_copy r = {.pitch = before + c->osize[2] + L, .start = before + L - 1};
  r.channel = (c->stride * (c->osize[1] - 1) + 3) * r.pitch;
  return r;
}

/* row_fill brings one plane of all channels (channel_step floats apart) into the copy, which must be zero where nothing is
 * ever written. */
static void row_fill(const cpu_conv *c, const row_copy *r, const float *src, int64_t channel_step, float *dst) {
  const int64_t w = c->size[2], pad = c->pad[2], seen = c->stride == 1 ? c->osize[2] + 2 : 2 * c->osize[2] + 1;
  const int64_t n = w + pad < seen ? w : seen - pad;
  /* Where the elements of a row go; by twos: those with an even and with an odd number. */
  const int64_t even = c->stride == 1 ? r->start + pad : pad / 2 + (pad % 2 ? 0 : r->start);
  const int64_t odd = (pad + 1) / 2 + (pad % 2 ? r->start : 0);
  int64_t h = r->channel / r->pitch - c->pad[1];
  if (h > c->size[1]) h = c->size[1];
  for (int64_t i = 0; i < c->in; i++, src += channel_step, dst += r->channel) {
    float *to = dst + c->pad[1] * r->pitch;
    if (c->stride == 1)
      for (int64_t y = 0; y < h; y++) copy_row(src + y * w, to + y * r->pitch + even, n);
    else
      for (int64_t y = 0; y < h; y++) split_row(src + y * w, n, to + y * r->pitch + even, to + y * r->pitch + odd);
  }
}
