// SPDX-License-Identifier: BSD-3-Clause

package wind

import "testing"

// BenchmarkAt evaluates a model at one point, as often as cells are filled.
func BenchmarkAt(b *testing.B) {
	f, sum := Reference().Field(), 0.0
	for i := 0; b.Loop(); i++ {
		n, t, _ := f.At(float64(i%32)*10*au, float64(i/32%32)*10*au, float64(i%7)*20*au)
		sum += n + t
	}
	if !(sum > 0) {
		b.Error("nothing there")
	}
}
