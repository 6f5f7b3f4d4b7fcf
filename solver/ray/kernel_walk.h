/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parallel rays of any direction, W at a time, walk from plane to plane and collect nodes. Included once per precision after
 * kernel_row.h. A crossing is ordered by (t, axis), t from the numbers of the plane and of the ray alone: wherever a ray is
 * cut, all sides agree on the order, so no segment is lost or met twice. */

#if defined(__clang__)
#define MIX_D(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define MIX_D(a, b, ...) __builtin_shuffle(a, b, (vi64){__VA_ARGS__})
#endif

/* Where W rays are. Along each axis, plane is the number of the plane that comes next. */
#define WALK CAT(walk_, R)
typedef struct {
  V start[3], shift[3]; /* coordinate at t = 0; t = g·inverse + shift at coordinate g */
  V plane[3];
  VI at; /* point on the lower planes of the cell of planes the ray is in */
  V t, segments;
  VI alive;
} WALK;

#define INFINITE ((REAL)__builtin_inf())

/* COORDINATE of a plane: cell centres at whole numbers, the outer faces half a cell outside. */
#define COORDINATE CAT(coordinate_, R)
VEC_INLINE V COORDINATE(const ray_beam *b, int a, V plane) {
  V g = plane - SET(1), top = SET((REAL)(b->cells[a] - 0.5)), low = SET((REAL)-0.5);
  g = PICK(g > low, g, low);
  return PICK(g < top, g, top);
}

#define CROSSING CAT(crossing_, R)
VEC_INLINE V CROSSING(const ray_beam *b, const WALK *k, int a, V plane) {
  return FMA(COORDINATE(b, a, plane), SET((REAL)b->inverse[a]), k->shift[a]);
}

/* FLOOR of numbers far below 2^22. */
#define FLOOR CAT(floor_, R)
VEC_INLINE V FLOOR(V x) {
#ifdef DOUBLE
  const V magic = SET(0x1.8p52);
#else
  const V magic = SET(0x1.8p23f);
#endif
  V z = (x + magic) - magic;
  return z - (V)((VI)SET(1) & (z > x));
}

/* BEGIN puts W rays at their first crossing with the block: that of the last of its three near planes. Those that miss it are
 * not alive, and stand where the fields can be read. */
#define BEGIN CAT(begin_, R)
VEC_INLINE void BEGIN(const ray_beam *b, WALK *k, VI exists) {
  V enter = SET(-INFINITE), leave = SET(INFINITE), axis = SET(-1);
  k->alive = exists;
  for (int a = 0; a < 3; a++) {
    const REAL lo = (REAL)b->lo[a], hi = (REAL)b->hi[a];
    if (b->along[a] == 0) { /* the ray stays between two planes */
      V at = FLOOR(k->start[a]) + SET(1), zero = SET(0), top = SET((REAL)(b->cells[a] + 1));
      at = PICK(at < zero, SET(-1), at);
      at = PICK((k->start[a] < SET((REAL)-0.5)) | (k->start[a] > COORDINATE(b, a, top)), SET(-1), at);
      V last = SET(hi);
      if (b->closed[a]) at = PICK((at == last) & (k->start[a] == COORDINATE(b, a, last)), at - SET(1), at);
      VI inside = (at >= SET(lo)) & (at < SET(hi));
      k->alive &= inside;
      k->plane[a] = PICK(inside, at, SET(lo));
      k->shift[a] = SET(INFINITE);
      continue;
    }
    k->shift[a] = -(k->start[a] * SET((REAL)b->inverse[a]));
    V near = CROSSING(b, k, a, SET(b->along[a] > 0 ? lo : hi)), far = CROSSING(b, k, a, SET(b->along[a] > 0 ? hi : lo));
    VI later = near >= enter;
    enter = PICK(later, near, enter);
    axis = PICK(later, SET((REAL)a), axis);
    leave = PICK(far < leave, far, leave);
  }
  k->alive &= enter < leave;
  k->t = PICK(k->alive, enter, SET(0));
  k->segments = SET(0);
  for (int a = 0; a < 3; a++) {
    if (b->along[a] == 0) continue;
    const int up = b->along[a] > 0;
    const V lo = SET((REAL)b->lo[a]), hi = SET((REAL)b->hi[a]), step = SET(up ? 1 : -1);
    /* Two planes too early by estimate, then on to the first that is crossed after the entry. */
    V g = FMA(k->t, SET((REAL)b->along[a]), k->start[a]);
    g = PICK((g > SET(-2)) & (g < SET((REAL)(b->cells[a] + 2))), g, SET(0));
    V p = up ? FLOOR(g) : FLOOR(g) + SET(3);
    p = PICK(p < lo, lo, PICK(p > hi, hi, p));
    VI mine = axis == SET((REAL)a);
    for (int i = 0; i < 4; i++) {
      V t = CROSSING(b, k, a, p);
      VI before = (t < k->t) | ((t == k->t) & (SET((REAL)a) < axis));
      p += (V)((VI)step & before & ~mine);
    }
    p = PICK(mine, up ? lo : hi, p);
    k->plane[a] = PICK(k->alive, p, up ? lo + SET(1) : lo);
  }
  V low[3]; /* one more than the number of the lower plane, which may be -1 before the entry */
  for (int a = 0; a < 3; a++) low[a] = k->plane[a] - SET((REAL)(b->first[a] - (b->along[a] <= 0)));
#ifdef DOUBLE
  V base = FMA(low[0], SET((REAL)b->stride[0]), FMA(low[1], SET((REAL)b->stride[1]), low[2]));
  k->at = (VI)(base + SET(0x1p52)) & ((INT)1 << 51) - 1;
#else
  VI index[3];
  for (int a = 0; a < 3; a++) index[a] = (VI)(low[a] + SET(0x1p23f)) & ((INT)1 << 22) - 1;
  k->at = index[0] * (INT)b->stride[0] + index[1] * (INT)b->stride[1] + index[2];
#endif
  k->at -= (INT)(b->stride[0] + b->stride[1] + b->stride[2]);
}

