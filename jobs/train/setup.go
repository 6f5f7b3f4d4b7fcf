// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/optim"
	"github.com/columen/columen/emulator/train"
	"github.com/columen/columen/jobs/internal/run"
)

// digest identifies what a run is made of: the configuration, the data set by
// its manifest, which holds the checksums of the shards, and the first weights.
// The number of epochs is left out: no step depends on it, since a schedule has a
// period of its own, so a run of few epochs is the beginning of one of many. What is
// done about bad losses is left out too: a run that one of them ended may continue
// with another policy, and its history says what was done.
func digest(c *configs.Train) (string, error) {
	timeless := *c
	timeless.Run = configs.TrainingRun{Patience: c.Run.Patience}
	h := sha256.New()
	fmt.Fprintf(h, "columen train 3\n%s\n", configs.Digest(&timeless))
	for _, in := range c.Inputs() {
		f, err := os.Open(in.Path)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(h, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return "", err
		}
	}
	if err := hashSnapshots(h, c); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// openData are the open shards.
type openData struct {
	train.Data
	shards []*dataset.Shards
}

func (d *openData) close() {
	for _, s := range d.shards {
		s.Close()
	}
}

// open checks and opens the shards for training and validation that are needed.
func (t *task) open() (*openData, error) {
	dir := filepath.Dir(t.cfg.Data.Manifest)
	if t.cfg.Data.Verify == "yes" && t.env.Comm.Rank() == 0 {
		bar := t.env.Progress("verify", int64(len(t.manifest.Shards)))
		for _, s := range t.manifest.Shards {
			if slices.Contains(t.parts(false), s.Part) {
				if err := s.Verify(dir); err != nil {
					return nil, err
				}
			}
			bar.Add(1)
		}
		t.env.Manifest.AddPhase("verify", bar.Done())
	}
	d := &openData{Data: train.Data{Shape: t.manifest.Shape(), Normalization: t.manifest.Normalization}}
	for _, part := range t.parts(true) {
		s, err := t.manifest.Open(dir, part)
		if err != nil {
			d.close()
			return nil, err
		}
		d.shards = append(d.shards, s)
		if part == dataset.Validation {
			d.Validation = s
		} else {
			d.Train = s
		}
	}
	var err error
	if d.Train, err = t.source(d.Train); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// options are those of the configuration; samples are those of an epoch.
func (t *task) options(samples int) (train.Options, error) {
	c, s, o := t.cfg, t.cfg.Schedule, t.cfg.Optimizer
	bar := t.env.Progress("train", int64(samples)*int64(c.Run.Epochs))
	opts := train.Options{
		Dir: t.dir, Digest: t.digest, Keep: c.Run.Keep, Every: c.Run.Checkpoint, EverySteps: c.Run.Steps, Behind: c.Run.Write == "behind",
		Epochs: c.Run.Epochs, BatchSize: c.Data.Batch, Seed: uint64(c.Network.Seed), Augment: c.Data.Augment == "symmetries",
		Alpha: c.Loss.Alpha, Relative: c.Loss.Relative, ClipNorm: o.ClipNorm, Patience: c.Run.Patience, FreezeFrom: c.Schedule.FreezeStatistics, PerStep: s.Per == "step",
		Optimizer: optim.Options{Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps, WeightDecay: o.WeightDecay, Decoupled: o.Kind == "adamw"},
		Schedule: optim.ScheduleOptions{Kind: s.Kind, Base: s.Rate, StepSize: s.StepSize, Gamma: s.Gamma, Period: s.Period, Min: s.RateMin,
			WarmupLength: s.Warmup, WarmupStart: s.WarmupStart},
		Guard: train.Guard{NaN: train.Policy(c.Run.OnNaN), Outlier: train.Policy(c.Run.OnOutlier), Factor: c.Run.OutlierFactor,
			Window: c.Run.OutlierWindow, Most: c.Run.BadBatches},
		Passed: func(i train.Incident) {
			t.env.Log.Warn("a batch is not learnt", "epoch", i.Epoch, "position", i.Position, "step", i.Step, "what", i.What, "value", i.Value, "limit", i.Limit, "action", string(i.Action))
		},
		Threads: t.threads, Prefetch: c.Data.Prefetch, Workers: t.workers(),
		CoreSeconds: run.CoreSeconds,
		Skipped: func(err error) {
			t.env.Log.Warn("a checkpoint is not whole and is passed over", "why", err.Error())
		},
		Tick: func(n int) { bar.Add(int64(n)) },
		Report: func(e train.Epoch) {
			four := func(x float64) string { return fmt.Sprintf("%.4g", x) }
			t.env.Log.Info("epoch", "epoch", e.Epoch, "rate", four(e.Rate), "train_loss", four(e.Train.Loss), "val_loss", four(e.Validation.Loss),
				"val_maxrel_percent", four(e.Validation.MaxRel), "val_zncc", four(e.Validation.ZNCC), "val_ssim", four(e.Validation.SSIM), "samples_per_s", four(e.SamplesPerS))
			t.supplied(e.Supply)
		},
	}
	opts.MTBF = c.Run.MTBFHours * 3600 / float64(t.nodes)
	opts.Paced = func(steps int64, cost, step float64) {
		t.env.Log.Info("checkpoints inside epochs", "every_steps", steps, "seconds", fmt.Sprintf("%.4g", float64(steps)*step), "pause_s", fmt.Sprintf("%.3g", cost),
			"nodes", t.nodes, "mtbf_h_of_a_node", c.Run.MTBFHours)
	}
	if t.book != nil {
		opts.At = t.book.Note
	}
	t.order(&opts)
	return opts, t.share(&opts)
}

// phases records where the time of all epochs went, those before a restart
// included.
func (t *task) phases(history []train.Epoch) {
	var sum train.Seconds
	for _, e := range history {
		sum.Data += e.Seconds.Data
		sum.Compute += e.Seconds.Compute
		sum.Validation += e.Seconds.Validation
	}
	t.env.Manifest.AddPhase("wait for data", sum.Data)
	t.env.Manifest.AddPhase("compute", sum.Compute)
	t.env.Manifest.AddPhase("validate", sum.Validation)
	t.env.Manifest.Phases = append(t.env.Manifest.Phases, splitOf(history)...)
	t.steps(history)
	t.feeding(history)
}

// cite names the publications behind the run in the manifest.
func (t *task) cite() {
	m := t.env.Manifest
	m.Cite("Su et al. 2025, RASTI, arXiv:2507.11398 (COEmuNet)")
	m.Cite("Kingma & Ba 2015, ICLR (Adam)")
	if t.cfg.Optimizer.Kind == "adamw" {
		m.Cite("Loshchilov & Hutter 2019, ICLR (AdamW)")
	}
	if t.cfg.Schedule.Kind == "cosine" {
		m.Cite("Loshchilov & Hutter 2017, ICLR (cosine schedule)")
	}
}
