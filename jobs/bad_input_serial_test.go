// SPDX-License-Identifier: BSD-3-Clause

//go:build !hdf5 || !cgo

package main

import "testing"

// badHDF5 asks a program without HDF5 for it: it says so before any work.
func badHDF5() []badInput {
	const without, remedy = "this program was built without HDF5", "make build"
	return []badInput{
		{name: "no HDF5 to cube", job: "cube", parts: []string{`cube.toml: output.name = "w"`, without, remedy}},
		{name: "no HDF5 to plan a cube", job: "cube", args: []string{"--dry-run"}, parts: []string{without, remedy}},
		{name: "no HDF5 for the image", args: set(`output.formats=["fits", "hdf5"]`), parts: []string{`solve.toml: output.formats = ["fits" "hdf5"]`, without, "allowed: fits, png", remedy}},
		{name: "no HDF5 for the model", line: []string{"solve", "from_cube.toml"}, parts: []string{`from_cube.toml: model.cube = "w.h5"`, without, "allowed: model.snapshot", remedy},
			prepare: func(t *testing.T, f folder) {
				f.write(t, "from_cube.toml", fromCubeConfig("w.h5"))
				f.write(t, "w.h5", "\x89HDF\r\n\x1a\n")
			}},
		{name: "no HDF5 to inspect", line: []string{"inspect", "it"}, code: 1, prepare: text("it", "\x89HDF\r\n\x1a\n"), parts: []string{"it", "built without HDF5", remedy}},
	}
}
