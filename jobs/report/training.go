// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"fmt"
	"math"

	"github.com/columen/columen/emulator/cost"
	"github.com/columen/columen/jobs/internal/chart"
	"github.com/columen/columen/jobs/internal/series"
	"github.com/columen/columen/jobs/internal/simulate"
)

// trained returns the rates of one rank for the network of a line, such that the
// time of its point of one rank is what was measured; false where the study has
// none.
func trained(f *series.File, l series.Line) (cost.Rates, bool) {
	base := l.Cells[0]
	for _, t := range f.Study.Training {
		if t.Series != l.Series || base.Point.Ranks != 1 || base.Point.Threads != 1 || base.Point.Batch < 1 {
			continue
		}
		s := cost.Predict(t.Rates.Network, cost.One(), cost.Options{Batch: base.Point.Batch}, t.Rates, cost.Messages{}, cost.Alone())
		if s.Total() > 0 {
			return t.Rates.Scaled(s.Total() * steps(base) / base.Seconds.Median), true
		}
	}
	return cost.Rates{}, false
}

// steps is the number of steps of a point of training.
func steps(c series.Cell) float64 { return c.Rows[0].Work / float64(c.Point.Batch) }

// simulatedTraining draws the published network with 32 samples on each rank.
func (p *page) simulatedTraining(f *series.File, l series.Line) (figure, error) {
	base, n := l.Cells[0], simulate.Published()
	r := base.Rows[0]
	perSample := base.Seconds.Median / r.FLOPs * simulate.PublishedFLOPs
	rates, how := cost.ByArithmetic(n, perSample, f.Study.Bandwidth.PerSecond), "its arithmetic at the rate that training reached on one rank here, its optimiser at the measured memory bandwidth"
	if t, ok := trained(f, l); ok {
		rates, how = t.For(n), "the parts of its passes and its optimiser as measured on one rank here, by samples, weights and arithmetic"
	}
	fig := figure{Title: "Training on more ranks", Caption: "Simulated, not measured: the published network for 64³ cells with 32 samples on every rank, " + how +
		", its gradients reduced by recursive halving and doubling, those of the dense layers beside the encoders' passes; and the same with ranks a hundred times faster, as an accelerator may be."}
	c := chart.Chart{Title: "Simulated efficiency of training", XLabel: "ranks", YLabel: "efficiency E, simulated", LogX: true, FromZero: true}
	t := table{Class: "simulated-train", Fold: "All simulated numbers", Head: []string{"simulated: problem", "network", "ranks", "seconds per step", "S", "E"}}
	for _, x := range []struct {
		name   string
		faster float64
	}{{"this core", 1}, {"100 × faster", 100}} {
		weak := func(net simulate.Network, ranks int) (float64, error) {
			return simulate.Training{Network: net}.Step(n, ranks, 32*ranks, rates.Scaled(x.faster)).Total(), nil
		}
		if err := sweep(&c, &t, x.name, weak, true); err != nil {
			return fig, err
		}
	}
	p.charts["simulated"] = c
	check, note := unseenTraining(f)
	p.Checks = append(p.Checks, "The simulation of training. "+note)
	fig.SVG, fig.Tables, fig.Notes = svg(c), []table{t, check}, append(networks(), note)
	return fig, nil
}

// unseenTraining compares what the cost model says with runs on several ranks that
// did not share cores, which its calibration did not use.
func unseenTraining(f *series.File) (table, string) {
	t := table{Class: "unseen", Head: []string{"series", "ranks", "batch", "predicted [s]", "measured: median [s]", "lower quartile", "upper quartile", "predicted / median"}}
	m, worst, shared := f.Study.Messages, 0.0, false
	for _, l := range f.Lines() {
		if l.Job != "train" || l.Over != series.Ranks || m == nil || m.Sums == nil || m.Sharing == nil {
			continue
		}
		rates, ok := trained(f, l)
		for _, c := range l.Cells {
			if !ok || c.Point.Ranks == 1 || c.Oversubscribed || c.Point.Batch < 1 {
				continue
			}
			s := cost.Predict(rates.Network, meshOf(c), cost.Options{Batch: c.Point.Batch}, rates, *m.Sums, *m.Sharing).Total() * steps(c)
			ratio := s / c.Seconds.Median
			if c.Rows[0].Mesh == "space" { // shown, not judged: see the note
				shared = true
			} else {
				worst = max(worst, math.Abs(ratio-1))
			}
			t.Keys = append(t.Keys, fmt.Sprintf("%s/%d", l.Series, c.Point.Ranks))
			t.Rows = append(t.Rows, []datum{words(l.Series), whole(c.Point.Ranks), whole(c.Point.Batch), value(s), value(c.Seconds.Median), value(c.Seconds.Low), value(c.Seconds.High), value(ratio)})
		}
	}
	if len(t.Rows) == 0 {
		return t, "No run on several ranks without oversubscription, or no measurement of one rank and of sums over ranks: the simulation is not checked."
	}
	note := verdict(worst)
	if shared {
		note += " Ranks that share cubes are left out of that: they wait for each other at every layer, which the model does not count, so that it promises too much on small grids, as the table shows."
	}
	return t, note
}

// meshOf is the mesh of a point of training.
func meshOf(c series.Cell) cost.Mesh {
	m, n := cost.One(), c.Point.Ranks
	switch c.Rows[0].Mesh {
	case "tensor":
		m.Tensor = n
	case "space":
		m.Space[0] = n
	default:
		m.Data = n
	}
	return m
}

// verdict says how far predictions were off.
func verdict(worst float64) string {
	within := "within"
	if worst > trust {
		within = "NOT within"
	}
	return fmt.Sprintf("Checked against runs that it has not seen, calibrated by one rank of the strong series and by messages alone: off by %.1f %% at most, %s the %.0f %% asked for.", 100*worst, within, 100*trust)
}
