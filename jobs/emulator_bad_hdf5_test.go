// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package main

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/columen/columen/solver/grid"
)

const generateConfig = `[data]
kind = "mulfreq"
grid = 32
channels = 7
models = 4
rotations = 1
box_au = 800.0
v_turb_ms = 150.0
[line]
molecule = "co"
transition = "2-1"
[split]
validation = 0.25
test = 0.25
[parallel]
threads = 1
[output]
dir = "out"
name = "g"
`

// TestGenerateBadInputs gives the job what it must refuse.
func TestGenerateBadInputs(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.write(t, "generate.toml", generateConfig)
	f.write(t, "table/g.work/work.json", "{}")
	f.write(t, "taken/g.dataset.json", "{}")
	for _, c := range []struct {
		name  string
		args  []string
		parts []string
	}{
		{"unknown kind", set("data.kind=edgeon"), []string{"data.kind", "mulfreq, faceon, rotation"}},
		{"grid of no network", set("data.grid=48"), []string{"data.grid = 48", "32, 64, 128"}},
		{"channels of no network", set("data.channels=5"), []string{"data.channels = 5", "7 or 31"}},
		{"channels of one", set("data.kind=rotation"), []string{"data.channels = 7", "allowed: 1"}},
		{"directions of face-on", set("data.kind=faceon", "data.channels=1", "data.rotations=3"), []string{"data.rotations = 3", "allowed: 1"}},
		{"more samples than stars", set("data.models=10000000", "data.rotations=1000000"), []string{"data.rotations", "at most"}},
		{"channels faster than light", set("data.spacing_ms=1e8"), []string{"data.spacing_ms", "speed of light"}},
		{"no model for training", set("split.test=0.75"), []string{"split.test", "nothing of 4 winds is left"}},
		{"a part of no model", set("split.test=0.01"), []string{"split.test", "that is none"}},
		{"negative box", set("data.box_au=-1"), []string{"data.box_au = -1", "above 0"}},
		{"unknown transition", set("line.transition=9-3"), []string{"line.transition", "labels of a transition"}},
		{"no such molecule", set("line.molecule=absent.dat"), []string{"line.molecule", "no such file"}},
		{"work of another set", []string{"--out", "table"}, []string{"output.name", "unfinished work of another configuration"}},
		{"outputs of another set", []string{"--out", "taken"}, []string{"output.dir", "g.dataset.json", "--overwrite"}},
	} {
		t.Log(c.name)
		before := f.files(t)
		f.refuses(t, f.run(t, append([]string{"generate", "generate.toml"}, c.args...)...), before, 2, c.parts...)
	}
}

// TestTrainTornCheckpoint cuts the newest checkpoint of a run: the run goes on from
// the one before, says so, and ends with the same weights.
func TestTrainTornCheckpoint(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	writeDataSet(t, f, "tiny")
	f.write(t, "train.toml", trainConfig)
	f.succeed(t, "train", "train.toml", "--out", "whole", "--quiet")
	f.succeed(t, "train", "train.toml", "--out", "parts", "--quiet", "--set", "run.epochs=2")
	steps, err := filepath.Glob(f.path("parts/t.train/step-*"))
	if err != nil || len(steps) < 2 {
		t.Fatalf("checkpoints %v, %v", steps, err)
	}
	for _, name := range []string{"moments.safetensors", "parameters.safetensors"} {
		if err := os.Truncate(filepath.Join(steps[len(steps)-1], name), 1000); err != nil {
			t.Fatal(err)
		}
	}
	r := f.run(t, "train", "train.toml", "--out", "parts")
	if r.code != 0 || !strings.Contains(r.stderr, "passed over") || !strings.Contains(r.stderr, "has 1000 bytes") {
		t.Fatalf("exit status %d, %s", r.code, r.stderr)
	}
	if f.read(t, "whole/t.safetensors") != f.read(t, "parts/t.safetensors") {
		t.Error("weights differ from those of the whole run")
	}
}

