// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <stdint.h>

// The loops over points of the Haar rule; kernel_nocgo.go has them in Go, which
// says what they do, and they give the same bits.

typedef struct {
	double min[3], size[3];
	int64_t side;
	int64_t lo[3], n[3];
} mapping_grid;

static inline int64_t mapping_locate(mapping_grid g, int64_t points, const double *restrict x, const double *restrict y, const double *restrict z,
		int32_t *restrict cells, int32_t *restrict pairs) {
	const double n = (double)g.side;
	const int32_t half = (int32_t)((g.side + 1) / 2), out = half * half * half;
	const int32_t lx = (int32_t)g.lo[0], ly = (int32_t)g.lo[1], lz = (int32_t)g.lo[2];
	const uint32_t nx = (uint32_t)g.n[0], ny = (uint32_t)g.n[1], nz = (uint32_t)g.n[2];
	int32_t inside = 0;
	// No branches: the compiler makes vectors of it.
	for (int64_t i = 0; i < points; i++) {
		double u = (x[i] - g.min[0]) / g.size[0] * n, v = (y[i] - g.min[1]) / g.size[1] * n, w = (z[i] - g.min[2]) / g.size[2] * n;
		int in = (u >= 0) & (u < n) & (v >= 0) & (v < n) & (w >= 0) & (w < n);
		int32_t a = (int32_t)(in ? u : 0), b = (int32_t)(in ? v : 0), c = (int32_t)(in ? w : 0);
		uint32_t p = (uint32_t)(a - lx), q = (uint32_t)(b - ly), r = (uint32_t)(c - lz);
		int window = in & (p < nx) & (q < ny) & (r < nz);
		int32_t pair = ((a >> 1) * half + (b >> 1)) * half + (c >> 1), cell = (int32_t)((p * ny + q) * nz + r);
		pairs[i] = in ? pair : out;
		cells[i] = window ? cell : -1;
		inside += in;
	}
	return inside;
}

typedef struct {
	const double *f[5];
} mapping_fields;

static inline void mapping_point(mapping_fields p, int64_t i, double *restrict m, int32_t *restrict count) {
	if ((*count)++ == 0)
		for (int k = 0; k < 5; k++) m[k] = p.f[k][i];
	else
		for (int k = 0; k < 5; k++) m[k] += p.f[k][i];
}

enum { AHEAD = 12 };  // points whose cells are fetched while others are summed

static inline void mapping_add(int64_t points, const int32_t *restrict cells, int64_t first, mapping_fields p,
		int64_t total, double (*restrict sum)[5], int32_t *restrict count) {
	for (int64_t i = 0; i < points; i++) {
		int64_t next = i + AHEAD < points ? cells[i + AHEAD] - first : -1;
		if ((uint64_t)next < (uint64_t)total) {
			__builtin_prefetch(&sum[next][0], 1);
			__builtin_prefetch(&sum[next][4], 1);
			__builtin_prefetch(&count[next], 1);
		}
		int64_t o = cells[i] - first;
		if ((uint64_t)o < (uint64_t)total) mapping_point(p, i, sum[o], &count[o]);
	}
}

// Coarse levels are few cells, which stay in the cache.
static inline void mapping_add_placed(int64_t points, const int32_t *restrict cells, const int32_t *restrict place, mapping_fields p,
		double (*restrict sum)[5], int32_t *restrict count) {
	for (int64_t i = 0; i < points; i++) {
		int32_t o = place[cells[i]];
		if (o >= 0) mapping_point(p, i, sum[o], &count[o]);
	}
}
