// SPDX-License-Identifier: BSD-3-Clause

// Package solve is the job that images a model: the reference line transfer on
// MPI ranks.
//
//	$ mpirun -n 2 columen solve configs/solve.toml
package solve

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/model"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver"
	"github.com/columen/columen/solver/grid"
)

// Job returns the row of the job in the table.
func Job() run.Job {
	return run.Job{
		Name:  "solve",
		Short: "Image a model in a spectral line, on MPI ranks",
		Long: `Solve computes the spectral image of a model seen along an axis or from any
direction, one image per [[view]], by the exact formal solution of line transfer
in local thermodynamic equilibrium, and writes it as FITS (with WCS), HDF5 and a
PNG sheet; with output.maps also optical depth, moments, brightness temperature
and where the light comes from.

The cube is divided over the ranks in x, y and z. Each rank integrates its
stretch of each ray once; stretches are composed along the ray. With
parallel.mode = "fixed" the image has the same bits for any number of ranks.

Of a cube file no rank reads more than its block. Of a snapshot every rank
holds the header and the tree and reads the leaves that overlap its block.`,
		Example: "  columen solve configs/solve.toml --dry-run\n  mpirun -n 2 columen solve configs/solve.toml\n" +
			"  mpirun -n 4 columen solve configs/solve.toml --set solver.precision=f32 --set 'parallel.ranks=[2,2,1]' --out /tmp/images",
		Config:  func() configs.Job { return new(configs.Solve) },
		Outputs: outputs,
		Plan:    plan,
		Run:     execute,
	}
}

// task is a solve job, built.
type task struct {
	env    *run.Env
	cfg    *configs.Solve
	comm   *mpiutil.Comm
	source *model.Source
	setup
	sights []sight
	layout grid.Decomposition
}

// build opens and checks everything that a run needs, on every rank.
func build(env *run.Env) (*task, error) {
	comm, err := env.Ranks()
	if err != nil {
		return nil, err
	}
	t := &task{env: env, cfg: env.Config.(*configs.Solve), comm: comm}
	if slices.Contains(t.cfg.Output.Formats, "hdf5") {
		err = model.NeedHDF5(env.Args[0], "output.formats", fmt.Sprintf("%q", t.cfg.Output.Formats), "fits, png")
	}
	if err == nil {
		t.setup, err = newSetup(env.Args[0], t.cfg)
	}
	if err == nil {
		t.source, err = model.Open(env.Args[0], t.cfg.Model, t.cfg.Cube)
	}
	if err == nil {
		t.source.Threads = env.Threads
		err = t.aim()
	}
	if err == nil {
		t.layout, err = t.decompose()
	}
	if err == nil {
		err = t.checkMemory()
	}
	return t, env.Comm.Agree(err)
}

// close releases the model.
func (t *task) close() {
	if t.source != nil {
		t.source.Close()
	}
}

// decompose divides the mesh over the ranks.
func (t *task) decompose() (grid.Decomposition, error) {
	leaf, ranks := 1, t.cfg.Parallel.Ranks
	if t.cfg.Parallel.Mode == "fixed" {
		leaf = grid.LeafCells
	}
	if ranks == [3]int{} {
		var axes []int
		for _, v := range t.sights {
			if v.camera != nil { // its rays cross cuts along every axis
				axes = append(axes, 0, 1, 2)
			} else {
				axes = append(axes, v.view.Observer.Axis)
			}
		}
		var err error
		if ranks, err = grid.AutoRanks(t.source.Mesh.Cells, t.comm.Size(), axes, leaf); err != nil {
			return grid.Decomposition{}, t.problem("parallel.ranks", fmt.Sprint(t.cfg.Parallel.Ranks), err.Error(), "ranks that each own cells, in fixed mode leaves of 8³ cells")
		}
	}
	d, err := grid.Decompose(t.source.Mesh, ranks, leaf)
	if err != nil {
		return d, t.problem("parallel.ranks", fmt.Sprint(ranks), err.Error(), "a lattice that fits the mesh")
	}
	return d, nil
}

// problem is an error of the configuration that only the model brings to light.
func (t *task) problem(field, value, reason, allowed string) error {
	return &configs.Error{Problems: []configs.Problem{{File: t.env.Args[0], Field: field, Value: value, Reason: reason, Allowed: allowed}}}
}

