/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The formal solution for one channel along W parallel rays, included once per
 * precision after kernel_math.h. doc.go derives the formulas. */

/* Opacity and source at the nodes of W rays, and where each segment matters. */
typedef struct {
  V *a, *u, *r, *s;   /* per node: χ·length/(√π w), line centre [m/s], 1/(Doppler width) [s/m], source function */
  V *lo, *hi;         /* per segment: channels outside [lo, hi] see less than the cut-off */
  REAL *slo, *shi;    /* the same for all W rays together */
  V *ds;              /* per segment: its length over the unit of length */
  V *z;               /* per segment: the depth of its middle; only with more than light */
} CAT(nodes_, R);
#define NODES CAT(nodes_, R)

/* What is carried from segment to segment: e^{-b²} and sign(b)·erfc|b| at the near node. */
#define GAUSS CAT(gauss_, R)
VEC_INLINE void GAUSS(V b, V *g, V *e) {
  const VI sign = (VI)SET(-0.0);
  V m = (V)((VI)b & ~sign);
  *g = EXP(-(m * m));
  *e = (V)((VI)(*g * ERFCX(m)) | ((VI)b & sign));
}

/* Wide segment: ∫(a₀+(a₁-a₀)t) e^{-(b₀+td)²} dt over 0..1 in closed form. erf b₁ - erf b₀ is taken
 * from complementary functions of the same sign, so nothing cancels in the wings. */
#define TAU_WIDE CAT(tau_wide_, R)
VEC_INLINE V TAU_WIDE(V a0, V a1, V b0, V b1, V d, V g0, V g1, V e0, V e1) {
  const VI sign = (VI)SET(-0.0);
  VI crosses = (((VI)b0 ^ (VI)b1) & sign) != 0; /* the line centre lies inside */
  V jump = PICK(crosses, (V)((VI)SET(2) | ((VI)b1 & sign)), SET(0));
  V erf = jump - (e1 - e0);
  V cross = FMA(a0, b1, -(a1 * b0));
  V sum = FMA(cross * SET((REAL)0.886226925452758014), erf, SET((REAL)0.5) * (a1 - a0) * (g0 - g1));
  return sum / (d * d);
}

/* What counts as narrow, and how many terms that takes. What N terms leave out is below 1.1·(d/√2)^N/(√N!·(N+1))·e^{-m²/2}: 2e-16
 * and 1.4e-8 at most, as |H_N(m)| < 1.1·√(2^N·N!)·e^{m²/2} [Abramowitz & Stegun 1964, 22.14.17]. */
#ifdef DOUBLE
#define NARROW 0.25
#define NARROW_TERMS 13
#define VANISHED 1e-290
#else
#define NARROW 0.75f
#define NARROW_TERMS 11
#define VANISHED 1e-36f
#endif

/* Narrow segment: the same integral as a series of Hermite functions about its middle m,
 *   e^{-m²}·[ (a₀+a₁)/2·Σ_even c_n/(n+1) - (a₁-a₀)/2·Σ_odd c_n/(n+2) ],  c_n = H_n(m)(d/2)^n/n!. */
#define TAU_NARROW CAT(tau_narrow_, R)
VEC_INLINE V TAU_NARROW(V a0, V a1, V b0, V b1, V d) {
  V m = SET((REAL)0.5) * (b0 + b1), h = SET((REAL)0.5) * d;
  V y = SET(2) * m * h, z = SET(2) * h * h;
  V before = SET(1), c = y; /* n!·c_n: one step of latency per term */
  V even = SET(1), odd = y * SET((REAL)(1.0 / 3));
  double factorial = 1;
  for (int n = 2; n < NARROW_TERMS; n++) {
    V next = FMA(y, c, -(z * SET(n - 1) * before));
    before = c;
    c = next;
    factorial *= n;
    if (n % 2 == 0)
      even = FMA(c, SET((REAL)(1.0 / (factorial * (n + 1)))), even);
    else
      odd = FMA(c, SET((REAL)(1.0 / (factorial * (n + 2)))), odd);
  }
  V half = SET((REAL)0.5);
  return EXP(-(m * m)) * FMA(half * (a0 + a1), even, -(half * (a1 - a0) * odd));
}

/* Most channels that are integrated side by side. */
#define ABREAST 2

/* What else may be asked of a path: its optical depth, and the light that leaves weighted with depth z and with z². */
#define EXTRA CAT(extra_, R)
typedef struct {
  V tau, first, second;
} EXTRA;

/* Where rays pass from leaf to leaf: before segment at, what the lanes of mask have seen of the leaf goes to their to, T of all
 * channels and behind it E, where 1 and 0 are already, and they begin anew. */
#define CUT CAT(cut_, R)
typedef struct {
  VI mask;
  int at, lanes; /* the mask as bits */
  REAL *to[sizeof(V) / sizeof(REAL)];
} CUT;

/* FLUSH does that for c of the channels, from channel f on; lanes: those of the mask that may have seen anything. */
#define FLUSH CAT(flush_, R)
VEC_INLINE void FLUSH(const CUT *cut, int lanes, int64_t f, int64_t channels, const int c, V *t, V *e) {
  for (; lanes; lanes &= lanes - 1) {
    const int l = __builtin_ctz(lanes);
    REAL *to = cut->to[l] + f;
    for (int q = 0; q < c; q++) to[q] = t[q][l], to[channels + q] = e[q][l];
  }
  for (int q = 0; q < c; q++) {
    t[q] = PICK(cut->mask, SET(1), t[q]);
    e[q] = (V)((VI)e[q] & ~cut->mask);
  }
}

