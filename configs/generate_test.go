// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// goodGenerate is a small valid configuration that the bad ones differ from.
const goodGenerate = `
[data]
kind = "mulfreq"
grid = 32
channels = 7
models = 20
rotations = 5
box_au = 800.0
v_turb_ms = 150.0
[line]
molecule = "co"
transition = "2-1"
[output]
name = "test"
`

// oneSnapshot is a model of goodSnapshots.
const oneSnapshot = `
[[model]]
snapshot = "a.dat"
[model.amrvac]
length_cm = 1.0
density_gcc = 1.0
velocity_cms = 1.0
mean_mol_weight = 2.35
`

// goodSnapshots is the same of snapshots.
var goodSnapshots = strings.Replace(goodGenerate, "models = 20\n", "", 1) + "[split]\nvalidation = 0.0\ntest = 0.0\n[mapping]\nco_per_h2 = 1e-4\n" + oneSnapshot

// TestBadSnapshots is TestBadGenerate for snapshots.
func TestBadSnapshots(t *testing.T) {
	for _, c := range []struct {
		name, old, edit       string
		field, value, allowed string
	}{
		{"no path", `snapshot = "a.dat"`, "", "model.0.snapshot", "missing", "a path"},
		{"one twice", "[output]", oneSnapshot + "[output]", "model.1.snapshot", "also model.0.snapshot", "all differ"},
		{"a cube", `snapshot = "a.dat"`, `cube = "a.h5"`, "model.0.cube", "cells of one direction", "it can be rotated"},
		{"no units", oneSnapshot[strings.Index(oneSnapshot, "[model.amrvac]"):], "format = \"amrvac\"\n", "model.0.amrvac.length_cm", "missing", "units of the run"},
		{"unknown format", `snapshot = "a.dat"`, "snapshot = \"a.dat\"\nformat = \"gadget\"", "model.0.format", `"gadget"`, "amrvac"},
		{"format of a cube", `snapshot = "a.dat"`, "snapshot = \"a.dat\"\nformat = \"radmc3d\"", "model.0.format", `"radmc3d"`, "one of auto, amrvac, phantom, magritte"},
		{"no mapping", "[mapping]\nco_per_h2 = 1e-4\n", "", "mapping", "missing", "how snapshots become cubes"},
		{"no abundance", "co_per_h2 = 1e-4\n", "", "mapping.co_per_h2", "missing", "above 0"},
		{"unknown mapping", "[mapping]", "[mapping]\nmethod = \"voronoi\"", "mapping.method", `"voronoi"`, "haar"},
		{"spans of winds", "[mapping]", "[wind]\n[mapping]", "wind", "without data.models", "only with winds to draw"},
		{"a part of nothing", "test = 0.0", "test = 0.1", "split.test", "of 1 snapshots that is none", "makes one at least"},
		{"no box", "box_au = 800.0\n", "", "data.box_au", "missing", "above 0 [au]"},
		{"two boxes", "[mapping]", "[compat]\nmode = \"coemunet\"\n[mapping]", "data.box_au", "each sample has a box of its own", "sample_box = \"off\""},
		{"two centres", "[mapping]", "[compat]\norigin_rotation = \"on\"\n[mapping]\ncenter_au = [1.0, 2.0, 3.0]", "mapping.center_au", "together with compat.origin_rotation", "no center_au"},
	} {
		t.Run(c.name, func(t *testing.T) { refuses(t, goodSnapshots, c.old, c.edit, c.field, c.value, c.allowed) })
	}
	var g Generate
	if err := Decode([]byte(goodSnapshots), "some/generate.toml", nil, &g); err != nil || g.NumModels() != 1 || g.Samples() != 5 || len(g.Inputs()) != 1 {
		t.Errorf("error %v, %d models, %d samples, inputs %v", err, g.NumModels(), g.Samples(), g.Inputs())
	}
}

