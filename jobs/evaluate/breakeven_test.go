// SPDX-License-Identifier: BSD-3-Clause

package evaluate

import (
	"encoding/json"
	"math"
	"testing"
)

func TestBreakEven(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		fixed, solver, emulator float64
		text, json              string
	}{
		{100, 3, 1, "50", "50"},
		{101, 3, 1, "51", "51"}, // half an image is one
		{0, 3, 1, "0", "0"},     // nothing to pay back
		{3600, 0.74, 0.034, "5100", "5100"},
		{100, 1, 1, "∞", `"infinity"`},
		{100, 1, 3, "∞", `"infinity"`},
		{0, 1, 3, "∞", `"infinity"`}, // for nothing, and still dearer
		{nan, 1, 3, "∞", `"infinity"`},
		{nan, 3, 1, "unknown", "null"},
		{100, nan, 1, "unknown", "null"},
		{inf, 3, 1, "∞", `"infinity"`},
	} {
		n := breakEven(c.fixed, c.solver, c.emulator)
		data, err := json.Marshal(n)
		if n.String() != c.text || string(data) != c.json || err != nil {
			t.Errorf("breakEven(%g, %g, %g) is %v, %s, %v: want %s, %s", c.fixed, c.solver, c.emulator, n, data, err, c.text, c.json)
		}
		if x := float64(n); x > 0 && !math.IsInf(x, 1) && !math.IsNaN(x) {
			if c.fixed+x*c.emulator > x*c.solver || c.fixed+(x-1)*c.emulator <= (x-1)*c.solver {
				t.Errorf("breakEven(%g, %g, %g) = %g is not the first", c.fixed, c.solver, c.emulator, x)
			}
		}
	}
}

func TestCheapest(t *testing.T) {
	costs, errors := []float64{5, 3, 1, 2}, []float64{0, 1e-3, 40, 8}
	for allowed, want := range map[float64]int{100: 2, 40: 2, 10: 3, 8: 3, 7.9: 1, 1e-4: 0} {
		if got := cheapest(costs, errors, allowed); got != want {
			t.Errorf("the cheapest of at most %g %% is %d, want %d", allowed, got, want)
		}
	}
	if got := cheapest(costs[1:], errors[1:], 0); got != -1 {
		t.Errorf("none is good enough, but %d", got)
	}
}
