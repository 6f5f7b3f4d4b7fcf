// SPDX-License-Identifier: BSD-3-Clause

package samples

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
)

// onlineOf returns the fresh samples of a set on a coarse grid.
func onlineOf(t *testing.T, cfg *configs.Generate, o OnlineOptions) *Online {
	t.Helper()
	f, err := NewFactory("test.toml", cfg, 2)
	must(t, err)
	if o.Normalization, err = dataset.Published(dataset.Kind(cfg.Data.Kind)); err != nil {
		t.Fatal(err)
	}
	s, err := f.Online(o)
	must(t, err)
	return s
}

func read(t *testing.T, s *Online, epoch int64, i int) []float32 {
	t.Helper()
	shape := s.factory.Shape
	both := make([]float32, shape.InputLen()+shape.OutputLen())
	must(t, s.ReadIn(epoch, i, both[:shape.InputLen()], both[shape.InputLen():]))
	return both
}

// TestFreshSamples checks that a sample is a function of seed, epoch and number,
// whoever made what before and beside it, and that each of the three matters.
func TestFreshSamples(t *testing.T) {
	cfg := testConfig()
	cfg.Data.Grid = 8
	s := onlineOf(t, cfg, OnlineOptions{Seed: 7, Samples: 1 << 40})
	want := read(t, s, 3, 5)
	all, wg := make([][]float32, 12), sync.WaitGroup{}
	for i := range all {
		wg.Go(func() { all[i] = read(t, s, 3, i) })
	}
	wg.Wait()
	if !slices.Equal(all[5], want) {
		t.Error("sample 5 of epoch 3 depends on what is made beside it")
	}
	for name, other := range map[string][]float32{
		"number": all[6], "epoch": read(t, s, 4, 5), "seed": read(t, onlineOf(t, cfg, OnlineOptions{Seed: 8, Samples: 9}), 3, 5), "a number beyond 2³²": read(t, s, 3, 1<<32+5),
	} {
		if slices.Equal(other, want) {
			t.Errorf("%s changes nothing", name)
		}
	}
	if s.Read(1<<40, nil, nil) == nil {
		t.Error("no error beyond the end of the epoch")
	}
}

// TestFreshModels checks that snapshots held out are not drawn from, that those
// for training come as often as they are stored, and that winds are none of the
// set.
func TestFreshModels(t *testing.T) {
	cfg := snapshotConfig("mulfreq", nil)
	cfg.Data.Models, cfg.Split = 5, configs.Split{By: "model", Validation: 0.34, Test: 0.34}
	cfg.Models = append(cfg.Models, cfg.Models[0], cfg.Models[0])
	s, err := NewSet(cfg)
	must(t, err)
	trained := map[int]int{}
	for _, sample := range s.Train {
		trained[sample/cfg.Data.Rotations]++
	}
	for i := range len(s.Train) {
		trained[s.Fresh(1, 0, i, 0).Model]--
	}
	for model, n := range trained {
		if n != 0 {
			t.Errorf("model %s is drawn %d times less than it is stored", s.ModelName(model), n)
		}
	}
	stored, fresh := s.Draw(0).Wind.Float64(), s.Fresh(uint64(cfg.Data.Seed), 0, 0, 0).Wind.Float64()
	if again := s.Fresh(uint64(cfg.Data.Seed), 0, 0, 1).Wind.Float64(); stored == fresh || again == fresh {
		t.Error("a fresh wind is that of the set, or a second attempt that of the first")
	}
}

// TestHeldOutSnapshots checks that a snapshot that the data set holds out is not
// learnt from because another seed splits otherwise.
func TestHeldOutSnapshots(t *testing.T) {
	cfg := snapshotConfig("mulfreq", nil)
	f, err := NewFactory("test.toml", cfg, 1)
	must(t, err)
	m := &dataset.Manifest{Kind: f.Kind(), Grid: 32, Channels: 31, Species: f.Line.Species, Transition: f.Line.Label, FrequenciesHz: f.FrequenciesHz,
		CellSizeM: f.CellSizeM(), VTurbMS: 150, SplitBy: "model", Shards: []dataset.ShardEntry{{Part: dataset.Test, Models: []string{"0000-like"}}}}
	if err := f.Agree("test.toml", m); err == nil || !strings.Contains(err.Error(), "model.0.snapshot") || !strings.Contains(err.Error(), "holds it out for test") {
		t.Errorf("error %v", err)
	}
	m.SplitBy = "sample"
	must(t, f.Agree("test.toml", m))
	m.FrequenciesHz = slices.Clone(m.FrequenciesHz)
	m.FrequenciesHz[3] += 1e3
	if err := f.Agree("test.toml", m); err == nil || !strings.Contains(err.Error(), "data.spacing_ms") {
		t.Errorf("error %v", err)
	}
}
