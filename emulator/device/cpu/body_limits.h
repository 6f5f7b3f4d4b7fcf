/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the machine can do at most, for the benchmarks to compare with. */

/* peak does rounds × 12 independent vector multiply-adds and returns their sum. */
static double peak(int64_t rounds, const float *seed) {
  vf a[12], m = vec_set_f(seed[0]), c = vec_set_f(seed[1]);
  for (int i = 0; i < 12; i++) a[i] = vec_set_f(seed[2] + (float)i);
  for (int64_t r = 0; r < rounds; r++)
#pragma GCC unroll 12
    for (int i = 0; i < 12; i++) a[i] = vec_fma_f(m, a[i], c);
  double s = 0;
  for (int i = 0; i < 12; i++) s += (double)sum_lanes(a[i]);
  return s;
}

/* read_all sums n floats, as fast as they come: four streams of 4096 at a time, like the rows of a dense layer. */
static double read_all(int64_t n, const float *x) {
  const int64_t L = VEC_LANES_F, length = 4096;
  vf a[8];
  for (int i = 0; i < 8; i++) a[i] = vec_set_f(0);
  int64_t at = 0;
  for (; at + 4 * length <= n; at += 4 * length)
    for (int64_t j = 0; j < length; j += 2 * L)
#pragma GCC unroll 8
      for (int i = 0; i < 8; i++) a[i] += load(x + at + i / 2 * length + j + i % 2 * L);
  double s = 0;
  for (int i = 0; i < 8; i++) s += (double)sum_lanes(a[i]);
  for (; at < n; at++) s += (double)x[at];
  return s;
}
