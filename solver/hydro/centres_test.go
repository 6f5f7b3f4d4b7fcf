// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"math"
	"testing"
)

// TestCentres checks number, order, places, gas and mass of the points of a
// snapshot with three levels of uneven blocks.
func TestCentres(t *testing.T) {
	s := amrModel(t, smoothGas)
	conv := Conversion{MassPerH2AMU: 2.02, COPerH2: 1e-4, TemperatureFloorK: 300, VTurbMs: 150}
	p, err := Centres(s, conv)
	if err != nil {
		t.Fatal(err)
	}
	if p.Turbulence != nil || p.Smoothing != nil || p.Mass != nil {
		t.Error("centres of cells have turbulence of their own, or are particles")
	}
	var leaf Leaf
	var mass float64
	o := 0
	for l := range s.NumLeaves() {
		if err := s.ReadLeaf(l, &leaf); err != nil {
			t.Fatal(err)
		}
		b, n := s.LeafBox(l), s.LeafCells(l)
		volume := b.Volume() / float64(len(leaf.Density))
		for c := range leaf.Density {
			for a, i := range [3]int{c % n[0], c / n[0] % n[1], c / n[0] / n[1]} {
				want := b.Min[a] + (float64(i)+0.5)*b.Size()[a]/float64(n[a])
				if math.Abs(p.Position[a][o]-want) > 1e-14*s.Box().Size()[a] || p.Velocity[a][o] != leaf.Velocity[a][c] {
					t.Fatalf("cell %d of leaf %d: axis %d: %g, want %g", c, l, a, p.Position[a][o], want)
				}
			}
			if p.Density[o] != leaf.Density[c]*conv.PerKg() || p.Temperature[o] != max(300, leaf.Temperature[c]) {
				t.Fatalf("cell %d of leaf %d: %g m⁻³ and %g K", c, l, p.Density[o], p.Temperature[o])
			}
			mass += p.Density[o] * volume
			o++
		}
	}
	if o != p.Len() {
		t.Errorf("%d points, want %d", p.Len(), o)
	}
	if want := content(t, s, s.Box())[0] * conv.PerKg(); math.Abs(mass/want-1) > 1e-12 {
		t.Errorf("mass %g, want %g", mass, want)
	}
	conv.COPerH2 = 0
	if _, err := Centres(s, conv); err == nil {
		t.Error("no CO: no error")
	}
}
