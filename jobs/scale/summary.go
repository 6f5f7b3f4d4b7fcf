// SPDX-License-Identifier: BSD-3-Clause

package scale

import (
	"fmt"
	"math"
	"strings"

	"github.com/columen/columen/jobs/internal/series"
)

// summary is the page for people.
func summary(f *series.File) string {
	var b strings.Builder
	h := f.Study
	fmt.Fprintf(&b, "columen scale %s: study %.12s of commit %.12s\n%s, %d cores, %s", h.Name, h.Digest, h.Commit, h.Host, h.Cores, h.CPU)
	if h.Bandwidth.PerSecond > 0 {
		fmt.Fprintf(&b, "; memory %.1f GB/s", h.Bandwidth.PerSecond/1e9)
	}
	for _, p := range h.Peaks {
		fmt.Fprintf(&b, ", %s %.1f GFLOP/s", p.Name, p.PerSecond/1e9)
	}
	if h.Messages != nil {
		fmt.Fprintf(&b, "; messages %.2f µs + bytes/(%.2f GB/s)", 1e6*h.Messages.LatencySeconds, h.Messages.BytesPerSecond/1e9)
	}
	b.WriteString("\n")
	for _, l := range f.Lines() {
		first := l.Cells[0].Rows[0]
		fmt.Fprintf(&b, "\n%s: %s scaling of %s over %s, %s; time of the %s\n", l.Series, l.Law, l.Job, l.Over, l.Constant(), first.Timed)
		fmt.Fprintf(&b, "%7s %16s %9s %10s %22s %8s %6s %12s %9s\n", l.Over, "problem", "channels", "median [s]", "quartiles [s]", "speed-up", "eff.", "rate ["+"1/s]", "error")
		for i, c := range l.Cells {
			g := l.GainOf(i)
			size := fmt.Sprintf("%d×%d×%d", c.Point.Cells[0], c.Point.Cells[1], c.Point.Cells[2])
			if c.Point.Batch > 0 {
				size = fmt.Sprintf("batch %d", c.Point.Batch)
			}
			worst := 0.0
			for _, r := range c.Rows {
				worst = math.Max(worst, r.Check.Error)
			}
			fmt.Fprintf(&b, "%7d %16s %9d %10.4f %10.4f … %9.4f %8.3f %6.3f %12.4g %9.2g", l.Count(i), size, c.Point.Channels,
				c.Seconds.Median, c.Seconds.Low, c.Seconds.High, g.Speedup, g.Efficiency, c.Rate(), worst)
			if c.Oversubscribed {
				fmt.Fprintf(&b, "  oversubscribed: %d threads in all on %d cores", c.Point.Ranks*c.Point.Threads, c.Rows[0].Cores)
			}
			if c.Outliers > 0 {
				fmt.Fprintf(&b, "  outliers kept: %d", c.Outliers)
			}
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "rate in %s/s; %d repeats; every result within %.1g of that of one rank\n", first.WorkUnit, len(l.Cells[0].Rows), first.Check.Tolerance)
		for _, fit := range l.Fits() {
			if fit.Refusal != "" {
				fmt.Fprintf(&b, "%s: %s\n", fit.Law, fit.Refusal)
				continue
			}
			fmt.Fprintf(&b, "%s, %s:", fit.Law, fit.Formula)
			for _, p := range fit.Parameter {
				fmt.Fprintf(&b, " %s = %.4g (%.4g … %.4g)", p.Name, p.Value, p.Low, p.Up)
			}
			b.WriteString("\n")
		}
	}
	refused := 0
	for _, r := range f.Rows {
		if r.Kind == series.KindRefused {
			refused++
		}
	}
	if refused > 0 {
		fmt.Fprintf(&b, "\n%d runs were refused on the way; the lines of kind \"refused\" say why\n", refused)
	}
	return b.String()
}
