// SPDX-License-Identifier: BSD-3-Clause

package line

import (
	"math"
	"strings"
	"testing"

	"github.com/columen/columen/solver/lamda"
	"github.com/columen/columen/solver/si"
)

func TestPinnedCO(t *testing.T) {
	m := mustCO(t)
	for i, want := range []struct {
		label      string
		GHz, A     float64
		gUp, gLow  float64
		massAMU    float64
		fromLevels float64 // c (E_u − E_l) [GHz]
	}{
		{"1-0", 115.2712018, 7.203e-8, 3, 1, 28, 115.2712017975},
		{"2-1", 230.538, 6.910e-7, 5, 3, 28, 230.536998307},
	} {
		l := mustLine(t, m, i, Options{})
		if l.Species != "CO" || l.Label != want.label {
			t.Errorf("line %d is %s %s", i, l.Species, l.Label)
		}
		equal(t, want.label, []float64{l.RestFrequencyHz / 1e9, l.EinsteinA, l.GUpper, l.GLower, l.MassKg},
			[]float64{want.GHz, want.A, want.gUp, want.gLow, want.massAMU * 1.66053906660e-27}, 1e-15)
		f := mustLine(t, m, i, Options{RestFrequency: FromLevels})
		equal(t, want.label+" from levels", []float64{f.RestFrequencyHz / 1e9}, []float64{want.fromLevels}, 1e-11)
		if f.RestFrequencyHz == l.RestFrequencyHz {
			t.Errorf("%s: FromLevels has no effect", want.label)
		}
	}
}

// In LTE the source function is the Planck function, exactly if hν₀ = E_u−E_l,
// and opacity times source function is the emissivity [Kirchhoff].
func TestDetailedBalance(t *testing.T) {
	for _, c := range []si.Constants{si.CODATA2018(), si.RADMC3D()} {
		for _, transition := range []int{0, 1, 15} {
			l := mustLine(t, mustCO(t), transition, Options{Constants: c, RestFrequency: FromLevels})
			for tK := 2.0; tK < 2e5; tK *= 1.7 {
				b := si.Planck(c, l.RestFrequencyHz, tK)
				equal(t, "S = B_ν(T)", []float64{l.Source(tK)}, []float64{b}, 2e-13)
				equal(t, "χ S = η", []float64{l.Opacity(tK) * l.Source(tK)}, []float64{l.Emissivity(tK)}, 2e-13)
			}
		}
	}
}

// Where kT ≫ hν the populations per weight of both levels are equal to a few
// 1e-5 and their difference keeps eleven digits; the opacity must keep all.
// Its series in x = (E_u−E_l)/kT is exact to x³/24 = 7e-15.
func TestOpacityHot(t *testing.T) {
	l := mustLine(t, mustCO(t), 0, Options{})
	const tK = 1e5
	x := (l.EUpperJ - l.ELowerJ) / (l.Constants.K * tK)
	series := x - x*x/2 + x*x*x/6
	n := l.Populations(tK)
	f := l.Constants.H * l.RestFrequencyHz / (4 * math.Pi)
	want := f * l.Blu * n[0] * series
	equal(t, "χ̄ at 1e5 K", []float64{l.Opacity(tK)}, []float64{want}, 1e-13)
	naive := f * (l.Blu*n[0] - l.Bul*n[1])
	equal(t, "χ̄ as a difference", []float64{naive}, []float64{want}, 1e-10)
}

func TestPopulations(t *testing.T) {
	m := mustCO(t)
	l := mustLine(t, m, 1, Options{})
	for _, tK := range []float64{0.1, 2.725, 50, 3e3, 1e6} {
		n := l.Populations(tK)
		sum := 0.0
		for i := range n {
			sum += n[i]
			// Boltzmann between neighbours, hc/k = 1.438776877 cm K.
			if i > 0 && n[i] > 1e-250 {
				de := 1.438776877 * (m.Levels[i].EnergyCm1 - m.Levels[i-1].EnergyCm1)
				want := m.Levels[i].Weight / m.Levels[i-1].Weight * math.Exp(-de/tK)
				equal(t, "n_i/n_{i−1}", []float64{n[i] / n[i-1]}, []float64{want}, 1e-7)
			}
		}
		equal(t, "Σ n_i", []float64{sum}, []float64{1}, 1e-14)
	}
}