#undef LERP_LANE
#ifdef DOUBLE
/* LERP_LANE interpolates between the four points of ray l: all four fields at once. */
#define LERP_LANE(l)                                                     \
  {                                                                      \
    const double *q = fields + 4 * at[l];                                   \
    const int64_t r = s1[l], c = s2[l];                                  \
    const vd u = MIX_D(f1, f1, l, l, l, l), v = MIX_D(f2, f2, l, l, l, l); \
    vd q00 = *(const vd_u *)q, q01 = *(const vd_u *)(q + c);             \
    vd q10 = *(const vd_u *)(q + r), q11 = *(const vd_u *)(q + r + c);   \
    vd near = vec_fma_d(v, q01 - q00, q00), far = vec_fma_d(v, q11 - q10, q10); \
    m[l] = vec_fma_d(u, far - near, near);                               \
  }
#else
VEC_INLINE vf vec_join_f(const float *lo, const float *hi) {
#if defined(VEC_AVX2)
  typedef float four __attribute__((vector_size(16), aligned(4), may_alias));
  const four *p = (const four *)lo, *q = (const four *)hi;
  return __builtin_ia32_vinsertf128_ps256(__builtin_ia32_ps256_ps((vf_half)*p), (vf_half)*q, 1);
#else
  return (vf){lo[0], lo[1], lo[2], lo[3], hi[0], hi[1], hi[2], hi[3]};
#endif
}
/* LERP_LANE does rays l and l+4, one in each half of a vector. */
#define LERP_LANE(l)                                                                     \
  {                                                                                      \
    const float *p = fields + 4 * (int64_t)at[l], *q = fields + 4 * (int64_t)at[l + 4];  \
    const int64_t pr = s1[l], pc = s2[l], qr = s1[l + 4], qc = s2[l + 4];                \
    const vf u = VEC_MIX(f1, f1, l, l, l, l, l + 4, l + 4, l + 4, l + 4);                \
    const vf v = VEC_MIX(f2, f2, l, l, l, l, l + 4, l + 4, l + 4, l + 4);                \
    vf q00 = vec_join_f(p, q), q01 = vec_join_f(p + pc, q + qc);                         \
    vf q10 = vec_join_f(p + pr, q + qr), q11 = vec_join_f(p + pr + pc, q + qr + qc);     \
    vf near = vec_fma_f(v, q01 - q00, q00), far = vec_fma_f(v, q11 - q10, q10);          \
    m[l] = vec_fma_f(u, far - near, near);                                               \
  }
#endif

/* What a walk needs of the beam, in all lanes. */
#define TRACK CAT(track_, R)
typedef struct {
  V along[3], inverse[3], top[3], last[3], step[3]; /* last: where the block ends; step: to the next plane */
  V low[3];                                         /* from the plane that comes next to the lower one, less 1 */
  VI up[3], onto[3], past[3];                            /* points to the plane that is crossed, and once it is crossed */
  VI s1[3], s2[3];                                  /* from point to point within a plane across each axis */
} TRACK;

