// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"math"
	"slices"
	"testing"
)

// noise returns n numbers in [−1, 1) under a key.
func noise(n int, sample uint64) []float32 {
	r := NewRandom(5, PurposeModel, 0, sample)
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(2*r.Float64() - 1)
	}
	return v
}

func apply(s Symmetry, nm Normalization, g, channels int, input, output []float32) (x, y []float32) {
	x, y = make([]float32, len(input)), make([]float32, len(output))
	s.ApplyInput(nm, x, input, g)
	s.ApplyOutput(y, output, channels, g)
	return x, y
}

func TestSymmetriesAreAGroup(t *testing.T) {
	const g, f = 5, 4
	nm := Normalization{VelocityStdMS: 1} // of zero mean, so that signs are exact
	input, output := noise(3*g*g*g, 1), noise(f*g*g, 2)
	seen := map[float32]Symmetry{}
	for a := range Symmetry(Symmetries) {
		xa, ya := apply(a, nm, g, f, input, output)
		if other, twice := seen[ya[1]]; twice {
			t.Errorf("symmetries %d and %d act alike", a, other)
		}
		seen[ya[1]] = a
		if x, y := apply(a.Inverse(), nm, g, f, xa, ya); !slices.Equal(x, input) || !slices.Equal(y, output) {
			t.Errorf("the inverse of %d does not undo it", a)
		}
		if a.Then(a.Inverse()) != 0 || a.Inverse().Then(a) != 0 || a.Then(0) != a || Symmetry(0).Then(a) != a {
			t.Errorf("symmetry %d: no neutral or inverse element", a)
		}
		for b := range Symmetry(Symmetries) {
			x2, y2 := apply(b, nm, g, f, xa, ya)
			x1, y1 := apply(a.Then(b), nm, g, f, input, output)
			if !slices.Equal(x1, x2) || !slices.Equal(y1, y2) {
				t.Fatalf("%d after %d is not %d", b, a, a.Then(b))
			}
			if c := Symmetry(11); a.Then(b).Then(c) != a.Then(b.Then(c)) {
				t.Fatalf("%d, %d, %d: not associative", a, b, c)
			}
		}
	}
	if x, y := apply(0, nm, g, f, input, output); !slices.Equal(x, input) || !slices.Equal(y, output) {
		t.Error("symmetry 0 is not the identity")
	}
}

// render is a solver small enough for a test: absorption and emission along z
// with a Gaussian profile, channels symmetric about v = 0.
func render(nm Normalization, input []float32, g, channels int) []float32 {
	cells := g * g * g
	v, T, n := make([]float64, cells), make([]float64, cells), make([]float64, cells)
	nm.Fields(v, T, n, input)
	image := make([]float32, channels*g*g)
	for f := range channels {
		nu := 2 * (float64(f) - float64(channels-1)/2)
		for p := range g * g {
			I := 0.0
			for z := g - 1; z >= 0; z-- { // towards the observer at z → −∞
				i := p*g + z
				tau := n[i] * math.Exp(-(nu-v[i])*(nu-v[i]))
				I = I*math.Exp(-tau) + T[i]*(1-math.Exp(-tau))
			}
			image[f*g*g+p] = float32(I)
		}
	}
	return image
}

func differ(a, b []float32) float64 {
	worst := 0.0
	for i := range a {
		worst = max(worst, math.Abs(float64(a[i]-b[i])))
	}
	return worst
}

// The image of the transformed model is the transformed image.
func TestSymmetriesAreExact(t *testing.T) {
	const g = 5
	nm := Normalization{VelocityMeanMS: 0.7, VelocityStdMS: 2.5, TemperatureLogMin: 0.5, TemperatureLogMedian: 0.4, DensityLogMin: -1, DensityLogMedian: 0.8}
	for _, channels := range []int{1, 6, 7} {
		input := noise(3*g*g*g, 3)
		output := render(nm, input, g, channels)
		for s := range Symmetry(Symmetries) {
			x, y := apply(s, nm, g, channels, input, output)
			if d := differ(render(nm, x, g, channels), y); d > 1e-5 {
				t.Errorf("symmetry %d, %d channels: the images differ by %g", s, channels, d)
			}
		}
		// A mirror along the line of sight is none: this test can fail.
		mirrored := make([]float32, len(input))
		for i := range input {
			mirrored[i-i%g+g-1-i%g] = input[i]
		}
		if d := differ(render(nm, mirrored, g, channels), output); d < 0.1 {
			t.Errorf("a mirror along the line of sight changes the image by %g only", d)
		}
	}
}

func TestRandomSymmetryIsUniform(t *testing.T) {
	var count [Symmetries]int
	for sample := range uint64(1600) {
		count[RandomSymmetry(NewRandom(1, PurposeAugment, 0, sample))]++
	}
	for s, n := range count {
		if n < 60 || n > 140 { // 100 ± 4 standard deviations
			t.Errorf("symmetry %d is drawn %d times in 1600", s, n)
		}
	}
}
