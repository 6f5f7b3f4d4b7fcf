// SPDX-License-Identifier: BSD-3-Clause

//go:build cgo

package cpu

/*
#cgo CFLAGS: -O3 -Wno-psabi -I${SRCDIR}/../../../internal/vec
#cgo LDFLAGS: -lm
#include "kernel.h"

enum { TARGET_BASE, TARGET_AVX2 };

static const cpu_kernels *kernels_of(int t) {
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (t == TARGET_AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &cpu_kernels_avx2;
#endif
	return t == TARGET_BASE ? &cpu_kernels_base : 0;
}

// Go cannot call through a C function pointer.
typedef const cpu_kernels *K;
typedef int64_t i64;
typedef const float *F;
static void conv(K k, const cpu_conv *c, i64 a, i64 b, F x, F w, F r, float *y, float *s) { k->conv(c, a, b, x, w, r, y, s); }
static void conv_pool(K k, const cpu_conv *c, i64 a, i64 b, F x, F w, float *y) { k->conv_pool(c, a, b, x, w, y); }
static void conv_back(K k, const cpu_conv *c, i64 a, i64 b, F dy, F w, float *dx, float *s) { k->conv_back(c, a, b, dy, w, dx, s); }
static void conv_weights(K k, const cpu_conv *c, i64 n, i64 a, i64 b, F x, F dy, float *dw, double *db, float *s, i64 len) {
	k->conv_weights(c, n, a, b, x, dy, dw, db, s, len);
}
static void matvec(K k, i64 a, i64 b, i64 n, i64 relu, F w, F x, F bias, float *y) { k->matvec(a, b, n, relu, w, x, bias, y); }
static void matvec_bf16(K k, i64 a, i64 b, i64 n, i64 relu, const uint16_t *w, F x, F bias, float *y, F s) { k->matvec_bf16(a, b, n, relu, w, x, bias, y, s); }
static void round_bf16(K k, i64 a, i64 b, F w, uint16_t *to) { k->round_bf16(a, b, w, to); }
static void dots(K k, i64 a, i64 b, i64 rows, i64 n, i64 batch, i64 relu, F w, const uint16_t *half, F x, F bias, float *y, float *s) {
	k->dots(a, b, rows, n, batch, relu, w, half, x, bias, y, s);
}
static void gemm(K k, i64 m, i64 n, i64 d, i64 ar, i64 ac, i64 br, i64 bc, i64 cr, i64 add, i64 skinny, i64 shallow, F a, F b, float *c, float *s) {
	cpu_gemm g = {m, n, d, ar, ac, br, bc, cr, add, skinny, shallow};
	k->gemm(&g, a, b, c, s);
}
static void gemm_sums(K k, i64 m, i64 n, i64 d, i64 ar, i64 ac, i64 br, i64 bc, i64 cr, i64 skinny, F a, F b, double *c, float *s) {
	cpu_gemm g = {m, n, d, ar, ac, br, bc, cr, 0, skinny, 1};
	k->gemm_sums(&g, a, b, c, s);
}
static void dot_sums(K k, i64 a, i64 b, i64 rows, i64 n, i64 batch, F w, F x, F bias, float *y, double *sums, float *s) {
	k->dot_sums(a, b, rows, n, batch, w, x, bias, y, sums, s);
}
static void bn_stats(K k, i64 a, i64 b, i64 n, F x, double *m) { k->bn_stats(a, b, n, x, m); }
static void bn_apply(K k, i64 a, i64 b, i64 ch, i64 n, i64 relu, F x, F s, F t, F r, float *y) { k->bn_apply(a, b, ch, n, relu, x, s, t, r, y); }
static void bn_sums(K k, i64 a, i64 b, i64 ch, i64 n, i64 relu, F x, F dy, F s, F t, F m, double *to) { k->bn_sums(a, b, ch, n, relu, x, dy, s, t, m, to); }
static void bn_backward(K k, i64 a, i64 b, i64 ch, i64 n, i64 relu, F x, F dy, F s, F t, F m, F off, F slope, float *dx) {
	k->bn_backward(a, b, ch, n, relu, x, dy, s, t, m, off, slope, dx);
}
static void max_pool(K k, i64 a, i64 b, i64 d, i64 h, i64 w, F x, float *y) { k->pool(a, b, d, h, w, x, y); }
static void max_pool_back(K k, i64 a, i64 b, i64 d, i64 h, i64 w, F x, F dy, float *dx) { k->pool_back(a, b, d, h, w, x, dy, dx); }
static void upsample(K k, i64 a, i64 b, i64 h, i64 w, F x, float *y) { k->upsample(a, b, h, w, x, y); }
static void upsample_back(K k, i64 a, i64 b, i64 h, i64 w, F dy, float *dx) { k->upsample_back(a, b, h, w, dy, dx); }
static void tanh_all(K k, i64 a, i64 b, F x, float *y) { k->tanh(a, b, x, y); }
static void tanh_back(K k, i64 a, i64 b, F y, F dy, float *dx) { k->tanh_back(a, b, y, dy, dx); }
static void add(K k, i64 a, i64 b, F x, F z, float *y) { k->add(a, b, x, z, y); }
static void relu_back(K k, i64 a, i64 b, F y, F dy, float *dx) { k->relu_back(a, b, y, dy, dx); }
static void relu_all(K k, i64 a, i64 b, F x, float *y) { k->relu(a, b, x, y); }
static void axpy(K k, i64 a, i64 b, float f, F x, float *y) { k->axpy(a, b, f, x, y); }
static void squares(K k, i64 a, i64 b, i64 n, i64 size, F x, double *s) { k->squares(a, b, n, size, x, s); }
static void adam(K k, const cpu_adam *s, i64 a, i64 b, F g, float *w, float *m, float *v) { k->adam(s, a, b, g, w, m, v); }
static void weight_slots(K k, i64 a, i64 b, i64 rows, i64 n, i64 add, i64 slots, const i64 *bounds, F x, F dy, float *dw, float *s) {
	k->weight_slots(a, b, rows, n, add, slots, bounds, x, dy, dw, s);
}
static double peak(K k, i64 rounds, F seed) { return k->peak(rounds, seed); }
static double read_all(K k, i64 n, F x) { return k->read(n, x); }
*/
import "C"

