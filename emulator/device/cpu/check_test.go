// SPDX-License-Identifier: BSD-3-Clause

package cpu

import (
	"fmt"
	"math"
	"testing"
)

// numbers are n values in [-1, 1) that depend on seed only (Knuth's 64-bit linear congruential generator), fenced.
func numbers(t testing.TB, n int, seed uint64) []float32 {
	s := fenced(t, n)
	state := seed*0x9e3779b97f4a7c15 + 1
	for i := range s {
		state = state*6364136223846793005 + 1442695040888963407
		s[i] = float32(int32(state>>33)-1<<30) / (1 << 30)
	}
	return s
}

func wide(s []float32) []float64 {
	if s == nil {
		return nil
	}
	w := make([]float64, len(s))
	for i, v := range s {
		w[i] = float64(v)
	}
	return w
}

func magnitudes(s []float64) []float64 {
	if s == nil {
		return nil
	}
	m := make([]float64, len(s))
	for i, v := range s {
		m[i] = math.Abs(v)
	}
	return m
}

// near compares with the reference, where sums of n terms have absolute values
// that add up to sizes. Rounding errors of n additions grow like √n (Higham &
// Mary 2019, SIAM J. Sci. Comput. 41, A2815): allowed are 4√n + 4 units of 2⁻²⁴.
func near(t *testing.T, what string, got []float32, want, sizes []float64, n int) {
	t.Helper()
	unit := (4*math.Sqrt(float64(n)) + 4) / (1 << 24)
	for i, v := range got {
		if d := math.Abs(float64(v) - want[i]); !(d <= unit*sizes[i]+1e-37) {
			t.Fatalf("%s: element %d of %d is %v, want %v: off by %.3g, allowed %.3g", what, i, len(got), v, want[i], d, unit*sizes[i])
		}
	}
}

func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i, v := range got {
		if math.Float32bits(v) != math.Float32bits(want[i]) {
			t.Fatalf("%s: element %d of %d is %v, want exactly %v", what, i, len(got), v, want[i])
		}
	}
}

// everywhere runs f for all kernels on one, two and three threads.
func everywhere(t *testing.T, f func(t *testing.T, p *Pool)) {
	for _, v := range Variants() {
		for _, threads := range []int{1, 2, 3} {
			p, err := NewPoolOf(v, threads)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(fmt.Sprintf("%s/%d", v, threads), func(t *testing.T) { f(t, p) })
		}
	}
}
