// SPDX-License-Identifier: BSD-3-Clause

// Package cube is the job that makes a cube file from a hydrodynamic snapshot.
//
//	$ columen cube configs/cube.toml
//
// The ranks divide the cube into slabs; they average at the same time and
// rank 0 writes slab after slab.
package cube

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/model"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver/cubefile"
	"github.com/columen/columen/solver/grid"
)

// Job returns the row of the job in the table.
func Job() run.Job {
	return run.Job{
		Name:  "cube",
		Short: "Map a hydrodynamic model to a uniform cube",
		Long: `Cube reads a hydrodynamic model (AMRVAC, Phantom, Magritte) and writes a cube
file (HDF5): the CO density [m⁻³], the gas temperature [K], the velocity and the
turbulent width [m/s] on a uniform mesh, ready for columen solve.

The average of refined meshes is conservative: densities are weighted by volume,
velocities and temperatures by mass, with exact overlaps for any region and
number of cells. Particles are spread with their kernel, which keeps their mass;
points of other codes fill the cells that they are nearest to. cube.method
chooses other rules, among them that of the published data sets of COEmuNet, and
[cube.rotation] turns the model before.`,
		Example: "  columen cube configs/cube.toml\n  mpirun -n 4 columen cube configs/cube.toml --set 'cube.cells=[256,256,256]'",
		Config:  func() configs.Job { return new(configs.Cube) },
		Outputs: func(cfg configs.Job) []string {
			dir, name := cfg.Destination()
			return []string{filepath.Join(dir, name+".h5")}
		},
		Plan: plan,
		Run:  execute,
	}
}

// open opens the snapshot, if the cube file can be written.
func open(env *run.Env, cfg *configs.Cube) (*model.Source, error) {
	if err := model.NeedHDF5(env.Args[0], "output.name", strconv.Quote(cfg.Output.Name), "no other format of a cube"); err != nil {
		return nil, err
	}
	return model.Open(env.Args[0], cfg.Model, cfg.Cube)
}

func plan(_ context.Context, env *run.Env) error {
	cfg := env.Config.(*configs.Cube)
	src, err := open(env, cfg)
	if err = env.Comm.Agree(err); err != nil {
		return err
	}
	defer src.Close()
	if err := env.Comm.Agree(checkMemory(env, src.Mesh, min(env.Comm.Size(), src.Mesh.Cells[0]))); err != nil {
		return err
	}
	bytes := 8
	if cfg.Cube.Precision == "f32" {
		bytes = 4
	}
	env.Log.Info("would cube", "model", src.Name, "cells", src.Mesh.Cells, "box_m", src.Mesh.Box, "file_bytes", 6*bytes*src.Mesh.NumCells())
	return nil
}

func execute(ctx context.Context, env *run.Env) error {
	cfg := env.Config.(*configs.Cube)
	comm, err := env.Ranks()
	if err != nil {
		return err
	}
	defer env.Watch(comm, cfg.Parallel.WatchdogS)()
	src, err := open(env, cfg)
	if err = env.Comm.Agree(err); err != nil {
		return err
	}
	defer src.Close()
	src.Threads = env.Threads
	if src.Warning != "" {
		env.Log.Warn(src.Warning, "model", src.Name)
	}
	if cfg.Cube.Precision == "f32" {
		return write[float32](ctx, env, comm, cfg, src)
	}
	return write[float64](ctx, env, comm, cfg, src)
}

// write averages a slab of x-planes on each rank and stores them.
func write[T grid.Float](ctx context.Context, env *run.Env, comm *mpiutil.Comm, cfg *configs.Cube, src *model.Source) error {
	// 1. Slabs of whole x-planes, no more of them than planes.
	slabs := min(comm.Size(), src.Mesh.Cells[0])
	d, err := grid.Decompose(src.Mesh, [3]int{slabs, 1, 1}, 1)
	if err == nil {
		err = checkMemory(env, src.Mesh, slabs)
	}
	if err = env.Comm.Agree(err); err != nil {
		return err
	}

	// 2. Every rank averages its own.
	var mine *grid.Cube[T]
	bar := env.Progress("average", 1000)
	if comm.Rank() < slabs {
		mine, err = model.Load[T](src, owned(d, comm.Rank()), [3]bool{true, true, true}, bar.Share())
	}
	if err = env.Comm.Agree(err); err != nil {
		return err
	}
	env.Manifest.AddPhase("average", bar.Done())
	if err := env.Check(ctx); err != nil {
		return err
	}

	// 3. Rank 0 writes slab after slab.
	bar = env.Progress("write", int64(slabs))
	final := env.Outputs.Paths()[0]
	path := env.Outputs.Partial(final)
	meta := cubefile.Meta{Provenance: []cubefile.KeyValue{{Key: "model", Value: src.Name}, {Key: "config_digest", Value: env.Manifest.Digest}}}
	if err := collect(comm, d, src.Mesh, mine, path, meta, func() { bar.Add(1) }); err != nil {
		return env.Outputs.NotWritten(final, err)
	}
	env.Manifest.AddPhase("write", bar.Done())
	return nil
}

// checkMemory refuses slabs that cannot fit: the average is made of seven sums
// in 64 bits.
func checkMemory(env *run.Env, m grid.Mesh, slabs int) error {
	planes := (m.Cells[0] + slabs - 1) / slabs
	bytes := 7 * 8 * float64(planes) * float64(m.Cells[1]) * float64(m.Cells[2])
	return env.CheckMemory("cube.cells", fmt.Sprint(m.Cells), bytes)
}

// owned is a rank's block without halo.
func owned(d grid.Decomposition, rank int) grid.Block {
	b := d.Block(rank)
	b.Stored = b.Owned
	return b
}