import "unsafe"

// Variants names the kernels that this machine can run, fastest first.
func Variants() []string {
	var names []string
	for _, v := range natives() {
		if C.kernels_of(v.target) != nil {
			names = append(names, v.variant)
		}
	}
	return append(names, "scalar")
}

func natives() []native {
	return []native{{variant: "avx2", target: C.TARGET_AVX2}, {variant: "base", target: C.TARGET_BASE}}
}

func backendOf(variant string) (backend, error) {
	if variant == "scalar" {
		return scalar{}, nil
	}
	for _, v := range natives() {
		if v.k = C.kernels_of(v.target); v.variant == variant && v.k != nil {
			return &v, nil
		}
	}
	return nil, unknownVariant(variant)
}

// native is one build of the kernels in C.
type native struct {
	variant string
	target  C.int
	k       *C.cpu_kernels
}

func ptr(s []float32) *C.float    { return (*C.float)(unsafe.Pointer(unsafe.SliceData(s))) }
func half(s []uint16) *C.uint16_t { return (*C.uint16_t)(unsafe.Pointer(unsafe.SliceData(s))) }
func doubles(s []float64) *C.double {
	return (*C.double)(unsafe.Pointer(unsafe.SliceData(s)))
}
func in(i int) C.int64_t { return C.int64_t(i) }
func flag(b bool) C.int64_t {
	if b {
		return 1
	}
	return 0
}
func shape(g *geometry) *C.cpu_conv { return (*C.cpu_conv)(unsafe.Pointer(g)) }

func (v *native) name() string { return v.variant }
func (v *native) lanes() int64 { return int64(v.k.lanes) }

