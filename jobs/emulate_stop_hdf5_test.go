// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/columen/columen/solver/grid"
)

// TestEmulateManyStops ends a run over many cubes by SIGTERM, and the next one by
// SIGKILL, each among its images: what is done is kept, and the third run makes
// the rest, with the same images as a run that nobody ended.
func TestEmulateManyStops(t *testing.T) {
	t.Parallel()
	const cubes = 40
	f := newFolder(t)
	f.write(t, "out/keep", "")
	writeWeights(t, f, "out/t.safetensors", trainedOn(t, trainCellM))
	writeTrainedCube(t, f, func(*grid.Cube[float64]) {})
	f.write(t, "cubes/keep", "")
	for i := range cubes {
		if err := os.Link(f.path("w.h5"), f.path(fmt.Sprintf("cubes/c%02d.h5", i))); err != nil {
			t.Fatal(err)
		}
	}
	config := strings.Replace(strings.Replace(emulateMany(), "list = \"list.txt\"\n", "", 1), "batch = 3", "batch = 1", 1)
	f.write(t, "many.toml", strings.Replace(config, `["fits", "hdf5"]`, `["hdf5"]`, 1))
	done := func() int {
		files, _ := filepath.Glob(f.path("parts/e.emulate/*.done.json"))
		return len(files)
	}
	stop := func(signal syscall.Signal, least int) (code int, stderr string) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		cmd := f.command(ctx, t, nil, "emulate", "many.toml", "--out", "parts")
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for ctx.Err() == nil && done() < least {
			time.Sleep(time.Millisecond)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		cmd.Wait() // the exit status tells
		return cmd.ProcessState.ExitCode(), said.String()
	}
	if code, stderr := stop(syscall.SIGTERM, 2); code != 75 || !strings.Contains(stderr, "start the same command again") {
		t.Fatalf("exit status %d after SIGTERM, %s", code, stderr)
	}
	first := done()
	stop(syscall.SIGKILL, first+2)
	if now := done(); first < 2 || now < first+2 || now >= cubes {
		t.Fatalf("%d models done after the first end, %d after the second", first, now)
	}
	if _, err := os.Stat(f.path("parts/e.c00.pole.h5")); err == nil {
		t.Error("outputs before all are done")
	}
	if r := f.succeed(t, "emulate", "many.toml", "--out", "parts"); !strings.Contains(r.stderr, "continuing") {
		t.Errorf("the third run says %s", r.stderr)
	}
	f.succeed(t, "emulate", "many.toml", "--out", "whole", "--quiet")
	for i := range cubes {
		for _, view := range []string{"pole", "side"} {
			name := fmt.Sprintf("e.c%02d.%s.h5", i, view)
			if f.read(t, "whole/"+name) != f.read(t, "parts/"+name) {
				t.Fatalf("%s differs from that of a run that nobody ended", name)
			}
		}
	}
}
