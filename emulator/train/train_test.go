// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/device/cpu"
	"github.com/columen/columen/emulator/optim"
)

const (
	grid     = 32
	channels = 2
)

// winds returns samples that look like normalised winds and their images.
func winds(n int, shift float64) *dataset.Memory {
	m := &dataset.Memory{Shape: dataset.Shape{Grid: grid, Channels: channels}}
	at := func(i int) float64 { return (float64(i)+0.5)/grid*2 - 1 }
	for s := range n {
		d := shift + 0.1*float64(s)
		x, y := make([]float32, m.Shape.InputLen()), make([]float32, m.Shape.OutputLen())
		for i := range grid * grid * grid {
			a, b, c := at(i/(grid*grid))-d, at(i/grid%grid)+d/2, at(i%grid)
			r := math.Sqrt(a*a + b*b + c*c + 0.02)
			x[i], x[len(x)/3+i], x[2*len(x)/3+i] = float32(c/r), float32(1/(1+3*r)), float32(1.5-math.Log(r+0.1))
		}
		for i := range y {
			a, b := at(i/grid%grid)-d, at(i%grid)+d/2
			y[i] = float32(0.1 + 0.8*math.Exp(-(a*a+b*b)/0.3))
		}
		m.Inputs, m.Outputs = append(m.Inputs, x...), append(m.Outputs, y...)
	}
	return m
}

func normalization(t *testing.T) dataset.Normalization {
	t.Helper()
	nm, err := dataset.Published(dataset.MultiFrequency)
	if err != nil {
		t.Fatal(err)
	}
	return nm
}

func options(dir string) Options {
	return Options{
		Dir: dir, Digest: "test", Keep: 2, Epochs: 3, BatchSize: 3, ValidationBatch: 2, Seed: 7, Augment: true, Alpha: 0.8, ClipNorm: 5,
		Optimizer: optim.Options{WeightDecay: 1e-3, Decoupled: true},
		Schedule:  optim.ScheduleOptions{Kind: "cosine", Base: 1e-3, Period: 3, WarmupLength: 1, WarmupStart: 0.5},
	}
}

func newTrainer(t *testing.T, samples *dataset.Memory, opts Options) *Trainer {
	t.Helper()
	dev := cpu.Open(2)
	net, err := emulator.New(dev, emulator.Config{Variant: emulator.Net3D, Grid: grid, Frequencies: channels, Latent: 8})
	if err == nil {
		err = net.Init(opts.Seed)
	}
	if err != nil {
		t.Fatal(err)
	}
	tr, err := New(dev, net, Data{Train: samples, Validation: winds(2, 0.05), Shape: samples.Shape, Normalization: normalization(t)}, opts)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// tensors returns the bytes of every tensor of the newest checkpoint.
func tensors(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	l, err := checkpoint.Store{Dir: dir}.Latest()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	all := map[string][]byte{}
	for group, f := range l.Groups {
		for _, v := range f.Tensors {
			all[group+"/"+v.Name] = bytes.Clone(v.Data)
		}
	}
	return all
}

// numbers are the parts of a history that do not depend on time.
func numbers(history []Epoch) string {
	var s strings.Builder
	for _, e := range history {
		e.SamplesPerS, e.Time, e.Seconds, e.StepS, e.Supply = 0, 0, Seconds{}, Split{}, Supply{}
		line, err := json.Marshal(e)
		if err != nil {
			panic(err)
		}
		s.Write(append(line, '\n'))
	}
	return s.String()
}

// A run that is stopped in the middle of an epoch and at its end, and continued
// each time, equals an uninterrupted one bit for bit: all values, running
// statistics, moments and losses.
func TestResumedEqualsUninterrupted(t *testing.T) {
	samples := winds(5, 0) // batches of 3 and 2
	whole := newTrainer(t, samples, options(t.TempDir()))
	if err := whole.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	want := tensors(t, whole.opts.Dir)
	if len(want) < 300 || whole.Step() != 6 {
		t.Fatalf("%d tensors after %d steps", len(want), whole.Step())
	}

	dir := t.TempDir()
	for _, stop := range []int64{1, 2, 5} {
		ctx, cancel := context.WithCancelCause(context.Background())
		opts := options(dir)
		var tr *Trainer
		opts.Tick = func(int) {
			if tr.Step() == stop {
				cancel(errors.New("time is up"))
			}
		}
		tr = newTrainer(t, samples, opts)
		err := tr.Run(ctx)
		var interrupted *Interrupted
		if !errors.As(err, &interrupted) || interrupted.Step != stop || !strings.Contains(err.Error(), "time is up") {
			t.Fatalf("stop after step %d: %v", stop, err)
		}
	}
	last := newTrainer(t, samples, options(dir))
	if err := last.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	got := tensors(t, dir)
	if len(got) != len(want) {
		t.Errorf("%d tensors, want %d", len(got), len(want))
	}
	for name, data := range want {
		if !bytes.Equal(got[name], data) {
			t.Errorf("%s differs", name)
		}
	}
	if a, b := numbers(last.History()), numbers(whole.History()); a != b || len(last.History()) != 3 {
		t.Errorf("history of the resumed run:\n%s\nof the whole:\n%s", a, b)
	}
	checkFiles(t, last)

	// A finished run that is started again has nothing to do.
	if err := newTrainer(t, samples, options(dir)).Run(context.Background()); err != nil {
		t.Error(err)
	}
	// What it was made with must not change.
	opts := options(dir)
	opts.Digest = "other"
	if err := newTrainer(t, samples, opts).Run(context.Background()); err == nil || !strings.Contains(err.Error(), "another configuration or data set") {
		t.Errorf("resumed under another digest: %v", err)
	}
}

// checkFiles looks at history, curves and the best checkpoint of a run.
func checkFiles(t *testing.T, tr *Trainer) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(tr.opts.Dir, historyName))
	var written bytes.Buffer
	if err := errors.Join(err, WriteHistory(&written, tr.History())); err != nil {
		t.Fatal(err)
	}
	if written.String() != string(text) {
		t.Errorf("history file:\n%s\nwant:\n%s", text, written.String())
	}
	first, last := tr.History()[0], tr.History()[2]
	if !(last.Train.Loss < first.Train.Loss) || first.Rate != 0.5e-3 || math.Abs(first.Validation.Loss-first.Validation.MSE-first.Validation.Fourier) > 1e-12 || first.LargestNorm <= 0 {
		t.Errorf("first epoch %+v, last %+v", first, last)
	}
	var curves bytes.Buffer
	if err := WriteCurves(&curves, tr.History()); err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(&curves); err != nil {
		t.Error(err)
	}
	best, err := tr.Best()
	if err != nil {
		t.Fatal(err)
	}
	defer best.Close()
	if *best.State.Score != tr.History()[tr.best()].Validation.MaxRel {
		t.Errorf("best checkpoint has score %g", *best.State.Score)
	}
}

