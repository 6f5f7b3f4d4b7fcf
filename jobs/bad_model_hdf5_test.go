// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package main

import (
	"os"
	"strings"
	"testing"
)

// points makes wind.dat the example of Magritte after a change, with a table.
func points(table string, change func(data []byte) []byte) func(*testing.T, folder) {
	return func(t *testing.T, f folder) {
		dump("../configs/models/agb_small_magritte.h5", table, change)(t, f)
		if !strings.Contains(table, "amrvac") {
			f.edit(t, "solve.toml", "mass_per_h2_amu = 2.02\nco_per_h2 = 1e-4\n", "")
			f.edit(t, "solve.toml", "v_turb_ms = 150.0\n", "")
		}
	}
}

// sample images a sample of COEmuNet.
func sample(table string) func(*testing.T, folder) {
	return func(t *testing.T, f folder) {
		data, err := os.ReadFile(cubeFiles + "/sample_raw_mulfreq_8.hdf5")
		if err != nil {
			t.Fatal(err)
		}
		f.write(t, "s.h5", string(data))
		f.write(t, "from_cube.toml", strings.Replace(fromCubeConfig("s.h5"), "[line]", table+"[line]", 1))
	}
}

// badMagritte are models of Magritte and samples of COEmuNet that are none, or
// asked for what they do not hold.
func badMagritte() []badInput {
	const box = "[model.coemunet]\nbox_min_au = [-9, -9, -9]\nbox_max_au = [9, 9, 9]\nv_turb_ms = 0.0\n"
	of := func(name, table string, code int, change func([]byte) []byte, parts ...string) badInput {
		return badInput{name: "Magritte " + name, code: code, prepare: points(table, change), parts: append([]string{"columen solve: "}, parts...)}
	}
	seen := func(name, table string, code int, parts ...string) badInput {
		return badInput{name: "sample " + name, line: []string{"solve", "from_cube.toml"}, code: code, prepare: sample(table), parts: append([]string{"columen solve: "}, parts...)}
	}
	return []badInput{
		of("without the species", "[model.magritte]\nspecies = \"SiO\"\n", 1, unchanged, "wind.dat: dataset chemistry/species/species", `found ["CO" "H2" "e-"]`, "want SiO", "species_column"),
		of("of another column", "[model.magritte]\nspecies = \"SiO\"\nspecies_column = 3\n", 1, unchanged, "wind.dat: species_column = 3: want 0 to 2"),
		of("of an unknown unit", "[model.magritte]\nvturb2_unit = \"km2/s2\"\n", 2, unchanged, `model.magritte.vturb2_unit = "km2/s2"`, "allowed: one of c2, m2/s2"),
		of("cut", "[model.magritte]\n", 1, first(200000), "wind.dat", "truncated"),
		of("of a signature", "[model.magritte]\n", 1, first(8), "wind.dat", "unable to read superblock"),
		of("with units of AMRVAC", amrvacTable, 2, unchanged, "solve.toml: model.amrvac", "wind.dat is taken as a Magritte model", "allowed: "),
		{name: "Magritte averaged", args: set("cube.method=average"), prepare: points("", unchanged), parts: []string{`cube.method = "average"`, "a model of points", "allowed: one of nearest, haar"}},
		{name: "Magritte with CO", args: set("cube.co_per_h2=1e-4"), prepare: points("[model.magritte]\n", unchanged), parts: []string{"cube.co_per_h2 = 0.0001", "given with a model of Magritte", "allowed: nothing"}},
		{name: "Magritte as a cube", line: []string{"solve", "from_cube.toml"}, code: 1, parts: []string{"wind.dat: a model of Magritte, of points", "model.snapshot"}, prepare: func(t *testing.T, f folder) {
			points("", unchanged)(t, f)
			f.write(t, "from_cube.toml", fromCubeConfig("wind.dat"))
		}},
		{name: "a cube file as Magritte", code: 1, parts: []string{"wind.dat: dataset geometry/points/position is missing"}, prepare: func(t *testing.T, f folder) {
			points("[model.magritte]\n", func([]byte) []byte {
				data, err := os.ReadFile(cubeFiles + "/sample_raw_mulfreq_8.hdf5")
				if err != nil {
					t.Fatal(err)
				}
				return data
			})(t, f)
		}},
		seen("from the side", box, 1, "s.h5: velocity_y is missing and this view needs it", "allowed: views along z"),
		seen("without its box", "", 2, "from_cube.toml: model.coemunet.box_min_au", "s.h5 is taken as a sample of COEmuNet", "[model.coemunet]"),
		seen("of an inverted box", strings.Replace(box, "[9, 9, 9]", "[9, -9.5, 9]", 1), 2, "model.coemunet.box_max_au", "not above box_min_au"),
	}
}
