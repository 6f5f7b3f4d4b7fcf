// SPDX-License-Identifier: BSD-3-Clause

package lamda

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestCO(t *testing.T) {
	m, err := CO()
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "CO" || m.MassAMU != 28 || len(m.Levels) != 41 || len(m.Lines) != 40 || len(m.Partners) != 2 {
		t.Fatalf("CO: %q, %g amu, %d levels, %d lines, %d partners", m.Name, m.MassAMU, len(m.Levels), len(m.Lines), len(m.Partners))
	}
	pinned := []Line{
		{Upper: 1, Lower: 0, EinsteinA: 7.203e-8, FrequencyGHz: 115.2712018, EUpperK: 5.53},
		{Upper: 2, Lower: 1, EinsteinA: 6.910e-7, FrequencyGHz: 230.538, EUpperK: 16.60},
	}
	if !reflect.DeepEqual(m.Lines[:2], pinned) {
		t.Errorf("first lines %+v, want %+v", m.Lines[:2], pinned)
	}
	// A rotor: g = 2J+1, and E_u/k of the file agrees with its levels in cm⁻¹,
	// but for two decimals and an hc/k that is low by 1.5e-5.
	for j, l := range m.Levels {
		if l.Weight != float64(2*j+1) || l.Label != fmt.Sprint(j) {
			t.Errorf("level %d: %+v", j, l)
		}
	}
	for i, l := range m.Lines {
		if e := m.Levels[l.Upper].EnergyCm1 * 1.438776877; math.Abs(e-l.EUpperK) > 0.006+2e-5*e {
			t.Errorf("line %d: E_u = %g K, from its level %g K", i, l.EUpperK, e)
		}
	}
	p, o := m.Partners[0], m.Partners[1]
	if p.Collider != ParaH2 || o.Collider != OrthoH2 || p.Collider.String() != "p-H2" || !strings.HasPrefix(o.Name, "CO-oH2") {
		t.Errorf("partners %v %q, %v %q", p.Collider, p.Name, o.Collider, o.Name)
	}
	if len(p.Rates) != 820 || len(p.Upper) != 820 || len(p.Lower) != 820 || len(p.Temperatures) != 14 || p.Temperatures[13] != 2000 {
		t.Errorf("para-H2: %d×%d rates", len(p.Rates), len(p.Temperatures))
	}
	if p.Upper[819] != 40 || p.Lower[819] != 39 || o.Rates[819][0] != 2.9e-14 {
		t.Errorf("last rate: %d→%d %g", p.Upper[819], p.Lower[819], o.Rates[819][0])
	}
}

func TestReadFile(t *testing.T) {
	tests := []struct {
		file                    string
		levels, lines, partners int
		transition              string
		GHz, A                  float64
	}{
		{"hco+.dat", 21, 20, 1, "1-0", 89.18839570, 4.251e-5},
		{"co_6lev.dat", 6, 5, 1, "5-4", 576.2679305, 1.221e-5},
		{"vz_two_level.dat", 2, 1, 1, "2-1", 179.87547, 1e-4},
	}
	for _, tt := range tests {
		m, err := ReadFile(filepath.Join("testdata", tt.file))
		if err != nil {
			t.Errorf("%s: %v", tt.file, err)
			continue
		}
		if len(m.Levels) != tt.levels || len(m.Lines) != tt.lines || len(m.Partners) != tt.partners {
			t.Errorf("%s: %d levels, %d lines, %d partners", tt.file, len(m.Levels), len(m.Lines), len(m.Partners))
		}
		i, err := m.Transition(tt.transition)
		if err != nil || m.Lines[i].FrequencyGHz != tt.GHz || m.Lines[i].EinsteinA != tt.A {
			t.Errorf("%s %s: line %d, %v", tt.file, tt.transition, i, err)
		}
	}
	if _, err := ReadFile("testdata/absent.dat"); err == nil || !strings.Contains(err.Error(), "absent.dat") {
		t.Errorf("absent file: %v", err)
	}
}