// TestQuirks checks what coemunet and single switches stand for.
func TestQuirks(t *testing.T) {
	const all = "doubled_dx lost_turbulence sample_box origin_rotation axis_angle published_solution"
	for _, c := range []struct{ base, edit, want string }{
		{goodSnapshots, "", ""},
		{goodSnapshots, "[compat]\n", ""},
		{strings.Replace(goodSnapshots, "box_au = 800.0\n", "", 1), "[compat]\nmode = \"coemunet\"\n", all},
		{goodSnapshots, "[compat]\nmode = \"coemunet\"\nsample_box = \"off\"\ndoubled_dx = \"off\"\n", "lost_turbulence origin_rotation axis_angle published_solution"},
		{goodSnapshots, "[compat]\naxis_angle = \"on\"\n", "axis_angle"},
		{strings.Replace(goodSnapshots, "rotations = 5", "rotations = 5\nmodels = 3", 1), "[compat]\nmode = \"coemunet\"\n", "doubled_dx lost_turbulence origin_rotation axis_angle published_solution"},
		{goodGenerate, "[compat]\nmode = \"coemunet\"\n", "doubled_dx lost_turbulence axis_angle published_solution"},
	} {
		var g Generate
		err := Decode([]byte(c.base+c.edit), "some/generate.toml", nil, &g)
		if got := strings.Join(g.Quirks().Names(), " "); err != nil || got != c.want || g.BoxFixed() == strings.Contains(c.want, "sample_box") {
			t.Errorf("%s: error %v, quirks %q, want %q", c.edit, err, got, c.want)
		}
	}
}

// TestPublishedLines checks the transition of each kind where none is given, and
// that naming it changes no digest.
func TestPublishedLines(t *testing.T) {
	for kind, want := range map[string]string{"mulfreq": "2-1", "rotation": "1-0", "faceon": "1-0"} {
		text := strings.Replace(goodGenerate, `"mulfreq"`, `"`+kind+`"`, 1)
		if kind != "mulfreq" {
			text = strings.Replace(strings.Replace(text, "channels = 7", "channels = 1", 1), "rotations = 5", "rotations = 1", 1)
		}
		var named, left Generate
		err := errors.Join(Decode([]byte(strings.Replace(text, `"2-1"`, `"`+want+`"`, 1)), "a.toml", nil, &named),
			Decode([]byte(strings.Replace(text, "[line]\nmolecule = \"co\"\ntransition = \"2-1\"\n", "", 1)), "a.toml", nil, &left))
		if err != nil || left.Line.Transition.Label != want || Digest(&named) != Digest(&left) {
			t.Errorf("%s: error %v, transition %q, want %q", kind, err, left.Line.Transition.Label, want)
		}
	}
}

// refuses checks that an edit of a good file gives exactly one problem.
func refuses(t *testing.T, good, old, edit, field, value, allowed string) {
	t.Helper()
	if strings.Count(good, old) != 1 {
		t.Fatalf("%q stands %d times in the good file", old, strings.Count(good, old))
	}
	err := Decode([]byte(strings.Replace(good, old, edit, 1)), "some/generate.toml", nil, new(Generate))
	var bad *Error
	if !errors.As(err, &bad) || len(bad.Problems) != 1 {
		t.Fatalf("error %v: want one problem", err)
	}
	if line := bad.Problems[0].String(); bad.Problems[0].Field != field || !strings.Contains(line, value) || !strings.Contains(line, allowed) {
		t.Errorf("%s: want field %s, %q and %q", line, field, value, allowed)
	}
}

