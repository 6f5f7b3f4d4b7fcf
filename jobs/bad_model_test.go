// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"encoding/binary"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

const (
	windDump  = "../configs/models/agb_wind.phantom"
	smallDump = "../solver/hydro/testdata/wind_small.phantom"
	cubeFiles = "../solver/foreign/testdata"

	// amrvacTable is what solveConfig says about a snapshot of AMRVAC.
	amrvacTable = "[model.amrvac]\nlength_cm = 1.495978707e13\ndensity_gcc = 1e-15\nvelocity_cms = 1e6\nmean_mol_weight = 2.35\n"
)

// dump makes wind.dat a dump of Phantom after a change, with its table in the
// configuration.
func dump(path, table string, change func(data []byte) []byte) func(*testing.T, folder) {
	return func(t *testing.T, f folder) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f.write(t, "wind.dat", string(change(data)))
		f.edit(t, "solve.toml", amrvacTable, table)
	}
}

func unchanged(data []byte) []byte { return data }

// put4 overwrites a number of 4 bytes, put4i an integer.
func put4(offset int, value float64) func([]byte) []byte {
	return put4i(offset, math.Float32bits(float32(value)))
}

func put4i(offset int, value uint32) func([]byte) []byte {
	return func(data []byte) []byte {
		binary.LittleEndian.PutUint32(data[offset:], value)
		return data
	}
}

// swapped is the first record in big-endian order.
func swapped(data []byte) []byte {
	for i := 0; i < 28; i += 4 {
		slices.Reverse(data[i : i+4])
	}
	return data
}

// replaced puts text at an offset.
func replacedAt(offset int, now string) func([]byte) []byte {
	return func(data []byte) []byte {
		copy(data[offset:], now)
		return data
	}
}

