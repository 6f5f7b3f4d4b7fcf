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

// BenchmarkEvaluate evaluates it at 64 points at once; times are per point.
func BenchmarkEvaluate(b *testing.B) {
	const n = 64
	f, p := Reference().Field(), NewPoints(n)
	for i := 0; b.Loop(); i++ {
		if i%n == 0 {
			for k := range p.X {
				p.X[k], p.Y[k], p.Z[k] = float64(k)*5*au, float64(i/n%32)*10*au, float64(i/n%7)*20*au
			}
			f.Evaluate(p, [3]float64{0, 0, 1})
		}
	}
}
