// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/columen/columen/jobs/internal/chart"
	"github.com/columen/columen/jobs/internal/series"
)

// datum is a number of the page: Text for people, Value in full for programs.
type datum struct{ Value, Text string }

func value(x float64) datum {
	return datum{strconv.FormatFloat(x, 'g', -1, 64), chart.Number(x)}
}

func whole(n int) datum { return datum{strconv.Itoa(n), strconv.Itoa(n)} }

func words(s string) datum { return datum{"", s} }

// csvOf is a row for every run of the files, in the order of the lines.
func csvOf(files []*series.File) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	phases := map[string]bool{}
	for _, f := range files {
		for _, r := range f.Rows {
			for _, p := range r.Phases {
				phases[p.Name] = true
			}
		}
	}
	names := slices.Sorted(maps.Keys(phases))
	head := strings.Fields(`study series law over job kind ranks threads_per_rank cells_x cells_y cells_z channels batch repeat warmup order seconds wall_seconds outlier
		work work_unit flop bytes core_seconds peak_memory_bytes energy_joules energy_source check_error check_tolerance cores shared_cores oversubscribed
		bandwidth_bytes_per_second config_digest git_commit go_version mpi_library nodes binding start refusal`)
	for _, n := range names {
		for _, what := range [...]string{"min", "median", "max"} {
			head = append(head, strings.ReplaceAll(n, " ", "_")+"_seconds_"+what)
		}
	}
	if err := w.Write(head); err != nil {
		return nil, err
	}
	for _, f := range files {
		spreads := map[series.Key]series.Spread{}
		for _, l := range f.Lines() {
			for _, c := range l.Cells {
				spreads[series.Key{Series: l.Series, Point: c.Point}] = c.Seconds
			}
		}
		for _, r := range f.Rows {
			if err := w.Write(record(r, spreads[series.Key{Series: r.Series, Point: r.Point}], names)); err != nil {
				return nil, err
			}
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func record(r series.Row, s series.Spread, phases []string) []string {
	num := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	flag := strconv.FormatBool
	var binding []string
	for _, p := range r.Places {
		binding = append(binding, p.Host+":"+p.CPUs)
	}
	checkError, tolerance, joules, source := "", "", "", ""
	if r.Check != nil {
		checkError, tolerance = num(r.Check.Error), num(r.Check.Tolerance)
	}
	if r.Energy != nil {
		joules, source = num(r.Energy.Joules), r.Energy.Source
	}
	p := r.Point
	out := []string{
		r.Study, r.Series, r.Law, cmp.Or(r.Over, series.Ranks), r.Job, r.Kind, strconv.Itoa(p.Ranks), strconv.Itoa(p.Threads), strconv.Itoa(p.Cells[0]), strconv.Itoa(p.Cells[1]), strconv.Itoa(p.Cells[2]),
		strconv.Itoa(p.Channels), strconv.Itoa(p.Batch), strconv.Itoa(r.Repeat), flag(r.Warmup), strconv.Itoa(r.Order), num(r.Seconds), num(r.WallSeconds),
		flag(r.Kind == series.KindRun && !r.Warmup && s.Outlier(r.Seconds)), num(r.Work), r.WorkUnit, num(r.FLOPs), num(r.Bytes), num(r.CoreSeconds), strconv.FormatInt(r.PeakBytes, 10),
		joules, source, checkError, tolerance, strconv.Itoa(r.Cores), flag(r.SharedCores), flag(r.Oversubscribed), num(r.BandwidthBytes),
		r.ConfigDigest, r.Commit, r.Go, r.MPI, strings.Join(r.Nodes, " "), strings.Join(binding, " "), r.Start.Format(time.RFC3339Nano), r.Refusal,
	}
	for _, name := range phases {
		i := slices.IndexFunc(r.Phases, func(p phase) bool { return p.Name == name })
		if i < 0 {
			out = append(out, "", "", "")
			continue
		}
		out = append(out, num(r.Phases[i].SecondsMin), num(r.Phases[i].SecondsMedian), num(r.Phases[i].SecondsMax))
	}
	return out
}

func keys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