// badPhantom are dumps that are none, or no models. Payloads of windDump: magic
// at byte 4, identifier 32, tags and values of real 980 and 1516, units 1752, x
// 1924, vx 698380, u 1394836, h 1626988.
func badPhantom() []badInput {
	const table = "[model.phantom]\nmean_mol_weight = 2.381\n"
	damaged := func(name string, change func([]byte) []byte, parts ...string) badInput {
		return badInput{name: "dump " + name, code: 1, prepare: dump(windDump, table, change), parts: append([]string{"columen solve: wind.dat: "}, parts...)}
	}
	configured := func(name, table string, code int, parts ...string) badInput {
		return badInput{name: "dump " + name, code: code, prepare: dump(windDump, table, unchanged), parts: append([]string{"columen solve: "}, parts...)}
	}
	return []badInput{
		{name: "dump small", code: 1, prepare: dump(smallDump, table, unchanged), parts: []string{"columen solve: wind.dat: ", "small dump", "velocities", "want a full dump"}},
		damaged("big-endian", swapped, "byte 0: magic", "big-endian", "want little-endian"),
		{name: "dump of wrong magic", prepare: dump(windDump, table, put4i(4, 4711)), parts: []string{"solve.toml: model.phantom", "wind.dat is taken as an AMRVAC snapshot", `model.format = "phantom"`}},
		{name: "dump of wrong magic, by name", code: 1, args: set("model.format=phantom"), prepare: dump(windDump, table, put4i(4, 4711)), parts: []string{"wind.dat: byte 4: int1: found 4711, want 60769"}},
		damaged("of wrong second magic", put4i(12, 4711), "byte 12: int2: found 4711, want 60878"),
		damaged("without tags", replacedAt(33, ":"), "byte 33: file identifier", "without tags"),
		damaged("of another code", replacedAt(32, "FT:sphNG  :"), "byte 32: file identifier", "sphNG"),
		damaged("cut in the identifier", first(100), "byte 28: file identifier: found the end of the file at byte 100"),
		damaged("cut in the header", first(1600), "byte 1512: real values: found the end", "truncated"),
		damaged("cut in the units", first(1760), "byte 1748: real8 values: found the end"),
		damaged("cut before its arrays", first(1896), "byte 1896", "tag of real array 1", "truncated"),
		damaged("cut in x", first(100000), "byte 1920: array x: found the end of the file at byte 100000", "232120 bytes"),
		damaged("cut in h", first(1859111), "byte 1626984: array h: found the end"),
		damaged("cut in the sinks", first(1860400), "byte 1860392: tag of real array 33 of block 2"),
		damaged("without its last byte", func(d []byte) []byte { return d[:len(d)-1] }, "array vz", "truncated"),
		damaged("with a torn record", put4i(1920, 232116), "byte 234040: end mark of the record of array x", "want 232116"),
		damaged("of parts of records", put4i(1920, 0xffffffff), "byte 1920: length of the record of array x: found -1", "2 GiB"),
		damaged("of a wrong count", put4i(1804-4, 58029), "byte "),
		damaged("without unit of length", replacedAt(1680, "cdist"), "header: udist is missing"),
		damaged("of a negative unit of length", put(1752, -1), "header: udist: found -1, want a positive"),
		damaged("without gamma", replacedAt(980, "delta"), "header: gamma: found [], want one number above 1"),
		damaged("of gamma 1", put4(1516, 1), "header: gamma: found [1", "above 1"),
		damaged("without velocity", replacedAt(698356, "wx"), "array vx of block 1 is missing: found [x y z wx vy vz u h]"),
		damaged("not a number", put4(1924+4*7, math.NaN()), "byte 1952: particle 7, x: found NaN, want a finite number"),
		damaged("of infinite velocity", put4(698380, math.Inf(-1)), "byte 698380: particle 0, vx: found -Inf"),
		damaged("of negative energy", put4(1394836+4*9, -3), "byte 1394872: particle 9, u: found -3, want a finite number of at least 0"),
		damaged("of energy not a number", put4(1394836, math.NaN()), "byte 1394836: particle 0, u: found NaN"),
		damaged("of h not a number", put4(1626988, math.NaN()), "byte 1626988: particle 0, h: found NaN"),
		configured("with units of AMRVAC", amrvacTable, 2, "solve.toml: model.amrvac", "wind.dat is taken as a Phantom dump", "allowed: "),
		configured("without its table", "", 2, "solve.toml: model.phantom.mean_mol_weight", "wind.dat is taken as a Phantom dump", "[model.phantom]"),
		configured("without molecular weight", "[model.phantom]\n", 1, "wind.dat: mean_mol_weight = 0: want a positive number"),
		configured("with a second temperature", table+"temperature_k = 10.0\n", 1, "wind.dat: temperature_k = 10: remove it"),
		configured("of unknown boundary", table+"boundary_particles = \"only\"\n", 2, "model.phantom.boundary_particles = \"only\"", "allowed: one of drop, keep"),
		{name: "dump averaged", args: set("cube.method=average"), prepare: dump(windDump, table, unchanged), parts: []string{`cube.method = "average"`, "particles", "allowed: one of sph, haar, nearest"}},
		{name: "dump as AMRVAC", code: 1, args: set("model.format=amrvac"), prepare: dump(windDump, amrvacTable, unchanged), parts: []string{"wind.dat: byte 0: version"}},
		{name: "AMRVAC as dump", code: 1, args: set("model.format=phantom"), prepare: dump(smallModel, table, unchanged), parts: []string{"wind.dat: byte 0: magic", "as Phantom's dumps begin"}},
		{name: "dump outside its region", args: set("cube.region_min_au=[-1,-1,-1]", "cube.region_max_au=[90,1,1]"), prepare: dump(windDump, table, unchanged), parts: []string{"cube.region_max_au", "outside the model"}},
		{name: "inspect half a dump", line: []string{"inspect", "wind.dat"}, code: 1, prepare: dump(windDump, table, first(5000)), parts: []string{"columen inspect: wind.dat: byte 1920"}},
	}
}

// gridFolder copies the folder of RADMC-3D and images it.
func gridFolder(change func(t *testing.T, f folder)) func(*testing.T, folder) {
	return func(t *testing.T, f folder) {
		if err := os.CopyFS(f.path("."), os.DirFS(cubeFiles+"/radmc_text")); err != nil {
			t.Fatal(err)
		}
		f.write(t, "from_cube.toml", fromCubeConfig("amr_grid.inp"))
		change(t, f)
	}
}