// awkward has everything in which files depart from the format.
const awkward = "!MOLECULE\r\np-H2CO  \r\n!WEIGHT\r\n 30.0d0 amu\r\n!LEVELS\r\n4 levels\r\n!\r\n" +
	"1 0.0000 1.0 0_0_0\r\n2\t2.43\t3\t1 0 1 \r\n3 7.29 2.5 '1  -1'\r\n4 9.5 2.5\r\n" +
	"!LINES\r\n3\r\n\r\n1 2 1 8.18D-06 72.838 3.50 K (CDMS)\r\n2 3 2 7.80-105 145.6\r\n7 4 3 1.e-5 66. unknown\r\n" +
	"!PARTNERS\r\n1\r\n!\r\n1  p-H2CO - H2\tscaled\r\n!\r\n1\r\n!\r\n2\r\n!\r\n10. 20. 30.\r\n!\r\n1 2 1 1D-11 2D-11 (guess)\r\nnotes\r\n"

func TestParseAwkward(t *testing.T) {
	m, err := Parse(strings.NewReader(awkward), "awkward")
	if err != nil {
		t.Fatal(err)
	}
	want := &Molecule{
		Name: "p-H2CO", MassAMU: 30,
		Levels: []Level{{0, 1, "0_0_0"}, {2.43, 3, "1 0 1"}, {7.29, 2.5, "1 -1"}, {9.5, 2.5, "4"}},
		Lines:  []Line{{1, 0, 8.18e-6, 72.838, 3.5}, {2, 1, 7.8e-105, 145.6, 0}, {3, 2, 1e-5, 66, 0}},
		Partners: []Partner{{Name: "p-H2CO - H2 scaled", Collider: H2, Temperatures: []float64{10, 20},
			Upper: []int{1}, Lower: []int{0}, Rates: [][]float64{{1e-11, 2e-11}}}},
	}
	for i, cm1 := range map[int]float64{1: 7.29, 2: 9.5} { // E_u the file leaves out
		if e := m.Lines[i].EUpperK; math.Abs(e-1.438776877*cm1) > 1e-8*e {
			t.Errorf("E_u of line %d: %g K", i, e)
		}
		m.Lines[i].EUpperK = 0
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got  %+v\nwant %+v", m, want)
	}
	for label, want := range map[string]int{"1 0 1-0_0_0": 0, " 1  0 1 - 0_0_0 ": 0, "1 -1-1 0 1": 1} {
		if i, err := m.Transition(label); err != nil || i != want {
			t.Errorf("Transition(%q) = %d, %v; want %d", label, i, err, want)
		}
	}
}

func TestParseWithoutPartners(t *testing.T) {
	head, _, _ := strings.Cut(awkward, "!PARTNERS")
	for _, tail := range []string{"", "\n", "!PARTNERS\n0\n", "!PARTNERS\n0\n!NOTES\n"} {
		m, err := Parse(strings.NewReader(head+tail), "short")
		if err != nil || len(m.Partners) != 0 {
			t.Errorf("tail %q: %v", tail, err)
		}
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ old, new, want string }{
		{"30.0d0", "-1", `:4: expected a molecular mass > 0 [amu], found "-1 amu"`},
		{"4 levels", "four", ":6: expected the number of levels"},
		{"4 levels", "0", ":6: expected at least one level"},
		{"2\t2.43\t3", "2\tNaN\t3", ":9: expected level 2 of 4"},
		{"2\t2.43\t3", "2\t2.43\t0", ":9: expected level 2 of 4"},
		{"2\t2.43\t3", "5\t2.43\t3", ":9: expected level 2 of 4"},
		{"4 levels", "3", ":12: expected the number of radiative transitions"},
		{"1 2 1 8.18D-06", "1 5 1 8.18D-06", "upper and lower level in 1…4 with E_u > E_l"},
		{"1 2 1 8.18D-06", "1 1 2 8.18D-06", ":15: expected radiative transition 1 of 3"},
		{"8.18D-06", "0", "A > 0"},
		{"8.18D-06", "1e999", "A > 0"},
		{"72.838", "-72.8", "frequency > 0 [GHz]"},
		{"1  p-H2CO", "H2  p-H2CO", ":21: expected a collision partner"},
		{"10. 20.", "10. 10.", "2 increasing temperatures"},
		{"10. 20. 30.", "10.", "2 increasing temperatures"},
		{"1 2 1 1D-11", "1 2 2 1D-11", ":29: expected collisional transition 1 of 1"},
		{"1D-11", "-1D-11", "2 rates ≥ 0"},
		{"2D-11 (guess)", "", "2 rates ≥ 0"},
	}
	for _, tt := range tests {
		if !strings.Contains(awkward, tt.old) {
			t.Fatalf("%q is not in the sample", tt.old)
		}
		_, err := Parse(strings.NewReader(strings.Replace(awkward, tt.old, tt.new, 1)), "x.dat")
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "x.dat:") {
			t.Errorf("%q → %q: error %v, want %q", tt.old, tt.new, err, tt.want)
		}
	}
}

