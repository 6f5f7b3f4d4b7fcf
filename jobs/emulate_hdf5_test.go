// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/columen/columen/solver/cubefile"
	"github.com/columen/columen/solver/grid"
)

const emulateConfig = `[network]
weights = "out/t.safetensors"
[model]
cube = "w.h5"
[[view]]
name = "pole"
axis = "+z"
[[view]]
name = "side"
axis = "-y"
[output]
dir = "out"
name = "e"
formats = ["fits", "hdf5", "png"]
unit = "SI"
`

const evaluateConfig = `[network]
weights = "out/t.safetensors"
[data]
manifest = "tiny.dataset.json"
[output]
dir = "out"
name = "v"
`

// writeTrainedCube writes w.h5: a cube on which the network of these tests may
// be used, after a change.
func writeTrainedCube(t *testing.T, f folder, change func(c *grid.Cube[float64])) {
	t.Helper()
	const side = trainGrid * trainCellM
	mesh := grid.Mesh{Box: grid.Box{Max: [3]float64{side, side, side}}, Cells: [3]int{trainGrid, trainGrid, trainGrid}}
	c := grid.NewCube[float64](mesh, mesh.Full())
	for a := range c.Velocity {
		c.Velocity[a] = make([]float64, len(c.Density))
	}
	for i := range c.Density {
		c.Density[i], c.Temperature[i], c.Turbulence[i], c.Velocity[2][i] = 1e9, 50, trainVTurbMS, 1e3
	}
	change(c)
	if err := cubefile.Write(f.path("w.h5"), c, cubefile.Meta{}); err != nil {
		t.Fatal(err)
	}
}

// TestEmulateAndEvaluate goes the whole way from a data set to images.
func TestEmulateAndEvaluate(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	m := writeDataSet(t, f, "tiny")
	f.write(t, "train.toml", trainConfig)
	f.write(t, "emulate.toml", emulateConfig)
	f.write(t, "evaluate.toml", evaluateConfig)
	f.succeed(t, "train", "train.toml", "--set", "run.epochs=1", "--quiet")

	// Images, in the form of the solver's.
	writeTrainedCube(t, f, func(*grid.Cube[float64]) {})
	if r := f.succeed(t, "emulate", "emulate.toml"); strings.Contains(r.stderr, "extrapolates") {
		t.Errorf("a cube inside the training gives %s", r.stderr)
	}
	img := readHDF5(t, f, "out/e.pole.h5")
	if img.NX != trainGrid || len(img.FrequenciesHz) != trainChannels || img.RestFrequencyHz != 230.538e9 || img.AxisLOS != "+z" {
		t.Errorf("image of %d pixels, %d channels of %g Hz towards %s", img.NX, len(img.FrequenciesHz), img.RestFrequencyHz, img.AxisLOS)
	}
	for _, i := range img.Intensity {
		if !(i > 1e-18 && i < 1e-11) { // exp of the normalised range, [-53, -27]
			t.Fatalf("intensity %g", i)
		}
	}
	r := f.succeed(t, "emulate", "emulate.toml", "--bench", "--set", "bench.repeats=2", "--set", "bench.batch_max=2", "--set", "network.dense=bfloat16")
	if b := f.read(t, "out/e.bench.json"); !strings.Contains(r.stdout, "latency at batch 1") || !strings.Contains(b, `"best_batch"`) || !strings.Contains(b, `"dense": "bfloat16"`) {
		t.Errorf("--bench prints %q", r.stdout)
	}

	// The comparison with the held-out samples.
	r = f.succeed(t, "evaluate", "evaluate.toml")
	var report struct {
		Guesses []struct {
			Name    string
			Samples int
			ZNCC    []float64
			Buckets [11]int `json:"maxrel_buckets"`
		}
		Samples []struct{ Shard string }
	}
	if err := json.Unmarshal([]byte(f.read(t, "out/v.evaluation.json")), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Guesses) != 3 || report.Guesses[0].Samples != 1 || len(report.Guesses[2].ZNCC) != trainChannels || len(report.Samples) != 1 ||
		report.Samples[0].Shard != m.Shards[2].Path || !strings.Contains(r.stdout, "nearest training sample") {
		t.Errorf("report %+v, table\n%s", report, r.stdout)
	}
	checkMisfits(t, f)
}

// checkMisfits gives both jobs what does not fit the network.
func checkMisfits(t *testing.T, f folder) {
	t.Helper()
	manifest, weights := f.read(t, "tiny.dataset.json"), f.read(t, "out/t.safetensors")
	emulate, evaluate := []string{"emulate", "emulate.toml", "--overwrite"}, []string{"evaluate", "evaluate.toml", "--overwrite"}
	for _, c := range []struct {
		name  string
		args  []string
		code  int
		edit  func()
		parts []string
	}{
		{"cell size", emulate, 2, func() {
			writeTrainedCube(t, f, func(c *grid.Cube[float64]) { c.Mesh.Box.Max[1] *= 2 })
		}, []string{"cell size", "w.h5"}},
		{"v_turb", emulate, 2, func() {
			writeTrainedCube(t, f, func(c *grid.Cube[float64]) { c.Turbulence[7] = 151 })
		}, []string{"v_turb 151 m/s"}},
		{"grid", []string{"emulate", "snapshot.toml", "--overwrite"}, 2, func() {
			head, _, _ := strings.Cut(solveConfig, "[line]")
			_, tail, _ := strings.Cut(emulateConfig, "cube = \"w.h5\"\n")
			f.write(t, "snapshot.toml", "[network]\nweights = \"out/t.safetensors\"\n"+head+tail)
		}, []string{"cube.cells", "grid 32"}},
		{"weights cut", emulate, 1, func() { f.write(t, "out/t.safetensors", weights[:len(weights)/2]) }, []string{"t.safetensors"}},
		{"weights without card", emulate, 1, func() {
			f.write(t, "out/t.safetensors", strings.Replace(weights, "columen_card", "columen_cord", 1))
		}, []string{"columen train wrote"}},
		{"other statistics", evaluate, 1, func() {
			f.write(t, "tiny.dataset.json", strings.Replace(manifest, "6398.3946975237795", "6398.5", 1))
		}, []string{"statistics"}},
		{"no such part", evaluate, 1, func() {
			f.write(t, "tiny.dataset.json", strings.Replace(manifest, `"part": "test"`, `"part": "validation"`, 1))
		}, []string{"no shards for test"}},
	} {
		writeTrainedCube(t, f, func(*grid.Cube[float64]) {})
		f.write(t, "tiny.dataset.json", manifest)
		f.write(t, "out/t.safetensors", weights)
		c.edit()
		// --overwrite ends the manifest of the outputs that are to be replaced.
		r := f.run(t, c.args...)
		f.refuses(t, r, f.files(t), c.code, c.parts...)
	}
	f.write(t, "out/t.safetensors", weights)
	f.write(t, "tiny.dataset.json", manifest)
	writeTrainedCube(t, f, func(c *grid.Cube[float64]) { c.Temperature[5] = 3000 })
	if r := f.run(t, emulate...); r.code != 0 || !strings.Contains(r.stderr, "extrapolates") || !strings.Contains(r.stderr, "temperature from 50 to 3000 K") {
		t.Errorf("outside the training: exit status %d, %s", r.code, r.stderr)
	}
}