// TestBadGenerate checks that each mistake gives exactly one problem, with the
// field, the value and what is allowed.
func TestBadGenerate(t *testing.T) {
	for _, c := range []struct {
		name, old, edit       string
		field, value, allowed string
	}{
		{"unknown kind", `"mulfreq"`, `"multifreq"`, "data.kind", `"multifreq"`, "one of mulfreq, faceon, rotation"},
		{"grid of no network", "grid = 32", "grid = 48", "data.grid", "48", "one of 32, 64, 128"},
		{"large grid", "grid = 32", "grid = 256", "data.grid", "256", "one of 32, 64, 128"},
		{"grid of three", "grid = 32", "grid = [32, 32, 32]", "data.grid", "[32, 32, 32]", "one of 32, 64, 128"},
		{"channels of no network", "channels = 7", "channels = 9", "data.channels", "9", "7 or 31"},
		{"no channels", "channels = 7", "channels = 0", "data.channels", "0", "from 1 to 31"},
		{"channels of one", "\"mulfreq\"", "\"rotation\"", "data.channels", "7", "allowed: 1"},
		{"rotations face on", "kind = \"mulfreq\"\ngrid = 32\nchannels = 7", "kind = \"faceon\"\ngrid = 32\nchannels = 1", "data.rotations", "5", "allowed: 1"},
		{"no models", "models = 20", "models = 0", "data.models", "0", "an integer from 1"},
		{"negative rotations", "rotations = 5", "rotations = -5", "data.rotations", "-5", "an integer from 1"},
		{"absurd models", "models = 20", "models = 2000000000", "data.models", "2000000000", "to 10000000"},
		{"absurd samples", "models = 20\nrotations = 5", "models = 1000000\nrotations = 1000000", "data.rotations", "1e+12 samples", "at most 200000000 samples"},
		{"no box", "box_au = 800.0", "", "data.box_au", "missing", "above 0 [au]"},
		{"box of nothing", "box_au = 800.0", "box_au = 0", "data.box_au", "0", "above 0 [au]"},
		{"negative width", "v_turb_ms = 150.0", "v_turb_ms = -1.0", "data.v_turb_ms", "-1.0", "at least 0 [m s⁻¹]"},
		{"width not a number", "v_turb_ms = 150.0", "v_turb_ms = nan", "data.v_turb_ms", "nan", "a finite number"},
		{"negative seed", "box_au", "seed = -1\nbox_au", "data.seed", "-1", "at least 0"},
		{"channels beyond light", "box_au", "spacing_ms = 1e8\nbox_au", "data.spacing_ms", "1e+08", "within ±299792458"},
		{"split by what", "[output]", "[split]\nby = \"rotation\"\n[output]", "split.by", `"rotation"`, "one of model, sample"},
		{"fractions of all", "[output]", "[split]\nvalidation = 0.5\ntest = 0.5\n[output]", "split.test", "nothing of 20 winds is left", "a sum below 1"},
		{"fraction above one", "[output]", "[split]\ntest = 1.5\n[output]", "split.test", "1.5", "from 0 to 1"},
		{"fraction of nothing", "[output]", "[split]\nvalidation = 0.01\n[output]", "split.validation", "of 20 winds that is none", "makes one at least"},
		{"empty shards", "[output]", "[shards]\nsamples = 0\n[output]", "shards.samples", "0", "an integer from 1"},
		{"ranks", "[output]", "[parallel]\nranks = [2, 1, 1]\n[output]", "parallel.ranks", "unknown key", "threads, watchdog_s"},
		{"name with a folder", `"test"`, `"a/b"`, "output.name", `"a/b"`, "a name of letters"},
		{"no transition of a file", "molecule = \"co\"\ntransition = \"2-1\"", `molecule = "sio.dat"`, "line.transition", "missing", "only CO has a published one"},
		{"two lines", `"2-1"`, `["2-1", "1-0"]`, "line.transition", `["2-1", "1-0"]`, "level labels"},
		{"no models at all", "models = 20\n", "", "data.models", "missing", "or [[model]] tables"},
		{"span upside down", "[output]", "[wind]\nspacing_au = [200.0, 20.0]\n[output]", "wind.spacing_au", "[200.0, 20.0]", "[low, high] with low ≤ high"},
		{"negative span", "[output]", "[wind]\nthickness = [-0.1, 0.5]\n[output]", "wind.thickness.0", "-0.1", "above 0"},
		{"span of one end", "[output]", "[wind]\nthickness = [0.5]\n[output]", "wind.thickness", "[0.5]", "a list of 2"},
		{"unknown law", "[output]", "[wind]\nspacing_law = \"normal\"\n[output]", "wind.spacing_law", `"normal"`, "one of uniform, log-uniform"},
		{"logarithm of zero", "[output]", "[wind]\ncontrast_law = \"log-uniform\"\n[output]", "wind.contrast", "which 0 cannot be", "or the law uniform"},
		{"faster than light", "[output]", "[wind]\nexpansion_ms = [1e3, 1e9]\n[output]", "wind.expansion_ms", "not a wind of a star", "at most 1e+06"},
		{"unknown parameter", "[output]", "[wind]\nspacing_m = [1.0, 2.0]\n[output]", "wind.spacing_m", `did you mean "spacing_au"?`, "spacing_au"},
		{"mapping of formulas", "[output]", "[mapping]\n[output]", "mapping", "without [[model]]", "only with snapshots"},
		{"quirk of points", "[output]", "[compat]\nsample_box = \"on\"\n[output]", "compat.sample_box", "no points", "auto or off"},
		{"unknown quirk", "[output]", "[compat]\nmode = \"magritte\"\n[output]", "compat.mode", `"magritte"`, "one of off, coemunet"},
		{"quirk on and off", "[output]", "[compat]\ndoubled_dx = true\n[output]", "compat.doubled_dx", "true", "one of auto, on, off"},
		{"too few snapshots beside winds", "[output]", "[mapping]\nco_per_h2 = 1e-4\n" + oneSnapshot + "[split]\ntest = 0.0\n[output]", "split.validation", "of 1 snapshots that is none", "makes one at least"},
		{"a box of points beside winds", "[output]", "[split]\nvalidation = 0.0\ntest = 0.0\n[mapping]\nco_per_h2 = 1e-4\n" + oneSnapshot + "[compat]\nsample_box = \"on\"\n[output]", "compat.sample_box", "no points", "snapshots alone"},
	} {
		t.Run(c.name, func(t *testing.T) { refuses(t, goodGenerate, c.old, c.edit, c.field, c.value, c.allowed) })
	}
}

