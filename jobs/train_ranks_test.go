// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && hdf5 && cgo

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/columen/columen/jobs/internal/series"
)

// TestTrainOnRanks trains on one rank and on meshes of two, with the same bits in
// fixed mode, and continues a run of one mesh on another.
func TestTrainOnRanks(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	writeDataSet(t, f, "tiny")
	f.write(t, "train.toml", trainConfig)
	train := func(n int, out string, sets ...string) result {
		return f.launch(t, ranks(t, n), append([]string{"train", "train.toml", "--out", out},
			set(append(sets, "data.batch=2", "parallel.threads=1", "parallel.mode=fixed")...)...)...)
	}
	if r := train(1, "one"); r.code != 0 {
		t.Fatalf("one rank: exit status %d, %s", r.code, r.stderr)
	}
	want := f.read(t, "one/t.safetensors")
	for out, sets := range map[string][]string{"data": nil, "tensor": {"parallel.tensor=2"}} {
		r := train(2, out, sets...)
		if r.code != 0 || strings.Count(r.stderr, "done  seconds=") != 1 || !strings.Contains(r.stderr, "seconds per step") || !strings.Contains(r.stderr, "mode=fixed") {
			t.Fatalf("%s: exit status %d, %s", out, r.code, r.stderr)
		}
		if f.read(t, out+"/t.safetensors") != want {
			t.Errorf("%s 2: the weights have other bits than those of one rank", out)
		}
		if n := strings.Count(f.read(t, out+"/t.history.jsonl"), `"ranks":2`); n != 3 {
			t.Errorf("%s 2: %d epochs on two ranks in the history", out, n)
		}
	}
	for want, sets := range map[string][]string{
		"parallel.tensor = 3": {"parallel.tensor=3"}, "data × tensor × space is 4, but 2 ranks": {"parallel.data=4"}, "parallel.space": {"parallel.space=[2,1,1]"},
	} {
		if r := train(2, "bad", sets...); r.code != 2 || !strings.Contains(r.stderr, want) || len(r.messages()) != 1 {
			t.Errorf("%v: exit status %d, %s", sets, r.code, r.stderr)
		}
	}
}

// TestScaleTrainOnRanks measures training on one and two ranks, strong and weak:
// every row has losses near those of one rank, and the work of a weak point grows
// with its ranks.
func TestScaleTrainOnRanks(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	writeDataSet(t, f, "tiny")
	f.write(t, "train.toml", trainConfig)
	line := "job = \"train\"\nconfig = \"train.toml\"\nranks = [1, 2]\nbatch = [2]\nset = [\"run.epochs=1\"]\n"
	f.write(t, "scale.toml", "[[series]]\nname = \"strong\"\n"+line+"[[series]]\nname = \"tensor\"\nmesh = \"tensor\"\n"+line+"[[series]]\nname = \"weak\"\nlaw = \"weak\"\n"+line+
		"[repeat]\nwarmups = 0\nrepeats = 1\nmachine = \"no\"\n[launcher]\nkind = \"command\"\ncommand = ["+
		strings.ReplaceAll(`"`+strings.Join(ranks(t, 2), `", "`)+`"`, `"2"`, `"{ranks}"`)+"]\n[output]\ndir = \"out\"\nname = \"s\"\n")
	f.succeed(t, "scale", "scale.toml")
	file, err := series.Read(f.path("out/s.jsonl"))
	if err != nil || len(file.Rows) != 6 {
		t.Fatalf("%v, %v", file, err)
	}
	work := map[string]float64{}
	for _, r := range file.Rows {
		if r.Kind != series.KindRun || r.Check == nil || !(r.Check.Error <= r.Check.Tolerance) || len(r.Places) != r.Point.Ranks {
			t.Errorf("row %+v", r)
		}
		var names []string
		sum := 0.0
		for _, p := range r.Phases {
			names, sum = append(names, p.Name), sum+p.SecondsMin
			if p.Name == "reduce" && (p.SecondsMax > 0) != (r.Point.Ranks > 1) {
				t.Errorf("%d ranks reduce for %g s", r.Point.Ranks, p.SecondsMax)
			}
		}
		if got := strings.Join(names, " "); got != "data forward backward reduce optimiser idle" || sum > r.Seconds {
			t.Errorf("phases %s of %g s in %g s", got, sum, r.Seconds)
		}
		if (r.Series == "tensor") != strings.Contains(strings.Join(r.Command, " "), fmt.Sprintf("parallel.tensor=%d", r.Point.Ranks)) {
			t.Errorf("%s: %q", r.Series, r.Command)
		}
		work[r.Series] += r.Work * float64(2*r.Point.Ranks-3) // two ranks less one
	}
	if work["strong"] != 0 || work["tensor"] != 0 || !(work["weak"] > 0) {
		t.Errorf("more work on two ranks than on one: %v", work)
	}
}
