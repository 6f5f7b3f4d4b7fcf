// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

func mustDecode(t *testing.T, data, path string, job Job, sets ...string) {
	t.Helper()
	if err := Decode([]byte(data), path, sets, job); err != nil {
		t.Fatal(err)
	}
}

// TestExamples decodes and validates every example file of this folder.
func TestExamples(t *testing.T) {
	jobs := map[string]func() Job{
		"solve":    func() Job { return new(Solve) },
		"emulate":  func() Job { return new(Emulate) },
		"evaluate": func() Job { return new(Evaluate) },
		"cube":     func() Job { return new(Cube) },
		"generate": func() Job { return new(Generate) },
		"train":    func() Job { return new(Train) },
		"submit":   func() Job { return new(Submit) },
	}
	files, err := filepath.Glob("*.toml")
	if err != nil || len(files) < 2 {
		t.Fatalf("%d example files: %v", len(files), err)
	}
	for _, file := range files {
		stem, _, _ := strings.Cut(strings.TrimSuffix(file, ".toml"), "-")
		newJob, ok := jobs[stem]
		if !ok {
			t.Errorf("%s: no job %q", file, stem)
			continue
		}
		if err := Load(file, nil, newJob()); err != nil {
			t.Error(err)
		}
	}
}

// TestSolveExampleWindow checks the spectral window that the README promises:
// ±20 km/s in channels of at most 0.5 km/s.
func TestSolveExampleWindow(t *testing.T) {
	var s Solve
	if err := Load("solve.toml", nil, &s); err != nil {
		t.Fatal(err)
	}
	const rest = 230.538e9
	nu, err := s.Spectrum.Frequencies(rest)
	if err != nil {
		t.Fatal(err)
	}
	v := func(i int) float64 { return speedOfLight * (rest - nu[i]) / rest }
	if len(nu) != 81 || math.Abs(v(0)-20e3) > 1e-3 || math.Abs(v(80)+20e3) > 1e-3 || s.Spectrum.SpacingMS > 500 {
		t.Errorf("%d channels from %g to %g m/s in steps of %g", len(nu), v(80), v(0), s.Spectrum.SpacingMS)
	}
	if s.Model.Snapshot != "models/agb_main.dat" || len(s.Views) != 3 || s.Cube.Cells != [3]int{128, 128, 128} {
		t.Errorf("snapshot %q, %d views, cells %v", s.Model.Snapshot, len(s.Views), s.Cube.Cells)
	}
}

func TestDefaults(t *testing.T) {
	var s Solve
	mustDecode(t, goodSolve, "a/b/solve.toml", &s)
	if s.Cube.MassPerH2AMU != 2.8 || s.Cube.TemperatureFloorK != 2.725 || s.Background.Kind != "cmb" || s.Background.TemperatureK != 2.725 ||
		s.Solver.Precision != "f64" || s.Solver.RayEnds != "faces" || s.Parallel.WatchdogS != 300 || s.Output.Unit != "K" ||
		!reflect.DeepEqual(s.Output.Formats, []string{"fits", "hdf5", "png"}) {
		t.Errorf("defaults: %+v", s)
	}
	if s.Model.Snapshot != "a/b/wind.dat" || s.Output.Dir != "a/out" || s.Line.Molecule != BuiltinCO {
		t.Errorf("paths: snapshot %q, dir %q, molecule %q", s.Model.Snapshot, s.Output.Dir, s.Line.Molecule)
	}
	if got := s.Inputs(); !reflect.DeepEqual(got, []Input{{"model.snapshot", "a/b/wind.dat"}}) {
		t.Errorf("inputs %v", got)
	}
}

