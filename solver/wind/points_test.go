// SPDX-License-Identifier: BSD-3-Clause

package wind

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestEvaluate compares points with At, in the star, on its axis and inside the
// inner radius too.
func TestEvaluate(t *testing.T) {
	dir := [3]float64{0.48, -0.6, 0.64}
	for name, m := range models() {
		f, p := m.Field(), NewPoints(500)
		u := rand.New(rand.NewPCG(1, 2))
		for i := range p.X {
			p.X[i], p.Y[i], p.Z[i] = u.NormFloat64()*200*au, u.NormFloat64()*200*au, u.NormFloat64()*200*au
			if i%5 == 0 {
				p.X[i], p.Y[i], p.Z[i] = p.X[i]/1e2, p.Y[i]/1e2, p.Z[i]/1e2
			}
		}
		p.X[0], p.Y[0], p.Z[0] = 0, 0, 0
		p.X[1], p.Y[1] = 0, 0
		f.Evaluate(p, dir)
		for i := range p.X {
			n, temperature, v := f.At(p.X[i], p.Y[i], p.Z[i])
			near(t, name+": density", p.Density[i], n, 1e-12)
			near(t, name+": temperature", p.Temperature[i], temperature, 1e-12)
			if want := dir[0]*v[0] + dir[1]*v[1] + dir[2]*v[2]; math.Abs(p.Velocity[i]-want) > 1e-12*m.ExpansionMS {
				t.Errorf("%s: velocity %g, want %g", name, p.Velocity[i], want)
			}
		}
	}
}

func TestSinCosTurn(t *testing.T) {
	worst := 0.0
	for x := 0.0; x < 40; x += 0.000731 {
		sin, cos := sinCosTurn(x)
		wantSin, wantCos := math.Sincos(2 * math.Pi * (x - math.Round(x)))
		worst = max(worst, math.Abs(sin-wantSin), math.Abs(cos-wantCos))
	}
	if !(worst < 4e-15) {
		t.Errorf("error %g: want 4e-15 at most", worst)
	}
}
