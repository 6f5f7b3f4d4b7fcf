// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"math"
	"testing"
)

// near compares images to a fraction of their peak.
func near(t *testing.T, got, want []float64, tolerance float64) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("%d intensities, want %d", len(got), len(want))
	}
	peak, worst := 0.0, 0.0
	for i := range want {
		peak, worst = max(peak, want[i]), max(worst, math.Abs(got[i]-want[i]))
	}
	if !(worst <= tolerance*peak) || peak <= 0 {
		t.Errorf("images differ by %g of the peak %g, more than %g", worst/peak, peak, tolerance)
	}
}
