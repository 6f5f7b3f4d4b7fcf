// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"encoding/binary"
	"math"
	"os"
	"strings"
	"testing"
)

// badInput is a mistake of a user and what the program says to it.
type badInput struct {
	name     string
	job      string                       // "solve" when empty
	args     []string                     // after the configuration
	line     []string                     // the whole command line instead
	old, now string                       // edit of the configuration
	prepare  func(t *testing.T, f folder) // further preparation
	code     int                          // 2 when 0
	parts    []string                     // of the message
}

// TestBadInputs runs the program on every mistake; where it joins MPI, which
// takes long, only on those that need HDF5: a build without tests the others.
func TestBadInputs(t *testing.T) {
	list := badInputs()
	if joinsMPI {
		list = badHDF5()
	}
	for _, c := range list {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			c.try(t, f, nil)
		})
	}
}

// try makes the mistake in a folder and looks at what comes of it.
func (c badInput) try(t *testing.T, f folder, launcher []string) {
	t.Helper()
	job := c.job
	if job == "" {
		job = "solve"
	}
	if c.old != "" {
		f.edit(t, job+".toml", c.old, c.now)
	}
	if c.prepare != nil {
		c.prepare(t, f)
	}
	line := c.line
	if line == nil {
		line = append([]string{job, job + ".toml"}, c.args...)
	}
	code := c.code
	if code == 0 {
		code = 2
	}
	before := f.files(t)
	f.refuses(t, f.launch(t, launcher, line...), before, code, c.parts...)
}

func set(assignments ...string) []string {
	var out []string
	for _, a := range assignments {
		out = append(out, "--set", a)
	}
	return out
}

// model replaces the snapshot by the bytes that change makes of it.
func model(change func(data []byte) []byte) func(*testing.T, folder) {
	return func(t *testing.T, f folder) {
		data, err := os.ReadFile(smallModel)
		if err != nil {
			t.Fatal(err)
		}
		f.write(t, "wind.dat", string(change(data)))
	}
}

// first keeps the first bytes of a file.
func first(n int) func([]byte) []byte { return func(data []byte) []byte { return data[:n] } }

// put overwrites one value of the file.
func put(offset int, value float64) func([]byte) []byte {
	return func(data []byte) []byte {
		binary.LittleEndian.PutUint64(data[offset:], math.Float64bits(value))
		return data
	}
}

func text(name, data string) func(*testing.T, folder) {
	return func(t *testing.T, f folder) { f.write(t, name, data) }
}

func badInputs() []badInput {
	var all []badInput
	for _, list := range [][]badInput{badCommandLines(), badConfigurations(), badModels(), badPhantom(), badCubes(), badMappings(), badLines(), badOutputs(), badLooks(), badViews(), badGenerate(), badHDF5()} {
		all = append(all, list...)
	}
	return all
}

func badCommandLines() []badInput {
	return []badInput{
		{name: "no arguments", line: []string{}, parts: []string{"columen: ", "no job given", "allowed: cube, solve, "}},
		{name: "unknown job", line: []string{"slove", "solve.toml"}, parts: []string{`"slove"`, "unknown job", `did you mean "solve"?`, "allowed: cube, solve, "}},
		{name: "unknown flag", args: []string{"--overwite"}, parts: []string{"columen solve: ", "--overwite", `did you mean "--overwrite"?`, "allowed: "}},
		{name: "unknown short flag", args: []string{"-x"}, parts: []string{"columen solve: ", "-x", "allowed: "}},
		{name: "no configuration", line: []string{"solve"}, parts: []string{"columen solve: ", "CONFIG.toml"}},
		{name: "two configurations", args: []string{"cube.toml"}, parts: []string{"cube.toml", "2 given", "CONFIG.toml"}},
		{name: "negative threads", args: []string{"--threads", "-1"}, parts: []string{"--threads -1", "out of range", "allowed: an integer"}},
		{name: "threads no number", args: []string{"--threads", "many"}, parts: []string{"--threads", `"many"`, "allowed: an integer"}},
		{name: "bad log", args: []string{"--log", "xml"}, parts: []string{`--log "xml"`, "allowed: text, json"}},
		{name: "set without value", args: set("cube.cells"), parts: []string{"--set: cube.cells: ", "not an assignment", "allowed: KEY=VALUE"}},
		{name: "set unknown key", args: set("cube.celles=[8,8,8]"), parts: []string{"--set: cube.celles = [8, 8, 8]", `did you mean "cells"?`}},
		{name: "set bad value", args: set("parallel.mode=exact"), parts: []string{`--set: parallel.mode = "exact"`, "allowed: one of fast, fixed"}},
		{name: "set a view too far", args: set("view.5.axis=+x"), parts: []string{"--set: view.5.axis", "list of 2"}},
		{name: "set on a job without configuration", line: []string{"inspect", "wind.dat", "--set", "a=b"}, parts: []string{"columen inspect: ", "--set"}},
		{name: "empty output folder", args: []string{"--out="}, parts: []string{"columen solve: ", `--out ""`, "allowed: "}},
	}
}