func TestSet(t *testing.T) {
	var s Solve
	mustDecode(t, goodSolve, "solve.toml", &s, "cube.cells=[4,5,6]", "cube.cells.2=7", "view.0.axis=-y", "view.1.name=side", "view.1.axis=+x",
		"line.molecule=oh.dat", "line.transition=3", "background.kind=planck", "background.temperature_k=30", "output.name=quick")
	if s.Cube.Cells != [3]int{4, 5, 7} || len(s.Views) != 2 || s.Views[0] != (View{Name: "pole", Axis: "-y"}) || s.Views[1] != (View{Name: "side", Axis: "+x"}) {
		t.Errorf("cells %v, views %v", s.Cube.Cells, s.Views)
	}
	if s.Line.Transition != (Transition{Number: 3}) || s.Background.TemperatureK != 30 || s.Output.Name != "quick" {
		t.Errorf("transition %v, background %v, name %q", s.Line.Transition, s.Background, s.Output.Name)
	}
	if in := s.Inputs(); len(in) != 2 || in[1] != (Input{"line.molecule", "oh.dat"}) {
		t.Errorf("inputs %v", in)
	}
}

// otherModels are model tables of the other formats, each with its inputs.
func otherModels() map[string]string {
	box := "box_min_au = [-1, -1, -1]\nbox_max_au = [1, 1, 2]\n"
	return map[string]string{
		"snapshot = \"a.phantom\"\n[model.phantom]\nmean_mol_weight = 2.3\nboundary_particles = \"keep\"\n[cube]\ncells = [4, 4, 4]\nco_per_h2 = 1e-4\nv_turb_ms = 0\n": "a.phantom",
		"snapshot = \"a.h5\"\n[model.magritte]\nspecies_column = 0\nspecies = \"HCO+\"\n[cube]\ncells = [4, 4, 4]\nmethod = \"haar\"\n":                                 "a.h5",
		"cube = \"amr_grid.inp\"\n[model.radmc3d]\nv_turb_ms = 0\n":                                                                                                     "amr_grid.inp",
		"cube = \"s.h5\"\nformat = \"coemunet\"\n[model.coemunet]\nv_turb_ms = 1e2\n" + box:                                                                             "s.h5",
		"[model.fields]\ndensity = \"n.npy\"\ntemperature = \"t.fits\"\nvelocity_z = \"v.npy\"\nv_turb = \"w.npy\"\ndensity_unit = \"cm-3\"\n" + box:                    "n.npy t.fits v.npy w.npy",
	}
}

// TestOtherModels loads every table, prints it and loads it again.
func TestOtherModels(t *testing.T) {
	_, tail, _ := strings.Cut(goodSolve, "[line]")
	for model, want := range otherModels() {
		dir := t.TempDir()
		var first, second Solve
		mustDecode(t, "[model]\n"+model+"[line]"+tail, filepath.Join(dir, "solve.toml"), &first)
		var out strings.Builder
		if err := Print(&out, &first); err != nil {
			t.Fatal(err)
		}
		mustDecode(t, out.String(), "/elsewhere/x.toml", &second)
		if !reflect.DeepEqual(first, second) {
			t.Errorf("printed configuration differs\nfirst  %+v\nsecond %+v\n%s", first, second, out.String())
		}
		var paths []string
		for _, in := range first.Inputs() {
			paths = append(paths, filepath.Base(in.Path))
		}
		if got := strings.Join(paths, " "); got != want {
			t.Errorf("inputs %s, want %s", got, want)
		}
	}
	var s Solve
	mustDecode(t, "[model]\ncube = \"../solver/foreign/testdata/radmc_text/amr_grid.inp\"\n[line]"+tail, "solve.toml", &s)
	if in := s.Inputs(); len(in) != 5 || filepath.Base(in[1].Path) != "numberdens_co.inp" {
		t.Errorf("inputs of a folder of RADMC-3D: %v", in)
	}
}

