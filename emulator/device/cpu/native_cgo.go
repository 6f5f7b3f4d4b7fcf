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
static void conv_weights(K k, const cpu_conv *c, i64 n, i64 a, i64 b, F x, F dy, float *dw, float *s, i64 len) { k->conv_weights(c, n, a, b, x, dy, dw, s, len); }
static void matvec(K k, i64 a, i64 b, i64 n, i64 relu, F w, F x, F bias, float *y) { k->matvec(a, b, n, relu, w, x, bias, y); }
static void matvec_bf16(K k, i64 a, i64 b, i64 n, i64 relu, const uint16_t *w, F x, F bias, float *y, float *s) { k->matvec_bf16(a, b, n, relu, w, x, bias, y, s); }
static void dots(K k, i64 a, i64 b, i64 rows, i64 n, i64 batch, i64 relu, F w, F x, F bias, float *y, float *s) { k->dots(a, b, rows, n, batch, relu, w, x, bias, y, s); }
static void gemm(K k, i64 m, i64 n, i64 d, i64 ar, i64 ac, i64 br, i64 bc, i64 cr, i64 add, F a, F b, float *c, float *s) {
	cpu_gemm g = {m, n, d, ar, ac, br, bc, cr, add};
	k->gemm(&g, a, b, c, s);
}
static void sums(K k, i64 a, i64 b, i64 batch, i64 ch, i64 n, F x, float *s) { k->sums(a, b, batch, ch, n, x, s); }
static void bn_stats(K k, i64 a, i64 b, i64 batch, i64 ch, i64 n, F x, float *m, float *v) { k->bn_stats(a, b, batch, ch, n, x, m, v); }
static void bn_apply(K k, i64 a, i64 b, i64 batch, i64 ch, i64 n, i64 relu, F x, F s, F t, F r, float *y) { k->bn_apply(a, b, batch, ch, n, relu, x, s, t, r, y); }
static void bn_backward(K k, i64 a, i64 b, i64 batch, i64 ch, i64 n, i64 relu, double eps, F x, F dy, F s, F t, F m, F v, float *dx, float *dg, float *db) {
	k->bn_backward(a, b, batch, ch, n, relu, eps, x, dy, s, t, m, v, dx, dg, db);
}
static void max_pool(K k, i64 a, i64 b, i64 d, i64 h, i64 w, F x, float *y, int32_t *arg) { k->pool(a, b, d, h, w, x, y, arg); }
static void upsample(K k, i64 a, i64 b, i64 h, i64 w, F x, float *y) { k->upsample(a, b, h, w, x, y); }
static void upsample_back(K k, i64 a, i64 b, i64 h, i64 w, F dy, float *dx) { k->upsample_back(a, b, h, w, dy, dx); }
static void tanh_all(K k, i64 a, i64 b, F x, float *y) { k->tanh(a, b, x, y); }
static void tanh_back(K k, i64 a, i64 b, F y, F dy, float *dx) { k->tanh_back(a, b, y, dy, dx); }
static void add(K k, i64 a, i64 b, F x, F z, float *y) { k->add(a, b, x, z, y); }
static void relu_back(K k, i64 a, i64 b, F y, F dy, float *dx) { k->relu_back(a, b, y, dy, dx); }
static void adam(K k, const cpu_adam *s, i64 a, i64 b, F g, float *w, float *m, float *v) { k->adam(s, a, b, g, w, m, v); }
static void weight_slots(K k, i64 a, i64 b, i64 rows, i64 n, i64 slots, const i64 *bounds, F x, F dy, float *dw, float *s) {
	k->weight_slots(a, b, rows, n, slots, bounds, x, dy, dw, s);
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

func ptr(s []float32) *C.float { return (*C.float)(unsafe.Pointer(unsafe.SliceData(s))) }
func in(i int) C.int64_t       { return C.int64_t(i) }
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

func (v *native) convWeights(g *geometry, batch, first, last int, x, dy, dw, scratch []float32) {
	C.conv_weights(v.k, shape(g), in(batch), in(first), in(last), ptr(x), ptr(dy), ptr(dw), ptr(scratch), in(len(scratch)))
}

func (v *native) matvec(first, last, k int, relu bool, w, x, bias, y []float32) {
	C.matvec(v.k, in(first), in(last), in(k), flag(relu), ptr(w), ptr(x), ptr(bias), ptr(y))
}

func (v *native) matvecBF16(first, last, k int, relu bool, w []uint16, x, bias, y, scratch []float32) {
	half := (*C.uint16_t)(unsafe.Pointer(unsafe.SliceData(w)))
	C.matvec_bf16(v.k, in(first), in(last), in(k), flag(relu), half, ptr(x), ptr(bias), ptr(y), ptr(scratch))
}

func (v *native) dots(first, last, rows, k, batch int, relu bool, w, x, bias, y, scratch []float32) {
	C.dots(v.k, in(first), in(last), in(rows), in(k), in(batch), flag(relu), ptr(w), ptr(x), ptr(bias), ptr(y), ptr(scratch))
}

func (v *native) gemm(g gemmShape, a, b, c, scratch []float32) {
	C.gemm(v.k, C.int64_t(g.m), C.int64_t(g.n), C.int64_t(g.k), C.int64_t(g.aRow), C.int64_t(g.aCol), C.int64_t(g.bRow), C.int64_t(g.bCol),
		C.int64_t(g.cRow), C.int64_t(g.add), ptr(a), ptr(b), ptr(c), ptr(scratch))
}

func (v *native) sums(first, last int, t *tensor, x, sum []float32) {
	C.sums(v.k, in(first), in(last), in(t.batch), in(t.channels), in(t.n), ptr(x), ptr(sum))
}

func (v *native) normStats(first, last int, t *tensor, x, mean, variance []float32) {
	C.bn_stats(v.k, in(first), in(last), in(t.batch), in(t.channels), in(t.n), ptr(x), ptr(mean), ptr(variance))
}

func (v *native) normApply(first, last int, t *tensor, relu bool, x, scale, shift, residual, y []float32) {
	C.bn_apply(v.k, in(first), in(last), in(t.batch), in(t.channels), in(t.n), flag(relu), ptr(x), ptr(scale), ptr(shift), ptr(residual), ptr(y))
}

func (v *native) normBackward(first, last int, t *tensor, relu bool, eps float64, x, dy, scale, shift, mean, variance, dx, dgamma, dbeta []float32) {
	C.bn_backward(v.k, in(first), in(last), in(t.batch), in(t.channels), in(t.n), flag(relu), C.double(eps), ptr(x), ptr(dy),
		ptr(scale), ptr(shift), ptr(mean), ptr(variance), ptr(dx), ptr(dgamma), ptr(dbeta))
}

func (v *native) maxPool(first, last int, t *tensor, x, y []float32, arg []int32) {
	index := (*C.int32_t)(unsafe.Pointer(unsafe.SliceData(arg)))
	C.max_pool(v.k, in(first), in(last), in(t.d), in(t.h), in(t.w), ptr(x), ptr(y), index)
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

func (v *native) adam(a *adamStep, first, last int, g, w, m, u []float32) {
	C.adam(v.k, (*C.cpu_adam)(unsafe.Pointer(a)), in(first), in(last), ptr(g), ptr(w), ptr(m), ptr(u))
}

func (v *native) weightSlots(first, last, rows, n int, bounds []int64, x, dy, dw, scratch []float32) {
	slots := (*C.int64_t)(unsafe.Pointer(unsafe.SliceData(bounds)))
	C.weight_slots(v.k, in(first), in(last), in(rows), in(n), in(len(bounds)-1), slots, ptr(x), ptr(dy), ptr(dw), ptr(scratch))
}

func (v *native) peak(rounds int, seed []float32) float64 {
	return float64(C.peak(v.k, in(rounds), ptr(seed)))
}
func (v *native) read(x []float32) float64 { return float64(C.read_all(v.k, in(len(x)), ptr(x))) }