// TestGenerateExample checks what the README promises of the small data set.
func TestGenerateExample(t *testing.T) {
	var g Generate
	if err := Load("generate-small.toml", nil, &g); err != nil {
		t.Fatal(err)
	}
	if g.Samples() < 2000 || g.Data.Grid != 32 || g.Data.Channels != 7 || g.Split.By != "model" {
		t.Errorf("%d samples of %+v, split by %s", g.Samples(), g.Data, g.Split.By)
	}
	moved := g
	moved.Output.Dir, moved.Parallel.Threads = "elsewhere", 7
	other := g
	other.Data.Seed++
	if Digest(&moved) != Digest(&g) || Digest(&other) == Digest(&g) {
		t.Error("the digest should depend on the seed, and not on folder and threads")
	}
}

// TestSnapshotExample checks that the example loads, that what it prints loads to
// the same, and that its cube fits the model in every direction.
func TestSnapshotExample(t *testing.T) {
	var g, again Generate
	if err := Load("generate-snapshot.toml", nil, &g); err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	if err := errors.Join(Print(&printed, &g), Decode([]byte(printed.String()), "elsewhere/printed.toml", nil, &again)); err != nil || Digest(&again) != Digest(&g) {
		t.Errorf("error %v, digest %s, want %s", err, Digest(&again), Digest(&g))
	}
	if half := 60.0; g.Data.BoxAU*math.Sqrt(3)/2 > half || g.NumModels() != 1 || g.Mapping.Method != "haar" || len(g.Quirks().Names()) != 0 {
		t.Errorf("box %g au, %d models, quirks %v", g.Data.BoxAU, g.NumModels(), g.Quirks().Names())
	}
	g.Compat = &Compat{Mode: "coemunet"}
	if Digest(&g) == Digest(&again) {
		t.Error("the digest should depend on quirks")
	}
}
