// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// cores reads the processor time of a manifest.
func cores(t *testing.T, f folder, name string) (seconds float64, continued bool) {
	t.Helper()
	var m struct {
		CoreSeconds float64 `json:"core_seconds"`
		Continued   bool
	}
	if err := json.Unmarshal([]byte(f.read(t, name)), &m); err != nil {
		t.Fatal(err)
	}
	return m.CoreSeconds, m.Continued
}

// TestTrainExtends trains two epochs, and then asks for four: the weights have
// the same bits as those of a run of four. A cosine falls by its own period, so
// that the epochs do not change it. Fewer than are done are refused.
func TestTrainExtends(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	writeDataSet(t, f, "tiny")
	f.write(t, "train.toml", strings.Replace(trainConfig, "rate = 1e-3", "rate = 1e-3\nkind = \"cosine\"\nperiod = 4\nrate_min = 1e-5", 1))
	train := func(out, epochs string, more ...string) []string {
		return append([]string{"train", "train.toml", "--quiet", "--out", out, "--set", "run.epochs=" + epochs}, more...)
	}
	f.succeed(t, train("whole", "4")...)
	f.succeed(t, train("parts", "2")...)
	first, continued := cores(t, f, "parts/t.train.json")
	if !(first > 0) || continued {
		t.Errorf("two epochs took %g s of processor time, continued: %v", first, continued)
	}
	f.succeed(t, train("parts", "4")...)
	if f.read(t, "whole/t.safetensors") != f.read(t, "parts/t.safetensors") {
		t.Error("weights of two epochs and two more differ from those of four")
	}
	if n := strings.Count(f.read(t, "parts/t.history.jsonl"), "\n"); n != 4 {
		t.Errorf("%d epochs in the history", n)
	}
	if all, continued := cores(t, f, "parts/t.train.json"); !(all > 1.2*first) || !continued {
		t.Errorf("processor time of all epochs is %g s, continued: %v; %g s of the first two", all, continued, first)
	}

	before := f.files(t)
	f.refuses(t, f.run(t, train("parts", "3")...), before, 2, "output.dir", "--overwrite")
	f.succeed(t, train("parts", "3", "--overwrite")...)
	if n := strings.Count(f.read(t, "parts/t.history.jsonl"), "\n"); n != 3 {
		t.Errorf("%d epochs in the history of a run of three", n)
	}
}
