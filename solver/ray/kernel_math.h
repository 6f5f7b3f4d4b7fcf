/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Elementary functions of one vector, included once per precision with R (f or
 * d), V, VI, REAL, INT defined. All are branch-free and act lane by lane. Polynomials are our own Chebyshev
 * fits in 40-digit arithmetic; their errors are stated. */

#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
#define FMA CAT(vec_fma_, R)
#define SET CAT(vec_set_, R)
#define PICK CAT(vec_pick_, R)
#define SQRT CAT(vec_sqrt_, R)
#define MAX CAT(vec_max_, R)
#define MIN CAT(vec_min_, R)
#define ANY CAT(vec_any_, R)
#define ALL CAT(vec_all_, R)

/* POLY is c[0] + c[1]·x + … + c[n-1]·x^(n-1) in four interleaved chains (two for short ones), whose latencies overlap. n is
 * a constant where this is used. */
#define POLY CAT(poly_, R)
VEC_INLINE V POLY(const REAL *c, const int n, V x) {
  V x2 = x * x;
  if (n < 8) {
    V even = SET(c[(n - 1) & ~1]), odd = SET(c[(n - 2) | 1]);
    for (int i = ((n - 1) & ~1) - 2; i >= 0; i -= 2) even = FMA(even, x2, SET(c[i]));
    for (int i = ((n - 2) | 1) - 2; i >= 1; i -= 2) odd = FMA(odd, x2, SET(c[i]));
    return FMA(odd, x, even);
  }
  V x4 = x2 * x2, chain[4];
  for (int k = 0; k < 4; k++) {
    int top = k + (n - 1 - k) / 4 * 4;
    chain[k] = SET(c[top]);
    for (int i = top - 4; i >= 0; i -= 4) chain[k] = FMA(chain[k], x4, SET(c[i]));
  }
  return FMA(FMA(chain[3], x, chain[2]), x2, FMA(chain[1], x, chain[0]));
}

/* EXP(x) = e^x for x <= 0: 2^n·2^f with n the nearest integer to x·log2(e), f in [-1/2, 1/2]. The product is
 * taken with a two-part log2(e), so the relative error stays at rounding level. */
#define EXP CAT(exp_neg_, R)
VEC_INLINE V EXP(V x) {
#ifdef DOUBLE
  const V magic = SET(0x1.8p52), lowest = SET(-708.0);
  const double hi = 1.4426950408889634, lo = 2.035527374093103e-17;
  static const double c[] = {6.9314718055994531e-1, 2.4022650695910071e-1, 5.5504108664821627e-2, 9.6181291076284795e-3,
                             1.3333558146406471e-3, 1.5403530393370733e-4, 1.5252733841556773e-5, 1.3215486808705563e-6,
                             1.0178057087733941e-7, 7.0548973041554993e-9, 4.4558179083360645e-10, 2.5729324177362304e-11};
  enum { N = 12, SHIFT = 52 }; /* relative error 1.1e-19 before rounding */
#else
  const V magic = SET(0x1.8p23f), lowest = SET(-87.0f);
  const float hi = 1.442695f, lo = 1.92596299e-8f;
  static const float c[] = {6.9314718802622878e-1f, 2.4022650760568127e-1f, 5.5503571142190778e-2f,
                            9.6180825572778515e-3f, 1.3390863364671234e-3f, 1.545316294512069e-4f};
  enum { N = 6, SHIFT = 23 }; /* relative error 5e-9 before rounding */
#endif
  x = PICK(x > lowest, x, lowest);
  V z = FMA(x, SET(hi), magic);
  V n = z - magic;
  V f = FMA(x, SET(lo), FMA(x, SET(hi), -n));
  V p = FMA(POLY(c, N, f), f, SET(1));
  return (V)((VI)p + ((VI)z << SHIFT));
}

/* ERFCX(b) = e^{b²} erfc(b) for b >= 0, as P(t)/(1+2b), t = (b-K)/(b+K) [Shepherd & Laframboise 1981, eq. 3].
 * Beyond b = 8 (f32: 5.5) the fit is extrapolated; callers multiply it by e^{-b²} < 1e-27 (f32: 1e-13) there. */
#define ERFCX CAT(erfcx_, R)
VEC_INLINE V ERFCX(V b) {
#ifdef DOUBLE
  const V k = SET(3.75);
  static const double c[] = {1.2375126308378276,     -1.4024059858554208e-1, 3.58541548547899e-3,    8.2276738489346532e-2,
                             -1.0880393014393557e-1, 9.230432119660086e-2,   -5.8693398468741794e-2, 2.8362276785642925e-2,
                             -9.746582463104138e-3,  1.7556291310446715e-3,  2.937456451143372e-4,   -2.901277031760259e-4,
                             5.1511901241786929e-5,  2.20514616351223e-5,    -1.1508381485256771e-5, -2.0448833028363418e-7,
                             3.1095658907320308e-6,  1.0013715331061756e-6,  9.3680468065356862e-8};
  enum { N = 19 }; /* error 1.7e-16 */
#else
  const V k = SET(2.25f);
  static const float c[] = {1.2709799079357715f,     -1.1025587228388584e-1f, -1.307783981796961e-1f,
                            1.6526453286620979e-1f,  -8.3157371962808769e-2f, 1.1358072649595356e-2f,
                            8.1818587082421343e-3f,  -2.2809172112827353e-3f, -1.140225684165103e-3f};
  enum { N = 9 }; /* error 4.5e-8 */
#endif
  V q = FMA(b, SET(2), SET(1));
  V s = b + k;
  V inv = SET(1) / (q * s);
  V t = (b - k) * q * inv;
  return POLY(c, N, t) * s * inv;
}

/* PSI(x) = (x - 1 + e^{-x})/x² for 0 <= x < PSI_MAX, without the cancellation. */
#define PSI CAT(psi_, R)
#define PSI_MAX CAT(psi_max_, R)
VEC_INLINE V PSI(V x) {
#ifdef DOUBLE
  static const double c[] = {5.0e-1,                 -1.6666666666666665e-1, 4.1666666666665475e-2, -8.3333333332960894e-3,
                             1.3888888882916718e-3,  -1.9841269282061876e-4, 2.4801554612764862e-5, -2.7556089359770469e-6,
                             2.7527480914444738e-7,  -2.4599156194029651e-8, 1.6917189866324993e-9};
  enum { N = 11 }; /* error 3e-20 */
#else
  static const float c[] = {4.9999999126309721e-1f,  -1.6666603660680486e-1f, 4.1659255359337327e-2f,
                            -8.3011704458224614e-3f, 1.3248179642864888e-3f,  -1.3742419086074864e-4f};
  enum { N = 6 }; /* error 9e-9 */
#endif
  return POLY(c, N, x);
}
#ifdef DOUBLE
static const double PSI_MAX = 0.5;
#else
static const float PSI_MAX = 1.0f;
#endif
