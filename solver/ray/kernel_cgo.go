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

static int64_t cross(int target, int f64, const ray_line *line, const void *coef, ray_beam *beam, const void *fields,
		const void *x0, const void *y0, const void *z0, const double *x, void *transmission, void *emission,
		void *depth, void *first, void *second, void *pieces, int32_t *count, int32_t *last, void *scratch) {
	ray_line l = *line;
	ray_beam b = *beam;
	l.coef = coef;
	b.fields = fields;
	b.start[0] = x0; b.start[1] = y0; b.start[2] = z0;
	b.x = x;
	b.transmission = transmission; b.emission = emission;
	b.depth = depth; b.first_moment = first; b.second_moment = second;
	b.pieces = pieces; b.count = count; b.last = last;
#if defined(__x86_64__)
	if (target == TARGET_AVX2) f64 ? ray_beam64_avx2(&l, &b, scratch) : ray_beam32_avx2(&l, &b, scratch);
	else
#endif
	f64 ? ray_beam64_base(&l, &b, scratch) : ray_beam32_base(&l, &b, scratch);
	beam->total = b.total; beam->outside = b.outside;
	beam->segments = b.segments;
	return b.steps;
}

static int pack(int target, int f64, const ray_line *line, const ray_sheet *sheet, const void *n, const void *t,
		const void *vx, const void *vy, const void *vz, const void *w, void *points) {
	ray_sheet s = *sheet;
	s.density = n; s.temperature = t; s.turbulence = w;
	s.velocity[0] = vx; s.velocity[1] = vy; s.velocity[2] = vz;
	s.points = points;
#if defined(__x86_64__)
	if (target == TARGET_AVX2) return f64 ? ray_pack64_avx2(line, &s) : ray_pack32_avx2(line, &s);
#endif
	return f64 ? ray_pack64_base(line, &s) : ray_pack32_base(line, &s);
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
	beam    C.ray_beam
	sheet   C.ray_sheet
	legs    []byte // scratch of Cross
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
	// Eleven vectors and two scalars per node and room to align.
	k.scratch = make([]byte, (lim.MaxCells+2)*(11*32+2*8)+16*64+256)
	lo, hi := offsets[0], offsets[0]
	for _, x := range offsets {
		lo, hi = min(lo, x), max(hi, x)
	}
	k.row.window.x_min, k.row.window.x_max = C.double(lo), C.double(hi)
	k.row.channels = C.int64_t(len(offsets))
	return k, nil
}

func (k *native[T]) Name() string { return k.name }

