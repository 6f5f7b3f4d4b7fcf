// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/columen/columen/jobs/internal/chart"
	"github.com/columen/columen/jobs/internal/series"
)

// facts describe the machine and the program.
func facts(s series.Study) []fact {
	out := []fact{
		{"Machine", fmt.Sprintf("%s, %d logical cores, %s", s.Host, s.Cores, s.CPU)},
		{"Program", fmt.Sprintf("columen %s, commit %s, %s", s.Program, s.Commit, s.Go)},
		{"Study", fmt.Sprintf("%s, begun %s", s.Digest, s.Start.Format(time.RFC3339))},
	}
	for _, c := range append([]series.Ceiling{s.Bandwidth}, s.Peaks...) {
		if c.PerSecond > 0 {
			unit := "GFLOP/s"
			if c.Name == s.Bandwidth.Name {
				unit = "GB/s"
			}
			out = append(out, fact{capital(c.Name), fmt.Sprintf("%s %s: %s", chart.Number(c.PerSecond/1e9), unit, c.How)})
		}
	}
	if m := s.Messages; m != nil {
		out = append(out, fact{"Messages", fmt.Sprintf("%s µs + bytes/(%s GB/s): %s", chart.Number(1e6*m.LatencySeconds), chart.Number(m.BytesPerSecond/1e9), m.How)})
	}
	if s.Energy != "" {
		out = append(out, fact{"Energy", s.Energy})
	}
	return out
}

// gains is the table of a line. The joules of a run are left out where no system
// gave them.
func gains(l series.Line) table {
	t := table{Class: "gains", Head: []string{l.Over, "problem", "n", "median [s]", "lower quartile", "upper quartile", "outliers", "S", "E", "Karp–Flatt", "rate [1/s]", "error", "cores"}}
	counted := l.Cells[0].Rows[0].Energy != nil
	if counted {
		t.Head = append(t.Head, "energy [J]")
	}
	t.Head = append(t.Head, "note")
	for i, c := range l.Cells {
		g := l.GainOf(i)
		worst, joules := 0.0, []float64{}
		for _, r := range c.Rows {
			worst = max(worst, r.Check.Error)
			if r.Energy != nil {
				joules = append(joules, r.Energy.Joules)
			}
		}
		kf := words("–")
		if !math.IsNaN(g.KarpFlatt) {
			kf = value(g.KarpFlatt)
		}
		p := c.Point
		row := []datum{
			whole(l.Count(i)), words(size(p)), whole(len(c.Rows)), value(c.Seconds.Median), value(c.Seconds.Low), value(c.Seconds.High), whole(c.Outliers),
			value(g.Speedup), value(g.Efficiency), kf, value(c.Rate()), value(worst), whole(c.Rows[0].Cores),
		}
		if counted {
			row = append(row, value(series.SpreadOf(joules).Median))
		}
		t.Keys = append(t.Keys, fmt.Sprintf("%s/%d/%d/%d/%d/%d", l.Series, p.Ranks, p.Threads, p.Cells[1], p.Channels, p.Batch))
		t.Rows = append(t.Rows, append(row, words(note(c))))
	}
	t.Title = fmt.Sprintf("%s: %s, %s", l.Series, l.Job, l.Constant())
	if n := l.Cells[0].Point.Channels; n > 0 {
		t.Title += fmt.Sprintf(", %d channels", n)
	}
	t.Title += "; time of the " + l.Cells[0].Rows[0].Timed + "; rate in " + l.Cells[0].Rows[0].WorkUnit + "/s"
	return t
}

// size of a problem in words.
func size(p series.Point) string {
	switch {
	case p.Batch > 0:
		return fmt.Sprintf("batch %d", p.Batch)
	case p.Cells[0] == p.Cells[1]:
		return fmt.Sprintf("%d³", p.Cells[0])
	}
	return fmt.Sprintf("%d×%d×%d", p.Cells[0], p.Cells[1], p.Cells[2])
}

// note says what a reader must know of a point.
func note(c series.Cell) string {
	var s []string
	if c.Oversubscribed {
		s = append(s, "oversubscribed")
	}
	if c.Rows[0].SharedCores {
		s = append(s, "unbound")
	}
	if c.Refused > 0 {
		s = append(s, strconv.Itoa(c.Refused)+" refused")
	}
	return strings.Join(s, ", ")
}

// laws says what the fits gave, or why there are none.
func laws(lines []series.Line) []string {
	var out []string
	for _, l := range lines {
		for _, fit := range l.Fits() {
			s := fmt.Sprintf("%s, %s, %s: ", name(l), fit.Law, fit.Formula)
			if fit.Refusal != "" {
				out = append(out, s+fit.Refusal+".")
				continue
			}
			for i, p := range fit.Parameter {
				if i > 0 {
					s += "; "
				}
				s += fmt.Sprintf("%s = %s, 90 %% of the bootstrap in %s … %s", p.Name, chart.Number(p.Value), chart.Number(p.Low), chart.Number(p.Up))
			}
			out = append(out, s+".")
		}
	}
	return out
}

// phaseTable has the least, middle and most time over the ranks.
func phaseTable(l series.Line, names []string) table {
	t := table{Class: "phases", Fold: "Seconds of all ranks", Head: []string{l.Over, "phase", "least of all ranks [s]", "middle", "most"}}
	for i, c := range l.Cells {
		for _, n := range names {
			p := c.Phase(n)
			t.Keys = append(t.Keys, fmt.Sprintf("%s/%d/%d/%s", l.Series, c.Point.Ranks, c.Point.Threads, n))
			t.Rows = append(t.Rows, []datum{whole(l.Count(i)), words(n), value(p.SecondsMin), value(p.SecondsMedian), value(p.SecondsMax)})
		}
	}
	return t
}

func kernelTable(list []kernel) table {
	t := table{Class: "kernels", Head: []string{"kernel", "core ns per unit", "unit", "flop/byte", "GFLOP/s", "ceiling", "share", "bound by"}}
	for _, k := range list {
		t.Keys = append(t.Keys, k.Name)
		t.Rows = append(t.Rows, []datum{words(k.Name), value(k.NanosecondsPerUnit), words(k.Unit), value(k.Intensity()), value(k.Rate() / 1e9), value(k.Ceiling / 1e9), value(k.Rate() / k.Ceiling), words(k.Bound)})
	}
	return t
}

// refusals lists the runs without a time.
func refusals(f *series.File) table {
	t := table{Class: "refused", Head: []string{"series", "point", "repeat", "why"}}
	for _, r := range f.Rows {
		if r.Kind == series.KindRefused {
			t.Rows = append(t.Rows, []datum{words(r.Series), words(r.Point.String()), whole(r.Repeat), words(r.Refusal)})
		}
	}
	return t
}