func (v *native) canPool(g *geometry) bool {
	return g.Kernel == [3]int64{3, 3, 3} && g.Stride == 1 && g.Pad == [3]int64{} && g.Out%4 == 0 && g.OutSize[2]/2 >= v.lanes()
}

func (v *native) conv(g *geometry, first, last int, x, packed, residual, y, scratch []float32) {
	C.conv(v.k, shape(g), in(first), in(last), ptr(x), ptr(packed), ptr(residual), ptr(y), ptr(scratch))
}

func (v *native) convPool(g *geometry, first, last int, x, packed, y []float32) {
	C.conv_pool(v.k, shape(g), in(first), in(last), ptr(x), ptr(packed), ptr(y))
}

func (v *native) canHalve() bool { return true }

func (v *native) convBack(g *geometry, first, last int, dy, packed, dx, scratch []float32) {
	C.conv_back(v.k, shape(g), in(first), in(last), ptr(dy), ptr(packed), ptr(dx), ptr(scratch))
}

func (v *native) convWeights(g *geometry, batch, first, last int, x, dy, dw []float32, db []float64, scratch []float32) {
	C.conv_weights(v.k, shape(g), in(batch), in(first), in(last), ptr(x), ptr(dy), ptr(dw), doubles(db), ptr(scratch), in(len(scratch)))
}

func (v *native) matvec(first, last, k int, relu bool, w, x, bias, y []float32) {
	C.matvec(v.k, in(first), in(last), in(k), flag(relu), ptr(w), ptr(x), ptr(bias), ptr(y))
}

func (v *native) matvecBF16(first, last, k int, relu bool, w []uint16, x, bias, y, split []float32) {
	C.matvec_bf16(v.k, in(first), in(last), in(k), flag(relu), half(w), ptr(x), ptr(bias), ptr(y), ptr(split))
}

func (v *native) roundBF16(first, last int, w []float32, to []uint16) {
	C.round_bf16(v.k, in(first), in(last), ptr(w), half(to))
}

func (v *native) dots(first, last, rows, k, batch int, relu bool, w []float32, h []uint16, x, bias, y, scratch []float32) {
	C.dots(v.k, in(first), in(last), in(rows), in(k), in(batch), flag(relu), ptr(w), half(h), ptr(x), ptr(bias), ptr(y), ptr(scratch))
}

func (v *native) gemm(g gemmShape, a, b, c, scratch []float32) {
	C.gemm(v.k, C.int64_t(g.m), C.int64_t(g.n), C.int64_t(g.k), C.int64_t(g.aRow), C.int64_t(g.aCol), C.int64_t(g.bRow), C.int64_t(g.bCol),
		C.int64_t(g.cRow), C.int64_t(g.add), C.int64_t(g.skinny), C.int64_t(g.shallow), ptr(a), ptr(b), ptr(c), ptr(scratch))
}

func (v *native) gemmSums(g gemmShape, a, b []float32, c []float64, scratch []float32) {
	C.gemm_sums(v.k, C.int64_t(g.m), C.int64_t(g.n), C.int64_t(g.k), C.int64_t(g.aRow), C.int64_t(g.aCol), C.int64_t(g.bRow), C.int64_t(g.bCol),
		C.int64_t(g.cRow), C.int64_t(g.skinny), ptr(a), ptr(b), doubles(c), ptr(scratch))
}

func (v *native) dotSums(first, last, rows, k, batch int, w, x, bias, y []float32, sums []float64, scratch []float32) {
	C.dot_sums(v.k, in(first), in(last), in(rows), in(k), in(batch), ptr(w), ptr(x), ptr(bias), ptr(y), doubles(sums), ptr(scratch))
}

func (v *native) normStats(first, last, n int, x []float32, moments []float64) {
	C.bn_stats(v.k, in(first), in(last), in(n), ptr(x), doubles(moments))
}

