// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && hdf5 && cgo

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/emulator/train"
)

// The environment of the long form of TestTrainKilled: how many kills, and the
// seed of ranks and moments.
const (
	killsWanted = "COLUMEN_KILLS"
	killSeed    = "COLUMEN_KILL_SEED"
)

// deadEnds is how soon a job must end after one of its ranks has died.
const deadEnds = 30 * time.Second

// TestTrainKilled kills a random rank of a training job at a random moment, starts
// the same command again, every other time on another number of ranks, until it
// is done, and compares the weights with those of an uninterrupted run, bit by
// bit. It repeats that until there were as many kills as wanted.
func TestTrainKilled(t *testing.T) {
	t.Parallel()
	kills := number(t, killsWanted, 3)
	seed := number(t, killSeed, int(time.Now().UnixNano()%1e9))
	t.Logf("%d kills, %s=%d", kills, killSeed, seed)
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	f := newFolder(t)
	writeDataSet(t, f, "tiny")
	f.write(t, "train.toml", trainConfig)
	line := func(out string) []string {
		return append([]string{"train", "train.toml", "--out", out}, set("data.batch=2", "run.epochs=12", "run.checkpoint_steps=1",
			"parallel.threads=1", "parallel.mode=fixed")...)
	}
	whole := f.killed(t, 2, 0, -1, line("whole")...)
	if whole.code != 0 {
		t.Fatalf("the uninterrupted run: exit status %d, %s", whole.code, whole.stderr)
	}
	want := learnt(t, f, "whole")
	done, slowest := 0, time.Duration(0)
	for round := 0; done < kills; round++ {
		out := fmt.Sprintf("parts%d", round)
		for start := 0; ; start++ {
			n := []int{2, 4}[start%2]
			after := time.Duration(-1) // the last run of a series ends by itself
			if done < kills {
				after = time.Duration(random.Float64() * float64(whole.took))
			}
			victim := random.IntN(n)
			r := f.killed(t, n, victim, after, line(out)...)
			if r.code == 0 {
				break
			}
			if after < 0 || start > 10*kills {
				t.Fatalf("start %d on %d ranks: exit status %d, %s", start, n, r.code, r.stderr)
			}
			done++
			slowest = max(slowest, r.took)
			t.Logf("kill %d: rank %d of %d after %.2f s, the job ended %.2f s later; %s", done, victim, n, after.Seconds(), r.took.Seconds(), stands(f, out))
		}
		for what, data := range learnt(t, f, out) {
			if data != want[what] {
				t.Errorf("round %d: %s: other bits than those of the uninterrupted run", round, what)
			}
		}
	}
	t.Logf("%d kills: weights have the bits of the uninterrupted run; a dead rank ended the job within %.2f s", done, slowest.Seconds())
	if slowest > deadEnds {
		t.Errorf("a dead rank ended the job after %v only", slowest)
	}
}

// learnt returns what a run has learnt: the best weights, and parameters and moments
// after the last step; the losses of all epochs to the digits that do not depend on
// the number of ranks.
func learnt(t *testing.T, f folder, out string) map[string]string {
	t.Helper()
	steps, err := checkpoint.Store{Dir: f.path(out + "/t.train")}.Steps()
	if err != nil || len(steps) == 0 {
		t.Fatalf("%s: checkpoints %v, %v", out, steps, err)
	}
	last := fmt.Sprintf("%s/t.train/step-%012d/", out, steps[len(steps)-1])
	var losses strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(f.read(t, out+"/t.history.jsonl")), "\n") {
		var e train.Epoch
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&losses, "%d %d %.10g %.10g %.10g\n", e.Epoch, e.Step, e.Train.Loss, e.Validation.Loss, e.Validation.MaxRel)
	}
	return map[string]string{"best weights": f.read(t, out+"/t.safetensors"), "losses": losses.String(),
		"last parameters": f.read(t, last+"parameters.safetensors"), "last moments": f.read(t, last+"moments.safetensors")}
}

// number reads a positive number from the environment.
func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q: want a number above 0", name, text)
	}
	return n
}