// TestTrainNotFinite: a loss that is no number ends the run, be it by the learning
// rate or by the data, and says where.
func TestTrainNotFinite(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	m := writeDataSet(t, f, "tiny")
	f.write(t, "train.toml", trainConfig)
	fails := func(parts []string, args ...string) {
		r := f.run(t, append([]string{"train", "train.toml", "--overwrite"}, args...)...)
		said := r.messages()
		if r.code != 1 || len(said) != 1 {
			t.Fatalf("exit status %d, %s", r.code, r.stderr)
		}
		for _, part := range parts {
			if !strings.Contains(said[0], part) {
				t.Errorf("message lacks %q: %s", part, said[0])
			}
		}
		if _, err := os.Stat(f.path("out/t.safetensors")); err == nil {
			t.Error("weights of a run that failed")
		}
	}
	fails([]string{"epoch 0", "the loss is", "lower the learning rate"}, set("schedule.rate=1e30", "optimizer.clip_norm=0.0")...)

	// A shard cannot be written with NaN, but it can rot on a disk.
	_, output := trainWind(t, m.Normalization, 0.07)
	var row, rotten []byte
	for _, v := range output[3*trainGrid*trainGrid+trainGrid*trainGrid/2:][8:24] {
		row = binary.LittleEndian.AppendUint32(row, math.Float32bits(v))
		rotten = binary.LittleEndian.AppendUint32(rotten, math.Float32bits(float32(math.NaN())))
	}
	shard := f.read(t, "tiny-train.hdf5")
	if strings.Count(shard, string(row)) != 1 {
		t.Fatal("the shard does not hold this row of pixels once")
	}
	f.write(t, "tiny-train.hdf5", strings.Replace(shard, string(row), string(rotten), 1))
	fails([]string{"tiny-train.hdf5", "checksums"})
	fails([]string{"epoch 0", "the loss is NaN"}, set("data.verify=no", "data.augment=none")...)
}

