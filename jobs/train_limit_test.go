// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo && !mpi

package main

import (
	"os"
	"strings"
	"testing"
)

// TestTrainFileLimit leaves no room for a checkpoint: the run ends and says so,
// and with room the same command does it all.
func TestTrainFileLimit(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	writeDataSet(t, f, "tiny")
	f.write(t, "train.toml", trainConfig)
	limited := f
	limited.env = append(f.env[:len(f.env):len(f.env)], fileLimit+"=20000")
	args := append([]string{"train", "train.toml"}, set("run.epochs=1")...)
	r := limited.run(t, args...)
	if m := r.messages(); r.code != 1 || len(m) != 1 || !strings.Contains(m[0], "write checkpoint out/t.train/step-") || !strings.Contains(m[0], "file too large") {
		t.Fatalf("exit status %d, %s", r.code, r.stderr)
	}
	if _, err := os.Stat(f.path("out/t.safetensors")); err == nil {
		t.Error("weights of a run that failed")
	}
	f.succeed(t, args...)
}