// TestPrintLoadsBack checks that the output of --print-config is TOML with the
// same configuration, wherever it is stored.
func TestPrintLoadsBack(t *testing.T) {
	dir := t.TempDir()
	variants := [][]string{
		nil,
		{"output.ra_deg=0", "output.dec_deg=-90", "output.distance_pc=1e3", "output.unit=Jy/pixel", "line.transition=2"},
		{"cube.region_min_au=[-1,-2,-3]", "cube.region_max_au=[1.5,1e-7,3e20]", `model.amrvac.variables=["rho","m1"]`},
		{"view.1.name=b", "view.1.inclination_deg=0", "view.1.azimuth_deg=-30", "view.1.pixels=[3,4]", "view.1.width_au=7", `output.maps=["tau","moment1"]`},
		{`model.snapshot="sp ace\"quote\\\u0007.dat"`, "view.1.name=b", "view.1.axis=-x", "background.kind=none"},
	}
	for _, sets := range variants {
		var first, second Solve
		mustDecode(t, goodSolve, filepath.Join(dir, "solve.toml"), &first, sets...)
		var out strings.Builder
		if err := Print(&out, &first); err != nil {
			t.Fatal(err)
		}
		mustDecode(t, out.String(), "/elsewhere/x.toml", &second)
		if !reflect.DeepEqual(first, second) {
			t.Errorf("%v: printed configuration differs\nfirst  %+v\nsecond %+v\n%s", sets, first, second, out.String())
		}
		if Digest(&first) != Digest(&second) {
			t.Errorf("%v: digests differ", sets)
		}
	}
	var cubeFile, again Solve
	data := regexp.MustCompile(`(?s)snapshot.*\[line\]`).ReplaceAllString(goodSolve, "cube = \"c.h5\"\n[line]")
	mustDecode(t, data, filepath.Join(dir, "solve.toml"), &cubeFile)
	var out strings.Builder
	if err := Print(&out, &cubeFile); err != nil {
		t.Fatal(err)
	}
	mustDecode(t, out.String(), "/elsewhere/x.toml", &again)
	if !reflect.DeepEqual(cubeFile, again) {
		t.Errorf("cube file: %+v differs from %+v", cubeFile, again)
	}
}

// TestSchema checks that every key has a meaning and a unit, follows noun_unit,
// has readable tags, and is printed.
func TestSchema(t *testing.T) {
	units := map[string]string{"_cm": "cm", "_gcc": "g cm⁻³", "_cms": "cm s⁻¹", "_ms": "m s⁻¹", "_k": "K", "_au": "au", "_hz": "Hz", "_s": "s", "_pc": "pc", "_deg": "deg", "_amu": "u"}
	var walk func(typ reflect.Type, path, printed string)
	walk = func(typ reflect.Type, path, printed string) {
		for i := range typ.NumField() {
			sf := typ.Field(i)
			f := fieldOf(sf)
			name := join(path, f.key)
			if f.key == "" || len(f.doc) < 5 || strings.HasSuffix(f.doc, ".") {
				t.Errorf("%s.%s: key %q, meaning %q", typ, sf.Name, f.key, f.doc)
			}
			ft := sf.Type
			if isTableList(ft) || ft.Kind() == reflect.Pointer && isTable(ft) {
				walk(ft.Elem(), name, printed)
				continue
			}
			if isTable(ft) {
				walk(ft, name, printed)
				continue
			}
			if f.unit == "" {
				t.Errorf("%s has no unit", name)
			}
			if suffix := f.key[max(strings.LastIndex(f.key, "_"), 0):]; units[suffix] != "" && units[suffix] != f.unit {
				t.Errorf("%s has unit %q, its name says %q", name, f.unit, units[suffix])
			}
			f.allowsNumber(1) // panics on a tag that is no range
			if !regexp.MustCompile(`(?m)^(# )?` + f.key + ` =`).MatchString(printed) {
				t.Errorf("%s is not printed", name)
			}
			if !strings.Contains(printed, f.doc) {
				t.Errorf("%s: the meaning is not printed", name)
			}
		}
	}
	var s Solve
	mustDecode(t, goodSolve, "solve.toml", &s)
	c := Cube{Model: s.Model, Cube: s.Cube, Output: CubeFile{Name: "a"}}
	var g Generate
	mustDecode(t, goodGenerate, "generate.toml", &g)
	for _, job := range []Job{&s, &c, &g} {
		var out strings.Builder
		if err := Print(&out, job); err != nil {
			t.Fatal(err)
		}
		walk(reflect.TypeOf(job).Elem(), "", out.String())
	}
}