#define LAY CAT(lay_, R)
__attribute__((noinline)) static void LAY(const ray_beam *b, TRACK *tr) {
  for (int a = 0; a < 3; a++) {
    const int up = b->along[a] > 0, down = b->along[a] < 0;
    tr->along[a] = SET((REAL)b->along[a]);
    tr->inverse[a] = SET((REAL)b->inverse[a]);
    tr->top[a] = SET((REAL)(b->cells[a] - 0.5));
    tr->last[a] = SET((REAL)(up ? b->hi[a] : b->lo[a]));
    tr->step[a] = SET((REAL)(up - down));
    tr->low[a] = SET((REAL)(-1 - up));
    tr->up[a] = (VI){0} - (INT)up;
    tr->onto[a] = (VI){0} + (INT)(up ? b->stride[a] : 0);
    tr->past[a] = (VI){0} + (INT)(up ? b->stride[a] : down ? -b->stride[a] : 0);
    tr->s1[a] = (VI){0} + (INT)(4 * (a == 0 ? b->stride[1] : b->stride[0]));
    tr->s2[a] = (VI){0} + (INT)(4 * (a == 2 ? b->stride[1] : 1));
  }
}

/* FETCH interpolates the fields of a plane bilinearly between the four points around, from *from on; s1 and s2 lead to the others. */
#define FETCH CAT(fetch_, R)
VEC_INLINE POINT FETCH(const REAL *fields, V f1, V f2, const INT *at, const INT *s1, const INT *s2) {
  POINT p;
  V m[4];
  LERP_LANE(0) LERP_LANE(1) LERP_LANE(2) LERP_LANE(3)
#ifdef DOUBLE
  vd a = MIX_D(m[0], m[1], 0, 4, 2, 6), c = MIX_D(m[2], m[3], 0, 4, 2, 6);
  vd d = MIX_D(m[0], m[1], 1, 5, 3, 7), e = MIX_D(m[2], m[3], 1, 5, 3, 7);
  p.n = MIX_D(a, c, 0, 1, 4, 5), p.v = MIX_D(a, c, 2, 3, 6, 7);
  p.t = MIX_D(d, e, 0, 1, 4, 5), p.w = MIX_D(d, e, 2, 3, 6, 7);
#else
  vf a = VEC_MIX(m[0], m[1], 0, 8, 1, 9, 4, 12, 5, 13), c = VEC_MIX(m[2], m[3], 0, 8, 1, 9, 4, 12, 5, 13);
  vf d = VEC_MIX(m[0], m[1], 2, 10, 3, 11, 6, 14, 7, 15), e = VEC_MIX(m[2], m[3], 2, 10, 3, 11, 6, 14, 7, 15);
  p.n = VEC_MIX(a, c, 0, 1, 8, 9, 4, 5, 12, 13), p.t = VEC_MIX(a, c, 2, 3, 10, 11, 6, 7, 14, 15);
  p.v = VEC_MIX(d, e, 0, 1, 8, 9, 4, 5, 12, 13), p.w = VEC_MIX(d, e, 2, 3, 10, 11, 6, 7, 14, 15);
#endif
  return p;
}

/* Where W rays pass from leaf to leaf in a leg, and where their next pieces go. */
#define CUTS CAT(cuts_, R)
typedef struct {
  CUT list[RAY_LEG + 2];
  int n;
  REAL *next[W];
  int64_t piece; /* numbers of one piece */
} CUTS;

/* PASSES notes that the rays in mask pass into another leaf before segment at. */
#define PASSES CAT(passes_, R)
__attribute__((noinline)) static void PASSES(CUTS *cuts, VI mask, int at) {
  CUT *c = &cuts->list[cuts->n++];
  c->mask = mask;
  c->at = at;
  c->lanes = 0;
  for (int l = 0; l < W; l++)
    if (mask[l]) {
      c->lanes |= 1 << l;
      c->to[l] = cuts->next[l];
      for (int64_t f = 0; f < cuts->piece / 2; f++) c->to[l][f] = 1;
      for (int64_t f = cuts->piece / 2; f < cuts->piece; f++) c->to[l][f] = 0;
      cuts->next[l] += cuts->piece;
    }
}

/* LEG_TO walks on until all rays have left the block or RAY_LEG segments are full, and returns the nodes. The first leg begins with
 * the node at the entry, later ones with the last node of the one before. cuts is NULL, known when this is compiled, or takes the
 * passages from leaf to leaf: at the first plane of a leaf, that of the centre of its first cell. */