/* PATH integrates segments [from, to) for c channels, c a constant: tr = e^{-τ}, em the light that leaves towards the
 * observer. The source function is linear in τ along a segment. Two channels at a time, because one alone waits for the latencies of
 * its chain of operations. extra is NULL, known when this is compiled, or one per channel; the light of a segment counts at
 * its middle. cut is NULL, known likewise, or lists the passages from leaf to leaf, f the number of the first channel of all; tr
 * and em are then what has been seen of the leaf before. */
#define PATH CAT(path_, R)
VEC_INLINE void PATH(const NODES *nd, int from, int to, const double *channel, const int c, V *tr, V *em, EXTRA *extra, const CUT *cut, int64_t f, int64_t channels) {
  V x[ABREAST], t[ABREAST], e[ABREAST], g0[ABREAST], e0[ABREAST];
  if (extra)
    for (int q = 0; q < c; q++) extra[q] = (EXTRA){SET(0), SET(0), SET(0)};
  REAL first = (REAL)channel[0], last = first;
  for (int q = 0; q < c; q++) {
    REAL xq = (REAL)channel[q];
    first = xq < first ? xq : first;
    last = xq > last ? xq : last;
    x[q] = SET(xq);
    t[q] = cut ? tr[q] : SET(1);
    e[q] = cut ? em[q] : SET(0);
    g0[q] = e0[q] = SET(0);
  }
  const VI sign = (VI)SET(-0.0);
  int touched = -1; /* lanes that may have seen anything of their leaf */
  int fresh = 0; /* do g0, e0 belong to node i? */
  for (int i = from; i < to; i++) {
    if (cut && cut->at == i) {
      if (cut->lanes & touched) FLUSH(cut, cut->lanes & touched, f, channels, c, t, e);
      touched &= ~cut->lanes;
      cut++;
    }
    if (last < nd->slo[i] || first > nd->shi[i]) {
      fresh = 0;
      continue;
    }
    touched = -1;
    const V a0 = nd->a[i], a1 = nd->a[i + 1], s0 = nd->s[i], s1 = nd->s[i + 1];
    V b0[ABREAST], b1[ABREAST], d[ABREAST], tau[ABREAST];
    VI narrow[ABREAST], inside[ABREAST], all = ~(VI){0}, any = {0};
    for (int q = 0; q < c; q++) {
      b0[q] = (x[q] - nd->u[i]) * nd->r[i];
      b1[q] = (x[q] - nd->u[i + 1]) * nd->r[i + 1];
      d[q] = b1[q] - b0[q];
      narrow[q] = (V)((VI)d[q] & ~sign) < SET(NARROW);
      inside[q] = (x[q] >= nd->lo[i]) & (x[q] <= nd->hi[i]);
      all &= narrow[q] | ~inside[q]; /* the others count for nothing */
      any |= narrow[q] & inside[q];
    }
    if (ALL(all)) {
      for (int q = 0; q < c; q++) tau[q] = TAU_NARROW(a0, a1, b0[q], b1[q], d[q]);
      fresh = 0;
    } else {
      if (!fresh)
        for (int q = 0; q < c; q++) GAUSS(b0[q], &g0[q], &e0[q]);
      V g1[ABREAST], e1[ABREAST];
      for (int q = 0; q < c; q++) GAUSS(b1[q], &g1[q], &e1[q]);
      for (int q = 0; q < c; q++) {
        V safe = PICK(narrow[q], SET(1), d[q]);
        tau[q] = TAU_WIDE(a0, a1, b0[q], b1[q], safe, g0[q], g1[q], e0[q], e1[q]);
        g0[q] = g1[q];
        e0[q] = e1[q];
      }
      if (ANY(any))
        for (int q = 0; q < c; q++) tau[q] = PICK(narrow[q], TAU_NARROW(a0, a1, b0[q], b1[q], d[q]), tau[q]);
      fresh = 1;
    }
    /* Weights of the source at both ends, w₀ = 1-(1-e^{-τ})/τ and w₁ = (1-e^{-τ})/τ - e^{-τ}. */
    V w0[ABREAST], w1[ABREAST], keep[ABREAST];
    VI thick[ABREAST], dense = {0};
    for (int q = 0; q < c; q++) {
      VI live = inside[q] & (tau[q] > SET(0));
      tau[q] = (V)((VI)(tau[q] * nd->ds[i]) & live);
      thick[q] = tau[q] >= SET(PSI_MAX);
      dense |= thick[q];
      w0[q] = tau[q] * PSI(tau[q]);
      w1[q] = FMA(-w0[q], SET(1) + tau[q], tau[q]);
      keep[q] = FMA(tau[q], w0[q], SET(1) - tau[q]);
    }
    if (ANY(dense))
      for (int q = 0; q < c; q++) {
        V far = EXP(-tau[q]);
        V mean = (SET(1) - far) / PICK(thick[q], tau[q], SET(1));
        w0[q] = PICK(thick[q], SET(1) - mean, w0[q]);
        w1[q] = PICK(thick[q], mean - far, w1[q]);
        keep[q] = PICK(thick[q], far, keep[q]);
      }
    for (int q = 0; q < c; q++) {
      V light = FMA(s0, w0[q], s1 * w1[q]);
      if (extra) {
        V seen = t[q] * light * nd->z[i];
        extra[q].tau += tau[q];
        extra[q].first += seen;
        extra[q].second = FMA(seen, nd->z[i], extra[q].second);
      }
      e[q] = FMA(t[q], light, e[q]);
      t[q] = t[q] * keep[q];
      t[q] = (V)((VI)t[q] & (t[q] > SET(VANISHED)));
    }
  }
  if (cut && cut->at == to && (cut->lanes & touched)) FLUSH(cut, cut->lanes & touched, f, channels, c, t, e);
  for (int q = 0; q < c; q++) {
    tr[q] = t[q];
    em[q] = e[q];
  }
}
