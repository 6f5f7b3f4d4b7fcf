// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/columen/columen/jobs/internal/chart"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/internal/series"
)

type phase = run.Phase

// linesOf are the lines of a law over ranks or threads that have more than one point.
func linesOf(f *series.File, law, over string) []series.Line {
	var out []series.Line
	for _, l := range f.Lines() {
		if l.Law == law && l.Over == over && len(l.Cells) > 1 {
			out = append(out, l)
		}
	}
	return out
}

// name of a line beside its curve.
func name(l series.Line) string {
	s := l.Series
	if l.Other > 1 && l.Over == series.Ranks {
		s += fmt.Sprintf(", %d thr.", l.Other)
	} else if l.Other > 1 {
		s += fmt.Sprintf(", %d ranks", l.Other)
	}
	p := l.Cells[0].Point
	if p.Cells[1] > 0 {
		s += fmt.Sprintf(", %d³", p.Cells[1])
	}
	if p.Batch > 0 {
		s += fmt.Sprintf(", batch %d", p.Batch)
		if l.Law == series.Weak && len(l.Cells) > 1 {
			s += " × " + l.Over[:1]
		}
	}
	return s
}

// speedup is the figure of a law: speed-up, or its share of the ideal.
func speedup(lines []series.Line, efficiency bool) chart.Chart {
	c := chart.Chart{Title: "Speed-up", XLabel: lines[0].Over, YLabel: "speed-up S", LogX: true, LogY: true, Mark: "oversubscribed: more ranks × threads than cores"}
	if lines[0].Law == series.Weak {
		c.Title, c.YLabel = "Scaled speed-up", "scaled speed-up S"
	}
	if efficiency {
		c.Title, c.YLabel, c.LogY, c.FromZero = "Efficiency", "efficiency E = S / ideal", false, true
	}
	longest := 0
	for i, l := range lines {
		if len(l.Cells) > len(lines[longest].Cells) {
			longest = i
		}
	}
	ideal := chart.Curve{Label: "ideal", Dashed: true, Colour: 5}
	for i, l := range lines {
		k := chart.Curve{Label: name(l), Colour: i}
		for j, cell := range l.Cells {
			g, p := l.GainOf(j), float64(l.Count(j))
			y, low, high, best := g.Speedup, g.SpeedupLow, g.SpeedupHigh, p/float64(l.Count(0))
			if efficiency {
				y, low, high, best = g.Efficiency, g.EfficiencyLow, g.EfficiencyHigh, 1
			}
			k.X, k.Y, k.Low, k.High, k.Hollow = append(k.X, p), append(k.Y, y), append(k.Low, low), append(k.High, high), append(k.Hollow, cell.Oversubscribed)
			if i == longest {
				ideal.X, ideal.Y = append(ideal.X, p), append(ideal.Y, best)
			}
		}
		c.Curves = append(c.Curves, k)
	}
	c.Curves = append(c.Curves, ideal)
	return c
}

// phasesOf is where the time of a line went: the middle rank's share of each
// phase, and what is left of the whole.
func phasesOf(l series.Line) (names []string, s chart.Stack) {
	for _, p := range l.Cells[0].Rows[0].Phases {
		names = append(names, p.Name)
	}
	s = chart.Stack{Title: "Where the time goes", XLabel: "seconds of the rank in the middle", Names: append(append([]string{}, names...), "rest")}
	for i, c := range l.Cells {
		b := chart.Bar{Label: strconv.Itoa(l.Count(i)) + " " + l.Over, Total: c.Seconds.Median, Hollow: c.Oversubscribed}
		if l.Count(i) == 1 {
			b.Label = strings.TrimSuffix(b.Label, "s")
		}
		left := c.Seconds.Median
		for _, n := range names {
			t := c.Phase(n).SecondsMedian
			b.Parts = append(b.Parts, t)
			left -= t
		}
		b.Parts = append(b.Parts, max(left, 0))
		s.Bars = append(s.Bars, b)
	}
	return names, s
}

// kernel is a point under the roofline.
type kernel struct {
	series.Kernel
	Ceiling float64 // flop/s at its intensity
	Bound   string
}

// kernels places the kernels that were measured at the start.
func kernels(s series.Study) []kernel {
	var out []kernel
	for _, k := range s.Kernels {
		compute, memory := ceiling(s, k.Precision+" precision"), k.Intensity()*s.Bandwidth.PerSecond
		x := kernel{k, compute, "arithmetic"}
		if memory < compute {
			x.Ceiling, x.Bound = memory, "memory"
		}
		out = append(out, x)
	}
	return out
}

func ceiling(s series.Study, name string) float64 {
	for _, c := range s.Peaks {
		if c.Name == name {
			return c.PerSecond
		}
	}
	return 0
}

// roofline draws the kernels under the ceilings of the machine [Williams,
// Waterman & Patterson 2009].
func roofline(s series.Study, list []kernel) chart.Chart {
	c := chart.Chart{Title: "Roofline", XLabel: "flop per byte from memory", YLabel: "GFLOP/s", LogX: true, LogY: true}
	least, most := 0.25, 64.0
	for _, k := range list {
		least, most = min(least, k.Intensity()/2), max(most, 2*k.Intensity())
	}
	for _, p := range s.Peaks {
		roof := chart.Curve{Label: p.Name, Dashed: true, Colour: 5}
		ridge := p.PerSecond / s.Bandwidth.PerSecond
		for _, x := range []float64{least, ridge, most} {
			roof.X = append(roof.X, x)
			roof.Y = append(roof.Y, math.Min(p.PerSecond, x*s.Bandwidth.PerSecond)/1e9)
		}
		c.Curves = append(c.Curves, roof)
	}
	for i, k := range list {
		c.Curves = append(c.Curves, chart.Curve{Label: k.Name, X: []float64{k.Intensity()}, Y: []float64{k.Rate() / 1e9}, Colour: i})
	}
	return c
}
