// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Gain is how a point compares with the base, the point of fewest ranks or threads p₀:
//
//	strong:  S = T(p₀)/T(p),        E = S p₀/p
//	weak:    S = (p/p₀) T(p₀)/T(p), E = T(p₀)/T(p)
//
// For weak series S is the scaled speed-up
// [Gustafson 1988]. Low and High come from the quartiles of both times.
type Gain struct {
	Speedup, SpeedupLow, SpeedupHigh          float64
	Efficiency, EfficiencyLow, EfficiencyHigh float64
	KarpFlatt                                 float64 // (1/S − 1/q)/(1 − 1/q), q = p/p₀ [Karp & Flatt 1990]; NaN at the base and in weak series
}

// GainOf compares cell i of a line with its first.
func (l Line) GainOf(i int) Gain {
	base, c := l.Cells[0], l.Cells[i]
	q := float64(l.Count(i)) / float64(l.Count(0))
	grow, share := 1.0, q
	if l.Law == Weak {
		grow, share = q, q
	}
	g := Gain{
		Speedup:    grow * base.Seconds.Median / c.Seconds.Median,
		SpeedupLow: grow * base.Seconds.Low / c.Seconds.High, SpeedupHigh: grow * base.Seconds.High / c.Seconds.Low,
		KarpFlatt: math.NaN(),
	}
	g.Efficiency, g.EfficiencyLow, g.EfficiencyHigh = g.Speedup/share, g.SpeedupLow/share, g.SpeedupHigh/share
	if l.Law == Strong && q > 1 {
		g.KarpFlatt = (1/g.Speedup - 1/q) / (1 - 1/q)
	}
	return g
}

// Fit is a law fitted to a line.
type Fit struct {
	Law       string // "Amdahl", "Gustafson", "USL"
	Formula   string
	Parameter []Parameter
	Refusal   string // why there is no fit; "" when there is one
}

// Parameter is a fitted number with the interval that holds 90 % of the
// bootstrap's.
type Parameter struct {
	Name           string
	Value, Low, Up float64
}

// What a fit needs.
const (
	LeastCounts  = 5 // distinct rank counts
	LeastRepeats = 5 // runs of each
)

// draws of the bootstrap.
const draws = 400

// Fits fits Amdahl's law and the universal scalability law to a strong line and
// Gustafson's to a weak one. Points whose ranks shared cores do not count.
func (l Line) Fits() []Fit {
	fits := []Fit{{Law: "Gustafson", Formula: "S = p − f (p − 1)"}}
	if l.Law == Strong {
		fits = []Fit{{Law: "Amdahl", Formula: "S = 1/(f + (1 − f)/p)"}, {Law: "USL", Formula: "S = p/(1 + a (p − 1) + b p (p − 1))"}}
	}
	var times [][]float64
	var counts []float64
	least := math.MaxInt
	for i, c := range l.Cells {
		if c.Oversubscribed {
			continue
		}
		var t []float64
		for _, r := range c.Rows {
			t = append(t, r.Seconds)
		}
		times, counts = append(times, t), append(counts, float64(l.Count(i)))
		least = min(least, len(t))
	}
	if len(counts) < LeastCounts || least < LeastRepeats {
		for i := range fits {
			fits[i].Refusal = fmt.Sprintf("not enough points: %d distinct %s counts without oversubscription, at least %d needed", len(counts), strings.TrimSuffix(l.Over, "s"), LeastCounts)
			if len(counts) >= LeastCounts {
				fits[i].Refusal = fmt.Sprintf("not enough points: %d repeats at one of them, at least %d needed", least, LeastRepeats)
			}
		}
		return fits
	}
	for i := range fits {
		fits[i].Parameter = fitted(fits[i].Law, counts, times)
	}
	return fits
}

// fitted fits the medians, and draws repeats with replacement for the intervals.
func fitted(law string, counts []float64, times [][]float64) []Parameter {
	speedups := func(draw func(t []float64) []float64) []float64 {
		base := SpreadOf(draw(times[0])).Median
		s := make([]float64, len(counts))
		for i, t := range times {
			s[i] = base / SpreadOf(draw(t)).Median
			if law == "Gustafson" {
				s[i] *= counts[i] / counts[0]
			}
		}
		return s
	}
	p := make([]float64, len(counts))
	for i := range p {
		p[i] = counts[i] / counts[0]
	}
	best := solve(law, p, speedups(func(t []float64) []float64 { return t }))
	random := rand.New(rand.NewPCG(1, 2))
	samples := make([][]float64, len(best))
	for range draws {
		x := solve(law, p, speedups(func(t []float64) []float64 {
			out := make([]float64, len(t))
			for i := range out {
				out[i] = t[random.IntN(len(t))]
			}
			return out
		}))
		for i := range x {
			samples[i] = append(samples[i], x[i])
		}
	}
	names := map[string][]string{"Amdahl": {"f"}, "Gustafson": {"f"}, "USL": {"a", "b"}}[law]
	var out []Parameter
	for i, name := range names {
		slices.Sort(samples[i])
		out = append(out, Parameter{name, best[i], Quantile(samples[i], 0.05), Quantile(samples[i], 0.95)})
	}
	return out
}

// solve is a least-squares fit of laws that are linear in their parameters:
//
//	Amdahl:     p/S − 1 = f (p − 1)
//	Gustafson:  p − S   = f (p − 1)
//	USL:        p/S − 1 = a (p − 1) + b p (p − 1)
func solve(law string, p, s []float64) []float64 {
	var xx, xy, xz, zz, zy float64
	for i := range p {
		x, y := p[i]-1, p[i]/s[i]-1
		if law == "Gustafson" {
			y = p[i] - s[i]
		}
		z := p[i] * x
		xx, xy, xz, zz, zy = xx+x*x, xy+x*y, xz+x*z, zz+z*z, zy+z*y
	}
	if law != "USL" {
		return []float64{xy / xx}
	}
	det := xx*zz - xz*xz
	return []float64{(xy*zz - zy*xz) / det, (zy*xx - xy*xz) / det}
}
