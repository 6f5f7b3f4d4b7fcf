// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/columen/columen/jobs/internal/run"
)

// Quantile interpolates linearly between sorted values (Hyndman & Fan 1996,
// type 7); NaN of none.
func Quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// Spread is a measurement over the repeats.
type Spread struct {
	N                  int
	Median, Low, High  float64 // median and quartiles
	Smallest, Greatest float64
}

// SpreadOf summarises values, outliers included.
func SpreadOf(values []float64) Spread {
	s := slices.Sorted(slices.Values(values))
	if len(s) == 0 {
		nan := math.NaN()
		return Spread{0, nan, nan, nan, nan, nan}
	}
	return Spread{len(s), Quantile(s, 0.5), Quantile(s, 0.25), Quantile(s, 0.75), s[0], s[len(s)-1]}
}

// Outlier reports whether a value lies more than 1.5 interquartile ranges beyond
// the quartiles [Tukey 1977]. Of fewer than five values none can be told.
func (s Spread) Outlier(value float64) bool {
	reach := 1.5 * (s.High - s.Low)
	return s.N >= 5 && (value < s.Low-reach || value > s.High+reach)
}

// Cell is a point of a series with all its runs.
type Cell struct {
	Point          Point
	Rows           []Row // timed, without warm-ups, in order of their repeats
	Seconds        Spread
	Outliers       int
	Oversubscribed bool
	Refused        int
}

// Rate returns units of work per second at the median time.
func (c Cell) Rate() float64 { return c.Rows[0].Work / c.Seconds.Median }

// Phase is the median over the repeats of the least, middle and most time over
// the ranks.
func (c Cell) Phase(name string) run.Phase {
	var low, mid, high []float64
	for _, r := range c.Rows {
		for _, p := range r.Phases {
			if p.Name == name {
				low, mid, high = append(low, p.SecondsMin), append(mid, p.SecondsMedian), append(high, p.SecondsMax)
			}
		}
	}
	return run.Phase{Name: name, SecondsMin: SpreadOf(low).Median, SecondsMedian: SpreadOf(mid).Median, SecondsMax: SpreadOf(high).Median}
}

// Line is the part of a series whose points differ in the number of ranks alone, or
// of threads of each rank where the series is over them (strong: also not in the
// problem; weak: the problem follows the ranks or threads).
type Line struct {
	Series, Law, Job string
	Over             string // Ranks or Threads
	Other            int    // threads of each rank, or ranks: the number that stays
	Cells            []Cell // in order of Count
}

// Count is the number of ranks or threads of a cell, whichever the line is over.
func (l Line) Count(i int) int { return l.Cells[i].Point.Along(l.Over) }

// Constant names the number that stays, in words.
func (l Line) Constant() string {
	unit, per := "thread", " per rank"
	if l.Over == Threads {
		unit, per = "rank", ""
	}
	if l.Other != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s%s", l.Other, unit, per)
}

// Lines sorts the rows of a file into lines: strong before weak, then by name,
// the number that stays and problem. Points without a timed run are left out.
func (f *File) Lines() []Line {
	type group struct {
		series  string
		other   int
		problem [5]int
	}
	lines := map[group]*Line{}
	for _, r := range f.Rows {
		if r.Warmup || r.Kind != KindRun {
			continue
		}
		over, other := Ranks, r.Point.Threads
		if r.Over == Threads {
			over, other = Threads, r.Point.Ranks
		}
		g := group{r.Series, other, r.problem()}
		l := lines[g]
		if l == nil {
			l = &Line{Series: r.Series, Law: r.Law, Job: r.Job, Over: over, Other: other}
			lines[g] = l
		}
		l.add(r)
	}
	order := slices.SortedFunc(maps.Keys(lines), func(a, b group) int {
		return cmp.Or(cmp.Compare(lines[a].Law, lines[b].Law), cmp.Compare(a.series, b.series), cmp.Compare(a.other, b.other), slices.Compare(a.problem[:], b.problem[:]))
	})
	out := make([]Line, 0, len(order))
	for _, g := range order {
		l := lines[g]
		for i := range l.Cells {
			l.Cells[i].finish(f.Rows, l.Series)
		}
		slices.SortFunc(l.Cells, func(a, b Cell) int { return cmp.Compare(a.Point.Along(l.Over), b.Point.Along(l.Over)) })
		out = append(out, *l)
	}
	return out
}

// problem is the size of the problem on one rank or thread (weak) or on all (strong).
func (r Row) problem() [5]int {
	p := r.Point
	out := [5]int{p.Cells[0], p.Cells[1], p.Cells[2], p.Channels, p.Batch}
	if r.Law == Weak {
		out[0] /= p.Along(r.Over)
		out[4] /= p.Along(r.Over)
	}
	return out
}

func (l *Line) add(r Row) {
	for i := range l.Cells {
		if l.Cells[i].Point == r.Point {
			l.Cells[i].Rows = append(l.Cells[i].Rows, r)
			return
		}
	}
	l.Cells = append(l.Cells, Cell{Point: r.Point, Rows: []Row{r}})
}

func (c *Cell) finish(all []Row, name string) {
	slices.SortFunc(c.Rows, func(a, b Row) int { return cmp.Compare(a.Repeat, b.Repeat) })
	var seconds []float64
	for _, r := range c.Rows {
		seconds = append(seconds, r.Seconds)
		c.Oversubscribed = c.Oversubscribed || r.Oversubscribed
	}
	c.Seconds = SpreadOf(seconds)
	for _, s := range seconds {
		if c.Seconds.Outlier(s) {
			c.Outliers++
		}
	}
	for _, r := range all {
		if r.Kind == KindRefused && r.Series == name && r.Point == c.Point {
			c.Refused++
		}
	}
}