func TestDigest(t *testing.T) {
	digest := func(path string, sets ...string) string {
		var s Solve
		mustDecode(t, goodSolve, path, &s, sets...)
		return Digest(&s)
	}
	base := digest("solve.toml")
	for _, same := range []string{"output.dir=/elsewhere", "parallel.threads=7", "parallel.watchdog_s=1", "parallel.ranks=[2,2,2]", "cube.mass_per_h2_amu=2.8"} {
		if digest("solve.toml", same) != base {
			t.Errorf("%s changes the digest", same)
		}
	}
	if digest("moved/solve.toml") != base {
		t.Error("moving the folder changes the digest")
	}
	seen := map[string]string{base: "the base"}
	for _, other := range []string{"cube.cells=[8,9,11]", "view.0.axis=-z", "solver.precision=f32", "parallel.mode=fixed", "output.unit=SI",
		"model.snapshot=other.dat", "spectrum.center_ms=1.0", "line.transition=2", "background.temperature_k=2.7"} {
		d := digest("solve.toml", other)
		if seen[d] != "" {
			t.Errorf("%s has the digest of %s", other, seen[d])
		}
		seen[d] = other
	}
}

func TestResolved(t *testing.T) {
	var s Solve
	mustDecode(t, goodSolve, "solve.toml", &s)
	tree, err := Resolved(&s)
	if err != nil {
		t.Fatal(err)
	}
	cube, ok := tree["cube"].(map[string]any)
	if !ok || cube["mass_per_h2_amu"] != 2.8 {
		t.Errorf("resolved cube: %v", tree["cube"])
	}
}

func TestNearest(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"v_turb", "v_turb_ms", 3}, {"größe", "grösse", 2}} {
		if got := editDistance(c.a, c.b); got != c.want || editDistance(c.b, c.a) != c.want {
			t.Errorf("distance of %q and %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
	if got := Nearest("celles", []string{"co_per_h2", "cells", "precision"}); got != "cells" {
		t.Errorf("nearest %q", got)
	}
}

// FuzzDecode feeds any bytes and any assignment: the decoder never panics, and
// what it accepts prints to a configuration that is accepted and equal.
func FuzzDecode(f *testing.F) {
	for _, file := range []string{"solve.toml", "cube.toml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "cube.cells=[1,2,3]")
	}
	f.Add([]byte(goodSolve), "view.1.axis=-x")
	f.Add([]byte("a = [[1, {b = 2}], nan, 1979-05-27]\nview = []"), "a.0=x")
	f.Fuzz(func(t *testing.T, data []byte, set string) {
		for _, pair := range [][2]Job{{new(Solve), new(Solve)}, {new(Cube), new(Cube)}} {
			err := Decode(data, "/f/x.toml", []string{set}, pair[0])
			if err != nil {
				if err.Error() == "" {
					t.Error("empty message")
				}
				continue
			}
			var out strings.Builder
			if err := Print(&out, pair[0]); err != nil {
				t.Fatal(err)
			}
			if err := Decode([]byte(out.String()), "/g/y.toml", nil, pair[1]); err != nil {
				t.Fatalf("printed configuration refused: %v\n%s", err, out.String())
			}
			if !reflect.DeepEqual(pair[0], pair[1]) {
				t.Fatalf("printed configuration differs:\n%+v\n%+v", pair[0], pair[1])
			}
		}
	})
}
