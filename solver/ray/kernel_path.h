/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The formal solution for one channel along W parallel rays, included once per
 * precision after kernel_math.h. doc.go derives the formulas. */

/* Opacity and source at the nodes of W rays, and where each segment matters. */
typedef struct {
  V *a, *u, *r, *s;   /* per node: χ·length/(√π w), line centre [m/s], 1/(Doppler width) [s/m], source function */
  V *lo, *hi;         /* per segment: channels outside [lo, hi] see less than the cut-off */
  REAL *slo, *shi;    /* the same for all W rays together */
  REAL *ds;           /* per segment: its length over the distance of cell centres */
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

/* Narrow segment: the same integral as a series of Hermite functions about its middle m,
 *   e^{-m²}·[ (a₀+a₁)/2·Σ_even c_n/(n+1) - (a₁-a₀)/2·Σ_odd c_n/(n+2) ],  c_n = H_n(m)(d/2)^n/n!. */
#define TAU_NARROW CAT(tau_narrow_, R)
VEC_INLINE V TAU_NARROW(V a0, V a1, V b0, V b1, V d) {
#ifdef DOUBLE
  enum { N = 10 };
#else
  enum { N = 8 };
#endif
  V m = SET((REAL)0.5) * (b0 + b1), h = SET((REAL)0.5) * d;
  V y = SET(2) * m * h, z = SET(2) * h * h;
  V before = SET(1), c = y;
  V even = SET(1), odd = y * SET((REAL)(1.0 / 3));
  for (int n = 2; n < N; n++) {
    V next = FMA(y, c, -(z * before)) * SET((REAL)(1.0 / n));
    before = c;
    c = next;
    if (n % 2 == 0)
      even = FMA(c, SET((REAL)(1.0 / (n + 1))), even);
    else
      odd = FMA(c, SET((REAL)(1.0 / (n + 2))), odd);
  }
  V half = SET((REAL)0.5);
  return EXP(-(m * m)) * FMA(half * (a0 + a1), even, -(half * (a1 - a0) * odd));
}

#ifdef DOUBLE
#define NARROW 0.1
#define VANISHED 1e-290
#else
#define NARROW 0.35f
#define VANISHED 1e-36f
#endif

/* PATH integrates segments [from, to) at channel x: *tr = e^{-τ}, *em the light that leaves towards the observer. The
 * source function is linear in τ along a segment. */
#define PATH CAT(path_, R)
VEC_INLINE void PATH(const NODES *nd, int from, int to, REAL channel, V *tr, V *em) {
  V t = SET(1), e = SET(0), g0 = SET(0), e0 = SET(0);
  const V x = SET(channel);
  const VI sign = (VI)SET(-0.0);
  int fresh = 0; /* do g0, e0 belong to node i? */
  for (int i = from; i < to; i++) {
    if (channel < nd->slo[i] || channel > nd->shi[i]) {
      fresh = 0;
      continue;
    }
    V a0 = nd->a[i], a1 = nd->a[i + 1];
    V b0 = (x - nd->u[i]) * nd->r[i], b1 = (x - nd->u[i + 1]) * nd->r[i + 1];
    V d = b1 - b0;
    VI narrow = (V)((VI)d & ~sign) < SET(NARROW);
    V tau;
    if (ALL(narrow)) {
      tau = TAU_NARROW(a0, a1, b0, b1, d);
      fresh = 0;
    } else {
      V g1, e1;
      if (!fresh) GAUSS(b0, &g0, &e0);
      GAUSS(b1, &g1, &e1);
      V safe = PICK(narrow, SET(1), d);
      tau = TAU_WIDE(a0, a1, b0, b1, safe, g0, g1, e0, e1);
      if (ANY(narrow)) tau = PICK(narrow, TAU_NARROW(a0, a1, b0, b1, d), tau);
      g0 = g1;
      e0 = e1;
      fresh = 1;
    }
    VI live = (x >= nd->lo[i]) & (x <= nd->hi[i]) & (tau > SET(0));
    tau = (V)((VI)(tau * SET(nd->ds[i])) & live);
    /* Weights of the source at both ends, w₀ = 1-(1-e^{-τ})/τ and w₁ = (1-e^{-τ})/τ - e^{-τ}. */
    VI thick = tau >= SET(PSI_MAX);
    V w0 = tau * PSI(tau);
    V w1 = FMA(-w0, SET(1) + tau, tau);
    V keep = FMA(tau, w0, SET(1) - tau);
    if (ANY(thick)) {
      V far = EXP(-tau);
      V mean = (SET(1) - far) / PICK(thick, tau, SET(1));
      w0 = PICK(thick, SET(1) - mean, w0);
      w1 = PICK(thick, mean - far, w1);
      keep = PICK(thick, far, keep);
    }
    e = FMA(t, FMA(nd->s[i], w0, nd->s[i + 1] * w1), e);
    t = t * keep;
    t = (V)((VI)t & (t > SET(VANISHED)));
  }
  *tr = t;
  *em = e;
}
