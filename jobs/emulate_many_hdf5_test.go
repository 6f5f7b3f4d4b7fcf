// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package main

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/columen/columen/solver/cubefile"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/image"
)

// emulateMany images all cubes of a folder, and those of a list.
func emulateMany() string {
	return strings.Replace(strings.Replace(emulateConfig, "[model]\ncube = \"w.h5\"\n", "[inputs]\nfiles = [\"cubes/*.h5\"]\nlist = \"list.txt\"\nbatch = 3\n", 1),
		`formats = ["fits", "hdf5", "png"]`, `formats = ["fits", "hdf5"]`, 1)
}

// manyFolder holds weights that have learnt nothing and four cubes: a, b and c in
// cubes/ and d in a list. They differ in temperature.
func manyFolder(t *testing.T) folder {
	t.Helper()
	f := newFolder(t)
	f.write(t, "out/keep", "")
	writeWeights(t, f, "out/t.safetensors", trainedOn(t, trainCellM))
	f.write(t, "emulate.toml", emulateConfig)
	f.write(t, "many.toml", emulateMany())
	f.write(t, "list.txt", "# more\nmore/d.h5\ncubes/a.h5 # again\n")
	for i, name := range []string{"cubes/a.h5", "cubes/b.h5", "cubes/c.h5", "more/d.h5"} {
		writeTrainedCube(t, f, func(c *grid.Cube[float64]) {
			for k := range c.Temperature {
				c.Temperature[k] = 40 + 30*float64(i) + 10*math.Sin(float64(k))
			}
		})
		data := f.read(t, "w.h5")
		f.write(t, name, data)
	}
	return f
}

func intensities(t *testing.T, f folder, name string) []float64 {
	t.Helper()
	return readHDF5(t, f, name).Intensity
}

// TestEmulateMany: every model of a list gets the images that it gets alone. A run
// that fails on one of them keeps the others, and the same command goes on.
func TestEmulateMany(t *testing.T) {
	t.Parallel()
	f := manyFolder(t)
	good := f.read(t, "cubes/c.h5")
	f.write(t, "cubes/c.h5", good[:len(good)/2])
	r := f.run(t, "emulate", "many.toml")
	if said := r.messages(); r.code != 1 || len(said) != 1 || !strings.Contains(said[0], "cubes/c.h5") {
		t.Fatalf("exit status %d, %s", r.code, r.stderr)
	}
	if _, err := os.Stat(f.path("out/e.a.pole.fits")); err == nil {
		t.Error("outputs of a run that failed")
	}

	f.write(t, "cubes/c.h5", good)
	if r := f.succeed(t, "emulate", "many.toml"); !strings.Contains(r.stderr, "continuing") || !strings.Contains(r.stderr, "done=2  of=4") {
		t.Errorf("a run that goes on says %s", r.stderr)
	}
	if _, err := os.Stat(f.path("out/e.emulate")); err == nil {
		t.Error("the work folder stays behind")
	}
	if r := f.succeed(t, "emulate", "many.toml"); !strings.Contains(r.stderr, "already done") {
		t.Errorf("a second run says %s", r.stderr)
	}
	for _, name := range []string{"cubes/a", "cubes/b", "cubes/c", "more/d"} {
		f.succeed(t, "emulate", "emulate.toml", "--out", "alone", "--overwrite", "--quiet", "--set", "model.cube="+name+".h5")
		_, stem, _ := strings.Cut(name, "/")
		for _, view := range []string{"pole", "side"} {
			alone, many := intensities(t, f, "alone/e."+view+".h5"), intensities(t, f, "out/e."+stem+"."+view+".h5")
			for i := range alone {
				if math.Abs(alone[i]-many[i]) > 1e-5*alone[i] {
					t.Fatalf("%s, %s: pixel %d is %g in a batch and %g alone", stem, view, i, many[i], alone[i])
				}
			}
		}
	}
	img, _, err := image.ReadFITS(f.path("out/e.a.pole.fits"))
	if err != nil || img.ModelName != "a" {
		t.Errorf("image of %q, %v", img.ModelName, err)
	}
	if header := f.read(t, "out/e.a.pole.fits"); !strings.Contains(header[:2880*3], "BACKGRND= 'none") {
		t.Error("the header does not say that there is no background")
	}
	f.succeed(t, "emulate", "many.toml", "--overwrite", "--set", "inputs.batch=0", "--set", "network.symmetrise=yes", "--set", "bench.batch_max=2", "--quiet")
}