func badConfigurations() []badInput {
	return []badInput{
		{name: "configuration missing", line: []string{"solve", "none.toml"}, parts: []string{"columen solve: none.toml: ", "no such file", "allowed: a readable TOML file"}},
		{name: "configuration a folder", line: []string{"solve", "."}, parts: []string{"columen solve: .: ", "not a regular file", "allowed: "}},
		{name: "configuration a snapshot", line: []string{"solve", "wind.dat"}, parts: []string{"wind.dat: ", "1368480 bytes", "allowed: a readable TOML file"}},
		{name: "configuration no TOML", prepare: text("solve.toml", "cells: 3\n"), parts: []string{"solve.toml:1", "allowed: TOML 1.0"}},
		{name: "configuration empty", job: "cube", prepare: text("cube.toml", "[model]\nsnapshot = \"wind.dat\"\n[output]\nname = \"a\"\n"), parts: []string{"cube.toml: ", "missing", "allowed: "}},
		{name: "unknown key", old: "[line]", now: "vturb_ms = 3.0\n[line]", parts: []string{"solve.toml: cube.vturb_ms = 3.0", `unknown key, did you mean "v_turb_ms"?`, "allowed: cells"}},
		{name: "wrong type", old: "cells = [12, 10, 14]", now: `cells = "many"`, parts: []string{`solve.toml: cube.cells = "many"`, "allowed: a list of 3"}},
		{name: "unit in the value", old: "v_turb_ms = 150.0", now: `v_turb_ms = "0.15 km/s"`, parts: []string{`cube.v_turb_ms = "0.15 km/s"`, "[m s⁻¹]"}},
		{name: "wrong unit of the image", args: set("output.unit=mK"), parts: []string{`--set: output.unit = "mK"`, "allowed: one of SI, K, Jy/pixel"}},
		{name: "missing unit", old: "mean_mol_weight = 2.35\n", now: "", parts: []string{"solve.toml: model.amrvac.mean_mol_weight", "missing", "[u]"}},
		{name: "negative turbulence", args: set("cube.v_turb_ms=-1"), parts: []string{"cube.v_turb_ms = -1", "at least 0 [m s⁻¹]"}},
		{name: "zero cells", args: set("cube.cells=[12,0,14]"), parts: []string{"cube.cells.1 = 0", "allowed: an integer from 1 to 8192"}},
		{name: "more cells than memory", args: set("cube.cells=[8192,8192,8192]"), parts: []string{"cube.cells = [8192", "GB", "allowed: "}},
		{name: "more channels than memory", args: set("spectrum.channels=100000", "spectrum.spacing_ms=1", "cube.cells=[8192,8192,1]"), parts: []string{"GB", "allowed: "}},
		{name: "half a region", args: set("cube.region_min_au=[-1,-1,-1]"), parts: []string{"cube.region_max_au", "missing", "both corners"}},
		{name: "region outside the box", args: set("cube.region_min_au=[-10,-10,-10]", "cube.region_max_au=[10,10,21]"), parts: []string{"wind.dat", "cube.region_m", "21", "outside the model", "allowed: a region inside [-20 -20 -20] to [20 20 20] au"}},
		{name: "frequencies not increasing", old: "channels = 5\nspacing_ms = 4000.0", now: "frequencies_hz = [2.3e11, 2.2e11]", parts: []string{"spectrum.frequencies_hz.1 = 2.2e+11", "increasing"}},
		{name: "no channels", args: set("spectrum.channels=0"), parts: []string{"spectrum.channels = 0", "from 1 to 100000"}},
		{name: "channels beyond light", args: set("spectrum.spacing_ms=1e9"), parts: []string{"spectrum.spacing_ms", "299792458"}},
		{name: "no views", args: set("view=[]"), parts: []string{"view", "missing", "at least one [[view]] table"}},
		{name: "two views of a name", args: set("view.1.name=pole"), parts: []string{`view.1.name = "pole"`, "also the name of view.0"}},
		{name: "unknown axis", args: set("view.0.axis=z"), parts: []string{`view.0.axis = "z"`, "+z"}},
		{name: "flux without distance", args: set("output.unit=Jy/pixel"), parts: []string{"output.distance_pc", "missing"}},
		{name: "ranks and processes", args: set("parallel.ranks=[2,2,1]"), parts: []string{"parallel.ranks = [2, 2, 1]", "4 ranks", "product"}},
		{name: "more ranks than cells", args: set("parallel.ranks=[1,11,1]"), parts: []string{"parallel.ranks.1 = 11", "10 cells", "from 1 to 10"}},
		{name: "negative ranks", args: set("parallel.ranks=[-1,1,1]"), parts: []string{"parallel.ranks.0 = -1"}},
		{name: "names beyond the file system", args: set("output.name=" + strings.Repeat("n", 101)), parts: []string{"output.name", "allowed: a name"}},
	}
}

