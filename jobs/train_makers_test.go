// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && hdf5 && cgo

package main

import (
	"bytes"
	"context"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestGeneratorRanks trains two ranks on samples of a third: the weights have the
// bits of two ranks with spare threads, also when a signal stops the run and
// another number of generators continues it, and a generator that fails ends all.
func TestGeneratorRanks(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	makeSet(t, f)
	command := func(out string, sets ...string) []string {
		return append([]string{"train", "train.toml", "--out", out}, set(append([]string{"data.draw=fresh", "data.samples=4", "run.epochs=4"}, sets...)...)...)
	}
	learn := func(n int, out string, sets ...string) result {
		r := f.launch(t, ranks(t, n), command(out, sets...)...)
		if r.code != 0 {
			t.Fatalf("%s: exit status %d, %s", out, r.code, r.stderr)
		}
		return r
	}
	learn(2, "threads")
	want := values(t, f, "threads/t.safetensors")
	r := learn(3, "ranks", "data.generator_ranks=1")
	for _, part := range []string{"samples are made while training", "generator_ranks=1", "generators=1 ", "made_by_cores"} {
		if !strings.Contains(r.stderr, part) {
			t.Errorf("no %q in the log: %s", part, r.stderr)
		}
	}
	if values(t, f, "ranks/t.safetensors") != want {
		t.Error("the weights have other bits than those of spare threads")
	}
	if s := supplyOf(t, f, "ranks/t.history.jsonl"); s.Goroutines != 1 || s.Samples != 4 || !(s.SampleS > 0) || !(s.TrainerS > 0) {
		t.Errorf("supply %+v", s)
	}
	r = f.launch(t, ranks(t, 2), append([]string{"train", "train.toml", "--out", "mixed"}, set("data.source=mixed", "data.stored_fraction=0.4", "data.generator_ranks=1")...)...)
	if r.code != 0 {
		t.Fatalf("mixed: exit status %d, %s", r.code, r.stderr)
	}
	f.succeed(t, "train", "train.toml", "--out", "stored")
	if values(t, f, "mixed/t.safetensors") != values(t, f, "stored/t.safetensors") {
		t.Error("one trainer with a generator: the weights have other bits than those of one rank")
	}
	stopRanks(t, f, 3, "parts", command("parts", "data.generator_ranks=1")...)
	learn(3, "parts", "data.generator_ranks=2", "data.prefetch=1")
	if values(t, f, "parts/t.safetensors") != want {
		t.Error("the weights have other bits than those of the uninterrupted run")
	}

	// Winds so fast that every sample is an outlier: none can be made.
	f.write(t, "fast.toml", f.read(t, "generate.toml")+"[wind]\nexpansion_ms = [2e5, 2.1e5]\n")
	r = f.launch(t, ranks(t, 3), command("bad", "data.generator_ranks=1", "data.generate=fast.toml")...)
	if r.code != 1 || !strings.Contains(r.stderr, "rank 2, which makes samples: ") || !strings.Contains(r.stderr, "outliers") || strings.Count(r.stderr, "columen train: ") != 1 {
		t.Errorf("a generator that fails: exit status %d, %s", r.code, r.stderr)
	}
}

// stopRanks starts a job on ranks, sends each SIGUSR1 after the
// first epoch, and checks that the state is saved.
func stopRanks(t *testing.T, f folder, n int, out string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := f.command(ctx, t, ranks(t, n), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for ctx.Err() == nil { // until the ranks are there
		if _, err := os.Stat(f.path(out + "/t.train")); err == nil {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	var pids []int
	for rank := range n {
		pids = append(pids, processOf(t, f, rank))
	}
	for ctx.Err() == nil { // until the first epoch is in the history
		if data, err := os.ReadFile(f.path(out + "/t.train/history.jsonl")); err == nil && len(data) > 0 {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Wait() // the exit status tells
	if code := cmd.ProcessState.ExitCode(); code != 75 || !strings.Contains(stderr.String(), "start the same command again") {
		t.Fatalf("exit status %d after SIGUSR1, %s", code, stderr.String())
	}
}
