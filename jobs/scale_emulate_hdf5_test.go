// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package main

import (
	"os"
	"strings"
	"testing"

	"github.com/columen/columen/jobs/internal/series"
	"github.com/columen/columen/solver/grid"
)

// TestScaleEmulate measures inference over threads, strong and weak: every row has
// the work of its batch and the image of what was timed, checked. A run whose image
// is another has no time.
func TestScaleEmulate(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write(t, "out/keep", "")
	writeWeights(t, f, "out/t.safetensors", trainedOn(t, trainCellM))
	other := trainedOn(t, trainCellM) // brighter
	other.Normalization.IntensityLogMax += 0.1
	writeWeights(t, f, "out/other.safetensors", other)
	writeTrainedCube(t, f, func(*grid.Cube[float64]) {})
	f.write(t, "emulate.toml", emulateConfig)
	f.write(t, "launch", "#!/bin/sh\ncase \"$*\" in *reference*) exec \"$@\";; *) [ -e wrong ] && exec \"$@\" --set network.weights=out/other.safetensors; exec \"$@\";; esac\n")
	if err := os.Chmod(f.path("launch"), 0o755); err != nil {
		t.Fatal(err)
	}
	study := func(name, law, batch string) string {
		return "[[series]]\nname = \"" + name + "\"\nlaw = \"" + law + "\"\nover = \"threads\"\njob = \"emulate\"\nconfig = \"emulate.toml\"\nthreads = [1, 2]\nbatch = " + batch + "\nset = [\"bench.repeats=3\"]\n"
	}
	f.write(t, "scale.toml", study("strong", "strong", "[3]")+study("weak", "weak", "[1]")+
		"[repeat]\nwarmups = 0\nrepeats = 1\nmachine = \"no\"\n[launcher]\nkind = \"command\"\ncommand = [\""+f.path("launch")+"\"]\n[output]\ndir = \"out\"\nname = \"s\"\n")
	f.succeed(t, "scale", "scale.toml")
	file, err := series.Read(f.path("out/s.jsonl"))
	if err != nil || len(file.Rows) != 4 || len(file.Lines()) != 2 {
		t.Fatalf("%+v, %v", file, err)
	}
	for _, r := range file.Rows {
		images := 3.0 * 3
		if r.Law == series.Weak {
			images = 3 * float64(r.Point.Threads)
		}
		if r.Kind != series.KindRun || !(r.Seconds > 0) || r.Work != images || r.WorkUnit != "image" || !(r.FLOPs > 0) || r.Check == nil || !(r.Check.Error <= 1e-5) || len(r.Phases) != 1 || r.Over != series.Threads {
			t.Errorf("row %+v", r)
		}
	}
	f.succeed(t, "report", "out/s.jsonl")
	for _, part := range []string{"Strong scaling over threads", "Weak scaling over threads", "weak, batch 1 × t"} {
		if !strings.Contains(f.read(t, "out/s.html"), part) {
			t.Errorf("the page lacks %q", part)
		}
	}

	f.write(t, "wrong", "")
	r := f.run(t, "scale", "scale.toml", "--set", "repeat.repeats=2")
	if said := r.messages(); r.code != 1 || len(said) != 1 || !strings.Contains(said[0], "4 runs were refused") {
		t.Fatalf("exit status %d: %s", r.code, r.stderr)
	}
	if file, err = series.Read(f.path("out/s.jsonl")); err != nil || len(file.Rows) != 8 {
		t.Fatalf("%+v, %v", file, err)
	}
	for _, r := range file.Rows[4:] {
		if r.Kind != series.KindRefused || r.Seconds != 0 || !strings.Contains(r.Refusal, "the result fails its check") {
			t.Errorf("row %+v", r)
		}
	}
}
