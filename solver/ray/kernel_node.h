/* SPDX-License-Identifier: BSD-3-Clause
 *
 * From the fields at a node to its opacity, line centre, width and source function, included once per precision after
 * kernel_path.h. doc.go has the formulas. */

/* How the bits of a number are divided: the shift of its exponent, and the exponent of numbers from 1 to 2. */
#ifdef DOUBLE
#define MANTISSA 52
#define EXPONENT_OF_ONE 1023
#else
#define MANTISSA 23
#define EXPONENT_OF_ONE 127
#endif

#define W ((int)(sizeof(V) / sizeof(REAL)))

/* The fields at the nodes of W rays. */
#define FIELDS CAT(fields_, R)
typedef struct {
  V *n, *t, *v, *w;
} FIELDS;

/* BOLTZMANN: gap = 1 - e^x and tail = e^x for x <= 0, both to full relative precision: e^x = 2^n(1+q) with q = expm1 of what is
 * left of x. */
#define BOLTZMANN CAT(boltzmann_, R)
VEC_INLINE void BOLTZMANN(V x, V *gap, V *tail) {
#ifdef DOUBLE
  static const double c[] = {1.0, 5.0e-1, 1.6666666666666681e-1, 4.1666666666666677e-2, 8.3333333333196006e-3, 1.3888888888879082e-3,
                             1.9841269890047114e-4, 2.4801587336421323e-5, 2.755724091857897e-6, 2.7557263301474755e-7,
                             2.5110037605963778e-8, 2.0918129454967066e-9};
  enum { N = 12 }; /* (e^r-1)/r, error 2.4e-19 */
  const double magic = 0x1.8p52, lowest = -700, log2e = 1.4426950408889634, hi = 0.6931471805599453, lo = 2.3190468138462996e-17;
#else
  static const float c[] = {1.0f, 5.0000000471177577e-1f, 1.6666666718997509e-1f, 4.1666352896775157e-2f, 8.333298483754886e-3f, 1.3941108433972675e-3f, 1.989927395864936e-4f};
  enum { N = 7 }; /* error 2.4e-10 */
  const float magic = 0x1.8p23f, lowest = -80, log2e = 1.442695f, hi = 0.6931471824645996f, lo = -1.90465421e-9f;
#endif
  x = PICK(x > SET(lowest), x, SET(lowest));
  V z = FMA(x, SET(log2e), SET(magic));
  V n = z - SET(magic);
  V r = FMA(n, SET(-lo), FMA(n, SET(-hi), x));
  V q = POLY(c, N, r) * r;
  V scale = (V)((VI)SET(1) + ((VI)z << MANTISSA));
  *gap = FMA(-scale, q, SET(1) - scale);
  *tail = FMA(scale, q, scale);
}

/* INVERSE_PARTITION is 1/Z(T) from its table: polynomials on bins equal in the bits of T. Single precision does without the last of
 * the TABLE coefficients. */
#define INVERSE_PARTITION CAT(inverse_partition_, R)
#ifdef DOUBLE
#define TERMS 9
#else
#define TERMS 8
#endif
VEC_INLINE V INVERSE_PARTITION(const ray_line *ln, V t) {
  enum { TABLE = 9 };
  const int shift = MANTISSA - ln->log_bins;
  const INT base = (INT)(ln->first_octave + EXPONENT_OF_ONE) << ln->log_bins;
  const REAL *coef = ln->coef;
  VI bin = ((VI)t >> shift) - base;
  V p = (V)((VI)(((VUI)t << (int)(8 * sizeof(REAL) - shift)) >> (int)(8 * sizeof(REAL) - MANTISSA)) | (VI)SET(1));
  p = (p - SET((REAL)1.5)) * SET(2);
  if (ALL(bin == (bin[0] - (VI){0}))) return POLY(coef + bin[0] * TABLE, TERMS, p); /* neighbours about as warm */
  V k[TERMS];
#if !defined(DOUBLE)
  for (int l = 0; l < W; l++) k[l] = *(const VU *)(coef + bin[l] * TABLE);
  vec_transpose8(k);
#else
  for (int l = 0; l < W; l++) {
    const REAL *c = coef + bin[l] * TABLE;
    for (int i = 0; i < TERMS; i++) k[i][l] = c[i];
  }
#endif
  /* The same operations in the same order as POLY: a lane must not tell which way it went. */
  V p2 = p * p, p4 = p2 * p2;
#ifdef DOUBLE
  k[4] = FMA(k[8], p4, k[4]);
#endif
  V k0 = FMA(k[4], p4, k[0]), k1 = FMA(k[5], p4, k[1]), k2 = FMA(k[6], p4, k[2]), k3 = FMA(k[7], p4, k[3]);
  return FMA(FMA(k3, p, k2), p2, FMA(k1, p, k0));
}
#undef TERMS