func plan(_ context.Context, env *run.Env) error {
	t, err := build(env)
	defer t.close()
	if err != nil {
		return err
	}
	m := t.memory(0)
	env.Log.Info("would solve", "line", t.line.Species+" "+t.line.Label, "rest_frequency_hz", t.line.RestFrequencyHz, "channels", len(t.frequencies),
		"cells", t.source.Mesh.Cells, "ranks", t.layout.Ranks, "threads", env.Threads, "views", len(t.sights))
	env.Log.Info("memory of rank 0, at least", "points_MB", megabytes(m.points), "tables_MB", megabytes(m.tables), "cube_MB", megabytes(m.cube+m.volume),
		"stretches_MB", megabytes(m.stretches), "image_MB", megabytes(m.image))
	return nil
}

func execute(ctx context.Context, env *run.Env) error {
	t, err := build(env)
	defer t.close()
	if err != nil {
		return err
	}
	defer env.Watch(t.comm, t.cfg.Parallel.WatchdogS)()
	env.Log.Info("solve", "line", t.line.Species+" "+t.line.Label, "channels", len(t.frequencies), "cells", t.source.Mesh.Cells,
		"ranks", t.layout.Ranks, "threads", env.Threads, "precision", t.cfg.Solver.Precision, "mode", t.cfg.Parallel.Mode)
	t.cite()
	if t.source.Warning != "" {
		env.Log.Warn(t.source.Warning, "model", t.source.Name)
	}
	if of := t.source.Species(); of != t.line.Species {
		env.Log.Warn("the model gives the density of another molecule than the line's: it is taken as that of the line's", "model", of, "line", t.line.Species)
	}
	if t.cfg.Solver.Precision == "f32" {
		return images[float32](ctx, t)
	}
	return images[float64](ctx, t)
}

// images loads this rank's block and solves one view after the other.
func images[T grid.Float](ctx context.Context, t *task) error {
	// 1. The block of this rank.
	var velocities [3]bool
	for _, v := range t.sights {
		for a, needed := range v.velocities() {
			velocities[a] = velocities[a] || needed
		}
	}
	bar := t.env.Progress("load", 1000)
	cube, err := model.Load[T](t.source, t.layout.Block(t.comm.Rank()), velocities, bar.Share())
	if err = t.env.Comm.Agree(err); err != nil {
		return err
	}
	if err := t.phase("load", bar.Done()); err != nil {
		return err
	}

	for i, v := range t.sights {
		if err := t.env.Check(ctx); err != nil {
			return err
		}
		// 2. The image, complete on rank 0.
		name := t.cfg.Views[i].Name
		bar := t.env.Progress(name, 1000)
		img, err := solver.Solve(t.comm, t.layout, cube, t.problemOf(v, bar.Share()))
		if err != nil {
			return fmt.Errorf("%s: %w", t.source.Path, err)
		}
		if err := t.phase(name+": image", bar.Done()); err != nil { // all of the following, and waiting
			return err
		}
		if err := t.timings(name, img); err != nil {
			return err
		}
		t.warn(name, img)

		// 3. Its files, unless a signal came.
		if err := t.env.Check(ctx); err != nil {
			return err
		}
		start := time.Now()
		if t.comm.Rank() == 0 {
			err = t.write(ctx, i, img)
		}
		if err := t.env.Check(ctx); err != nil {
			return err
		}
		if err = t.env.Comm.Agree(err); err != nil {
			return err
		}
		t.env.Manifest.AddPhase(name+": write", time.Since(start).Seconds())
	}
	return nil
}

// warn tells of gas that the channels do not see.
func (t *task) warn(view string, img *solver.Image) {
	if missed := img.Light.Outside / img.Light.Total; missed > 1e-3 {
		t.env.Log.Warn("part of the gas emits outside the spectral window: the image misses it",
			"view", view, "missed", fmt.Sprintf("%.2g %%", 100*missed), "remedy", "more channels or a wider spacing in [spectrum]")
	}
}

// timings records what the ranks spent on an image.
func (t *task) timings(view string, img *solver.Image) error {
	for _, p := range []struct {
		name string
		time time.Duration
	}{{"integrate", img.Integration}, {"exchange", img.Exchange}, {"gather", img.Gathering}} {
		if err := t.phase(view+": "+p.name, p.time.Seconds()); err != nil {
			return err
		}
	}
	return nil
}

// phase records the seconds that each rank spent on something. All ranks must call it.
func (t *task) phase(name string, seconds float64) error {
	all := make([]float64, t.comm.Size())
	if err := mpiutil.Allgather(t.comm, []float64{seconds}, all); err != nil {
		return err
	}
	t.env.Manifest.AddPhase(name, all...)
	return nil
}
