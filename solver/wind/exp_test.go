// SPDX-License-Identifier: BSD-3-Clause

package wind

import (
	"math"
	"testing"
)

func TestExp(t *testing.T) {
	worst := 0.0
	for x := -690.0; x < 700; x += 0.00371 {
		worst = max(worst, math.Abs(exp(x)/math.Exp(x)-1))
	}
	if !(worst < 5e-16) {
		t.Errorf("relative error %g: want 5e-16 at most", worst)
	}
	if exp(-5000) != 0 || !math.IsInf(exp(5000), 1) || !math.IsNaN(exp(math.NaN())) {
		t.Errorf("far out: %g, %g, %g", exp(-5000), exp(5000), exp(math.NaN()))
	}
	if exp(0) != 1 || exp(math.Copysign(0, -1)) != 1 {
		t.Errorf("exp(0) = %g: want 1", exp(0))
	}
}
