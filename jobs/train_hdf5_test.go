// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package main

import (
	"bytes"
	"context"
	"math"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/columen/columen/emulator/dataset"
)

// The data set of these tests: cells of 25 au at 32³, seven channels.
const (
	trainGrid     = 32
	trainChannels = 7
	trainCellM    = 25 * 1.495978707e11
	trainVTurbMS  = 150.0
)

// trainWind returns physical fields and normalised arrays of a wind whose axis
// is off the centre by a fraction of the box.
func trainWind(t *testing.T, nm dataset.Normalization, shift float64) (input, output []float32) {
	t.Helper()
	const g, cells = trainGrid, trainGrid * trainGrid * trainGrid
	v, temperature, n := make([]float64, cells), make([]float64, cells), make([]float64, cells)
	image := make([]float64, trainChannels*g*g)
	at := func(i int) float64 { return (float64(i)+0.5)/g*2 - 1 }
	for i := range cells {
		x, y, z := at(i/(g*g))-shift, at(i/g%g)+shift/2, at(i%g)
		r := math.Sqrt(x*x + y*y + z*z + 0.01)
		v[i], temperature[i], n[i] = 8e3*z/r, 20+500*math.Exp(-3*r), 1e9/(r*r)
	}
	for i := range image {
		x, y, f := at(i/g%g)-shift, at(i%g)+shift/2, float64(i/(g*g)-trainChannels/2)
		image[i] = 1e-15 * math.Exp(-(x*x+y*y)*(2+math.Abs(f)))
	}
	input, output = make([]float32, 3*cells), make([]float32, len(image))
	if err := dataset.NormalizeInput(nm, input, v, temperature, n); err != nil {
		t.Fatal(err)
	}
	if err := dataset.NormalizeOutput(nm, output, image); err != nil {
		t.Fatal(err)
	}
	return input, output
}

// writeDataSet writes NAME.dataset.json and its shards: 2 samples for training,
// one each for validation and test.
func writeDataSet(t *testing.T, f folder, name string) *dataset.Manifest {
	t.Helper()
	m := trainedOn(t, trainCellM)
	shift := 0.0
	for _, part := range []dataset.Part{dataset.Train, dataset.Validation, dataset.Test} {
		e := dataset.ShardEntry{Path: name + "-" + string(part) + ".hdf5", Part: part, Origin: dataset.Parametric, Samples: 1, Models: []string{"wind-" + string(part)}}
		if part == dataset.Train {
			e.Samples = 2
		}
		w, err := dataset.CreateShard(f.path(e.Path), m.Shape(), e.Samples)
		if err != nil {
			t.Fatal(err)
		}
		for i := range e.Samples {
			input, output := trainWind(t, m.Normalization, shift)
			shift += 0.07
			if err := w.Write(i, input, output); err != nil {
				t.Fatal(err)
			}
		}
		if e.SHA256, err = w.Close(); err != nil {
			t.Fatal(err)
		}
		m.Shards = append(m.Shards, e)
	}
	if err := m.Write(f.path(name + ".dataset.json")); err != nil {
		t.Fatal(err)
	}
	return m
}

const trainConfig = `[data]
manifest = "tiny.dataset.json"
batch = 1
[network]
latent = 8
[optimizer]
clip_norm = 10.0
[schedule]
rate = 1e-3
[run]
epochs = 3
[parallel]
threads = 2
[output]
dir = "out"
name = "t"
`

