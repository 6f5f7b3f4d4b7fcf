// SPDX-License-Identifier: BSD-3-Clause

package evaluate

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/metric"
)

const (
	grid     = 16
	channels = 2
)

// samples returns n samples that differ by a factor of their images and a
// shift of their inputs.
func samples(n int) *dataset.Memory {
	m := &dataset.Memory{Shape: dataset.Shape{Grid: grid, Channels: channels}}
	for s := range n {
		for i := range m.Shape.InputLen() {
			m.Inputs = append(m.Inputs, float32(s)+float32(math.Sin(float64(i))))
		}
		for i := range m.Shape.OutputLen() {
			m.Outputs = append(m.Outputs, float32(0.3+0.1*float64(s)+0.05*math.Sin(float64(i)/3)))
		}
	}
	return m
}

func scores(t *testing.T, batch int, factor func(sample int) float64) Summary {
	t.Helper()
	nm, err := dataset.Published(dataset.MultiFrequency)
	if err != nil {
		t.Fatal(err)
	}
	m := samples(4)
	out := m.Shape.OutputLen()
	s := NewScores(m.Shape, nm, metric.BorderKept)
	scale := nm.IntensityLogMax - nm.IntensityLogMin
	for at := 0; at < 4; at += batch {
		target := m.Outputs[at*out : (at+batch)*out]
		pred := slices.Clone(target)
		for i := range pred {
			pred[i] += float32(math.Log(factor(at+i/out)) / scale)
		}
		if err := s.Add(target, pred); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := s.Summary()
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// Intensities that are wrong by a factor c have MaxRel = 100·|c − 1|·mean I/max I
// over the two channels; the correlation stays 1. Perfect ones are perfect.
func TestScores(t *testing.T) {
	perfect := scores(t, 2, func(int) float64 { return 1 })
	if perfect.MaxRelMedian != 0 || perfect.MaxRelBuckets[0] != 4 || math.Abs(Mean(perfect.SSIM)-1) > 1e-12 || math.Abs(Mean(perfect.ZNCC)-1) > 1e-12 {
		t.Errorf("perfect: %+v", perfect)
	}
	factors := []float64{1.01, 1.5, 1.02, 9}
	for _, batch := range []int{1, 2, 4} {
		s := scores(t, batch, func(i int) float64 { return factors[i] })
		if s.Samples != 4 || s.MaxRelBuckets[0] != 2 || s.MaxRelBuckets[10] != 1 || !(s.MaxRelMedian > 1 && s.MaxRelMedian <= 2) || math.Abs(s.ZNCC[1]-1) > 1e-5 {
			t.Errorf("batch %d: %+v", batch, s)
		}
		if !(s.SSIM[0] < 1) || s.SSIMBorder != "ssim-border-kept" {
			t.Errorf("batch %d: SSIM %v %s", batch, s.SSIM, s.SSIMBorder)
		}
	}
}

func TestNotFinite(t *testing.T) {
	nm, err := dataset.Published(dataset.MultiFrequency)
	if err != nil {
		t.Fatal(err)
	}
	m := samples(1)
	bad := slices.Clone(m.Outputs)
	bad[3] = float32(math.NaN())
	if err := NewScores(m.Shape, nm, metric.BorderKept).Add(m.Outputs, bad); err == nil || !strings.Contains(err.Error(), "not finite") {
		t.Errorf("NaN in a prediction: %v", err)
	}
	if _, err := NewScores(m.Shape, nm, metric.BorderKept).Summary(); err == nil {
		t.Error("a summary of nothing")
	}
}

// The mean of four images is that of the middle; the nearest sample is the one
// shifted least, for a shift of less than a half.
func TestBaselines(t *testing.T) {
	m := samples(4)
	mean, err := MeanImage(m, m.Shape)
	if err != nil {
		t.Fatal(err)
	}
	out, in := m.Shape.OutputLen(), m.Shape.InputLen()
	for i, y := range mean {
		if want := 0.5 * (m.Outputs[out+i] + m.Outputs[2*out+i]); math.Abs(float64(y-want)) > 1e-6 {
			t.Fatalf("mean of pixel %d is %g, want %g", i, y, want)
		}
	}
	n, err := NewNeighbours(m, m.Shape)
	if err != nil {
		t.Fatal(err)
	}
	for s := range 4 {
		input := slices.Clone(m.Inputs[s*in : (s+1)*in])
		for i := range input {
			input[i] += 0.4
		}
		image := make([]float32, out)
		if k, err := n.Predict(input, image); err != nil || k != s || !slices.Equal(image, m.Outputs[s*out:(s+1)*out]) {
			t.Errorf("nearest to sample %d is %d, %v", s, k, err)
		}
	}
	empty := &dataset.Memory{Shape: m.Shape}
	if _, err := MeanImage(empty, m.Shape); err == nil {
		t.Error("a mean of nothing")
	}
	if _, err := NewNeighbours(empty, m.Shape); err == nil {
		t.Error("a neighbour among none")
	}
}
