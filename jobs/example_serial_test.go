// SPDX-License-Identifier: BSD-3-Clause

//go:build !hdf5 || !cgo

package main

import (
	"strings"
	"testing"
)

const exampleFormats = `["fits", "png"]`

// tryExample runs an example without HDF5: a cube file or a data set, which
// need it, are refused with the reason.
func tryExample(t *testing.T, f folder, job string, args []string) {
	t.Helper()
	if job == "train" || job == "evaluate" {
		for _, name := range []string{"tiny.dataset.json", "tiny.generate.json", "tiny.train.json"} {
			f.write(t, name, "{}")
		}
	}
	if job != "solve" && job != "emulate" && job != "submit" && job != "scale" || strings.Contains(args[1], "magritte") {
		f.refuses(t, f.run(t, args...), f.files(t), 2, "built without HDF5")
		return
	}
	if strings.HasSuffix(args[1], "scale-train.toml") {
		if r := f.run(t, args...); r.code != 1 || !strings.Contains(r.stderr, "no such file") {
			t.Errorf("exit status %d, %s", r.code, r.stderr)
		}
		return
	}
	f.succeed(t, args...)
}

// prepareTraining makes nothing: no data set can be written.
func prepareTraining(*testing.T, folder) {}
