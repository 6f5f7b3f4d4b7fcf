// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"math"
	"testing"
)

// TestMixture checks that each epoch has about the fraction of stored samples,
// others in another epoch, and that every sample comes from where it should.
func TestMixture(t *testing.T) {
	const n = 4000
	shape := Shape{Grid: 1, Channels: 1}
	made := dated{numbered(shape, n), 99}
	m, err := NewMixture(numbered(shape, n), made, 0.3, 5)
	must(t, err)
	in, out := make([]float32, 3), make([]float32, 1)
	var count, moved int
	for i := range n {
		if m.Stored(7, i) {
			count++
		}
		if m.Stored(7, i) != m.Stored(8, i) {
			moved++
		}
	}
	if math.Abs(float64(count)/n-0.3) > 0.03 || math.Abs(float64(moved)/n-0.42) > 0.03 {
		t.Errorf("%d of %d samples stored, %d in one epoch only: want 30 and 42 %%", count, n, moved)
	}
	for i := range 50 {
		must(t, m.ReadIn(7, i, in, out))
		if stored := out[0] != 7; stored != m.Stored(7, i) || int(in[0]) != i {
			t.Errorf("sample %d is %g, stored %v", i, in[0], stored)
		}
	}
	for _, c := range []struct {
		samples  int
		fraction float64
	}{{n + 1, 0.5}, {n, 1.5}, {n, math.NaN()}} {
		if _, err := NewMixture(numbered(shape, c.samples), made, c.fraction, 5); err == nil {
			t.Errorf("no error for %+v", c)
		}
	}
}
