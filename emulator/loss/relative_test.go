// SPDX-License-Identifier: BSD-3-Clause

package loss

import (
	"math"
	"testing"

	"github.com/columen/columen/emulator/metric"
)

// For small errors the loss is what metric.MaxRel counts, in parts of one.
func TestRelativeIsMaxRelForSmallErrors(t *testing.T) {
	const samples, channels, pixels, scale = 2, 5, 12, 13.0
	n := samples * channels * pixels
	target, direction := waves(n, 0), waves(n, 1)
	var last float64
	for _, eps := range []float64{1e-2, 1e-3, 1e-4} {
		pred, physicalT, physicalP := make([]float64, n), make([]float64, n), make([]float64, n)
		for i, x := range target {
			pred[i] = x + eps*direction[i]
			physicalT[i], physicalP[i] = math.Exp(scale*x), math.Exp(scale*pred[i])
		}
		got, err := EvalRelative(Relative{Channels: channels, Pixels: pixels, Scale: scale, Weight: 1}, pred, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		percent, err := metric.MaxRel(metric.Images{Batch: samples, Frequencies: channels, Height: 3, Width: 4}, physicalT, physicalP)
		if err != nil {
			t.Fatal(err)
		}
		want := (percent[0] + percent[1]) / 200
		last = math.Abs(got/want - 1)
		if bound := scale * 1.3 * eps; last > bound { // second order, |direction| ≤ 1.3
			t.Errorf("errors of %g: loss %g, MaxRel %g, which differ by %.2g, more than %.2g", eps, got, want, last, bound)
		}
	}
	if last > 1e-3 {
		t.Errorf("the difference does not vanish: %.2g", last)
	}
}

func TestRelativeGradientAgainstDifferences(t *testing.T) {
	r := Relative{Channels: 3, Pixels: 7, Scale: 4, Weight: 0.3, Threads: 2}
	n := 2 * r.Channels * r.Pixels
	pred, target := waves(n, 0), waves(n, 1)
	grad := make([]float64, n)
	for i := range grad {
		grad[i] = float64(i) // what is there is added to
	}
	if _, err := EvalRelative(r, pred, target, grad); err != nil {
		t.Fatal(err)
	}
	value := func() float64 {
		v, err := EvalRelative(r, pred, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	const h = 1e-6
	for i := range pred {
		at := pred[i]
		pred[i] = at + h
		up := value()
		pred[i] = at - h
		want := (up - value()) / (2 * h)
		pred[i] = at
		if got := grad[i] - float64(i); math.Abs(got-want) > 1e-8 {
			t.Errorf("derivative %d is %g, differences give %g", i, got, want)
		}
	}
}

func TestRelativeRefuses(t *testing.T) {
	r := Relative{Channels: 2, Pixels: 3, Scale: 1, Weight: 1}
	for _, n := range [][3]int{{6, 5, 0}, {7, 7, 0}, {0, 0, 0}, {6, 6, 3}} {
		var grad []float64
		if n[2] > 0 {
			grad = make([]float64, n[2])
		}
		if _, err := EvalRelative(r, make([]float64, n[0]), make([]float64, n[1]), grad); err == nil {
			t.Errorf("lengths %v are accepted", n)
		}
	}
}

// The sum over samples has one order, whoever computes them.
func TestRelativeDoesNotDependOnThreads(t *testing.T) {
	const n = 5 * 2 * 9
	pred, target := waves(n, 0), waves(n, 1)
	var want float64
	for _, threads := range []int{1, 2, 5, 8} {
		got, err := EvalRelative(Relative{Channels: 2, Pixels: 9, Scale: 3, Weight: 1, Threads: threads}, pred, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		if threads == 1 {
			want = got
		}
		if got != want {
			t.Errorf("%d threads: %v, one: %v", threads, got, want)
		}
	}
}