// Cutting a file anywhere before its notes is an error that says so.
func TestParseTruncated(t *testing.T) {
	lines := strings.SplitAfter(awkward, "\n")
	for n := range len(lines) - 2 {
		_, err := Parse(strings.NewReader(strings.Join(lines[:n], "")), "cut")
		if n == 17 { // the end of the radiative transitions
			if err != nil {
				t.Errorf("no collision part: %v", err)
			}
			continue
		}
		if want := fmt.Sprintf("cut:%d: expected", n+1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("cut after %d lines: %v, want %q", n, err, want)
		}
	}
}

func TestTransitionErrors(t *testing.T) {
	m, err := CO()
	if err != nil {
		t.Fatal(err)
	}
	if i, err := m.TransitionNumber(2); i != 1 || err != nil {
		t.Errorf("TransitionNumber(2) = %d, %v", i, err)
	}
	for _, n := range []int{0, -1, 41} {
		if _, err := m.TransitionNumber(n); err == nil || !strings.Contains(err.Error(), "1 to 40") {
			t.Errorf("TransitionNumber(%d): %v", n, err)
		}
	}
	if _, err := m.Transition("3-1"); err == nil || !strings.Contains(err.Error(), `"2-1"`) || !strings.Contains(err.Error(), "28 more") {
		t.Errorf("Transition(3-1): %v", err)
	}
	m.Levels[3].Label = "2" // two transitions into level 1: 2-1 and the former 4-3, now 4-2 and 2-2
	m.Levels[1].Label = "2"
	if _, err := m.Transition("2-2"); err == nil || !strings.Contains(err.Error(), "by its number: 2, 3") {
		t.Errorf("ambiguous label: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(awkward))
	for _, name := range []string{"co_6lev.dat", "hco+.dat", "vz_two_level.dat"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Parse(bytes.NewReader(data), "fuzz")
		if err != nil {
			return
		}
		if !(m.MassAMU > 0) || len(m.Levels) == 0 {
			t.Fatalf("mass %g, %d levels", m.MassAMU, len(m.Levels))
		}
		for i, l := range m.Lines {
			if !(m.Levels[l.Upper].EnergyCm1 > m.Levels[l.Lower].EnergyCm1) || !(l.EinsteinA > 0) || !(l.FrequencyGHz > 0) {
				t.Fatalf("line %d: %+v", i, l)
			}
			if k, err := m.Transition(m.LineLabel(i)); err == nil && k != i {
				t.Fatalf("label of line %d finds line %d", i, k)
			}
		}
		for _, p := range m.Partners {
			for i := range p.Rates {
				if len(p.Rates[i]) != len(p.Temperatures) || p.Upper[i] == p.Lower[i] || max(p.Upper[i], p.Lower[i]) >= len(m.Levels) {
					t.Fatalf("partner %q, transition %d", p.Name, i)
				}
			}
		}
	})
}

func BenchmarkCO(b *testing.B) {
	for b.Loop() {
		if _, err := CO(); err != nil {
			b.Fatal(err)
		}
	}
}
