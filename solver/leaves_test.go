// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/columen/columen/solver/ray"
)

// Fixed mode: the same bits on any lattice whose cuts lie at multiples of a leaf, from any direction and in both precisions, and
// the image of fast mode.
func TestObliqueFixedModeIsBitwise(t *testing.T) {
	l := coLine(t, 1)
	m := meshOf(27, 16, 37) // 4, 2 and 5 leaves, two of them short
	for i, cam := range cameras(m) {
		if i%2 == 1 {
			continue // more pixels
		}
		p := Problem{Line: l, FrequenciesHz: channels(l, 5, 600), Camera: &cam, Fixed: true, Threads: 2, AtCenters: i%3 == 2}
		p.BackgroundSI = cmb(2.725, p.FrequenciesHz)
		want64 := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
		want32 := solveRanks[float32](t, m, [3]int{1, 1, 1}, spiral, p)
		lattices := [][3]int{{2, 1, 3}, {2, 2, 2}, {2, 1, 1}, {1, 1, 3}, {4, 1, 1}, {1, 2, 4}, {1, 1, 5}, {3, 2, 1}}
		if testing.Short() {
			lattices = lattices[:2]
		}
		for _, r := range lattices {
			bitwise(t, fmt.Sprintf("f64 from %.3f ranks %v", cam.Observer, r), solveRanks[float64](t, m, r, spiral, p), want64)
			bitwise(t, fmt.Sprintf("f32 from %.3f ranks %v", cam.Observer, r), solveRanks[float32](t, m, r, spiral, p), want32)
		}
		p.Fixed = false
		if d := difference(solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p), want64); d > 1e-13 {
			t.Errorf("from %.3f: fast and fixed differ by %.1e of the peak", cam.Observer, d)
		}
	}
}

// Every kernel, random directions, and rays of more segments than a kernel collects at a time: where its legs end must not be seen.
func TestObliqueFixedModeOfLongRays(t *testing.T) {
	l := coLine(t, 1)
	m := meshOf(64, 40, 48)
	rng := rand.New(rand.NewPCG(3, 4))
	for _, kernel := range ray.Variants() {
		for range 2 {
			cam := NewCamera(180*rng.Float64(), 360*rng.Float64(), 360*rng.Float64()).Frame(m, 5, 5, 0)
			p := Problem{Line: l, FrequenciesHz: channels(l, 3, 600), Camera: &cam, Fixed: true, Threads: 2, Kernel: kernel}
			want64 := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
			want32 := solveRanks[float32](t, m, [3]int{1, 1, 1}, spiral, p)
			for _, r := range [][3]int{{3, 1, 2}, {2, 2, 2}} {
				bitwise(t, fmt.Sprintf("%s f64 from %.3f ranks %v", kernel, cam.Observer, r), solveRanks[float64](t, m, r, spiral, p), want64)
				bitwise(t, fmt.Sprintf("%s f32 from %.3f ranks %v", kernel, cam.Observer, r), solveRanks[float32](t, m, r, spiral, p), want32)
			}
		}
	}
}

// In fast mode the bits do depend on the ranks: the comparison of fixed mode can fail.
func TestFastModeIsNotFixed(t *testing.T) {
	l := coLine(t, 1)
	m := meshOf(27, 16, 37)
	cam := NewCamera(60, 30, 0).Frame(m, 14, 12, 0)
	p := Problem{Line: l, FrequenciesHz: channels(l, 5, 600), Camera: &cam, Threads: 1}
	if slices.Equal(solveRanks[float64](t, m, [3]int{2, 2, 2}, spiral, p), solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)) {
		t.Error("fast mode on 1 and 8 ranks: all bits equal, which the test of fixed mode would not notice")
	}
}
