// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"errors"
	"math"
	"slices"
	"testing"
)

// lopsided is a predictor without any symmetry: every pixel is a non-linear
// function of its column of cells, of where it is and of its channel.
func lopsided(shape Shape) Predictor {
	g, cells := shape.Grid, shape.Grid*shape.Grid*shape.Grid
	return func(input []float32) ([]float32, error) {
		var out []float32
		for from := 0; from < len(input); from += 3 * cells {
			for f := range shape.Channels {
				for p := range g * g {
					sum := 0.1 * float64(f)
					for k := range g {
						at := from + p*g + k
						sum += float64(input[at])*math.Sin(float64(p+f+1)) + float64(input[at+cells])*float64(k) - math.Tanh(float64(input[at+2*cells]))
					}
					out = append(out, float32(math.Sin(sum)))
				}
			}
		}
		return out, nil
	}
}

// TestSymmetrise: whatever the predictor, transforming the input transforms the
// average over the symmetries; and a predictor that has them stays as it is.
func TestSymmetrise(t *testing.T) {
	nm, err := Published(MultiFrequency)
	if err != nil {
		t.Fatal(err)
	}
	shape := Shape{Grid: 4, Channels: 7}
	input := make([]float32, 2*shape.InputLen())
	r := NewRandom(3, PurposeModel, 0, 0)
	for i := range input {
		input[i] = float32(r.Float64() - 0.5)
	}
	raw := lopsided(shape)
	even := Symmetrise(raw, nm, shape)
	want, err := even(input)
	if err != nil {
		t.Fatal(err)
	}
	in, out, broken := shape.InputLen(), shape.OutputLen(), 0
	differ := func(a, b []float32) (most float64) {
		for i := range a {
			most = max(most, math.Abs(float64(a[i]-b[i])))
		}
		return most
	}
	for s := range Symmetry(Symmetries) {
		moved, expected := make([]float32, len(input)), make([]float32, len(want))
		plain, _ := raw(input)
		plainMoved := make([]float32, len(want))
		for i := range 2 {
			s.ApplyInput(nm, moved[i*in:(i+1)*in], input[i*in:(i+1)*in], shape.Grid)
			s.ApplyOutput(expected[i*out:(i+1)*out], want[i*out:(i+1)*out], shape.Channels, shape.Grid)
			s.ApplyOutput(plainMoved[i*out:(i+1)*out], plain[i*out:(i+1)*out], shape.Channels, shape.Grid)
		}
		got, err := even(moved)
		if err != nil {
			t.Fatal(err)
		}
		if d := differ(got, expected); d > 1e-6 {
			t.Errorf("symmetry %d: the average is off by %g", s, d)
		}
		if now, _ := raw(moved); differ(now, plainMoved) > 0.1 {
			broken++
		}
	}
	if broken < Symmetries-1 {
		t.Errorf("the predictor of this test breaks %d symmetries, want all but the identity", broken)
	}

	// Twice is once.
	again, err := Symmetrise(even, nm, shape)(input)
	if err != nil || differ(again, want) > 1e-6 {
		t.Errorf("the average of the average differs by %g, %v", differ(again, want), err)
	}
	if _, err := even(input[1:]); err == nil {
		t.Error("half an input was taken")
	}
	bad := errors.New("bad")
	if _, err := Symmetrise(func([]float32) ([]float32, error) { return nil, bad }, nm, shape)(slices.Clone(input)); !errors.Is(err, bad) {
		t.Errorf("error %v", err)
	}
}