func (v *native) normApply(first, last int, t *tensor, relu bool, x, scale, shift, residual, y []float32) {
	C.bn_apply(v.k, in(first), in(last), in(t.channels), in(t.n), flag(relu), ptr(x), ptr(scale), ptr(shift), ptr(residual), ptr(y))
}

func (v *native) normSums(first, last int, t *tensor, relu bool, x, dy, scale, shift, mean []float32, sums []float64) {
	C.bn_sums(v.k, in(first), in(last), in(t.channels), in(t.n), flag(relu), ptr(x), ptr(dy), ptr(scale), ptr(shift), ptr(mean), doubles(sums))
}

func (v *native) normBackward(first, last int, t *tensor, relu bool, x, dy, scale, shift, mean, off, slope, dx []float32) {
	C.bn_backward(v.k, in(first), in(last), in(t.channels), in(t.n), flag(relu), ptr(x), ptr(dy),
		ptr(scale), ptr(shift), ptr(mean), ptr(off), ptr(slope), ptr(dx))
}

func (v *native) maxPool(first, last int, t *tensor, x, y []float32) {
	C.max_pool(v.k, in(first), in(last), in(t.d), in(t.h), in(t.w), ptr(x), ptr(y))
}

func (v *native) maxPoolBack(first, last int, t *tensor, x, dy, dx []float32) {
	C.max_pool_back(v.k, in(first), in(last), in(t.d), in(t.h), in(t.w), ptr(x), ptr(dy), ptr(dx))
}

func (v *native) upsample(first, last int, t *tensor, x, y []float32) {
	C.upsample(v.k, in(first), in(last), in(t.h), in(t.w), ptr(x), ptr(y))
}

func (v *native) upsampleBack(first, last int, t *tensor, dy, dx []float32) {
	C.upsample_back(v.k, in(first), in(last), in(t.h), in(t.w), ptr(dy), ptr(dx))
}

func (v *native) tanh(first, last int, x, y []float32) {
	C.tanh_all(v.k, in(first), in(last), ptr(x), ptr(y))
}

func (v *native) tanhBack(first, last int, y, dy, dx []float32) {
	C.tanh_back(v.k, in(first), in(last), ptr(y), ptr(dy), ptr(dx))
}

func (v *native) add(first, last int, a, b, y []float32) {
	C.add(v.k, in(first), in(last), ptr(a), ptr(b), ptr(y))
}

func (v *native) reluBack(first, last int, y, dy, dx []float32) {
	C.relu_back(v.k, in(first), in(last), ptr(y), ptr(dy), ptr(dx))
}

func (v *native) relu(first, last int, x, y []float32) {
	C.relu_all(v.k, in(first), in(last), ptr(x), ptr(y))
}

func (v *native) axpy(first, last int, a float32, x, y []float32) {
	C.axpy(v.k, in(first), in(last), C.float(a), ptr(x), ptr(y))
}

func (v *native) squares(first, last, n int, x []float32, sum []float64) {
	C.squares(v.k, in(first), in(last), in(n), in(len(x)), ptr(x), doubles(sum))
}

func (v *native) adam(a *adamStep, first, last int, g, w, m, u []float32) {
	C.adam(v.k, (*C.cpu_adam)(unsafe.Pointer(a)), in(first), in(last), ptr(g), ptr(w), ptr(m), ptr(u))
}

func (v *native) weightSlots(first, last, rows, n int, add bool, bounds []int64, x, dy, dw, scratch []float32) {
	slots := (*C.int64_t)(unsafe.Pointer(unsafe.SliceData(bounds)))
	C.weight_slots(v.k, in(first), in(last), in(rows), in(n), flag(add), in(len(bounds)-1), slots, ptr(x), ptr(dy), ptr(dw), ptr(scratch))
}

func (v *native) peak(rounds int, seed []float32) float64 {
	return float64(C.peak(v.k, in(rounds), ptr(seed)))
}
func (v *native) read(x []float32) float64 { return float64(C.read_all(v.k, in(len(x)), ptr(x))) }
