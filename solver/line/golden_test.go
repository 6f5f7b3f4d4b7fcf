// SPDX-License-Identifier: BSD-3-Clause

package line

import (
	"math"
	"path/filepath"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"github.com/columen/columen/solver/lamda"
	"github.com/columen/columen/solver/si"
)

// golden opens a file of testdata and returns a reader of its float64 arrays.
func golden(t *testing.T, file string) func(array string) []float64 {
	t.Helper()
	r, err := npz.Open(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return func(array string) []float64 {
		t.Helper()
		var v []float64
		if err := r.Read(array+".npy", &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// equal requires got = want within a relative tolerance, element by element.
func equal(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= tol*math.Abs(want[i])) {
			t.Errorf("%s[%d] = %.17g, want %.17g within %g", what, i, got[i], want[i], tol)
		}
	}
}

func mustCO(t testing.TB) *lamda.Molecule {
	t.Helper()
	m, err := lamda.CO()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mustLine(t testing.TB, m *lamda.Molecule, transition int, opts Options) *Line {
	t.Helper()
	l, err := New(m, transition, opts)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestGoldenLineData(t *testing.T) {
	m, data := mustCO(t), golden(t, "co_linedata.npz")
	c := si.CODATA2018()
	equal(t, "constants", []float64{c.C, c.H, c.K, c.AMU}, data("constants_c_h_kB_amu"), 1e-15)
	var A, nu, Bul, Blu []float64
	for i := range m.Lines {
		l := mustLine(t, m, i, Options{})
		A, nu = append(A, l.EinsteinA), append(nu, l.RestFrequencyHz)
		Bul, Blu = append(Bul, l.Bul), append(Blu, l.Blu)
		if i == 0 {
			equal(t, "energies", l.levels.energiesJ, data("energy_J"), 1e-15)
		}
		energies := data("energy_J")
		equal(t, "E_u, E_l", []float64{l.EUpperJ, l.ELowerJ}, []float64{energies[i+1], energies[i]}, 1e-15)
	}
	equal(t, "A", A, data("einstein_A"), 0)
	equal(t, "frequency", nu, data("frequency_Hz"), 1e-15)
	equal(t, "B_ul", Bul, data("einstein_Bs"), 1e-14)
	equal(t, "B_lu", Blu, data("einstein_Ba"), 1e-14)
}

func TestGoldenRay(t *testing.T) {
	m, data := mustCO(t), golden(t, "co_ray16.npz")
	const n, levels = 16, 41
	ray := (5*n + 9) * n // cells [5, 9, :]
	T, vTurb := data("T")[ray:][:n], data("vturb")[ray:][:n]
	for transition, name := range []string{"ray10_", "ray21_"} {
		l := mustLine(t, m, transition, Options{})
		pop := make([]float64, levels*n) // [level, cell]
		var eta, chi, src, width []float64
		for k, tK := range T {
			for i, p := range l.Populations(tK) {
				pop[i*n+k] = p
			}
			eta, chi, src = append(eta, l.Emissivity(tK)), append(chi, l.Opacity(tK)), append(src, l.Source(tK))
			width = append(width, l.DopplerWidth(tK, vTurb[k]))
		}
		equal(t, name+"pop", pop, data(name+"pop"), 1e-12)
		equal(t, name+"eta", eta, data(name+"eta_ij"), 1e-12)
		equal(t, name+"chi", chi, data(name+"chi_ij"), 1e-12)
		equal(t, name+"src", src, data(name+"src"), 1e-12)
		equal(t, name+"width", width, data(name+"width_Hz"), 1e-12)
	}
}