// TestTrainStopsAndContinues ends a run by SIGUSR1, which saves its state, and
// starts the same command again: weights have the same bits as without.
func TestTrainStopsAndContinues(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	writeDataSet(t, f, "tiny")
	f.write(t, "train.toml", trainConfig)
	f.succeed(t, "train", "train.toml", "--out", "whole", "--quiet")
	if r := f.succeed(t, "train", "train.toml", "--out", "whole"); !strings.Contains(r.stderr, "already done") {
		t.Errorf("a second run says %q", r.stderr)
	}

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := f.command(ctx, t, nil, "train", "train.toml", "--out", "parts")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for ctx.Err() == nil { // until the first epoch is in the history
		if data, err := os.ReadFile(f.path("parts/t.train/history.jsonl")); err == nil && len(data) > 0 {
			break
		}
		time.Sleep(2 * time.Millisecond)
	}
	if err := cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() // the exit status tells
	if code := cmd.ProcessState.ExitCode(); code != 75 || !strings.Contains(stderr.String(), "start the same command again") {
		t.Fatalf("exit status %d after SIGUSR1, %s", code, stderr.String())
	}
	if _, err := os.Stat(f.path("parts/t.safetensors")); err == nil {
		t.Error("weights before the end")
	}
	f.succeed(t, "train", "train.toml", "--out", "parts")
	if !bytes.Equal([]byte(f.read(t, "whole/t.safetensors")), []byte(f.read(t, "parts/t.safetensors"))) {
		t.Error("weights of the run in parts differ from those of the whole")
	}
	if n := strings.Count(f.read(t, "parts/t.history.jsonl"), "\n"); n != 3 {
		t.Errorf("%d epochs in the history", n)
	}
	// The weights of one run are the first ones of another.
	f.succeed(t, "train", "train.toml", "--out", "next", "--set", "network.weights=whole/t.safetensors", "--set", "run.epochs=1")
}

// TestTrainBadInputs gives the job what it must refuse.
func TestTrainBadInputs(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	m := writeDataSet(t, f, "tiny")
	f.write(t, "train.toml", trainConfig)
	manifest := f.read(t, "tiny.dataset.json")
	train := func(sets ...string) []string {
		return append([]string{"train", "train.toml"}, set(sets...)...)
	}
	shard := "tiny-train.hdf5"
	good := f.read(t, shard)
	for _, c := range []struct {
		name  string
		args  []string
		code  int
		edit  func()
		parts []string
	}{
		{"unknown schedule", train("schedule.kind=linear"), 2, nil, []string{"schedule.kind", "constant, step, cosine"}},
		{"cosine without period", train("schedule.kind=cosine"), 2, nil, []string{"schedule.period", "missing"}},
		{"no manifest", train("data.manifest=absent.json"), 2, nil, []string{"data.manifest", "absent.json"}},
		{"other variant", train("network.variant=net"), 2, nil, []string{"network.variant", "7 channels"}},
		{"manifest cut", train(), 1, func() { f.write(t, "tiny.dataset.json", manifest[:200]) }, []string{"tiny.dataset.json"}},
		{"manifest of another grid", train(), 2, func() {
			f.write(t, "tiny.dataset.json", strings.Replace(manifest, `"grid": 32`, `"grid": 48`, 1))
		}, []string{"grid"}},
		{"manifest of other channels", train("data.verify=no"), 1, func() {
			bad := *m
			bad.Channels, bad.FrequenciesHz = 6, m.FrequenciesHz[:6]
			if err := bad.Write(f.path("tiny.dataset.json")); err != nil {
				t.Fatal(err)
			}
		}, []string{"the manifest says", "Channels:6"}},
		{"shard corrupt", train(), 1, func() {
			data := []byte(good)
			data[len(data)/2] ^= 1
			f.write(t, shard, string(data))
		}, []string{shard, "checksums"}},
		{"shard cut", train(), 1, func() { f.write(t, shard, good[:len(good)/2]) }, []string{shard}},
		{"weights that are none", train("network.weights=wind.dat"), 1, nil, []string{"wind.dat"}},
	} {
		f.write(t, "tiny.dataset.json", manifest)
		f.write(t, shard, good)
		if c.edit != nil {
			c.edit()
		}
		before := f.files(t)
		t.Log(c.name)
		f.refuses(t, f.run(t, c.args...), before, c.code, c.parts...)
	}
}