// Below and above the table the line falls back on the sum over levels.
func TestBeyondTable(t *testing.T) {
	l := mustLine(t, mustCO(t), 0, Options{})
	f := l.Constants.H * l.RestFrequencyHz / (4 * math.Pi) * l.EinsteinA
	for _, tK := range []float64{0.1, l.Z.TMin, l.Z.TMax, 1e6} {
		equal(t, "η̄", []float64{l.Emissivity(tK)}, []float64{f * l.Populations(tK)[1]}, 1e-12)
	}
}

func TestProfile(t *testing.T) {
	l := mustLine(t, mustCO(t), 0, Options{})
	// CO at 20 K: β = √(2·1.380649e-23·20/(28·1.6605390666e-27)) = 108.985337 m/s.
	equal(t, "thermal β", []float64{l.DopplerVelocity(20, 0)}, []float64{108.985337}, 1e-8)
	equal(t, "β with turbulence", []float64{l.DopplerVelocity(20, 150)}, []float64{math.Hypot(l.DopplerVelocity(20, 0), 150)}, 1e-15)
	w := l.DopplerWidth(20, 150)
	equal(t, "w", []float64{w}, []float64{l.RestFrequencyHz * l.DopplerVelocity(20, 150) / 299792458}, 1e-15)
	// At ν₀ ± w the profile is 1/e of its peak; ν−ν₀ keeps ten digits.
	peak := l.Profile(l.RestFrequencyHz, w)
	for _, side := range []float64{-1, 1} {
		equal(t, "φ(ν₀ ± w)", []float64{l.Profile(l.RestFrequencyHz+side*w, w)}, []float64{peak / math.E}, 1e-9)
	}
	sum := 0.0
	const step = 0.25
	for x := -8.0; x <= 8; x += step { // the trapezoidal rule converges faster than any power
		sum += l.Profile(l.RestFrequencyHz+x*w, w) * step * w
	}
	equal(t, "∫φ dν", []float64{sum}, []float64{1}, 1e-9)
}

// A common offset of all energies changes nothing, not even far below it:
// files of ortho species begin above zero.
func TestEnergyOffset(t *testing.T) {
	m := mustCO(t)
	shifted := mustCO(t)
	for i := range shifted.Levels {
		shifted.Levels[i].EnergyCm1 += 512
	}
	a, b := mustLine(t, m, 1, Options{}), mustLine(t, shifted, 1, Options{})
	for _, tK := range []float64{0.6, 10, 1000} {
		equal(t, "χ̄", []float64{b.Opacity(tK)}, []float64{a.Opacity(tK)}, 1e-10)
	}
}

func TestNewErrors(t *testing.T) {
	broken := mustCO(t)
	broken.Levels[7].Weight = math.NaN()
	tests := []struct {
		m          *lamda.Molecule
		transition int
		opts       Options
		want       string
	}{
		{mustCO(t), 40, Options{}, "no transition with index 40; allowed are 0 to 39"},
		{mustCO(t), -1, Options{}, "no transition with index -1"},
		{mustCO(t), 0, Options{RestFrequency: 7}, "rest frequency option 7"},
		{mustCO(t), 0, Options{Constants: si.Constants{C: 3e8, H: 6e-34, K: 1e-23}}, "all four must be positive"},
		{broken, 0, Options{}, "CO: 1/Z(T)"},
	}
	for _, tt := range tests {
		if _, err := New(tt.m, tt.transition, tt.opts); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("error %v, want %q", err, tt.want)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	l := mustLine(t, mustCO(t), 0, Options{})
	sum := 0.0
	if n := testing.AllocsPerRun(100, func() { sum += l.Opacity(20) + l.Emissivity(20) + l.Source(20) + l.DopplerWidth(20, 1) }); n != 0 {
		t.Errorf("%g allocations per cell, want none", n)
	}
}
