// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && cgo

package main

import (
	"strings"
	"testing"

	"github.com/columen/columen/jobs/internal/series"
)

// TestScaleOnRanks measures one and two ranks and compares them: each row has the
// places of its ranks, and the study the time of a message.
func TestScaleOnRanks(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	words := strings.ReplaceAll(`"`+strings.Join(ranks(t, 2), `", "`)+`"`, `"2"`, `"{ranks}"`)
	f.write(t, "scale.toml", `[[series]]
name = "tiny"
job = "solve"
config = "solve.toml"
ranks = [1, 2]
cells = [8]
channels = [3]
[repeat]
warmups = 0
repeats = 1
[launcher]
kind = "command"
command = [`+words+`]
[output]
dir = "out"
name = "s"
`)
	f.succeed(t, "scale", "scale.toml")
	file, err := series.Read(f.path("out/s.jsonl"))
	if err != nil || len(file.Rows) != 2 {
		t.Fatalf("%v, %v", file, err)
	}
	for _, r := range file.Rows {
		if r.Kind != series.KindRun || len(r.Places) != r.Point.Ranks || r.Places[r.Point.Ranks-1].Rank != r.Point.Ranks-1 || r.Places[0].CPUs == "" || r.Cores < 1 || r.MPI == "" {
			t.Errorf("row %+v", r)
		}
	}
	if m := file.Study.Messages; m == nil || !(m.LatencySeconds > 0 && m.LatencySeconds < 10) || !(m.BytesPerSecond > 0) {
		t.Errorf("messages %+v", m)
	}
	f.succeed(t, "report", "out/s.jsonl")
	if page := f.read(t, "out/s.html"); !strings.Contains(page, "simulated") {
		t.Error("nothing simulated on the page")
	}
}
