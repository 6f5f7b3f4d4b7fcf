/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Beams of parallel rays of any direction: leg by leg, then every channel. Included once per precision after kernel_walk.h; BEAM
 * and PACK name the entry points. */

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
      PATH(nd, 0, m - 1, b->x + f, ABREAST, t, e, more ? extra : NULL, NULL, 0, 0);
    else
      PATH(nd, 0, m - 1, b->x + f, 1, t, e, more ? extra : NULL, NULL, 0, 0);
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

/* LEAVES takes all channels through a leg of m nodes, leaf by leaf. Where a leg ends inside a leaf, the next goes on
 * segment by segment: the legs of a ray depend on the block. */
#define LEAVES CAT(leaves_, R)
__attribute__((noinline)) static void LEAVES(const ray_beam *b, const NODES *nd, int m, SEEN *seen, const CUTS *cuts) {
  for (int64_t f = 0; f < b->channels; f += ABREAST) {
    const int count = b->channels - f < ABREAST ? (int)(b->channels - f) : ABREAST;
    V t[ABREAST], e[ABREAST];
    for (int q = 0; q < count; q++) t[q] = seen[f + q].t, e[q] = seen[f + q].e;
    if (count == ABREAST)
      PATH(nd, 0, m - 1, b->x + f, ABREAST, t, e, NULL, cuts->list, f, b->channels);
    else
      PATH(nd, 0, m - 1, b->x + f, 1, t, e, NULL, cuts->list, f, b->channels);
    for (int q = 0; q < count; q++) seen[f + q].t = t[q], seen[f + q].e = e[q];
  }
}

/* POSITION of the leaf in which ray l has left the block: the sum of the numbers of leaves along the axes, counted along the ray. */
#define POSITION CAT(position_, R)
static int32_t POSITION(const ray_beam *b, const WALK *k, int l) {
  int32_t sum = 0;
  for (int a = 0; a < 3; a++) {
    int32_t cell = (int32_t)k->plane[a][l] - 1 - (b->along[a] > 0); /* that of the lower plane of the interval */
    int32_t leaf = cell > 0 ? cell / RAY_LEAF : 0;
    sum += b->along[a] < 0 ? (b->cells[a] - 1) / RAY_LEAF - leaf : leaf;
  }
  return sum;
}

/* LAST stores the last leaf of each of the lanes in hit, from ray first on, and how many there were. */
#define LAST CAT(last_, R)
static void LAST(const ray_beam *b, const WALK *k, const SEEN *seen, const CUTS *cuts, VI hit, int64_t first, int64_t lanes) {
  const int64_t ray = b->most * cuts->piece;
  for (int64_t l = 0; l < lanes; l++) {
    b->count[first + l] = b->last[first + l] = 0;
    if (!hit[l]) continue;
    REAL *to = cuts->next[l];
    for (int64_t f = 0; f < b->channels; f++) to[f] = seen[f].t[l], to[b->channels + f] = seen[f].e[l];
    b->count[first + l] = (int32_t)((to - ((REAL *)b->pieces + (first + l) * ray)) / cuts->piece) + 1;
    b->last[first + l] = POSITION(b, k, (int)l);
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
  SCALES by;
  TRACK tr;
  SCALE(ln, &b->window, &by);
  LAY(b, &tr);
  CUTS cuts;
  cuts.piece = 2 * b->channels;
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
    const VI hit = k.alive;
    for (int64_t l = 0; b->pieces && l < lanes; l++) cuts.next[l] = (REAL *)b->pieces + (first + l) * b->most * cuts.piece;
    for (int j = 0; ANY(k.alive); j = 1) {
      const int m = b->pieces ? LEG_CUT(ln, &by, &tr, b, &k, &nd, &carry, j, &cuts) : LEG(ln, &by, &tr, b, &k, &nd, &carry, j);
      SPAN(&nd, m);
      if (b->pieces)
        LEAVES(b, &nd, m, seen, &cuts);
      else if (b->depth)
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
    if (b->pieces) {
      LAST(b, &k, seen, &cuts, hit, first, lanes);
      continue;
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
