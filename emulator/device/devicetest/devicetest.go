// SPDX-License-Identifier: BSD-3-Clause

// Package devicetest is the suite that every device must pass. Expected values
// come from the definitions of the operations, written here as plain loops in
// float64 and shared with no device, at awkward as well as real sizes. Results
// that are to be overwritten hold NaN before, gradients that are to be added to
// hold numbers.
package devicetest

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/columen/columen/emulator/device"
)

// Run checks a device. The tolerance is relative to the largest expected value
// of each result: about 1e-12 for float64 and 2e-5 for float32.
func Run[T device.Float](t *testing.T, open func() device.Device[T], tolerance float64) {
	t.Helper()
	for _, g := range groups[T]() {
		t.Run(g.name, func(t *testing.T) {
			b := &bench[T]{t: t, dev: open()}
			g.run(b)
			b.sync()
			for _, r := range b.results {
				r.compare(t, tolerance)
			}
		})
	}
}

// RunThreads checks that results are the same, bit by bit, for the numbers of
// threads 1, 2 and 5. It is for devices that promise so.
func RunThreads[T device.Float](t *testing.T, open func(threads int) device.Device[T]) {
	t.Helper()
	for _, g := range groups[T]() {
		t.Run(g.name, func(t *testing.T) {
			one := &bench[T]{t: t, dev: open(1)}
			g.run(one)
			for _, threads := range []int{2, 5} {
				many := &bench[T]{t: t, dev: open(threads)}
				g.run(many)
				many.sync()
				for i, r := range many.results {
					same := result{name: fmt.Sprintf("%s with %d threads", r.name, threads), got: r.got, want: one.results[i].got}
					same.compare(t, 0)
				}
			}
		})
	}
}

type group[T device.Float] struct {
	name string
	run  func(b *bench[T])
}

func groups[T device.Float]() []group[T] {
	return []group[T]{
		{"memory", checkMemory[T]},
		{"convolution", checkConv[T]},
		{"fusion", checkFuse[T]},
		{"normalisation", checkNorm[T]},
		{"linear", checkLinear[T]},
		{"slots", checkSlots[T]},
		{"resampling", checkResample[T]},
		{"elementwise", checkElementwise[T]},
		{"adam", checkAdam[T]},
	}
}

// bench makes inputs on a device and collects results.
type bench[T device.Float] struct {
	t       *testing.T
	dev     device.Device[T]
	seed    uint32
	results []result
}

type result struct {
	name      string
	got, want []float64
}

// input returns n values on (−1, 1), another set at each call, on the device
// and as the numbers that the device sees.
func (b *bench[T]) input(n int) (device.Buffer[T], []float64) {
	host, wide := make([]T, n), make([]float64, n)
	b.seed += 0x9E3779B9
	state := b.seed
	for i := range host {
		state = state*1664525 + 1013904223
		host[i] = T(float32(state>>8)/(1<<23) - 1)
		wide[i] = float64(host[i])
	}
	buf := b.dev.Alloc(n)
	b.dev.Upload(buf, host)
	return buf, wide
}

// from returns these values on the device.
func (b *bench[T]) from(values []float64) device.Buffer[T] {
	host := make([]T, len(values))
	for i, v := range values {
		host[i] = T(v)
	}
	buf := b.dev.Alloc(len(values))
	b.dev.Upload(buf, host)
	return buf
}

// output returns n values of NaN.
func (b *bench[T]) output(n int) device.Buffer[T] {
	buf := b.dev.Alloc(n)
	b.dev.Fill(buf, T(math.NaN()))
	return buf
}

// expect records what a buffer holds now and what it should hold.
func (b *bench[T]) expect(name string, got device.Buffer[T], want []float64) {
	host := make([]T, got.Len())
	b.dev.Download(host, got)
	wide := make([]float64, len(host))
	for i, v := range host {
		wide[i] = float64(v)
	}
	b.results = append(b.results, result{name, wide, slices.Clone(want)})
}

func (b *bench[T]) sync() {
	b.t.Helper()
	if err := b.dev.Sync(); err != nil {
		b.t.Fatal(err)
	}
}

// compare reports the worst value.
func (r result) compare(t *testing.T, tolerance float64) {
	t.Helper()
	if len(r.got) != len(r.want) {
		t.Errorf("%s: %d values, want %d", r.name, len(r.got), len(r.want))
		return
	}
	var scale, worst float64
	at := -1
	for i, w := range r.want {
		scale = max(scale, math.Abs(w))
		if d := math.Abs(r.got[i] - w); !(d <= worst) {
			worst, at = d, i
			if math.IsNaN(d) {
				break
			}
		}
	}
	if !(worst <= tolerance*scale) {
		t.Errorf("%s[%d] = %.10g, want %.10g; the largest value is %.3g", r.name, at, r.got[at], r.want[at], scale)
	}
}