// TestEmulatorFullDisk lets each job write to a file system that is too small.
func TestEmulatorFullDisk(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	writeDataSet(t, f, "tiny")
	for name, text := range map[string]string{"train.toml": trainConfig, "emulate.toml": emulateConfig, "evaluate.toml": evaluateConfig, "generate.toml": generateConfig, "small/x": ""} {
		f.write(t, name, text)
	}
	f.succeed(t, "train", "train.toml", "--set", "run.epochs=1", "--quiet")
	writeTrainedCube(t, f, func(*grid.Cube[float64]) {})
	small := f.path("small")
	if err := syscall.Mount("columen", small, "tmpfs", 0, "size=64k"); err != nil {
		t.Logf("not tested: this user cannot mount: %v", err)
		return
	}
	defer func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	}()
	for _, c := range []struct {
		args  []string
		parts []string
	}{
		{[]string{"emulate", "emulate.toml"}, []string{"small/e.", "output not written", "no space left on device"}},
		{[]string{"evaluate", "evaluate.toml"}, []string{"small/v.worst.png", "output not written", "no space left on device"}},
		{[]string{"train", "train.toml"}, []string{"write checkpoint ", "small/t.train/step-", "no space left on device"}},
		{[]string{"generate", "generate.toml"}, []string{"small/g.work", "no space left on device"}},
	} {
		r := f.run(t, append(c.args, "--out", "small", "--overwrite")...)
		said := r.messages()
		if r.code != 1 || len(said) != 1 {
			t.Errorf("%s: exit status %d, %s", c.args[0], r.code, r.stderr)
			continue
		}
		for _, part := range c.parts {
			if !strings.Contains(said[0], part) {
				t.Errorf("%s: message lacks %q: %s", c.args[0], part, said[0])
			}
		}
		for _, folder := range []string{"t.train", "g.work"} {
			if err := os.RemoveAll(filepath.Join(small, folder)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestImagesBadInputs gives emulate and evaluate data that are broken.
func TestImagesBadInputs(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	writeDataSet(t, f, "tiny")
	f.write(t, "emulate.toml", emulateConfig)
	f.write(t, "evaluate.toml", evaluateConfig)
	good, other, wide, still := trainedOn(t, trainCellM), trainedOn(t, trainCellM), trainedOn(t, 2*trainCellM), trainedOn(t, trainCellM)
	still.VTurbMS = 10
	other.Channels, other.FrequenciesHz = 5, other.FrequenciesHz[1:6]
	f.write(t, "out/keep", "")
	writeWeights(t, f, "five.safetensors", other)
	writeWeights(t, f, "wide.safetensors", wide)
	writeWeights(t, f, "still.safetensors", still)
	writeWeights(t, f, "out/t.safetensors", good)
	shard := f.read(t, "tiny-test.hdf5")
	emulate, evaluate := []string{"emulate", "emulate.toml"}, []string{"evaluate", "evaluate.toml"}
	cube := func(change func(c *grid.Cube[float64])) func() { return func() { writeTrainedCube(t, f, change) } }
	for _, c := range []struct {
		name  string
		args  []string
		code  int
		edit  func()
		parts []string
	}{
		{"not a number", emulate, 1, cube(func(c *grid.Cube[float64]) { c.Velocity[2][9] = math.NaN() }), []string{"w.h5", "velocity of cell", "NaN"}},
		{"no gas", emulate, 1, cube(func(c *grid.Cube[float64]) { c.Density[9] = 0 }), []string{"w.h5", "density of cell", "want a positive"}},
		{"negative temperature", emulate, 1, cube(func(c *grid.Cube[float64]) { c.Temperature[9] = -3 }), []string{"w.h5", "temperature of cell", "-3 K"}},
		{"other channels", append(evaluate, "--set", "network.weights=five.safetensors"), 1, nil, []string{"five.safetensors", "5 channels", "7 channels"}},
		{"other cells", append(evaluate, "--set", "network.weights=wide.safetensors"), 2, nil, []string{"data.manifest", "cell size", "as the training's"}},
		{"other v_turb", append(evaluate, "--set", "network.weights=still.safetensors"), 2, nil, []string{"data.manifest", "v_turb 150 m/s in a data set of 10 m/s"}},
		{"shard of other bytes", evaluate, 1, func() {
			data := []byte(shard)
			data[len(data)/2] ^= 1
			f.write(t, "tiny-test.hdf5", string(data))
		}, []string{"tiny-test.hdf5", "checksums"}},
		{"shard cut", evaluate, 1, func() { f.write(t, "tiny-test.hdf5", shard[:len(shard)/2]) }, []string{"tiny-test.hdf5", "truncated"}},
		{"shard gone", evaluate, 1, func() { os.Remove(f.path("tiny-test.hdf5")) }, []string{"tiny-test.hdf5"}},
		{"unknown part", append(evaluate, set("data.part=train")...), 2, nil, []string{"data.part", "validation, test"}},
		{"no weights", append(evaluate, set("network.weights=absent.safetensors")...), 2, nil, []string{"network.weights", "no such file"}},
		{"unknown border", append(evaluate, set("report.border=none")...), 2, nil, []string{"report.border", "kept, cropped"}},
		{"no repeats", append(evaluate, set("compare.repeats=0")...), 2, nil, []string{"compare.repeats = 0"}},
		{"other molecule", append(evaluate, set("compare.molecule=wind.dat")...), 1, nil, []string{"wind.dat"}},
		{"unknown resampling", append(emulate, set("fit.resample=maybe")...), 2, nil, []string{"fit.resample", "yes, no"}},
	} {
		t.Log(c.name)
		writeTrainedCube(t, f, func(*grid.Cube[float64]) {})
		f.write(t, "tiny-test.hdf5", shard)
		if c.edit != nil {
			c.edit()
		}
		before := f.files(t)
		f.refuses(t, f.run(t, c.args...), before, c.code, c.parts...)
	}
}