/* IMPOSSIBLE: the lanes in which a cell holds what no transfer can be computed for. */
#define IMPOSSIBLE CAT(impossible_, R)
VEC_INLINE VI IMPOSSIBLE(const ray_line *ln, V n, V t, V speed, V w) {
  V abs = (V)((VI)speed & ~(VI)SET(-0.0));
  return ~((n >= SET(0)) & (n < SET((REAL)1e300)) & (t >= SET((REAL)ln->t_min)) & (t < SET((REAL)ln->t_max)) & (abs < SET((REAL)0.1)) &
           (w >= SET(0)) & (w * SET((REAL)ln->inv_c) < SET((REAL)0.1)));
}

/* What NODE keeps of the node before, and what it sums. */
#define CARRY CAT(carry_, R)
typedef struct {
  V reach, u, width;
  V seen, missed; /* line emission, and what of it the window misses */
  VI bad;
} CARRY;

/* The fields at a node of W rays. */
#define POINT CAT(point_, R)
typedef struct {
  V n, t, v, w;
} POINT;

/* NODE computes node j from its fields, and with node j-1 the range of channels [u - b·width, u + b·width] in which the segment
 * between them matters. check: the fields are a cell's, which may hold anything. share, if not NULL: how much of the light of
 * a unit of length counts. */
#define NODE CAT(node_, R)
VEC_INLINE void NODE(const ray_line *ln, const ray_window *at, const POINT *p, const int check, const V *share, NODES *nd, int j, CARRY *k) {
  const V one = SET(1), zero = SET(0);
  V n = p->n, t = p->t, w = p->w;
  V speed = p->v * SET((REAL)(at->v_sign * ln->inv_c));
  if (check) {
    VI bad = IMPOSSIBLE(ln, n, t, speed, w);
    k->bad |= bad;
    t = PICK(bad, SET((REAL)ln->t_min), t); /* the table must not be left */
  }
  V zinv = INVERSE_PARTITION(ln, t), it = one / t, gap, tail;
  BOLTZMANN(it * SET((REAL)-ln->upper_gap), &gap, &tail);
  if (ln->lower > 0) zinv = zinv * EXP(it * SET((REAL)-ln->lower));
  V beta = SQRT(FMA(t, SET((REAL)ln->thermal), w * w));
  V g = one + speed, inv = one / (beta * g);
  V chi = n * zinv * gap * SET((REAL)(ln->opacity * at->length));
  V a = chi * (inv * g);
  V u = speed * (inv * beta) * SET((REAL)(-1.0 / ln->inv_c));
  V width = beta * beta * inv;
  V s = SET((REAL)ln->source) * tail / gap;
  nd->a[j] = a;
  nd->u[j] = u;
  nd->r[j] = g * (inv * g);
  nd->s[j] = s;
  /* a·e^{-b²} falls below the cut-off at b² = CUTOFF_ROOT² + ln a if a > 1. ln a is rounded up to a power of two, and the
   * root to its tangent. */
  VI octave = ((VI)a >> MANTISSA) - (EXPONENT_OF_ONE - 1);
  V over = __builtin_convertvector(octave, V) * SET((REAL)(0.6931471805599453 / (2 * CUTOFF_ROOT)));
  V reach = SET((REAL)CUTOFF_ROOT) + PICK(over > zero, over, zero);
  reach = PICK(a > SET((REAL)SMALLEST), reach, SET(-1));
  if (share) {
    V light = chi * s * *share;
    VI out = (u < SET((REAL)at->x_min) - width) | (u > SET((REAL)at->x_max) + width);
    k->seen += light;
    k->missed += (V)((VI)light & out);
  }
  if (j > 0) {
    V b = PICK(reach > k->reach, reach, k->reach);
    V l0 = k->u - b * k->width, l1 = u - b * width, h0 = k->u + b * k->width, h1 = u + b * width;
    VI on = b > zero;
    nd->lo[j - 1] = PICK(on, PICK(l0 < l1, l0, l1), SET((REAL)1e30));
    nd->hi[j - 1] = PICK(on, PICK(h0 > h1, h0, h1), SET((REAL)-1e30));
  }
  k->reach = reach;
  k->u = u;
  k->width = width;
}