// A loss that is not a number ends the run and names the place; so do other
// mistakes.
func TestBadRuns(t *testing.T) {
	samples := winds(4, 0)
	samples.Outputs[3*samples.Shape.OutputLen()] = float32(math.NaN())
	opts := options(t.TempDir())
	opts.Augment = false
	if err := newTrainer(t, samples, opts).Run(context.Background()); err == nil || !strings.Contains(err.Error(), "epoch 0, step ") || !strings.Contains(err.Error(), "NaN") {
		t.Errorf("NaN in a target: %v", err)
	}
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := newTrainer(t, winds(2, 0), options(blocked)).Run(context.Background()); err == nil || !strings.Contains(err.Error(), blocked) {
		t.Errorf("a file in the place of the folder: %v", err)
	}
	for want, change := range map[string]func(*Options){
		"unknown schedule \"linear\"": func(o *Options) { o.Schedule.Kind = "linear" },
		"alpha = 2":                   func(o *Options) { o.Alpha = 2 },
		"0 epochs":                    func(o *Options) { o.Epochs = 0 },
		"clip norm -1":                func(o *Options) { o.ClipNorm = -1 },
		"weight decay":                func(o *Options) { o.Optimizer.WeightDecay = -1 },
	} {
		o := options(t.TempDir())
		change(&o)
		dev := device.NewScalar[float32](1)
		net, err := emulator.New(dev, emulator.Config{Variant: emulator.Net3D, Grid: grid, Frequencies: channels, Latent: 8})
		if err == nil {
			err = net.Init(1)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := New(dev, net, Data{Train: winds(1, 0), Validation: winds(1, 0), Shape: samples.Shape, Normalization: normalization(t)}, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

// The network of one channel learns as well, with the schedule counting steps
// and without clipping.
func TestOneChannel(t *testing.T) {
	shape := dataset.Shape{Grid: grid, Channels: 1, Flat: true}
	first := func(m *dataset.Memory) *dataset.Memory { // the first channel of each sample
		one := &dataset.Memory{Shape: shape, Inputs: m.Inputs}
		for i := range m.Len() {
			one.Outputs = append(one.Outputs, m.Outputs[i*m.Shape.OutputLen():][:shape.OutputLen()]...)
		}
		return one
	}
	nm, err := dataset.Published(dataset.Rotation)
	if err != nil {
		t.Fatal(err)
	}
	dev := device.NewScalar[float32](2)
	net, err := emulator.New(dev, emulator.Config{Variant: emulator.Net, Grid: grid, Latent: 8})
	if err == nil {
		err = net.Init(1)
	}
	if err != nil {
		t.Fatal(err)
	}
	opts := options(t.TempDir())
	opts.Epochs, opts.BatchSize, opts.ClipNorm, opts.PerStep = 2, 1, 0, true
	tr, err := New(dev, net, Data{Train: first(winds(2, 0)), Validation: first(winds(1, 0)), Shape: shape, Normalization: nm}, opts)
	if err == nil {
		err = tr.Run(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	h := tr.History()
	if tr.Step() != 4 || h[0].Rate != 1e-3 || h[0].LargestNorm != 0 || !(h[1].Train.Loss < h[0].Train.Loss) {
		t.Errorf("after %d steps: %+v", tr.Step(), h)
	}
}

func TestEarlyStopping(t *testing.T) {
	history := func(maxRel ...float64) (h []Epoch) {
		for i, m := range maxRel {
			h = append(h, Epoch{Epoch: int64(i), Validation: Validation{MaxRel: m}})
		}
		return h
	}
	for _, c := range []struct {
		history  []Epoch
		patience int
		want     bool
	}{
		{nil, 2, false}, {history(3, 2, 1), 2, false}, {history(1, 2), 2, false}, {history(1, 2, 1), 2, true}, {history(1, 2, 0.5, 3), 2, false}, {history(1, 2, 3, 4), 0, false},
	} {
		tr := &Trainer{opts: Options{Epochs: 10, Patience: c.patience}, progress: progress{history: c.history, epoch: int64(len(c.history))}}
		if got := tr.finished(); got != c.want {
			t.Errorf("%v with patience %d: finished is %v", c.history, c.patience, got)
		}
	}
}
