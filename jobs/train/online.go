// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/train"
	"github.com/columen/columen/jobs/internal/samples"
)

// prepare reads what makes samples while the network trains, and shares this
// rank's threads between both.
func (t *task) prepare() error {
	t.threads = t.env.Threads
	d := t.cfg.Data
	if !d.Makes() {
		return nil
	}
	if d.GeneratorRanks == 0 && t.cfg.Parallel.Threads == 0 { // all cores: some of them for samples
		t.threads = max(1, t.threads-d.Generators)
	}
	cfg := new(configs.Generate)
	if err := configs.Load(d.Generate, nil, cfg); err != nil {
		return err
	}
	var err error
	if t.factory, err = samples.NewFactory(d.Generate, cfg, max(d.SnapshotsKept, t.goroutines())); err != nil {
		return err
	}
	if err := t.factory.Agree(d.Generate, t.manifest); err != nil {
		return err
	}
	if d.Draw == "replay" {
		if err := t.factory.Stored(d.Generate, t.manifest); err != nil {
			return err
		}
	} else if other := t.factory.Drawn(t.manifest); other != "" && t.env.Comm.Rank() == 0 {
		t.env.Log.Warn("winds are drawn otherwise than those of the data set, whose statistics normalise them", "what", other)
	}
	if t.factory.Snapshots() && t.solves() {
		_, err = t.factory.Look(0)
	}
	return err
}

// parts are those of the data set that are read, by all ranks together or by this
// one alone.
func (t *task) parts(own bool) []dataset.Part {
	var parts []dataset.Part
	if t.cfg.Data.Source != "online" && !(own && t.makers != nil && !t.only()) {
		parts = append(parts, dataset.Train)
	}
	if own && t.only() {
		return parts
	}
	return append(parts, dataset.Validation)
}

// samples is the number of samples of an epoch.
func (t *task) samples() int {
	if n := t.cfg.Data.Samples; n > 0 {
		return n
	}
	n := 0
	for _, s := range t.manifest.Shards {
		if s.Part == dataset.Train {
			n += s.Samples
		}
	}
	return n
}

// source returns the samples to learn from, nil on a rank that others make them
// for; stored are those of the data set, or nil where they are not read.
func (t *task) source(stored dataset.Source) (dataset.Source, error) {
	d, seed := t.cfg.Data, uint64(t.cfg.Network.Seed)
	if !d.Makes() {
		return stored, nil
	}
	t.env.Log.Info("samples are made while training", "source", d.Source, "draw", d.Draw, "samples_per_epoch", t.samples(),
		"generator_ranks", d.GeneratorRanks, "generators_per_rank", t.goroutines(), "trainer_threads_per_rank", t.threads)
	if !t.solves() {
		return nil, nil
	}
	made, err := t.factory.Online(samples.OnlineOptions{Normalization: t.manifest.Normalization, Seed: seed, Replay: d.Draw == "replay", Samples: t.samples()})
	if err != nil {
		return nil, err
	}
	if d.Source == "mixed" {
		return dataset.NewMixture(stored, made, d.StoredFraction, seed)
	}
	return made, nil
}

// workers is how many goroutines read or make samples on a rank that trains.
func (t *task) workers() int {
	if t.cfg.Data.Makes() && t.cfg.Data.GeneratorRanks == 0 {
		return t.cfg.Data.Generators
	}
	return t.cfg.Data.Readers
}

// supplied logs how the samples of an epoch came.
func (t *task) supplied(s train.Supply) {
	percent := func(x float64) string { return fmt.Sprintf("%.3g", 100*x) }
	rate := func(x float64) string { return fmt.Sprintf("%.4g", x) }
	what := "readers"
	if t.cfg.Data.Makes() {
		what = "generators"
	}
	t.env.Log.Info("supply", what, s.Goroutines, "rate_of_"+what, rate(s.Rate()), "idle_percent", percent(s.Idle),
		"rate_of_trainers", rate(s.TrainerRate()), "trainers_idle_percent", percent(s.Waiting))
}

// feeding tells what the samples of the rate of training cost: cores that make
// them, or a file system that they are read from.
func (t *task) feeding(history []train.Epoch) {
	if len(history) == 0 {
		return
	}
	s, shape := history[len(history)-1].Supply, t.manifest.Shape()
	bytes := 4 * (shape.InputLen() + shape.OutputLen())
	fields := []any{"samples_per_s", fmt.Sprintf("%.4g", s.TrainerRate()), "from_disk_MB_per_s", fmt.Sprintf("%.4g", s.TrainerRate()*float64(bytes)/1e6)}
	if t.cfg.Data.Makes() {
		fields = append(fields, "made_by_cores", fmt.Sprintf("%.3g", s.Cores()), "ms_per_sample_and_core", fmt.Sprintf("%.4g", 1e3*s.SampleS))
	}
	t.env.Log.Info("to feed the trainers without waiting", fields...)
}

// hashSnapshots adds to the identity of a run what its configuration of samples
// reads: names, sizes and times, for snapshots are large.
func hashSnapshots(h io.Writer, c *configs.Train) error {
	if !c.Data.Makes() {
		return nil
	}
	cfg := new(configs.Generate)
	if err := configs.Load(c.Data.Generate, nil, cfg); err != nil {
		return err
	}
	for _, in := range cfg.Inputs() {
		info, err := os.Stat(in.Path)
		if err != nil {
			return err
		}
		fmt.Fprintln(h, filepath.Base(in.Path), info.Size(), info.ModTime().UnixNano())
	}
	return nil
}
