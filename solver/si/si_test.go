// SPDX-License-Identifier: BSD-3-Clause

package si

import (
	"math"
	"testing"
)

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*math.Abs(want)) {
		t.Errorf("%s = %.17g, want %.17g within %g", what, got, want, tol)
	}
}

func TestPlanckLimits(t *testing.T) {
	for _, c := range []Constants{CODATA2018(), RADMC3D()} {
		// Rayleigh–Jeans: B = 2 k T ν²/c² (1 − x/2 + x²/12 − …) with x = hν/kT.
		nu, tK := 1e6, 1e4
		x := c.H * nu / (c.K * tK)
		near(t, "Rayleigh-Jeans", Planck(c, nu, tK), 2*c.K*tK*nu*nu/(c.C*c.C)*(1-x/2), 1e-15)
		// Wien: B = 2 h ν³/c² exp(−x).
		nu, tK = 1e13, 10
		x = c.H * nu / (c.K * tK)
		near(t, "Wien", Planck(c, nu, tK), 2*c.H*nu*nu*nu/(c.C*c.C)*math.Exp(-x), 1e-13)
	}
}

// The integral over all frequencies is σT⁴/π with
// σ = 2π⁵k⁴/(15h³c²) = 5.670374419…e-8 W m⁻² K⁻⁴ (CODATA 2018).
func TestPlanckStefanBoltzmann(t *testing.T) {
	c, tK := CODATA2018(), 300.0
	const n = 4000
	scale := c.K * tK / c.H
	sum := 0.0
	for i := range n { // midpoint rule in ln x, x = hν/kT from e⁻¹⁵ to e⁵
		x := math.Exp(-15 + 20*(float64(i)+0.5)/n)
		sum += Planck(c, x*scale, tK) * x * scale * 20 / n
	}
	near(t, "∫B dν", sum, 5.670374419e-8*math.Pow(tK, 4)/math.Pi, 1e-9)
}

func TestPlanckAtZero(t *testing.T) {
	for _, tK := range []float64{0, -1} {
		if b := Planck(CODATA2018(), 1e11, tK); b != 0 {
			t.Errorf("Planck at %g K = %g, want 0", tK, b)
		}
	}
}

func TestUnits(t *testing.T) {
	near(t, "parsec", Parsec, 3.0856775814913673e16, 1e-15)
	near(t, "hc/k [m K]", CODATA2018().H*CODATA2018().C/CODATA2018().K, 1.438776877e-2, 1e-9)
}
