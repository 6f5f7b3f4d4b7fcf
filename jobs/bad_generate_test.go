// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"strings"
	"testing"
)

// snapshotSetConfig makes a data set of the snapshot in wind.dat, whose box is
// 40 au wide.
const snapshotSetConfig = `[data]
kind = "mulfreq"
grid = 32
channels = 7
rotations = 2
box_au = 20.0
v_turb_ms = 150.0
[[model]]
snapshot = "wind.dat"
[model.amrvac]
length_cm = 1.495978707e13
density_gcc = 1e-15
velocity_cms = 1e6
mean_mol_weight = 2.35
[mapping]
mass_per_h2_amu = 2.02
co_per_h2 = 1e-4
[split]
by = "sample"
validation = 0.0
test = 0.0
[output]
dir = "out"
name = "g"
`

// badGenerate are mistakes in what data sets are made of.
func badGenerate() []badInput {
	bad := func(name string, assignments []string, parts ...string) badInput {
		return badInput{name: "generate " + name, line: append([]string{"generate", "generate.toml"}, assignments...),
			prepare: text("generate.toml", snapshotSetConfig), parts: append([]string{"columen generate: "}, parts...)}
	}
	late := func(name string, assignments []string, parts ...string) badInput {
		b := bad(name, assignments, parts...)
		b.code = 1
		return b
	}
	broken := func(name string, change func([]byte) []byte, parts ...string) badInput {
		b := late(name, nil, append(parts, "wind.dat")...)
		b.prepare = func(t *testing.T, f folder) {
			model(change)(t, f)
			f.write(t, "generate.toml", snapshotSetConfig)
		}
		return b
	}
	winds := func(name, section string, parts ...string) badInput {
		b := bad(name, nil, parts...)
		b.prepare = text("generate.toml", "[data]\nkind = \"mulfreq\"\ngrid = 32\nchannels = 7\nmodels = 20\nrotations = 2\nbox_au = 800.0\nv_turb_ms = 150.0\n[output]\nname = \"g\"\n"+section)
		return b
	}
	noBall := func(b badInput) badInput { // the box is that of the points
		b.prepare = text("generate.toml", strings.Replace(snapshotSetConfig, "box_au = 20.0\n", "", 1))
		return b
	}
	return []badInput{
		bad("of a missing snapshot", set("model.0.snapshot=none.dat"), "model.0.snapshot", "none.dat", "no such file", "allowed: a readable file"),
		bad("of a folder", set("model.0.snapshot=."), "model.0.snapshot", "not a regular file"),
		bad("of a cube larger than the model", set("data.box_au=24"), "wind.dat: data.box_au = 24", "outside the model", "at most 23.094"),
		bad("of a cube wider than the model", set("data.kind=faceon", "data.channels=1", "data.rotations=1", "data.box_au=41"), "data.box_au = 41", "wider than the model", "at most 40 au"),
		bad("about a point outside", set("mapping.center_au=[30,0,0]"), "mapping.center_au = [30 0 0]", "outside the model"),
		bad("of one model split by model", set("split.by=model", "split.test=0.2"), "split.test = 0.2", "of 1 snapshots that is none", "allowed: 0, or"),
		bad("of too few snapshots beside winds", set("data.models=30", "split.by=model", "split.test=0.1"), "split.test = 0.1", "of 1 snapshots that is none"),
		bad("without a box", set("compat.mode=coemunet"), "data.box_au = 20", "compat.sample_box", "no box_au"),
		bad("of another transition", set("line.transition=99-98"), "line.transition", "99-98"),
		bad("of an unknown mapping", set("mapping.method=nearby"), "mapping.method", "nearby", "allowed: one of haar"),
		broken("of half a snapshot", first(700000), "byte"),
		broken("of a text", func([]byte) []byte {
			return []byte("not a model, but long enough to be read as one: byte 0 has no version")
		}, "byte 0"),
		noBall(late("in a ball of nothing", set("compat.mode=coemunet", "compat.radius_m=1.0"), "wind.dat", "compat.radius_m = 1 m", "want 2 at least")),
		winds("of an unknown law", "[wind]\nspacing_law = \"normal\"\n", "wind.spacing_law", `"normal"`, "allowed: one of uniform, log-uniform"),
		winds("of a span upside down", "[wind]\ntemperature_k = [600.0, 100.0]\n", "wind.temperature_k = [600.0, 100.0]", "low ≤ high"),
		winds("of winds in a ball", "[compat]\nsample_box = \"on\"\n", "compat.sample_box", "no points"),
	}
}
