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
	"strconv"
	"time"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/model"
	"github.com/columen/columen/jobs/internal/network"
	"github.com/columen/columen/jobs/internal/product"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/solver"
	"github.com/columen/columen/solver/grid"
)

// Job returns the row of the job in the table.
func Job() run.Job {
	return run.Job{
		Name:  "emulate",
		Short: "Image a model by a trained network",
		Long: `Emulate predicts the image of a model, one per [[view]], by the weights that
columen train wrote, and writes the same products as columen solve.

The network sees velocity, temperature and density only. A cube of another grid,
cell size or turbulent width than those of the training is refused; one whose
fields leave the range of the training is imaged with a warning.

Weights are memory-mapped. --bench measures latency and throughput of the network
on the first view instead, and writes DIR/NAME.bench.json.`,
		Example: "  columen emulate emulate.toml\n  columen emulate emulate.toml --bench --threads 1",
		Config:  func() configs.Job { return new(configs.Emulate) },
		Bench:   true,
		Outputs: outputs,
		Plan:    plan,
		Run:     execute,
	}
}

// outputs lists the files: one per view and format, or that of a measurement.
func outputs(cfg configs.Job) []string {
	c := cfg.(*configs.Emulate)
	if c.Bench.Repeats > 0 {
		dir, name := c.Destination()
		return []string{filepath.Join(dir, name+".json")}
	}
	return product.Files(c.Output, c.Views)
}

// task is an emulate job, built.
type task struct {
	env    *run.Env
	cfg    *configs.Emulate
	net    *network.Trained
	source *model.Source
	views  []solver.View
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
	for i, v := range t.cfg.Views {
		view, err := solver.NewView(v.Axis)
		if err != nil {
			return t, fmt.Errorf("view.%d.axis: %w", i, err)
		}
		t.views = append(t.views, view)
	}
	if t.source, err = model.Open(env.Args[0], t.cfg.Model, t.cfg.Cube); err != nil {
		return t, err
	}
	t.source.Threads = env.Threads
	return t, t.admitMesh()
}

func (t *task) close() {
	if t.source != nil {
		t.source.Close()
	}
	if t.net != nil {
		t.net.Close()
	}
}

// field names the key behind the cells of the model.
func (t *task) field() (field, value string) {
	if t.cfg.Cube == nil {
		return t.cfg.Model.Key(), strconv.Quote(t.source.Path)
	}
	return "cube.cells", fmt.Sprint(t.cfg.Cube.Cells)
}

// problem is an error of the configuration that only the inputs bring to light.
func (t *task) problem(field, value, reason, allowed string) error {
	return &configs.Error{Problems: []configs.Problem{{File: t.env.Args[0], Field: field, Value: value, Reason: reason, Allowed: allowed}}}
}

// admitMesh refuses a mesh that the network was not trained on.
func (t *task) admitMesh() error {
	g := t.net.Card.Data.Grid
	field, value := t.field()
	if t.source.Mesh.Cells != [3]int{g, g, g} {
		return t.problem(field, value, fmt.Sprintf("%v cells for a network of grid %d", t.source.Mesh.Cells, g), fmt.Sprintf("a cube of [%d, %d, %d] cells", g, g, g))
	}
	for _, size := range t.source.Mesh.CellSize() {
		if err := t.net.Card.Data.Admit(size, t.net.Card.Data.VTurbMS); err != nil {
			return t.problem(field, value, err.Error(), fmt.Sprintf("cubic cells of %g m", t.net.Card.Data.CellSizeM))
		}
	}
	return nil
}

// admitTurbulence refuses line widths that the network was not trained on.
func (t *task) admitTurbulence(cube *grid.Cube[float64]) error {
	for _, v := range []float64{slices.Min(cube.Turbulence), slices.Max(cube.Turbulence)} {
		if err := t.net.Card.Data.Admit(t.net.Card.Data.CellSizeM, v); err != nil {
			field, value := t.field()
			if t.cfg.Cube != nil && t.cfg.Cube.VTurbMS != nil {
				field, value = "cube.v_turb_ms", fmt.Sprint(*t.cfg.Cube.VTurbMS)
			}
			return t.problem(field, value, err.Error(), fmt.Sprintf("%g m/s in every cell", t.net.Card.Data.VTurbMS))
		}
	}
	return nil
}

func plan(_ context.Context, env *run.Env) error {
	t, err := build(env)
	defer t.close()
	if err != nil {
		return err
	}
	n := t.net.Card.Network
	env.Log.Info("would emulate", "network", n.Variant, "grid", n.Grid, "channels", n.Frequencies, "flop_per_image", t.net.Model.FLOPs(), "views", len(t.views), "threads", env.Threads)
	return nil
}

func execute(ctx context.Context, env *run.Env) error {
	// 1. Network and model.
	t, err := build(env)
	defer t.close()
	if err != nil {
		return err
	}
	start := time.Now()
	cube, err := model.Load[float64](t.source, t.source.Mesh.Full(), [3]bool{true, true, true}, nil)
	if err != nil {
		return err
	}
	if err := t.admitTurbulence(cube); err != nil {
		return err
	}
	env.Manifest.AddPhase("load", time.Since(start).Seconds())
	env.Manifest.Cite("Su et al. 2025, RASTI, arXiv:2507.11398 (COEmuNet)")
	if of := t.source.Species(); of != t.net.Card.Data.Species {
		env.Log.Warn("the model gives the density of another molecule than the training: it is taken as that of the training's", "model", of, "training", t.net.Card.Data.Species)
	}
	if t.cfg.Bench.Repeats > 0 {
		return t.bench(ctx, cube)
	}

	for i, v := range t.views {
		if err := env.Check(ctx); err != nil {
			return err
		}
		// 2. The image.
		name := t.cfg.Views[i].Name
		start := time.Now()
		input, err := t.input(cube, v)
		if err != nil {
			return fmt.Errorf("%s: %w", t.source.Path, err)
		}
		output, err := t.net.Predict(input)
		if err != nil {
			return err
		}
		env.Manifest.AddPhase(name+": emulate", time.Since(start).Seconds())

		// 3. Its files.
		start = time.Now()
		img, err := t.image(name, v, output)
		if err == nil {
			err = product.Write(ctx, env, t.cfg.Output, name, img, 32)
		}
		if err != nil {
			return err
		}
		env.Manifest.AddPhase(name+": write", time.Since(start).Seconds())
	}
	return nil
}