#define LEG_TO CAT(leg_to_, R)
VEC_INLINE int LEG_TO(const ray_line *ln, const SCALES *by, const TRACK *tr, ray_beam *b, WALK *walk, NODES *nd, CARRY *carry, int j, CUTS *cuts) {
  const V zero = SET(0), one = SET(1);
  const REAL *fields = b->fields;
  const int begun = j;
  WALK k = *walk;
  for (; j <= RAY_LEG && ANY(k.alive); j++) {
    V low[3], scale[3], when[3];
    for (int a = 0; a < 3; a++) {
      V c = k.plane[a] + tr->low[a];
      low[a] = MIN(MAX(c, SET((REAL)-0.5)), tr->top[a]);
      V high = MIN(MAX(c + one, SET((REAL)-0.5)), tr->top[a]);
      when[a] = FMA(PICK(tr->up[a], high, low[a]), tr->inverse[a], k.shift[a]);
      scale[a] = PICK(high - low[a] < SET((REAL)0.75), SET(2), one);
    }
    V t = MIN(when[1], when[2]);
    VI on[3] = {when[0] <= t};
    on[1] = ~on[0] & (when[1] <= when[2]);
    on[2] = ~(on[0] | on[1]);
    t = MIN(when[0], t);
    V frac[3], length = (V)((VI)(t - k.t) & k.alive);
    VI ends = {0}, from = k.at, s1, s2;
    for (int a = 0; a < 3; a++) {
      V f = (FMA(t, tr->along[a], k.start[a]) - low[a]) * scale[a];
      frac[a] = MIN(MAX(f, zero), one);
      from += tr->onto[a] & on[a];
      ends |= on[a] & (k.plane[a] == tr->last[a]);
    }
    INT at[3][W] __attribute__((aligned(32)));
    s1 = (on[0] & tr->s1[0]) | (~on[0] & tr->s1[1]);
    s2 = (on[2] & tr->s2[2]) | (~on[2] & tr->s2[1]);
    *(VI *)at[0] = from, *(VI *)at[1] = s1, *(VI *)at[2] = s2;
    __asm__("" : "+m"(at)); /* loads are cheaper than lanes */
    POINT p = FETCH(fields, PICK(on[0], frac[1], frac[0]), PICK(on[2], frac[1], frac[2]), at[0], at[1], at[2]);
    NODE(ln, by, &p, 0, &length, nd, j, carry);
    if (j > 0) {
      VI some = length > zero; /* a ray that has left the block needs no channel */
      k.segments += (V)((VI)one & some);
      nd->lo[j - 1] = PICK(some, nd->lo[j - 1], SET((REAL)1e30));
      nd->hi[j - 1] = PICK(some, nd->hi[j - 1], SET((REAL)-1e30));
      nd->ds[j - 1] = length;
      nd->z[j - 1] = SET((REAL)-0.5) * (t + k.t);
    }
    k.t = PICK(k.alive, t, k.t);
    k.alive &= ~ends;
    if (cuts && j > 0) {
      V leaf = (PICK(on[0], k.plane[0], PICK(on[1], k.plane[1], k.plane[2])) - one) * SET((REAL)(1.0 / RAY_LEAF));
      VI passes = k.alive & (leaf > zero) & (leaf == FLOOR(leaf));
      if (ANY(passes)) PASSES(cuts, passes, j);
    }
    for (int a = 0; a < 3; a++) {
      VI moves = on[a] & k.alive;
      k.plane[a] += (V)((VI)tr->step[a] & moves);
      k.at += tr->past[a] & moves;
    }
  }
  b->steps += W * (j - begun);
  *walk = k;
  return j;
}

#define LEG CAT(leg_, R)
__attribute__((noinline)) static int LEG(const ray_line *ln, const SCALES *by, const TRACK *tr, ray_beam *b, WALK *walk, NODES *nd, CARRY *carry, int j) {
  return LEG_TO(ln, by, tr, b, walk, nd, carry, j, NULL);
}

/* LEG_CUT is LEG with the passages from leaf to leaf. */
#define LEG_CUT CAT(leg_cut_, R)
__attribute__((noinline)) static int LEG_CUT(const ray_line *ln, const SCALES *by, const TRACK *tr, ray_beam *b, WALK *walk, NODES *nd, CARRY *carry, int j, CUTS *cuts) {
  cuts->n = 0;
  int m = LEG_TO(ln, by, tr, b, walk, nd, carry, j, cuts);
  cuts->list[cuts->n].at = -1;
  return m;
}