// fieldFiles copies the arrays of testdata and images them.
func fieldFiles(change func(t *testing.T, f folder)) func(*testing.T, folder) {
	return func(t *testing.T, f folder) {
		for _, name := range []string{"density.npy", "temperature.npy", "velocity_x.npy", "velocity_z.fits", "v_turb.fits"} {
			data, err := os.ReadFile(cubeFiles + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			f.write(t, name, string(data))
		}
		f.write(t, "from_cube.toml", strings.Replace(fromCubeConfig("x"), "cube = \"x\"\n", `[model.fields]
density = "density.npy"
temperature = "temperature.npy"
velocity_x = "velocity_x.npy"
velocity_z = "velocity_z.fits"
v_turb_ms = 100.0
box_min_au = [-2, -2, -2]
box_max_au = [2, 2, 2]
`, 1))
		change(t, f)
	}
}

// badCubes are cubes of other programs that are none, or no good ones.
func badCubes() []badInput {
	grid := func(name string, code int, change func(t *testing.T, f folder), parts ...string) badInput {
		return badInput{name: "RADMC-3D " + name, line: []string{"solve", "from_cube.toml"}, code: code, prepare: gridFolder(change), parts: append([]string{"columen solve: "}, parts...)}
	}
	edit := func(name, old, now string) func(t *testing.T, f folder) {
		return func(t *testing.T, f folder) { f.write(t, name, strings.Replace(f.read(t, name), old, now, 1)) }
	}
	fields := func(name string, code int, change func(t *testing.T, f folder), parts ...string) badInput {
		return badInput{name: "fields " + name, line: []string{"solve", "from_cube.toml"}, code: code, prepare: fieldFiles(change), parts: append([]string{"columen solve: "}, parts...)}
	}
	return []badInput{
		grid("octree", 1, edit("amr_grid.inp", "1\n0", "1\n1"), "amr_grid.inp:2: grid_style", "regular grid"),
		grid("spherical", 1, edit("amr_grid.inp", "0\n0\n0", "0\n101\n0"), "amr_grid.inp:3: coord_system", "Cartesian"),
		grid("of uneven cells", 1, edit("amr_grid.inp", "0.0000000000000000e+00", "1.0e+11"), "amr_grid.inp: edge 2 along x", "equal cells"),
		grid("cut", 1, edit("amr_grid.inp", "4 3 2", "4 3 3"), "amr_grid.inp:9: edge 3 along z", "truncated"),
		grid("of other cells", 1, edit("gas_temperature.inp", "24", "23"), "gas_temperature.inp:2: number of cells", "want 24"),
		grid("not a number", 1, edit("gas_velocity.inp", "-1.500000E+05", "fast"), "gas_velocity.inp:3: value 1 of 72", `"fast"`, "want a number"),
		grid("NaN", 1, edit("numberdens_co.inp", "1.0000000000e+03", "NaN"), "density = NaN", "cell [0, 0, 0]"),
		grid("negative density", 1, edit("numberdens_co.inp", "1.0000000000e+03", "-1"), "density = -1", "not negative"),
		grid("without density", 1, func(t *testing.T, f folder) { os.Remove(f.path("numberdens_co.inp")) }, "amr_grid.inp: neither numberdens_co.inp nor numberdens_co.binp"),
		grid("of both kinds", 1, func(t *testing.T, f folder) { f.write(t, "gas_temperature.binp", "") }, "both gas_temperature.inp and gas_temperature.binp"),
		grid("of half a binary", 1, func(t *testing.T, f folder) {
			os.Remove(f.path("gas_temperature.inp"))
			data, err := os.ReadFile(cubeFiles + "/radmc_binary/gas_temperature.binp")
			if err != nil {
				t.Fatal(err)
			}
			f.write(t, "gas_temperature.binp", string(data[:100]))
		}, "gas_temperature.binp: byte 100", "byte 216"),
		grid("with [cube]", 2, edit("from_cube.toml", "[line]", "[cube]\ncells = [8, 8, 8]\n[line]"), "from_cube.toml: cube", "given together with model.cube"),
		fields("along a missing velocity", 1, func(*testing.T, folder) {}, "density.npy: velocity_y is missing and this view needs it"),
		fields("of two shapes", 1, func(t *testing.T, f folder) {
			f.write(t, "temperature.npy", strings.Replace(f.read(t, "temperature.npy"), "(4, 3, 2)", "(2, 3, 4)", 1))
		}, "temperature.npy: [2 3 4] cells, want [4 3 2] like density.npy"),
		fields("cut", 1, func(t *testing.T, f folder) { f.write(t, "velocity_z.fits", f.read(t, "velocity_z.fits")[:2900]) }, "velocity_z.fits: byte 2900"),
		fields("of integers", 1, func(t *testing.T, f folder) {
			f.write(t, "density.npy", strings.Replace(f.read(t, "density.npy"), "<f8", "<i8", 1))
		}, "density.npy: byte 10", "want descr: <f4"),
		{name: "fields of another format", line: []string{"solve", "from_cube.toml", "--set", "model.format=npy"}, code: 1, prepare: fieldFiles(func(*testing.T, folder) {}), parts: []string{"velocity_z.fits: byte 0", "format npy"}},
		fields("missing", 2, func(t *testing.T, f folder) { os.Remove(f.path("temperature.npy")) }, "from_cube.toml: model.fields.temperature", "no such file", "allowed: a readable file"),
		{name: "inspect half an array", line: []string{"inspect", "it.npy"}, code: 1, prepare: text("it.npy", "\x93NUMPY\x01\x00v\x00{'descr'"), parts: []string{"columen inspect: it.npy: byte 8"}},
		{name: "inspect a grid alone", line: []string{"inspect", "amr_grid.inp"}, code: 1, prepare: text("amr_grid.inp", "1\n0\n0\n0\n1 1 1\n1 1 1\n0 1\n0 1\n0 1\n"), parts: []string{"columen inspect: amr_grid.inp: neither numberdens_co.inp"}},
	}
}