// lastEnergy is the offset of the energy of the first cell of the last block,
// that of the largest x, y and z.
const lastEnergy = 1364384

// badModels are files that are no model, or no good one. The header of the
// small model ends at byte 288, its tree at byte 3680.
func badModels() []badInput {
	damaged := func(name string, change func([]byte) []byte, parts ...string) badInput {
		return badInput{name: name, code: 1, prepare: model(change), parts: append([]string{"columen solve: ", "wind.dat"}, parts...)}
	}
	replaced := func(name, data string, parts ...string) badInput {
		return damaged(name, func([]byte) []byte { return []byte(data) }, parts...)
	}
	return []badInput{
		{name: "snapshot missing", args: set("model.snapshot=none.dat"), parts: []string{"model.snapshot", "none.dat", "no such file", "allowed: a readable file"}},
		{name: "snapshot a folder", args: set("model.snapshot=."), parts: []string{"model.snapshot", "not a regular file", "allowed: a readable file"}},
		damaged("snapshot empty", first(0), "byte 0", "truncated"),
		damaged("snapshot without tree", first(290), "byte"),
		damaged("snapshot half", first(700000), "byte"),
		damaged("snapshot without its last byte", func(d []byte) []byte { return d[:len(d)-1] }, "byte"),
		replaced("snapshot a text", strings.Repeat("not a model\n", 50), "byte 0", "version"),
		replaced("snapshot compressed", "\x1f\x8b\x08\x00"+strings.Repeat("\x5a", 500), "byte 0", "gzip"),
		{name: "snapshot HDF5", code: 1, args: set("model.format=amrvac"), prepare: model(func([]byte) []byte { return []byte("\x89HDF\r\n\x1a\n" + strings.Repeat("\x00", 500)) }), parts: []string{"wind.dat", "byte 0", "HDF5"}},
		damaged("snapshot not a number", put(675080, math.NaN()), "byte 675080: leaf 59", "m1: found NaN"),
		damaged("snapshot infinite", put(406544, math.Inf(1)), "byte 406544: leaf 33", "e: found +Inf"),
		damaged("snapshot negative density", put(1348000, -1), "byte 1348000: leaf 119", "rho: found -1"),
		damaged("snapshot negative pressure", put(lastEnergy, -1), "leaf 119", "e: found pressure -", "want a positive"),
		{name: "gas hotter than the line data", args: set("cube.temperature_floor_k=1e9"), code: 1, parts: []string{"temperature", "1e+09", "want"}},
		{name: "units out of this world", old: "density_gcc = 1e-15", now: "density_gcc = 1e300", code: 1, parts: []string{"wind.dat", "want"}},
		{name: "temperature of a file with energy", old: "mean_mol_weight = 2.35", now: "mean_mol_weight = 2.35\ntemperature_k = 10.0", code: 1, parts: []string{"wind.dat", "temperature"}},
	}
}

