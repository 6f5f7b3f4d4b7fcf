// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && hdf5 && cgo

package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/train"
)

// TestTrainInSpace trains on one rank and on ranks that share the cubes of
// samples: the losses of an epoch agree as far as single precision goes.
func TestTrainInSpace(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	writeDataSet(t, f, "tiny")
	f.write(t, "train.toml", trainConfig)
	learn := func(n int, out string, sets ...string) train.Epoch {
		r := f.launch(t, ranks(t, n), append([]string{"train", "train.toml", "--out", out},
			set(append(sets, "data.batch=1", "run.epochs=1", "parallel.threads=1", "schedule.rate=1e-5")...)...)...)
		if r.code != 0 || strings.Contains(r.stderr, "each rank reads its own blocks") != (n > 1) {
			t.Fatalf("%s: exit status %d, %s", out, r.code, r.stderr)
		}
		var e train.Epoch
		if err := json.Unmarshal([]byte(f.read(t, out+"/t.history.jsonl")), &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	want := learn(1, "one")
	for out, c := range map[string]struct {
		ranks int
		space string
	}{"two": {2, "parallel.space=[2,1,1]"}, "eight": {8, "parallel.space=[2,2,2]"}} {
		got := learn(c.ranks, out, c.space)
		if d := math.Abs(got.Train.Loss/want.Train.Loss - 1); d > 1e-5 || got.Ranks != c.ranks || got.SentPerStep == 0 {
			t.Errorf("%s: loss off by %.3g of one rank; %d ranks, %d bytes sent per step", out, d, got.Ranks, got.SentPerStep)
		}
		if d := math.Abs(got.Validation.Loss/want.Validation.Loss - 1); d > 1e-4 {
			t.Errorf("%s: validation loss off by %.3g", out, d)
		}
	}
	for want, sets := range map[string][]string{
		"statistics of a block": {"parallel.space=[2,1,1]", "parallel.batch_norm=local"}, `mode = "fixed" excludes`: {"parallel.space=[2,1,1]", "parallel.mode=fixed"},
		"no multiple of tensor × space = 3": {"parallel.space=[3,1,1]"},
	} {
		r := f.launch(t, ranks(t, 2), append([]string{"train", "train.toml", "--out", "bad"}, set(sets...)...)...)
		if r.code != 2 || !strings.Contains(r.stderr, want) {
			t.Errorf("%v: exit status %d, %s", sets, r.code, r.stderr)
		}
	}
}
