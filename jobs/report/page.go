// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"github.com/columen/columen/jobs/internal/chart"
	"github.com/columen/columen/jobs/internal/series"
)

//go:embed page.html
var pageText string

// table is a table of the page. Keys name its rows for programs.
type table struct {
	Class string
	Title string
	Head  []string
	Keys  []string
	Rows  [][]datum
	Fold  string // what to click on to see it; "" shows it
}

// Key names row i.
func (t table) Key(i int) string {
	if i < len(t.Keys) {
		return t.Keys[i]
	}
	return strconv.Itoa(i)
}

// figure is a drawing with what is behind it.
type figure struct {
	Title, Caption string
	SVG            template.HTML
	Command        string // of one of its runs
	Study          int    // whose command and TOML are at the end of its part
	Tables         []table
	Notes          []string
	Simulated      bool
}

// part is what a file gives.
type part struct {
	Number                int
	Study                 series.Study
	Path, Command         string
	Facts                 []fact
	Figures               []figure
	Refused               table
	Runs, Timed, Outliers int
}

type fact struct{ Name, Value string }

// comparison is the part of an evaluation.
type comparison struct {
	Title, Spent, Provenance string
	Table                    table
}

// page is the whole report.
type page struct {
	Title       string
	Generator   template.HTML
	Parts       []part
	Comparisons []comparison
	Checks      []string // of predictions, to say when the page is made
	charts      map[string]chart.Chart
}

func newPage(in *input) (*page, error) {
	p := &page{Title: "Solver and emulator", Generator: generator, charts: map[string]chart.Chart{}}
	if len(in.files) > 0 {
		var names []string
		for _, f := range in.files {
			names = append(names, f.Study.Name)
		}
		p.Title = "Scaling of columen: " + strings.Join(names, ", ")
	}
	for i, f := range in.files {
		part, err := p.partOf(f, i)
		if err != nil {
			return nil, err
		}
		p.Parts = append(p.Parts, part)
	}
	for _, e := range in.evaluations {
		c := e.Comparison
		p.Comparisons = append(p.Comparisons, comparison{
			Title: fmt.Sprintf("%s: %d held-out cubes of %d³ cells, %d channels, %d passes; part %s, split by %s", e.Weights, c.Samples, c.Grid, c.Channels, c.Repeats, e.Part, e.SplitBy),
			Spent: e.spent(), Provenance: c.Rows[0].Name + ": " + c.Rows[0].Provenance, Table: e.table(),
		})
	}
	return p, nil
}

// pictures are the figures that become PNG files.
func (p *page) pictures() map[string]chart.Chart { return p.charts }

func (p *page) html() ([]byte, error) {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, p)
	return b.Bytes(), err
}

// partOf draws everything about a file.
func (p *page) partOf(f *series.File, number int) (part, error) {
	s := f.Study
	out := part{Number: number, Study: s, Path: f.Path, Command: strings.Join(s.Command, " "), Runs: len(f.Rows), Facts: facts(s)}
	suffix := ""
	if number > 0 {
		suffix = strconv.Itoa(number + 1)
	}
	for _, law := range []string{series.Strong, series.Weak} {
		for _, over := range []string{series.Ranks, series.Threads} {
			if lines := linesOf(f, law, over); len(lines) > 0 {
				out.Figures = append(out.Figures, p.scaling(lines, number, suffix)...)
			}
		}
	}
	if alone := single(f); len(alone.Tables) > 0 {
		alone.Study = number
		out.Figures = append(out.Figures, alone)
	}
	for _, l := range f.Lines() {
		for _, c := range l.Cells {
			out.Timed, out.Outliers = out.Timed+len(c.Rows), out.Outliers+c.Outliers
		}
		names, stack := phasesOf(l)
		if len(names) == 0 {
			continue
		}
		out.Figures = append(out.Figures, figure{Title: "Where the time goes: " + name(l), SVG: template.HTML(stack.SVG()), Study: number, Command: commandOf(l), Tables: []table{phaseTable(l, names)},
			Caption: "Median over the repeats of the rank in the middle; “rest” is what is left of the whole, such as waiting at the start. Faded bars are oversubscribed."})
	}
	if list := kernels(s); list != nil {
		roof := roofline(s, list)
		p.charts["roofline"+suffix] = roof
		fig := figure{Title: "Kernels under the roofline", SVG: svg(roof), Study: number, Command: out.Command, Tables: []table{kernelTable(list)},
			Caption: "Ceilings and kernels as measured at the start of the study, all cores at work. The solver's kernel has 130 flop per cell and channel when nothing can be skipped; in an image most channels are far from the line in most cells and cost nothing, so that the rates of the series are not to be multiplied by it. What only reads can pass the bandwidth of a triad, whose stores read their lines first without being counted for it."}
		for _, k := range list {
			fig.Notes = append(fig.Notes, k.Name+": "+k.How+".")
		}
		out.Figures = append(out.Figures, fig)
	}
	simulated, err := p.simulated(f, number, suffix)
	out.Figures = append(out.Figures, simulated...)
	out.Refused = refusals(f)
	return out, err
}

// scaling draws speed-up and efficiency of lines of one law over ranks or threads.
func (p *page) scaling(lines []series.Line, number int, suffix string) []figure {
	law, over := lines[0].Law, lines[0].Over
	title, chartName := capital(law)+" scaling", law
	if over == series.Threads {
		title, chartName = title+" over threads", law+"-threads"
	}
	up, share := speedup(lines, false), speedup(lines, true)
	p.charts[chartName+"-speedup"+suffix], p.charts[chartName+"-efficiency"+suffix] = up, share
	first := figure{Title: title, SVG: svg(up), Study: number, Command: commandOf(lines[0]),
		Caption: "Median over n repeats against the fewest " + over + "; bars from the quartiles of both times. Hollow points have more ranks × threads than cores. Unbound ranks may use the same cores. Error: the largest of all runs, against one rank."}
	for _, l := range lines {
		first.Tables = append(first.Tables, gains(l))
	}
	return []figure{first, {Title: title + ": efficiency", SVG: svg(share), Study: number, Command: first.Command, Notes: laws(lines),
		Caption: "Speed-up over the ideal. A fit needs 5 counts with 5 repeats each, none oversubscribed."}}
}

// single has the points of lines that have one only.
func single(f *series.File) figure {
	fig := figure{Title: "Single points", Caption: "Series with one number of ranks and threads have no speed-up."}
	for _, l := range f.Lines() {
		if len(l.Cells) == 1 {
			fig.Tables, fig.Command = append(fig.Tables, gains(l)), commandOf(l)
		}
	}
	return fig
}

func svg(c chart.Chart) template.HTML { return template.HTML(c.SVG()) }

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// commandOf is the command of a run of the most ranks of a line.
func commandOf(l series.Line) string {
	return strings.Join(l.Cells[len(l.Cells)-1].Rows[0].Command, " ")
}
