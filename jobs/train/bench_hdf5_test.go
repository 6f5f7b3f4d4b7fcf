// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package train

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/loss"
	"github.com/columen/columen/emulator/optim"
	"github.com/columen/columen/emulator/weights"
	"github.com/columen/columen/jobs/internal/network"
	"github.com/columen/columen/jobs/internal/samples"
)

// benchBatch is the batch of BenchmarkSupply, and benchStored the samples of its
// shard, which the page cache holds.
const (
	benchBatch  = 16
	benchStored = 32
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// benchSamples makes a shard of winds at 64³ and what makes others.
func benchSamples(b *testing.B) (stored *dataset.Shards, made *samples.Online, nm dataset.Normalization) {
	f, err := samples.NewFactory("bench.toml", &configs.Generate{
		Data:   configs.Data{Kind: "mulfreq", Grid: 64, Channels: 7, SpacingMS: 300, Models: benchStored, Rotations: 1, Seed: 3, BoxAU: 800, VTurbMS: 150},
		Line:   configs.DataLine{Molecule: "co", Transition: configs.Transition{Label: "2-1"}},
		Split:  configs.Split{By: "model"},
		Shards: configs.Shards{Samples: benchStored},
	}, 1)
	must(b, err)
	nm, err = dataset.Published(dataset.MultiFrequency)
	must(b, err)
	made, err = f.Online(samples.OnlineOptions{Normalization: nm, Seed: 1})
	must(b, err)
	path := filepath.Join(b.TempDir(), "bench.hdf5")
	w, err := dataset.CreateShard(path, f.Shape, benchStored)
	must(b, err)
	in, out := make([]float32, f.Shape.InputLen()), make([]float32, f.Shape.OutputLen())
	for i := range benchStored {
		must(b, made.Read(i, in, out))
		must(b, w.Write(i, in, out))
	}
	_, err = w.Close()
	must(b, err)
	stored, err = dataset.OpenShards(path)
	must(b, err)
	b.Cleanup(func() { stored.Close() })
	return stored, made, nm
}

// BenchmarkSupply trains the published network at 64³ with one thread, on samples
// from the page cache and on samples that one generator makes meanwhile, in turn,
// and reports both rates and their ratio, which should be 0.9 at least on two free
// cores:
//
//	go test -tags hdf5 ./jobs/train -run '^$' -bench Supply -benchtime 3x
func BenchmarkSupply(b *testing.B) {
	stored, made, nm := benchSamples(b)
	dev := network.NewDevice(1)
	model, err := network.New(dev, weights.Network{Variant: "net3d", Grid: 64, Frequencies: 7, Latent: 4096})
	must(b, err)
	must(b, model.Init(1))
	adam, err := optim.NewAdam(dev, model.Parameters(), model.Gradients(), optim.Options{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8})
	must(b, err)
	fourier, err := loss.NewFreqMSE(64, 64, 0.8, 1)
	must(b, err)
	shape := stored.Shape()
	x, dy := dev.Alloc(benchBatch*shape.InputLen()), dev.Alloc(benchBatch*shape.OutputLen())
	pred, grad := make([]float32, dy.Len()), make([]float32, dy.Len())
	run := func(src dataset.Source, steps int) (seconds float64, e dataset.Effort) {
		l, err := dataset.NewLoader(src, dataset.LoaderOptions{Shape: shape, BatchSize: benchBatch, Seed: 1, Augment: true, Normalization: nm})
		must(b, err)
		defer l.Close()
		var start time.Time
		for step := range steps + 1 { // the first warms up
			if step == 1 {
				start = time.Now()
				l.Effort()
			}
			batch, err := l.Next()
			must(b, err)
			dev.Upload(x, batch.Input)
			dev.Download(pred, model.Forward(x, benchBatch, true))
			_, err = loss.EvalPart(fourier, pred, batch.Output, grad, len(pred))
			must(b, err)
			dev.Upload(dy, grad)
			model.Backward(dy)
			adam.Step(1e-4)
			dev.Fill(model.Gradients(), 0)
			must(b, dev.Sync())
		}
		return time.Since(start).Seconds(), l.Effort()
	}
	const steps = 5
	var read, online, busy, count float64
	run(stored, 1)
	for b.Loop() {
		s, _ := run(stored, steps)
		read += s
		s, e := run(made, steps)
		online += s
		busy += e.Busy
		count += float64(e.Samples)
	}
	n := float64(b.N) * steps * benchBatch
	b.ReportMetric(n/read, "page_cache_samples/s")
	b.ReportMetric(n/online, "online_samples/s")
	b.ReportMetric(read/online, "online/page_cache")
	b.ReportMetric(1e3*busy/count, "generator_ms/sample")
}
