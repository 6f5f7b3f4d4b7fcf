// SPDX-License-Identifier: BSD-3-Clause

//go:build !mpi || !cgo

package main

import (
	"fmt"
	"testing"
)

// joinsMPI says that the program of this build joins MPI, which takes long and
// writes files of its own, so that a limit on files ends it before it begins.
const joinsMPI = false

// environment is empty: there is no MPI library to be told anything.
func environment(*testing.T) []string { return nil }

// TestFileLimit lets the program write files of few bytes only, as ulimit -f
// does: the images do not fit, or only the manifest does not.
func TestFileLimit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		format string
		limit  int
	}{{"fits", 8192}, {"png", 8192}, {"fits", 0}} {
		t.Run(fmt.Sprintf("%s %d", c.format, c.limit), func(t *testing.T) {
			t.Parallel()
			checkFileLimit(t, "solve", c.limit, set("output.formats=[\""+c.format+"\"]")...)
		})
	}
}

func checkFileLimit(t *testing.T, job string, limit int, args ...string) {
	t.Helper()
	f := newFolder(t)
	f.env = append(f.env, fmt.Sprintf("%s=%d", fileLimit, limit))
	before := f.files(t)
	r := f.run(t, append([]string{job, job + ".toml"}, args...)...)
	f.refuses(t, r, before, 1, "columen "+job+": ", "out/w.", ": output not written: file too large")
}

// TestManifestDoesNotFit has room for small images and not for the manifest of
// a hundred of them: none stays.
func TestManifestDoesNotFit(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.env = append(f.env, fileLimit+"=20000")
	views := f.read(t, "solve.toml")
	for i := range 100 {
		views += fmt.Sprintf("[[view]]\nname = \"view%d\"\naxis = \"+x\"\n", i)
	}
	f.write(t, "solve.toml", views)
	before := f.files(t)
	r := f.run(t, append([]string{"solve", "solve.toml"}, set("cube.cells=[1,1,1]", "spectrum.channels=1")...)...)
	f.refuses(t, r, before, 1, "columen solve: out/w.solve.json: manifest not written: ", "file too large")
}
