// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"errors"
	"fmt"
	"math"

	"github.com/columen/columen/jobs/internal/chart"
	"github.com/columen/columen/jobs/internal/series"
	"github.com/columen/columen/jobs/internal/simulate"
)

// counts are the numbers of ranks that are predicted.
func counts() []int { return []int{64, 128, 256, 512, 1024, 2048, 4096, 8192, 10240} }

// trust is how far a prediction for ranks that were measured may be off.
const trust = 0.25

// predictor gives the seconds of a problem on some ranks of a network.
type predictor func(net simulate.Network, ranks int) (float64, error)

// simulated predicts more ranks than were measured, where one rank was, and for the
// solver the time of messages, which its check needs.
func (p *page) simulated(f *series.File, number int, suffix string) ([]figure, error) {
	var out []figure
	for _, l := range f.Lines() {
		base := l.Cells[0]
		r := base.Rows[0]
		if l.Law != series.Strong || l.Over != series.Ranks || base.Point.Ranks != 1 || base.Point.Threads != 1 || r.FLOPs == 0 {
			continue
		}
		var fig figure
		var err error
		switch {
		case l.Job == "solve" && f.Study.Messages != nil:
			fig, err = p.simulatedSolver(f, base)
		case l.Job == "train" && (r.Mesh == "" || r.Mesh == "data") && f.Study.Bandwidth.PerSecond > 0:
			fig, err = p.simulatedTraining(f, l)
		default:
			continue
		}
		if err != nil {
			return nil, err
		}
		fig.Study, fig.Simulated, fig.Command = number, true, commandOf(l)
		out = append(out, fig)
		if c, ok := p.charts["simulated"]; ok {
			delete(p.charts, "simulated")
			p.charts["simulated-"+l.Job+suffix] = c
		}
	}
	return out, nil
}

// image calibrates the solver by the point of one rank.
func image(c series.Cell) simulate.Image {
	p, axis := c.Point, 2
	if axes := c.Rows[0].RayAxes; len(axes) > 0 {
		axis = axes[0]
	}
	pixels := float64(p.Channels)
	for a, n := range p.Cells {
		if a != axis {
			pixels *= float64(n)
		}
	}
	images := float64(max(len(c.Rows[0].RayAxes), 1))
	return simulate.Image{
		Cells: p.Cells, Channels: p.Channels, Axis: axis, BytesPerValue: 8,
		SecondsPerUnit:  c.Phase("integrate").SecondsMax / c.Rows[0].Work,
		SecondsPerPixel: c.Phase("gather").SecondsMax / pixels / images,
	}
}

// simulatedSolver draws the measured problem and one of 1024³ cells.
func (p *page) simulatedSolver(f *series.File, base series.Cell) (figure, error) {
	m := image(base)
	large := m
	large.Cells, large.Channels = [3]int{1024, 1024, 1024}, 101
	fig := figure{Title: "The solver on more ranks", Caption: "Simulated, not measured: the time of one cell and channel and of placing a pixel are those of one rank here; messages are simulated one by one on two networks whose numbers are assumed. One rank per network port; reading and writing files are left out."}
	c := chart.Chart{Title: "Simulated speed-up of the solver", XLabel: "ranks", YLabel: "speed-up S, simulated", LogX: true, LogY: true}
	t := table{Class: "simulated-solve", Fold: "All simulated numbers", Head: []string{"simulated: problem", "network", "ranks", "seconds per image", "S", "E"}}
	for _, x := range []struct {
		name  string
		model simulate.Image
	}{{fmt.Sprintf("%d³ × %d", m.Cells[0], m.Channels), m}, {"1024³ × 101", large}} {
		if err := sweep(&c, &t, x.name, x.model.Predict, false); err != nil {
			return fig, err
		}
	}
	p.charts["simulated"] = c
	fig.SVG, fig.Tables = svg(c), []table{t}
	check, note, err := unseen(f, "solve", func(cell series.Cell) predictor {
		own := m
		own.Cells, own.Channels = cell.Point.Cells, cell.Point.Channels
		return own.Predict
	})
	fig.Tables, fig.Notes = append(fig.Tables, check), append(networks(), note)
	p.Checks = append(p.Checks, "The simulation of the solver. "+note)
	return fig, err
}

// sweep predicts a problem on both networks.
func sweep(c *chart.Chart, t *table, name string, predict predictor, weak bool) error {
	one, err := predict(simulate.Network{}, 1)
	if err != nil {
		return err
	}
	for _, net := range simulate.Profiles() {
		k := chart.Curve{Label: name + ", " + net.Name, Colour: len(c.Curves)}
		for _, ranks := range counts() {
			s, err := predict(net, ranks)
			if errors.Is(err, simulate.ErrNoFit) {
				break
			}
			if err != nil {
				return err
			}
			speedup := one / s
			if weak {
				speedup *= float64(ranks)
			}
			y := speedup
			if weak {
				y /= float64(ranks)
			}
			k.X, k.Y = append(k.X, float64(ranks)), append(k.Y, y)
			t.Keys = append(t.Keys, fmt.Sprintf("%s/%s/%d", name, net.Name, ranks))
			t.Rows = append(t.Rows, []datum{words(name), words(net.Name), whole(ranks), value(s), value(speedup), value(speedup / float64(ranks))})
		}
		if len(k.X) > 0 {
			c.Curves = append(c.Curves, k)
		}
	}
	return nil
}

// unseen compares predictions with runs that the calibration did not use: those of
// several ranks that did not share cores.
func unseen(f *series.File, job string, model func(series.Cell) predictor) (table, string, error) {
	m := f.Study.Messages
	here := simulate.Network{Name: "this machine", Latency: m.LatencySeconds, PerByte: 1 / m.BytesPerSecond}
	t := table{Class: "unseen", Head: []string{"series", "ranks", "problem", "simulated [s]", "measured: median [s]", "lower quartile", "upper quartile", "simulated / median"}}
	worst := 0.0
	for _, l := range f.Lines() {
		for _, c := range l.Cells {
			if l.Job != job || l.Over != series.Ranks || c.Point.Ranks == 1 || c.Oversubscribed || c.Point.Threads != 1 {
				continue
			}
			s, err := model(c)(here, c.Point.Ranks)
			if err != nil {
				return t, "", err
			}
			ratio := s / c.Seconds.Median
			worst = max(worst, math.Abs(ratio-1))
			t.Keys = append(t.Keys, fmt.Sprintf("%s/%d", l.Series, c.Point.Ranks))
			t.Rows = append(t.Rows, []datum{words(l.Series), whole(c.Point.Ranks), words(size(c.Point)), value(s), value(c.Seconds.Median), value(c.Seconds.Low), value(c.Seconds.High), value(ratio)})
		}
	}
	if len(t.Rows) == 0 {
		return t, "No run on several ranks without oversubscription: the simulation is not checked.", nil
	}
	return t, verdict(worst), nil
}

func networks() []string {
	var out []string
	for _, n := range simulate.Profiles() {
		out = append(out, n.Name+": "+n.Source+".")
	}
	return out
}