// killed runs a job on n ranks and kills one of them some time after its start,
// unless that is negative. took is the time from the kill, or from the start, to the
// end of the job.
func (f folder) killed(t *testing.T, n, victim int, after time.Duration, args ...string) result {
	t.Helper()
	cmd := f.command(t.Context(), t, ranks(t, n), args...)
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stderr, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait() // the exit status tells
		close(ended)
	}()
	if after >= 0 {
		select {
		case <-ended:
		case <-time.After(after):
			// A rank that is not there yet, or no longer, is waited for.
			for pid := 0; pid == 0; {
				if pid = f.process(t, victim); pid != 0 {
					syscall.Kill(pid, syscall.SIGKILL) // it may have ended just now
					break
				}
				select {
				case <-ended:
					pid = -1
				case <-time.After(5 * time.Millisecond):
				}
			}
		}
	}
	// Time in which the whole machine stands still, this process too, does not count.
	const tick = 20 * time.Millisecond
	for took := time.Duration(0); ; took += tick {
		select {
		case <-ended:
			return result{code: cmd.ProcessState.ExitCode(), stderr: stderr.String(), took: took}
		case <-time.After(tick):
		}
		if took > patience {
			cmd.Process.Kill()
			t.Fatalf("still running %v after the kill:\n%s", took, stderr.String())
		}
	}
}

// stands says which checkpoints there are.
func stands(f folder, out string) string {
	entries, err := os.ReadDir(f.path(out + "/t.train"))
	if err != nil {
		return "no checkpoint yet"
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return strings.Join(names, " ")
}

// TestTrainStuckRank stops one of the ranks of a training job in the middle: the
// others name it, say where it was and what they wait for, and all end.
func TestTrainStuckRank(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	writeDataSet(t, f, "tiny")
	f.write(t, "train.toml", trainConfig)
	for victim, n := range map[int]int{0: 2, 2: 3} {
		out := fmt.Sprintf("out%d", victim)
		cmd := f.command(t.Context(), t, ranks(t, n), append([]string{"train", "train.toml", "--out", out},
			set("data.batch=2", "run.epochs=100000", "optimizer.clip_norm=0.0", "parallel.threads=1", "parallel.watchdog_s=2")...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			cmd.Wait() // the exit status tells
			close(ended)
		}()
		for deadline := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) { // until an epoch is over
			if data, err := os.ReadFile(f.path(out + "/t.train/history.jsonl")); err == nil && len(data) > 0 {
				break
			}
			if time.Now().After(deadline) {
				cmd.Process.Kill()
				t.Fatalf("no epoch after %v:\n%s", patience, stderr.String())
			}
		}
		time.Sleep(time.Second) // until a rank has noted that
		pid := processOf(t, f, victim)
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		select {
		case <-ended:
		case <-time.After(patience):
			cmd.Process.Kill()
			t.Errorf("still running after %v", patience)
		}
		syscall.Kill(pid, syscall.SIGKILL) // it may have ended; nobody waits for it
		said := result{stderr: stderr.String()}.messages()
		t.Logf("%.1f s after the stop: %q", time.Since(start).Seconds(), said)
		if cmd.ProcessState.ExitCode() == 0 || len(said) != 1 || time.Since(start) > 2*time.Second+deadEnds {
			t.Fatalf("exit status %d after %v:\n%s", cmd.ProcessState.ExitCode(), time.Since(start), stderr.String())
		}
		for _, want := range []string{fmt.Sprintf("watchdog: rank %d of %d has not answered for ", victim, n), "last seen in step ", "rank 1 waits in ", "the limit is 2 s"} {
			if !strings.Contains(said[0], want) {
				t.Errorf("no %q in %q", want, said[0])
			}
		}
		if strings.Contains(said[0], "last seen in step 0,") {
			t.Errorf("a note from before training: %q", said[0])
		}
		if _, err := os.Stat(f.path(out + "/.t.ranks")); err == nil {
			t.Error("the notes of the ranks are left")
		}
	}
}
