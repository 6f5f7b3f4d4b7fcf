// SPDX-License-Identifier: BSD-3-Clause

// Package emulate is the job that images a model by a trained network.
//
//	$ columen emulate emulate.toml
package emulate

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/jobs/internal/model"
	"github.com/columen/columen/jobs/internal/network"
	"github.com/columen/columen/jobs/internal/product"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/solver"
)

// Job returns the row of the job in the table.
func Job() run.Job {
	return run.Job{
		Name:  "emulate",
		Short: "Image a model by a trained network",
		Long: `Emulate predicts the image of a model, one per [[view]], by the weights that
columen train wrote, and writes the same products as columen solve.

The network sees velocity, temperature and density only. A cube of another grid or
cell size than those of the training is refused, or with fit.resample = "yes"
averaged onto the mesh of the training without losing mass. A cube of another
turbulent width is refused: nothing that the network sees could stand for it. One
whose fields leave the range of the training is imaged with a warning.

Images have no background: the network has learnt the light of the line alone,
and how much of a background comes through is nothing that it predicts. Their
headers say so (BACKGRND).

[inputs] names many models, by pattern or by list, each with images of its own.
They are read ahead while the network works on a batch. What is done is kept in
the folder DIR/NAME.emulate until all are: the same command goes on after a run
that was ended, or failed on one of them.

Weights are memory-mapped: the header is checked when the file is opened, the
values are read where they lie, when they are needed. network.dense = "bfloat16"
halves what the dense layers read. --bench measures latency and throughput of the network
on the first view instead, and writes DIR/NAME.bench.json.`,
		Example: "  columen emulate emulate.toml\n  columen emulate emulate.toml --bench --threads 1",
		Config:  func() configs.Job { return new(configs.Emulate) },
		Bench:   true,
		Outputs: outputs,
		Plan:    plan,
		Resumes: resumes,
		Tidy:    tidy,
		Run:     execute,
	}
}

// outputs lists the files: one per model, view and format, or that of a
// measurement.
func outputs(cfg configs.Job) []string {
	c := cfg.(*configs.Emulate)
	if c.Bench.Repeats > 0 {
		dir, name := c.Destination()
		files := []string{filepath.Join(dir, name+".json")}
		if c.Bench.Image == "yes" {
			files = append(files, product.Files(c.Output, c.Views[:1])...)
		}
		return files
	}
	if c.Many == nil {
		return product.Files(c.Output, c.Views)
	}
	var files []string
	for _, path := range c.Many.Files {
		files = append(files, product.Files(outputOf(c, path), c.Views)...)
	}
	return files
}

// task is an emulate job, built.
type task struct {
	env    *run.Env
	cfg    *configs.Emulate
	net    *network.Trained
	source *model.Source
	views  []solver.View

	predict dataset.Predictor // the network, symmetrised if so asked
}

// build opens network and model and checks that they fit.
func build(env *run.Env) (*task, error) {
	t := &task{env: env, cfg: env.Config.(*configs.Emulate)}
	var err error
	if slices.Contains(t.cfg.Output.Formats, "hdf5") {
		if err := model.NeedHDF5(env.Args[0], "output.formats", fmt.Sprintf("%q", t.cfg.Output.Formats), "fits, png"); err != nil {
			return t, err
		}
	}
	if t.net, err = network.Open(t.cfg.Network.Weights, env.Threads); err != nil {
		return t, err
	}
	if err := t.net.Precision(t.cfg.Network.Dense); err != nil {
		return t, err
	}
	t.predict = t.net.Predict
	if t.cfg.Network.Symmetrise == "yes" {
		t.predict = dataset.Symmetrise(t.net.Predict, t.net.Card.Data.Normalization, t.net.Card.Data.Shape())
	}
	for i, v := range t.cfg.Views {
		view, err := solver.NewView(v.Axis)
		if err != nil {
			return t, fmt.Errorf("view.%d.axis: %w", i, err)
		}
		t.views = append(t.views, view)
	}
	first := t.cfg.Model
	if t.cfg.Many != nil { // a measurement takes the first, too
		first = t.modelOf(t.cfg.Many.Files[0])
	}
	if t.source, err = model.Open(env.Args[0], first, t.cfg.Cube); err != nil {
		return t, err
	}
	t.source.Threads = env.Threads
	return t, t.admitMesh(t.source)
}

func (t *task) close() {
	if t.source != nil {
		t.source.Close()
	}
	if t.net != nil {
		t.net.Close()
	}
}

func plan(_ context.Context, env *run.Env) error {
	t, err := build(env)
	defer t.close()
	if err != nil {
		return err
	}
	n := t.net.Card.Network
	env.Log.Info("would emulate", "network", n.Variant, "grid", n.Grid, "channels", n.Frequencies, "flop_per_image", t.net.Model.FLOPs(), "models", t.cfg.Models(), "views", len(t.views), "threads", env.Threads)
	return nil
}

func execute(ctx context.Context, env *run.Env) error {
	// 1. Network and model.
	t, err := build(env)
	defer t.close()
	if err != nil {
		return err
	}
	env.Manifest.AddPhase("open", time.Since(env.Manifest.Start).Seconds())
	env.Manifest.Cite("Su et al. 2025, RASTI, arXiv:2507.11398 (COEmuNet)")
	if t.cfg.Many != nil && t.cfg.Bench.Repeats == 0 {
		return t.many(ctx)
	}
	start := time.Now()
	s, err := t.load(t.source)
	if err != nil {
		return err
	}
	env.Manifest.AddPhase("load", time.Since(start).Seconds())
	if t.cfg.Bench.Repeats > 0 {
		return t.bench(ctx, s)
	}

	for i, v := range t.views {
		if err := env.Check(ctx); err != nil {
			return err
		}
		// 2. The image.
		name := t.cfg.Views[i].Name
		start := time.Now()
		input, err := t.see(s, v)
		if err != nil {
			return err
		}
		output, err := t.predict(input)
		if err != nil {
			return err
		}
		env.Manifest.AddPhase(name+": emulate", time.Since(start).Seconds())

		// 3. Its files.
		start = time.Now()
		img, err := t.image(s, name, v, output)
		if err == nil {
			err = product.Write(ctx, env, t.cfg.Output, name, img, 32)
		}
		if err != nil {
			return err
		}
		env.Manifest.AddPhase(name+": write", time.Since(start).Seconds())
		if i == 0 {
			env.Manifest.AddPhase("until first image", time.Since(env.Manifest.Start).Seconds())
			env.Log.Info("first image written", "seconds", fmt.Sprintf("%.3f", time.Since(env.Manifest.Start).Seconds()))
		}
	}
	return nil
}