func badLines() []badInput {
	return []badInput{
		{name: "no such transition", args: set("line.transition=99-98"), parts: []string{"line.transition", "99-98", "allowed: "}},
		{name: "no such number", args: set("line.transition=4711"), parts: []string{"line.transition", "4711", "allowed: "}},
		{name: "forbidden transition", args: set("line.transition=3-1"), parts: []string{"line.transition", "3-1", "allowed: "}},
		{name: "line data missing", args: set("line.molecule=sio.dat"), parts: []string{"line.molecule", "sio.dat", "no such file"}},
		{name: "line data a snapshot", args: set("line.molecule=wind.dat"), code: 1, parts: []string{"wind.dat"}},
		{name: "line data cut", args: set("line.molecule=cut.dat"), code: 1, parts: []string{"cut.dat"}, prepare: text("cut.dat", "!MOLECULE\nCO\n!MOLECULAR WEIGHT\n28.0\n!NUMBER OF ENERGY LEVELS\n41\n!LEVEL\n1 0.0 1.0 0\n")},
	}
}

func badOutputs() []badInput {
	return []badInput{
		{name: "output below a file", args: []string{"--out", "solve.toml/out"}, parts: []string{"output.dir", "solve.toml/out", "not a directory", "allowed: a folder"}},
		{name: "output a file", args: set("output.dir=solve.toml"), parts: []string{"output.dir", "solve.toml", "not a directory"}},
		{name: "output in the kernel", args: []string{"--out", "/proc/columen"}, parts: []string{"output.dir", "/proc/columen", "allowed: a folder"}},
		{name: "output exists", prepare: text("out/w.pole.fits", "precious"), parts: []string{"output.dir", "w.pole.fits", "exists", "allowed: --overwrite"}},
		{name: "output of a cube exists", job: "cube", prepare: text("out/w.h5", "precious"), parts: []string{"output.dir", "w.h5", "exists", "allowed: --overwrite"}},
		{name: "manifest exists", prepare: text("out/w.solve.json", "{}"), parts: []string{"w.solve.json", "exists", "allowed: --overwrite"}},
		{name: "output a folder", args: []string{"--overwrite"}, prepare: text("out/w.side.fits/precious", "?"), parts: []string{"output.dir", "w.side.fits", "folder", "allowed: "}},
		{name: "manifest a folder", args: []string{"--overwrite"}, prepare: text("out/w.solve.json/precious", "?"), parts: []string{"output.dir", "w.solve.json", "folder", "allowed: "}},
		{name: "output among the inputs", args: append(set("output.name=wind", "line.molecule=out/wind.pole.fits"), "--overwrite"),
			prepare: text("out/wind.pole.fits", "line data"), parts: []string{"wind.pole.fits", "line.molecule", "allowed: "}},
	}
}

func badLooks() []badInput {
	look := func(name, data string, parts ...string) badInput {
		return badInput{name: "inspect " + name, line: []string{"inspect", "it"}, code: 1, prepare: text("it", data), parts: append([]string{"columen inspect: ", "it"}, parts...)}
	}
	return []badInput{
		{name: "inspect nothing", line: []string{"inspect", "none"}, code: 1, parts: []string{"columen inspect: none: ", "no such file"}},
		{name: "inspect a folder", line: []string{"inspect", "."}, code: 1, parts: []string{"columen inspect: .: ", "director"}},
		look("an empty file", "", "empty"),
		look("a text", "Dear reader,\nthis is no file of ours.\n", "not an AMRVAC snapshot"),
		look("a picture", "\x89PNG\r\n\x1a\n", "FITS"),
		look("half a FITS file", "SIMPLE  =                    T", "END card"),
		look("half a LAMDA file", "!MOLECULE\nCO\n!WEIGHT\n", "it:4: expected a molecular mass"),
	}
}
