// SPDX-License-Identifier: BSD-3-Clause

//go:build cgo

package ray

/*
#cgo CFLAGS: -O3 -Wno-psabi -I${SRCDIR}/../../internal/vec
#cgo LDFLAGS: -lm
#include "kernel.h"

enum { TARGET_BASE, TARGET_AVX2 };

static int has_target(int t) {
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (t == TARGET_AVX2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
	return t == TARGET_BASE;
}

// The Go side must not store Go pointers in memory that C keeps, so the pointers come as arguments and are put into
// copies on the C stack.
static int integrate(int target, int f64, const ray_line *line, const void *coef, ray_row *row,
		const void *n, const void *t, const void *v, const void *w, const int32_t *ends, const double *x,
		void *transmission, void *emission, void *scratch) {
	int refused;
	ray_line l = *line;
	ray_row r = *row;
	l.coef = coef;
	r.density = n; r.temperature = t; r.velocity = v; r.turbulence = w;
	r.ends = ends; r.x = x;
	r.transmission = transmission; r.emission = emission;
#if defined(__x86_64__)
	if (target == TARGET_AVX2) refused = f64 ? ray_f64_avx2(&l, &r, scratch) : ray_f32_avx2(&l, &r, scratch);
	else
#endif
	refused = f64 ? ray_f64_base(&l, &r, scratch) : ray_f32_base(&l, &r, scratch);
	row->total = r.total;
	row->outside = r.outside;
	return refused;
}

static double exponentials(int target, int f64, int64_t n) {
#if defined(__x86_64__)
	if (target == TARGET_AVX2) return f64 ? ray_exp64_avx2(n) : ray_exp32_avx2(n);
#endif
	return f64 ? ray_exp64_base(n) : ray_exp32_base(n);
}
*/
import "C"

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/columen/columen/solver/grid"
)

// Variants returns the kernels that this machine can run, fastest first.
func Variants() []string {
	var names []string
	for _, t := range []struct {
		name string
		id   C.int
	}{{"avx2", C.TARGET_AVX2}, {"base", C.TARGET_BASE}} {
		if C.has_target(t.id) != 0 {
			names = append(names, t.name)
		}
	}
	return append(names, "twin")
}

// native is a kernel in C. The structs are fields so that no call allocates.
type native[T grid.Float] struct {
	name    string
	target  C.int
	lim     Limits
	line    C.ray_line
	coef    []T
	offsets []float64
	scratch []byte
	row     C.ray_row
}

func newNative[T grid.Float](name string, m Medium, offsets []float64, lim Limits) (Kernel[T], error) {
	k := &native[T]{name: name, lim: lim, offsets: offsets}
	for _, c := range m.InversePartition.Coef {
		k.coef = append(k.coef, T(c))
	}
	switch name {
	case "avx2":
		k.target = C.TARGET_AVX2
	case "base":
		k.target = C.TARGET_BASE
	default:
		return nil, fmt.Errorf("ray: no kernel named %q: want one of %v", name, Variants())
	}
	if C.has_target(k.target) == 0 {
		return nil, fmt.Errorf("ray: this processor cannot run kernel %q: want one of %v", name, Variants())
	}
	z := m.InversePartition
	k.line = C.ray_line{
		opacity: C.double(m.OpacityFactor), source: C.double(m.SourceFactor),
		upper_gap: C.double(m.GapK), lower: C.double(m.LowerK),
		thermal: C.double(m.ThermalFactor), inv_c: C.double(1 / m.SpeedOfLight),
		t_min: C.double(z.TMin), t_max: C.double(z.TMax),
		log_bins: C.int32_t(z.LogBins), first_octave: C.int32_t(math.Ilogb(z.TMin)),
	}
	// Ten vectors and three scalars per node and room to align.
	k.scratch = make([]byte, (lim.MaxCells+2)*(10*32+3*8)+16*64+256)
	lo, hi := offsets[0], offsets[0]
	for _, x := range offsets {
		lo, hi = min(lo, x), max(hi, x)
	}
	k.row.x_min, k.row.x_max = C.double(lo), C.double(hi)
	k.row.channels = C.int64_t(len(offsets))
	return k, nil
}

func (k *native[T]) Name() string { return k.name }

func (k *native[T]) Integrate(row *Row[T], out *Result[T]) (Light, error) {
	check(row, out, len(k.offsets), k.lim)
	r := &k.row
	r.step, r.across = C.int64_t(row.Step), C.int64_t(row.Across)
	r.rays, r.cells = C.int64_t(row.Rays), C.int64_t(row.Cells)
	r.v_sign, r.length = C.double(row.VelocitySign), C.double(row.CellLength)
	r.near_face, r.far_face, r.single = cbool(row.NearFace), cbool(row.FarFace), cbool(row.Single)
	r.pieces = C.int32_t(len(row.Ends))
	r.stride_ray, r.stride_channel, r.stride_piece = C.int64_t(out.StrideRay), C.int64_t(out.StrideChannel), C.int64_t(out.StridePiece)
	r.total, r.outside = 0, 0
	refused := C.integrate(k.target, cbool(unsafe.Sizeof(T(0)) == 8), &k.line, unsafe.Pointer(&k.coef[0]), &k.row,
		unsafe.Pointer(&row.Density[row.Origin]), unsafe.Pointer(&row.Temperature[row.Origin]),
		unsafe.Pointer(&row.Velocity[row.Origin]), unsafe.Pointer(&row.Turbulence[row.Origin]),
		(*C.int32_t)(unsafe.Pointer(&row.Ends[0])), (*C.double)(unsafe.Pointer(&k.offsets[0])),
		unsafe.Pointer(&out.Transmission[0]), unsafe.Pointer(&out.Emission[0]),
		unsafe.Pointer(&k.scratch[0]))
	if refused != 0 {
		return Light{}, k.refusal(row)
	}
	return Light{float64(r.total), float64(r.outside)}, nil
}

// refusal finds the first cell of a row that a kernel refused.
func (k *native[T]) refusal(row *Row[T]) error {
	for r := 0; r < row.Rays; r++ {
		for c := 0; c < row.Cells; c++ {
			if err := row.refuse(r, c, float64(k.line.t_min), float64(k.line.t_max), 1/float64(k.line.inv_c)); err != nil {
				return err
			}
		}
	}
	panic("ray: kernel refused a row that is in order")
}

// exponentials does nothing but two exponentials for each of n numbers.
func (k *native[T]) exponentials(n int) float64 {
	return float64(C.exponentials(k.target, cbool(unsafe.Sizeof(T(0)) == 8), C.int64_t(n)))
}

func cbool(b bool) C.int32_t {
	if b {
		return 1
	}
	return 0
}
