// SPDX-License-Identifier: BSD-3-Clause

package wind

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestDraw(t *testing.T) {
	s := DefaultSpans()
	var rates, contrasts []float64
	for seed := range uint64(2000) {
		p, g, err := Draw(rand.New(rand.NewPCG(1, seed)), s)
		if err != nil {
			t.Fatal(err)
		}
		again, _, _ := Draw(rand.New(rand.NewPCG(1, seed)), s)
		if again != p {
			t.Fatal("the same stream gives another model")
		}
		rate := p.MassLossKgS(g) * YearS / SolarMassKg
		if rate < 0.999e-8 || rate > 1.001e-5 || p.ExpansionMS < 5e3 || p.ExpansionMS > 25e3 || p.SpacingM < 20*au || p.SpacingM > 200*au ||
			p.Thickness < 0.15 || p.Thickness > 0.8 || p.TemperatureK < 100 || p.TemperatureK > 600 || g.COPerH2 < 1e-4 || g.COPerH2 > 8e-4 {
			t.Fatalf("model %+v of %g solar masses per year lies outside the spans", p, rate)
		}
		rates, contrasts = append(rates, rate), append(contrasts, p.Contrast)
	}
	slices.Sort(rates)
	slices.Sort(contrasts)
	// Medians: the geometric middle of what is log-uniform, else the middle; within 4 standard errors.
	near(t, "log of the median mass loss", math.Log10(rates[1000]), -6.5, 0.03)
	near(t, "median contrast", contrasts[1000], 2.5, 0.1)
}

// counting counts the numbers taken.
type counting struct{ n int }

func (c *counting) Float64() float64 { c.n++; return 0.5 }

func TestDrawTakesNineNumbers(t *testing.T) {
	var c counting
	p, g, err := Draw(&c, DefaultSpans())
	if err != nil || c.n != 9 {
		t.Errorf("%d numbers, error %v: want 9 and none", c.n, err)
	}
	near(t, "abundance at the middle", g.COPerH2, math.Sqrt(1e-4*8e-4), 1e-12)
	near(t, "slope at the middle", p.TemperatureSlope, 0.65, 1e-12)
}