// TestEmulateManyBadInputs gives the list what it must refuse.
func TestEmulateManyBadInputs(t *testing.T) {
	t.Parallel()
	f := manyFolder(t)
	f.write(t, "empty.txt", "# nothing\n")
	f.write(t, "other/a.h5", f.read(t, "cubes/a.h5"))
	many := func(sets ...string) []string { return append([]string{"emulate", "many.toml"}, set(sets...)...) }
	for _, c := range []struct {
		name  string
		args  []string
		code  int
		parts []string
	}{
		{"pattern of nothing", many(`inputs.files=["cubes/*.hdf"]`), 2, []string{"inputs.files.0", "no file matches"}},
		{"bad pattern", many(`inputs.files=["cubes/[a.h5"]`), 2, []string{"inputs.files.0", "syntax error in pattern"}},
		{"absent file", many(`inputs.files=["cubes/z.h5"]`), 2, []string{"inputs.files", "z.h5", "no such file"}},
		{"absent list", many("inputs.list=absent.txt"), 2, []string{"inputs.list", "absent.txt", "no such file"}},
		{"two of one name", many(`inputs.files=["cubes/*.h5", "other/a.h5"]`), 2, []string{"inputs.files", "has the name of", "names without ending differ"}},
		{"model beside a list", many("model.cube=w.h5"), 2, []string{"model.cube", "given together with [inputs]"}},
		{"snapshot beside a list", many("model.snapshot=wind.dat"), 2, []string{"model.snapshot", "given together with [inputs]"}},
		{"cells for cube files", many("cube.cells=[32,32,32]", "cube.co_per_h2=1e-4", "cube.v_turb_ms=150.0"), 1, []string{"a.h5", "is missing", "Magritte"}},
		{"negative batch", many("inputs.batch=-1"), 2, []string{"inputs.batch = -1"}},
		{"unknown symmetrise", many("network.symmetrise=maybe"), 2, []string{"network.symmetrise", "yes, no"}},
	} {
		t.Log(c.name)
		before := f.files(t)
		f.refuses(t, f.run(t, c.args...), before, c.code, c.parts...)
	}
	f.write(t, "nothing.toml", strings.Replace(strings.Replace(emulateMany(), "files = [\"cubes/*.h5\"]\n", "", 1), "list.txt", "empty.txt", 1))
	before := f.files(t)
	f.refuses(t, f.run(t, "emulate", "nothing.toml"), before, 2, "inputs.files", "missing")
}

// writeMesh writes w.h5 with other cells about the same centre.
func writeMesh(t *testing.T, f folder, cells int, side, vTurb float64) {
	t.Helper()
	mesh := grid.Mesh{Box: grid.Box{Max: [3]float64{side, side, side}}, Cells: [3]int{cells, cells, cells}}
	c := grid.NewCube[float64](mesh, mesh.Full())
	for i := range c.Density {
		c.Density[i], c.Temperature[i], c.Turbulence[i], c.Velocity[2][i] = 1e9, 50, vTurb, 1e3
	}
	if err := cubefile.Write(f.path("w.h5"), c, cubefile.Meta{}); err != nil {
		t.Fatal(err)
	}
}

// TestEmulateResamples: a uniform cube of other cells gives the image of the
// uniform cube of the training's cells, when resampling is asked for. A box that is
// too small and another v_turb are refused all the same.
func TestEmulateResamples(t *testing.T) {
	t.Parallel()
	f := manyFolder(t)
	const side = trainGrid * trainCellM
	emulate := func(out string, sets ...string) []string {
		return append([]string{"emulate", "emulate.toml", "--out", out, "--overwrite"}, set(append([]string{`output.formats=["hdf5"]`}, sets...)...)...)
	}
	writeMesh(t, f, trainGrid, side, trainVTurbMS)
	f.succeed(t, emulate("fit")...)
	writeMesh(t, f, 25, 1.1*side, trainVTurbMS)
	before := f.files(t)
	f.refuses(t, f.run(t, emulate("no")...), before, 2, "model.cube", "[25 25 25] cells", `fit.resample = "yes"`)
	r := f.succeed(t, emulate("yes", "fit.resample=yes")...)
	if !strings.Contains(r.stderr, "resampled") || !strings.Contains(r.stderr, "mass_inside=0.7513") || !strings.Contains(r.stderr, "larger than those of the training") {
		t.Errorf("resampling says %s", r.stderr)
	}
	want, got := readHDF5(t, f, "fit/e.pole.h5"), readHDF5(t, f, "yes/e.pole.h5")
	for i := range want.Intensity {
		if math.Abs(got.Intensity[i]-want.Intensity[i]) > 1e-5*want.Intensity[i] {
			t.Fatalf("pixel %d is %g, of the cube on the right mesh %g", i, got.Intensity[i], want.Intensity[i])
		}
	}
	if math.Abs(got.PixelSizeM[0]/trainCellM-1) > 1e-12 {
		t.Errorf("pixels of %g m, want %g", got.PixelSizeM[0], trainCellM)
	}
	writeMesh(t, f, 40, 0.9*side, trainVTurbMS)
	before = f.files(t)
	f.refuses(t, f.run(t, emulate("no", "fit.resample=yes")...), before, 2, "model.cube", "reaches beyond", "at least")
	writeMesh(t, f, 40, 1.2*side, 200)
	before = f.files(t)
	f.refuses(t, f.run(t, emulate("no", "fit.resample=yes")...), before, 2, "model.cube", "v_turb 200 m/s")
}
