// SPDX-License-Identifier: BSD-3-Clause

//go:build cgo

package mapping

/*
#cgo CFLAGS: -O3 -Wno-psabi
#include "kernel.h"

#if defined(__x86_64__)
__attribute__((target("avx2"))) static int64_t locate_avx2(mapping_grid g, int64_t points, const double *x, const double *y, const double *z, int32_t *cells, int32_t *pairs) {
	return mapping_locate(g, points, x, y, z, cells, pairs);
}
#endif

static int64_t locate(const mapping_grid *g, int64_t points, const double *x, const double *y, const double *z, int32_t *cells, int32_t *pairs) {
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (__builtin_cpu_supports("avx2")) return locate_avx2(*g, points, x, y, z, cells, pairs);
#endif
	return mapping_locate(*g, points, x, y, z, cells, pairs);
}

static void add(int64_t points, const int32_t *cells, const int32_t *place, int64_t first, const double *n, const double *t,
		const double *vx, const double *vy, const double *vz, int64_t total, void *sum, int32_t *count) {
	mapping_fields p = {{n, t, vx, vy, vz}};
	if (place) mapping_add_placed(points, cells, place, p, sum, count);
	else mapping_add(points, cells, first, p, total, sum, count);
}
*/
import "C"

import (
	"unsafe"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// locate is locateTwin in C.
func locate(cells, pairs []int32, x, y, z []float64, l Lattice, window [3]grid.Range) int {
	if len(x) == 0 {
		return 0
	}
	g := C.mapping_grid{side: C.int64_t(l.Cells())}
	for a, r := range window {
		g.min[a], g.size[a], g.lo[a], g.n[a] = C.double(l.Min[a]), C.double(l.Size[a]), C.int64_t(r.Lo), C.int64_t(r.Len())
	}
	return int(C.locate(&g, C.int64_t(len(x)), doubles(x), doubles(y), doubles(z), integers(cells), integers(pairs)))
}

// add is addTwin in C.
func add(sum []sample, count []int32, cells, place []int32, first int, p *hydro.Points) {
	if len(cells) == 0 {
		return
	}
	C.add(C.int64_t(len(cells)), integers(cells), integers(place), C.int64_t(first), doubles(p.Density), doubles(p.Temperature),
		doubles(p.Velocity[0]), doubles(p.Velocity[1]), doubles(p.Velocity[2]), C.int64_t(len(sum)), unsafe.Pointer(unsafe.SliceData(sum)), integers(count))
}

func doubles(x []float64) *C.double { return (*C.double)(unsafe.SliceData(x)) }
func integers(x []int32) *C.int32_t { return (*C.int32_t)(unsafe.SliceData(x)) }
