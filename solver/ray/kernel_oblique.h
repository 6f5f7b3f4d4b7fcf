/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parallel rays of any direction, W at a time, from plane to plane. Included once per precision after kernel_row.h; BEAM and PACK
 * name the entry points. A crossing is ordered by (t, axis), t from the numbers of the plane and of the ray alone: wherever a ray is
 * cut, all sides agree on the order, so no segment is lost or met twice. */

#if defined(__clang__)
#define MIX_D(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define MIX_D(a, b, ...) __builtin_shuffle(a, b, (vi64){__VA_ARGS__})
#endif

/* Where W rays are. Along each axis, plane is the number of the plane that comes next, and when t of its crossing. */
#define WALK CAT(walk_, R)
typedef struct {
  V start[3], shift[3]; /* coordinate at t = 0; t = g·inverse + shift at coordinate g */
  V plane[3], when[3];
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
      k->when[a] = SET(INFINITE);
      k->shift[a] = SET(0);
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
    k->when[a] = PICK(k->alive, CROSSING(b, k, a, p), SET(0));
  }
}

#undef LERP_LANE
#ifdef DOUBLE
/* LERP_LANE interpolates between the four points of ray l: all four fields at once. */
#define LERP_LANE(l)                                                     \
  {                                                                      \
    const double *q = fields + at[l];                                    \
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

/* FETCH interpolates the fields where the rays cross plane[a] of the axis a that `on` names, bilinearly between the four points
 * around. */
#define FETCH CAT(fetch_, R)
VEC_INLINE POINT FETCH(const ray_beam *b, const WALK *k, V t, const VI *on) {
  V low[3], frac[3]; /* plane below the ray, and how far the ray is above it */
  const V zero = SET(0), one = SET(1);
  for (int a = 0; a < 3; a++) {
    low[a] = b->along[a] > 0 ? k->plane[a] - one : k->plane[a];
    V g = FMA(t, SET((REAL)b->along[a]), k->start[a]);
    V g0 = COORDINATE(b, a, low[a]), g1 = COORDINATE(b, a, low[a] + one), width = g1 - g0;
    V f = (g - g0) * PICK(width < SET((REAL)0.75), SET(2), one);
    f = PICK(f > zero, f, zero);
    frac[a] = PICK(f < one, f, one);
    low[a] = PICK(on[a], k->plane[a], low[a]) - SET((REAL)b->first[a]);
  }
  const V f1 = PICK(on[0], frac[1], frac[0]), f2 = PICK(on[2], frac[1], frac[2]);
  const REAL *fields = b->fields;
  INT at[W] __attribute__((aligned(32))), s1[W] __attribute__((aligned(32))), s2[W] __attribute__((aligned(32))); /* loads are cheaper than lanes */
#ifdef DOUBLE
  V base = FMA(low[0], SET((REAL)b->stride[0]), FMA(low[1], SET((REAL)b->stride[1]), low[2]));
  *(VI *)at = ((VI)(base + SET(0x1p52)) & ((INT)1 << 51) - 1) << 2;
#else
  VI index[3];
  for (int a = 0; a < 3; a++) index[a] = (VI)(low[a] + SET(0x1p23f)) & ((INT)1 << 22) - 1;
  *(VI *)at = index[0] * (INT)b->stride[0] + index[1] * (INT)b->stride[1] + index[2];
#endif
  *(VI *)s1 = (on[0] & (INT)(4 * b->stride[1])) | (~on[0] & (INT)(4 * b->stride[0]));
  *(VI *)s2 = (on[2] & (INT)(4 * b->stride[1])) | (~on[2] & (INT)4);
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

/* LEG walks on until all rays have left the block or RAY_LEG segments are full, and returns the nodes. The first leg begins with
 * the node at the entry, later ones with the last node of the one before. */
#define LEG CAT(leg_, R)
__attribute__((noinline)) static int LEG(const ray_line *ln, ray_beam *b, WALK *k, NODES *nd, CARRY *carry, int j) {
  for (; j <= RAY_LEG && ANY(k->alive); j++) {
    VI on[3], ends = (VI){0};
    on[0] = (k->when[0] <= k->when[1]) & (k->when[0] <= k->when[2]);
    on[1] = ~on[0] & (k->when[1] <= k->when[2]);
    on[2] = ~(on[0] | on[1]);
    V t = PICK(on[0], k->when[0], PICK(on[1], k->when[1], k->when[2]));
    V length = (V)((VI)(t - k->t) & k->alive);
    POINT p = FETCH(b, k, t, on);
    NODE(ln, &b->window, &p, 0, &length, nd, j, carry);
    if (j > 0) {
      VI some = length > SET(0); /* a ray that has left the block needs no channel */
      k->segments += (V)((VI)SET(1) & some);
      nd->lo[j - 1] = PICK(some, nd->lo[j - 1], SET((REAL)1e30));
      nd->hi[j - 1] = PICK(some, nd->hi[j - 1], SET((REAL)-1e30));
      nd->ds[j - 1] = length;
      nd->z[j - 1] = SET((REAL)-0.5) * (t + k->t);
    }
    b->steps += W;
    for (int a = 0; a < 3; a++) {
      const int up = b->along[a] > 0;
      ends |= on[a] & (k->plane[a] == SET((REAL)(up ? b->hi[a] : b->lo[a])));
    }
    k->t = PICK(k->alive, t, k->t);
    VI moves = k->alive & ~ends;
    for (int a = 0; a < 3; a++) {
      if (b->along[a] == 0) continue;
      k->plane[a] += (V)((VI)SET(b->along[a] > 0 ? 1 : -1) & on[a] & moves);
      k->when[a] = PICK(on[a] & moves, CROSSING(b, k, a, k->plane[a]), k->when[a]);
    }
    k->alive = moves;
  }
  return j;
}

/* What each channel has seen of W rays so far. */
#define SEEN CAT(seen_, R)
typedef struct {
  V t, e;
  EXTRA extra;
} SEEN;

/* CHANNELS takes all channels through a leg of m nodes and puts it behind what they have seen. */
#define CHANNELS CAT(channels_, R)
__attribute__((noinline)) static void CHANNELS(const ray_beam *b, const NODES *nd, int m, SEEN *seen, const int more) {
  for (int64_t f = 0; f < b->channels; f += ABREAST) {
    const int count = b->channels - f < ABREAST ? (int)(b->channels - f) : ABREAST;
    V t[ABREAST], e[ABREAST];
    EXTRA extra[ABREAST];
    if (count == ABREAST)
      PATH(nd, 0, m - 1, b->x + f, ABREAST, t, e, more ? extra : NULL);
    else
      PATH(nd, 0, m - 1, b->x + f, 1, t, e, more ? extra : NULL);
    for (int q = 0; q < count; q++) {
      SEEN *s = seen + f + q;
      s->e = FMA(s->t, e[q], s->e);
      if (more) { /* before t */
        s->extra.tau += extra[q].tau;
        s->extra.first = FMA(s->t, extra[q].first, s->extra.first);
        s->extra.second = FMA(s->t, extra[q].second, s->extra.second);
      }
      s->t *= t[q];
    }
  }
}

/* LANES stores what lanes of v exist. */
#define LANES CAT(lanes_, R)
VEC_INLINE void LANES(void *out, int64_t at, int64_t lanes, V v) {
  REAL *to = (REAL *)out + at;
  if (lanes == W)
    *(VU *)to = v;
  else
    for (int64_t l = 0; l < lanes; l++) to[l] = v[l];
}

int BEAM(const ray_line *ln, ray_beam *b, void *scratch) {
  const int pad = RAY_LEG + 1 + 64 / (int)sizeof(V);
  V *p = (V *)(((uintptr_t)scratch + 63) & ~(uintptr_t)63);
  NODES nd = {.a = p, .u = p + pad, .r = p + 2 * pad, .s = p + 3 * pad, .lo = p + 4 * pad, .hi = p + 5 * pad, .ds = p + 6 * pad, .z = p + 7 * pad};
  nd.slo = (REAL *)(p + 8 * pad);
  nd.shi = nd.slo + pad;
  SEEN *seen = (SEEN *)(p + 10 * pad);
  for (int64_t first = 0; first < b->rays; first += W) {
    const int64_t lanes = b->rays - first < W ? b->rays - first : W;
    WALK k;
    VI exists = {0};
    for (int l = 0; l < W; l++) {
      int64_t ray = l < lanes ? first + l : first;
      exists[l] = l < lanes ? -1 : 0;
      for (int a = 0; a < 3; a++) k.start[a][l] = ((const REAL *)b->start[a])[ray];
    }
    BEGIN(b, &k, exists);
    for (int64_t f = 0; f < b->channels; f++) seen[f] = (SEEN){SET(1), SET(0), {SET(0), SET(0), SET(0)}};
    CARRY carry = {.seen = SET(0), .missed = SET(0), .bad = (VI)SET(0)};
    for (int j = 0; ANY(k.alive); j = 1) {
      const int m = LEG(ln, b, &k, &nd, &carry, j);
      SPAN(&nd, m);
      if (b->depth)
        CHANNELS(b, &nd, m, seen, 1);
      else
        CHANNELS(b, &nd, m, seen, 0);
      nd.a[0] = nd.a[m - 1], nd.u[0] = nd.u[m - 1], nd.r[0] = nd.r[m - 1], nd.s[0] = nd.s[m - 1];
    }
    for (int64_t l = 0; l < lanes; l++) {
      b->total += carry.seen[l];
      b->outside += carry.missed[l];
      b->segments += (int64_t)k.segments[l];
    }
    for (int64_t f = 0; f < b->channels; f++) {
      const int64_t at = f * b->stride_channel + first;
      LANES(b->transmission, at, lanes, seen[f].t);
      LANES(b->emission, at, lanes, seen[f].e);
      if (!b->depth) continue;
      LANES(b->depth, at, lanes, seen[f].extra.tau);
      LANES(b->first_moment, at, lanes, seen[f].extra.first);
      LANES(b->second_moment, at, lanes, seen[f].extra.second);
    }
  }
  return 0;
}

/* PACK brings the cells of a plane to points: all four fields beside each other, of the velocity what is along the rays. Returns 1
 * if a cell holds what no transfer can be computed for. */
int PACK(const ray_line *ln, const ray_sheet *s) {
  const REAL x = (REAL)s->away[0], y = (REAL)s->away[1], z = (REAL)s->away[2];
  const REAL t_min = (REAL)ln->t_min, t_max = (REAL)ln->t_max, fast = (REAL)(0.1 / ln->inv_c), most = (REAL)1e300;
  int bad = 0;
  for (int64_t r = 0; r < s->rows; r++) {
    const int64_t at = r * s->row_cells;
    const REAL *restrict n = (const REAL *)s->density + at, *restrict t = (const REAL *)s->temperature + at;
    const REAL *restrict w = (const REAL *)s->turbulence + at;
    const REAL *restrict vx = (const REAL *)s->velocity[0] + at, *restrict vy = (const REAL *)s->velocity[1] + at;
    const REAL *restrict vz = (const REAL *)s->velocity[2] + at;
    REAL *restrict to = (REAL *)s->points + 4 * r * s->row_points;
    for (int64_t c = 0; c < s->columns; c++) {
      REAL v = x * vx[c] + y * vy[c] + z * vz[c];
      bad |= !(n[c] >= 0) | !(n[c] < most) | !(t[c] >= t_min) | !(t[c] < t_max) | !(w[c] >= 0) | !(w[c] < fast) | !(v < fast) | !(v > -fast);
      to[4 * c] = n[c];
      to[4 * c + 1] = t[c];
      to[4 * c + 2] = v;
      to[4 * c + 3] = w[c];
    }
  }
  return bad;
}
