// SPDX-License-Identifier: BSD-3-Clause

package line

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/columen/columen/solver/lamda"
	"github.com/columen/columen/solver/si"
)

// species returns molecules of different structure: two real rotors, two
// levels, a wide fine-structure gap (like C II, 91 K), levels that crowd, and
// a weight so large that Z jumps by six orders of magnitude.
func species(t testing.TB) map[string]levels {
	t.Helper()
	all := map[string]levels{"CO": newLevels(mustCO(t).Levels, si.CODATA2018())}
	for name, file := range map[string]string{"HCO+": "hco+.dat", "two-level": "vz_two_level.dat"} {
		m, err := lamda.ReadFile("../lamda/testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = newLevels(m.Levels, si.CODATA2018())
	}
	all["fine structure"] = newLevels([]lamda.Level{{Weight: 2}, {EnergyCm1: 63.395, Weight: 4}}, si.CODATA2018())
	all["steep"] = newLevels([]lamda.Level{{Weight: 1}, {EnergyCm1: 4000, Weight: 1e7}}, si.CODATA2018())
	var crowd []lamda.Level
	for i := range 300 {
		crowd = append(crowd, lamda.Level{EnergyCm1: 0.07 * float64(i*i), Weight: float64(2*i + 1)})
	}
	all["crowded"] = newLevels(crowd, si.CODATA2018())
	return all
}

func TestPartitionTableAccuracy(t *testing.T) {
	for name, l := range species(t) {
		p, err := newPartitionTable(l)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if (p.LogBins > logBinsFirst) != (name == "steep") {
			t.Errorf("%s: 2^%d bins per octave; only the steep one needs more than 2^%d", name, p.LogBins, logBinsFirst)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		worst, octaves := 0.0, math.Log2(p.TMax/p.TMin)
		for range 6000000 / (len(l.weights) + 20) {
			tK := p.TMin * math.Exp2(octaves*rng.Float64())
			worst = max(worst, math.Abs(p.Inverse(tK)*l.partition(tK)-1))
		}
		t.Logf("%s: 2^%d bins per octave, %d bytes, error %.1e found when building, %.1e in the sweep",
			name, p.LogBins, 8*len(p.Coef), p.ErrorMax, worst)
		if worst > 1e-12 || p.ErrorMax > 1e-12 {
			t.Errorf("%s: relative error %.2g, %.2g claimed; at most 1e-12 is allowed", name, worst, p.ErrorMax)
		}
	}
}

// The layout is a contract with the vector kernel: evaluate it as documented,
// by bits alone, and at the edges of bins, where an index off by one shows.
func TestPartitionTableLayout(t *testing.T) {
	l := species(t)["CO"]
	p, err := newPartitionTable(l)
	if err != nil {
		t.Fatal(err)
	}
	bins := 18 << p.LogBins // octaves from 2⁻¹ to 2¹⁷
	if p.TMin != 0.5 || p.TMax != 131072 || p.Degree != 8 || len(p.Coef) != bins*9 {
		t.Fatalf("table [%g, %g) of degree %d with %d coefficients", p.TMin, p.TMax, p.Degree, len(p.Coef))
	}
	for bin := range bins {
		lo := math.Float64frombits(uint64(bin+p.Base) << (52 - p.LogBins))
		hi := math.Float64frombits(uint64(bin+p.Base+1) << (52 - p.LogBins))
		for _, tK := range []float64{lo, lo + (hi-lo)/3, math.Nextafter(hi, 0)} {
			if got := int(math.Float64bits(tK)>>(52-p.LogBins)) - p.Base; got != bin {
				t.Fatalf("%g K is in bin %d, want %d", tK, got, bin)
			}
			u, v := 2*(tK-lo)/(hi-lo)-1, 0.0
			for j := 8; j >= 0; j-- {
				v = v*u + p.Coef[bin*9+j]
			}
			equal(t, "1/Z by the layout", []float64{v}, []float64{p.Inverse(tK)}, 1e-15)
		}
	}
	for _, tK := range []float64{math.Nextafter(0.5, 0), 131072, 0, -1, math.Inf(1), math.NaN()} {
		if p.Contains(tK) || !math.IsNaN(p.Inverse(tK)) {
			t.Errorf("%g K is outside, but Inverse = %g", tK, p.Inverse(tK))
		}
	}
}

// Z tends to Σg at high temperature, as Σ g (1 − E/kT + (E/kT)²/2 − …), and to
// the weight of the lowest level at low temperature.
func TestPartitionLimits(t *testing.T) {
	l := species(t)["CO"]
	p, err := newPartitionTable(l)
	if err != nil {
		t.Fatal(err)
	}
	tK, want, bound := 1.3e5, 0.0, 0.0
	for i, e := range l.energiesK {
		x := e / tK
		want += l.weights[i] * (1 - x + x*x/2)
		bound += l.weights[i] * x * x * x / 6
	}
	if z := p.Z(tK); !(z < want && z > want-bound) || math.Abs(z/1681-1) > 0.02 { // Σ(2J+1) = 41² = 1681
		t.Errorf("Z(%g K) = %.10g, want %.10g…%.10g", tK, z, want-bound, want)
	}
	equal(t, "Z(0.5 K)", []float64{p.Z(0.5)}, []float64{1 + 3*math.Exp(-1.438776877*3.845033413/0.5)}, 1e-10)
	// A rotor between the limits: Z → kT/hB + 1/3 with hB/k = 2.766 K for CO.
	equal(t, "Z(300 K)", []float64{p.Z(300)}, []float64{300/(1.438776877*3.845033413/2) + 1./3}, 1e-3)
}

func BenchmarkPartitionTableBuild(b *testing.B) {
	for name, l := range species(b) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := newPartitionTable(l); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkPartition compares the table with the sum it replaces.
func BenchmarkPartition(b *testing.B) {
	l := species(b)["CO"]
	p, err := newPartitionTable(l)
	if err != nil {
		b.Fatal(err)
	}
	temperatures := make([]float64, 1024)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range temperatures {
		temperatures[i] = 10 + 300*rng.Float64()
	}
	for name, f := range map[string]func(float64) float64{"table": p.Inverse, "sum": l.partition} {
		b.Run(name, func(b *testing.B) {
			sum, i := 0.0, 0
			for b.Loop() {
				sum += f(temperatures[i&1023])
				i++
			}
			if math.IsNaN(sum) {
				b.Fatal("NaN")
			}
		})
	}
}
