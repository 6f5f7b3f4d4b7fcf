// SPDX-License-Identifier: BSD-3-Clause

package scale

import (
	"fmt"
	"strings"

	"github.com/columen/columen/jobs/internal/series"
)

// The rates that estimates are made with: what one core of a 2024 server did, and
// the memory of a cell and of a pixel in double precision (four fields;
// transmission, emission and, on rank 0, intensity).
const (
	coreRate   = 3.8e8 // cells · channels per second
	cellBytes  = 32
	pixelBytes = 24
)

// estimate says in words what a point of the solver needs: memory of all ranks
// together, and time with all cores busy.
func estimate(p series.Point) string {
	cells := float64(p.Cells[0]) * float64(p.Cells[1]) * float64(p.Cells[2])
	pixels := float64(p.Cells[0]) * float64(p.Cells[1]) * float64(p.Channels)
	return fmt.Sprintf("%.3g GB, %.3g s per image", (cells*cellBytes+pixels*pixelBytes)/1e9, cells*float64(p.Channels)/coreRate/float64(p.Ranks*p.Threads))
}

// least is the number of repeats of a valid result.
const least = 5

// verdict is the last part of the page of a problem class: the figure of merit and
// whether the result is valid.
func verdict(class string, f *series.File) string {
	if class == "" {
		return ""
	}
	var b strings.Builder
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	fmt.Fprintf(&b, "\nclass %s\n", class)
	for _, l := range f.Lines() {
		var best *series.Cell
		for i, c := range l.Cells {
			switch {
			case c.Oversubscribed:
				fault("%s on %d %s: oversubscribed", l.Series, l.Count(i), l.Over)
			case len(c.Rows) < least:
				fault("%s on %d %s: %d repeats, at least %d needed", l.Series, l.Count(i), l.Over, len(c.Rows), least)
			case best == nil || c.Rate() > best.Rate():
				best = &l.Cells[i]
			}
		}
		if best == nil {
			continue
		}
		r := best.Rows[0]
		fmt.Fprintf(&b, "figure of merit: %.4g %s/s, %s: %s", best.Rate(), r.WorkUnit, l.Series, best.Point)
		if r.PeakBytes > 0 {
			fmt.Fprintf(&b, "; %.3g GB on the largest rank", float64(r.PeakBytes)/1e9)
		}
		b.WriteString("\n")
	}
	switch c := f.Study.Commit; {
	case c == "unknown":
		fault("commit unknown: this program was built without version information: make build in a clone of the repository, with git installed, puts it in (go version -m shows vcs.revision; a linked worktree of git has none)")
	case strings.HasSuffix(c, "+"):
		fault("commit %s: a result belongs to an unmodified commit", c)
	}
	if len(f.Lines()) == 0 {
		fault("no run with a time")
	}
	if f.Study.Bandwidth.PerSecond == 0 {
		fault("the machine was not measured")
	}
	if faults == nil {
		b.WriteString("VALID by the rules of docs/blueprint.md\n")
		return b.String()
	}
	b.WriteString("NOT VALID by the rules of docs/blueprint.md:\n")
	for _, x := range faults {
		b.WriteString("  " + x + "\n")
	}
	return b.String()
}