func (k *native[T]) Integrate(row *Row[T], out *Result[T]) (Light, error) {
	check(row, out, len(k.offsets), k.lim)
	r := &k.row
	r.step, r.across = C.int64_t(row.Step), C.int64_t(row.Across)
	r.rays, r.cells = C.int64_t(row.Rays), C.int64_t(row.Cells)
	r.window.v_sign, r.window.length = C.double(row.VelocitySign), C.double(row.CellLength)
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

func (k *native[T]) bounds() (tMin, tMax, light float64) {
	return float64(k.line.t_min), float64(k.line.t_max), 1 / float64(k.line.inv_c)
}

func (k *native[T]) Pack(s *Sheet[T]) bool {
	c := &k.sheet
	c.rows, c.columns = C.int64_t(s.Rows), C.int64_t(s.Columns)
	c.row_cells, c.row_points = C.int64_t(s.RowCells), C.int64_t(s.RowPoints)
	var v [3]unsafe.Pointer
	for a, field := range s.Cube.Velocity {
		c.away[a] = C.double(s.Away[a])
		v[a] = unsafe.Pointer(&s.Cube.Density[s.Origin]) // 0 times a number that is refused if it is not finite
		if field != nil && s.Away[a] != 0 {
			v[a] = unsafe.Pointer(&field[s.Origin])
		}
	}
	return C.pack(k.target, cbool(unsafe.Sizeof(T(0)) == 8), &k.line, &k.sheet, unsafe.Pointer(&s.Cube.Density[s.Origin]),
		unsafe.Pointer(&s.Cube.Temperature[s.Origin]), v[0], v[1], v[2], unsafe.Pointer(&s.Cube.Turbulence[s.Origin]),
		unsafe.Pointer(&s.Points[0])) == 0
}

func (k *native[T]) Cross(b *Beam[T], out *Passage[T]) (Light, Work) {
	checkBeam(b, out, len(k.offsets))
	k.aim(b)
	k.beam.stride_channel = C.int64_t(out.Stride)
	var depth, first, second unsafe.Pointer
	if out.Depth != nil {
		depth, first, second = unsafe.Pointer(&out.Depth[0]), unsafe.Pointer(&out.First[0]), unsafe.Pointer(&out.Second[0])
	}
	v := b.Volume
	steps := C.cross(k.target, cbool(unsafe.Sizeof(T(0)) == 8), &k.line, unsafe.Pointer(&k.coef[0]), &k.beam, unsafe.Pointer(&v.Points[0]),
		unsafe.Pointer(&b.Start[0][0]), unsafe.Pointer(&b.Start[1][0]), unsafe.Pointer(&b.Start[2][0]),
		(*C.double)(unsafe.Pointer(&k.offsets[0])), unsafe.Pointer(&out.Transmission[0]), unsafe.Pointer(&out.Emission[0]),
		depth, first, second, nil, nil, nil, unsafe.Pointer(&k.legs[0]))
	return Light{float64(k.beam.total), float64(k.beam.outside)}, Work{int64(k.beam.segments), int64(steps)}
}

func (k *native[T]) CrossLeaves(b *Beam[T], out *Leaves[T]) (Light, Work) {
	checkLeaves(b, out, len(k.offsets))
	k.aim(b)
	k.beam.most = C.int64_t(out.Most)
	v := b.Volume
	steps := C.cross(k.target, cbool(unsafe.Sizeof(T(0)) == 8), &k.line, unsafe.Pointer(&k.coef[0]), &k.beam, unsafe.Pointer(&v.Points[0]),
		unsafe.Pointer(&b.Start[0][0]), unsafe.Pointer(&b.Start[1][0]), unsafe.Pointer(&b.Start[2][0]),
		(*C.double)(unsafe.Pointer(&k.offsets[0])), nil, nil, nil, nil, nil,
		unsafe.Pointer(&out.Pieces[0]), (*C.int32_t)(unsafe.Pointer(&out.Count[0])), (*C.int32_t)(unsafe.Pointer(&out.Last[0])), unsafe.Pointer(&k.legs[0]))
	return Light{float64(k.beam.total), float64(k.beam.outside)}, Work{int64(k.beam.segments), int64(steps)}
}

// aim describes a beam to the kernel in C.
func (k *native[T]) aim(b *Beam[T]) {
	if k.legs == nil {
		// Ten vectors per node of a leg, five per channel, and room to align.
		k.legs = make([]byte, 10*32*(C.RAY_LEG+1+8)+5*32*(len(k.offsets)+1)+128)
	}
	v, c := b.Volume, &k.beam
	along, stride := v.Along(), v.strides()
	for a := range along {
		c.along[a], c.inverse[a] = C.double(along[a]), 0
		if along[a] != 0 {
			c.inverse[a] = C.double(1 / along[a])
		}
		c.stride[a] = C.int64_t(stride[a])
		c.first[a], c.lo[a], c.hi[a], c.cells[a] = C.int32_t(v.First[a]), C.int32_t(v.Lo[a]), C.int32_t(v.Hi[a]), C.int32_t(v.Cells[a])
		c.closed[a] = cbool(v.Closed[a])
	}
	c.rays = C.int64_t(len(b.Start[0]))
	c.window = C.ray_window{v_sign: 1, length: C.double(v.Unit()), x_min: k.row.window.x_min, x_max: k.row.window.x_max}
	c.channels = C.int64_t(len(k.offsets))
	c.total, c.outside, c.segments, c.steps = 0, 0, 0, 0
}
