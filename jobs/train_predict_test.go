// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && hdf5 && cgo

package main

import (
	"regexp"
	"strings"
	"testing"
)

// TestTrainPredicts asks for the plan of a training on one and on two ranks, and
// has two ranks choose their mesh.
func TestTrainPredicts(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	writeDataSet(t, f, "tiny")
	f.write(t, "train.toml", trainConfig)
	train := func(n int, more ...string) string {
		t.Helper()
		r := f.launch(t, ranks(t, n), append([]string{"train", "train.toml", "--out", "out"}, more...)...)
		if r.code != 0 {
			t.Fatalf("%v on %d ranks: exit status %d, %s", more, n, r.code, r.stderr)
		}
		return r.stderr
	}
	number := func(log, line, key string) string {
		t.Helper()
		m := regexp.MustCompile(regexp.QuoteMeta(line) + `.* ` + key + `="?([^ "\n]+)`).FindStringSubmatch(log)
		if m == nil {
			t.Fatalf("no %s of %q in %s", key, line, log)
		}
		return m[1]
	}
	quick := set("data.batch=2", "parallel.threads=1", "run.epochs=1")
	for ranks := 1; ranks <= 2; ranks++ {
		log := train(ranks, append(quick, "--dry-run")...)
		if a, b := number(log, "predicted memory of a rank", "total"), number(log, "predicted time of a step", "total"); a == "0" || b == "0" {
			t.Errorf("%d ranks: %s GB, %s ms", ranks, a, b)
		}
		if sent := number(log, "predicted time of a step", "sent_bytes"); (sent == "0") != (ranks == 1) {
			t.Errorf("%d ranks send %s bytes", ranks, sent)
		}
		if strings.Count(log, "predicted demand on the source") != 1 {
			t.Errorf("%d ranks: %s", ranks, log)
		}
	}
	if log := train(1, append(quick, set("parallel.mesh=auto")...)...); strings.Contains(log, "mesh chosen") {
		t.Errorf("one rank has a choice: %s", log)
	}
	log := train(2, append(quick, set("parallel.mesh=auto", "parallel.mode=fixed", "output.name=chosen")...)...)
	chosen := regexp.MustCompile(`mesh chosen.* mesh="([^"]+)"`).FindStringSubmatch(log)
	if chosen == nil || strings.Count(log, "predicted_ms_per_step") != 2 || !strings.Contains(log, `training together  mesh="`+chosen[1]) {
		t.Errorf("two ranks: %s", log)
	}
}
