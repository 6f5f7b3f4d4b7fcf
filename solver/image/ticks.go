// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"math"
	"strconv"
	"strings"
)

// niceTicks returns multiples of 1, 2 or 5 times a power of ten in [lo, hi],
// about n of them.
func niceTicks(lo, hi float64, n int) []float64 {
	if !(hi > lo) {
		return []float64{lo}
	}
	raw := (hi - lo) / float64(n)
	step := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, f := range []float64{1, 2, 5, 10} {
		if f*step >= raw*0.999 {
			step *= f
			break
		}
	}
	var t []float64
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+1e-9*step; i++ {
		t = append(t, i*step)
	}
	return t
}

// ticks returns values for the axis of a colour bar.
func (s stretch) ticks(n int) []float64 {
	if s.log {
		var t []float64
		factors := []float64{1, 2, 5}
		if s.hi/s.lo > 1e3 {
			factors = []float64{1}
		}
		for e := math.Floor(math.Log10(s.lo)); e <= math.Log10(s.hi); e++ {
			for _, f := range factors {
				if v := f * math.Pow(10, e); v >= s.lo*0.999 && v <= s.hi*1.001 {
					t = append(t, v)
				}
			}
		}
		return t
	}
	if !s.root {
		return niceTicks(s.lo, s.hi, n)
	}
	// Equal steps in value crowd at the top of a square-root scale: thin them
	// out by the distance on the bar, and add finer ones near zero.
	t := []float64{0}
	for _, v := range append(niceTicks(0, s.hi/10, 2), niceTicks(0, s.hi, n)...) {
		if s.at(v)-s.at(t[len(t)-1]) > 0.6/float64(n) {
			t = append(t, v)
		}
	}
	return t
}

// decade returns the power of ten to take out of an axis up to top, so that
// its labels need no exponent, and the text that says so.
func decade(top float64) (factor float64, text string) {
	top = math.Abs(top)
	if top == 0 || (top >= 0.05 && top < 5e4) {
		return 1, ""
	}
	e := int(math.Floor(math.Log10(top)))
	return math.Pow(10, float64(e)), "10^{" + label(float64(e)) + "} "
}

// label writes a tick value with a true minus sign, as a power of ten in the
// markup of sheets where it is small.
func label(v float64) string {
	if math.Abs(v) < 1e-12 {
		v = 0
	}
	text := strconv.FormatFloat(v, 'g', 6, 64)
	if v != 0 && math.Abs(v) < 0.999e-3 {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', -1, 64), "e-")
		text = mantissa + "×10^{-" + strings.TrimLeft(exponent, "0") + "}"
		text = strings.TrimPrefix(text, "1×")
	}
	return strings.ReplaceAll(text, "-", "−")
}
