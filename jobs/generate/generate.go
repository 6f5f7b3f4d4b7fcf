// SPDX-License-Identifier: BSD-3-Clause

// Package generate is the job that makes a data set for the emulator: winds by
// formula or snapshots, rotated at random, solved and normalised into HDF5
// shards in the layout of the original.
//
//	$ mpirun -n 2 columen generate configs/generate-small.toml
//
// Three passes share their work over all threads of all ranks: samples in
// physical units, statistics of the training set, and normalised shards. Each
// leaves finished files in the work folder DIR/NAME.work, so that a run that is
// killed at any moment is continued by the same command; what comes out is a
// function of the configuration alone.
package generate

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/jobs/internal/model"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/internal/samples"
	"github.com/columen/columen/mpiutil"
)

// Job returns the row of the job in the table.
func Job() run.Job {
	return run.Job{
		Name:  "generate",
		Short: "Make a data set for the emulator, on MPI ranks",
		Long: `Generate draws AGB winds by formula and takes the snapshots of [[model]], looks
at each from random directions, solves the line transfer in single precision and
writes normalised samples as HDF5 shards in the layout of COEmuNet, with their
statistics and a manifest.

Ranks share the samples dynamically through the work folder NAME.work in
output.dir, which they must all see; it grows to the size of the data set and is
removed in the end. A run that was ended, even by kill -9, is continued by
starting the same command again, with the same result to the last bit.

With [part] a run makes a share of the samples and no outputs: tasks of a batch
array share the work without knowing each other, and a run without [part], when
all have ended, makes the data set of them.

Cell size (data.box_au over data.grid), data.v_turb_ms and the line are the same
in all samples, since the network does not see them. Images have no background,
as in the original; the observer stands at z → -∞ and v_z > 0 recedes.
Statistics are those of the training set. [compat] switches on what the published
generator does otherwise, all of it or one by one.`,
		Example: "  columen generate configs/generate-small.toml --dry-run\n  mpirun -n 2 columen generate configs/generate-small.toml --threads 1\n" +
			"  columen generate configs/generate-snapshot.toml\n" +
			"  columen generate configs/generate-small.toml --set data.grid=64 --set output.name=medium --out /tmp/sets",
		Config:  func() configs.Job { return new(configs.Generate) },
		Saves:   true,
		Outputs: outputs,
		Plan:    plan,
		Resumes: resumes,
		Tidy:    tidy,
		Run:     execute,
	}
}

// task is a generate job, built.
type task struct {
	*scheme
	factory *samples.Factory
	env     *run.Env
	comm    *mpiutil.Comm
	cfg     *configs.Generate
	workDir string
	norm    dataset.Normalization
	span    dataset.InputRange
	spent   spent
}

func build(env *run.Env) (*task, error) {
	comm, err := env.Ranks()
	if err != nil {
		return nil, err
	}
	cfg := env.Config.(*configs.Generate)
	t := &task{env: env, comm: comm, cfg: cfg, workDir: workDir(cfg)}
	if t.factory, err = samples.NewFactory(env.Args[0], cfg, env.Threads+1); err == nil {
		t.scheme = schemeOf(t.factory.Set)
		err = t.lookAhead()
	}
	return t, env.Comm.Agree(err)
}

// lookAheadMost is how many snapshots are read before any sample is made, to
// refuse at once what does not fit the data set.
const lookAheadMost = 16

// lookAhead reads the first snapshots, shared out over the ranks.
func (t *task) lookAhead() error {
	for i := t.comm.Rank(); i < min(lookAheadMost, len(t.cfg.Models)); i += t.comm.Size() {
		reference, err := t.factory.Look(i)
		if err != nil {
			return err
		}
		if reference != "" {
			t.env.Manifest.Cite(reference)
		}
	}
	return nil
}

// plan makes one sample to tell how long all will take.
func plan(_ context.Context, env *run.Env) error {
	t, err := build(env)
	if err != nil {
		return err
	}
	m, err := t.factory.NewMaker()
	if err != nil {
		return err
	}
	for sample := range min(2, t.Number) { // the first warms up
		m.Cubing, m.Solving = 0, 0
		if err := m.Make(sample); err != nil {
			return err
		}
	}
	each, cores := (m.Cubing + m.Solving).Seconds(), t.comm.Size()*env.Threads
	bytes := int64(t.Number) * int64(recordBytes(t.Shape)-recordTail)
	env.Log.Info("would generate", "kind", t.cfg.Data.Kind, "samples", t.Number, "training", len(t.Train), "shards", len(t.Shards),
		"line", t.factory.Line.Species+" "+t.factory.Line.Label, "channels", t.Shape.Channels, "cell_m", t.CellSizeM())
	env.Log.Info("disk", "data_set_bytes", bytes, "at_most_bytes", 2*bytes, "folder", t.workDir)
	env.Log.Info("time", "ms_per_sample_and_core", fmt.Sprintf("%.2f", 1e3*each), "cores", cores,
		"samples_made_in", time.Duration(each*float64(t.Number)/float64(cores)*1e9).Round(time.Second))
	return nil
}

func execute(ctx context.Context, env *run.Env) error {
	t, err := build(env)
	if err != nil {
		return err
	}
	defer t.env.Watch(t.comm, t.cfg.Parallel.WatchdogS)()
	if t.cfg.Part != nil {
		return t.makePart(ctx)
	}
	if err := env.Comm.Agree(model.NeedHDF5(env.Args[0], "output.name", strconv.Quote(t.cfg.Output.Name), "no other format of a data set")); err != nil {
		return err
	}
	if err := t.measure(ctx); err != nil {
		return err
	}
	// 3. Normalised shards.
	if err := t.share(ctx, t.shardPass()); err != nil {
		return err
	}
	if err := t.report(); err != nil {
		return err
	}
	// 4. The outputs, which get their names when this returns.
	if t.comm.Rank() == 0 {
		err = t.publish()
	}
	return env.Comm.Agree(err)
}

// measure is all that comes before shards: samples and their statistics.
func (t *task) measure(ctx context.Context) error {
	env := t.env
	env.Log.Info("generate", "kind", t.cfg.Data.Kind, "samples", t.Number, "grid", t.Shape.Grid, "channels", t.Shape.Channels,
		"ranks", t.comm.Size(), "threads", env.Threads, "work", t.workDir)
	t.cite()
	t.warnOfQuirks()
	var err error
	if t.comm.Rank() == 0 {
		err = openWork(env)
	}
	if err = env.Comm.Agree(err); err != nil {
		return err
	}

	// 1. Samples in physical units.
	if err := t.share(ctx, t.raw()); err != nil {
		return err
	}
	t.addParts()
	// 2. Statistics of the training set.
	if err := t.share(ctx, t.statistics()); err != nil {
		return err
	}
	t.norm, t.span, err = t.normalization()
	return env.Comm.Agree(err)
}

// warnOfQuirks says in which ways the data set is wrong on purpose.
func (t *task) warnOfQuirks() {
	names := t.Quirks.Names()
	if len(names) == 0 {
		return
	}
	t.env.Log.Warn("the data set has quirks of the published generator (docs/compat.md)", "compat", t.cfg.Compat.Mode, "quirks", strings.Join(names, " "))
	if t.Quirks.SampleBox {
		t.env.Log.Warn("cells differ in size between samples, which the network does not see: networks of this set are for comparison with the published ones only")
	}
}

// report tells and records what a sample cost a core, over all ranks. Samples
// of a run that this one continues are not in it.
func (t *task) report() error {
	s := &t.spent
	sums := []float64{float64(s.made), float64(s.measured), float64(s.written),
		s.cube.Seconds(), s.solve.Seconds(), s.write.Seconds(), s.statistics.Seconds(), s.normalization.Seconds()}
	if err := mpiutil.Allreduce(t.comm, sums, sums, mpiutil.Sum); err != nil {
		return err
	}
	var line []any
	for _, p := range []struct {
		name           string
		seconds, count float64
	}{{"cube", sums[3], sums[0]}, {"solve", sums[4], sums[0]}, {"write", sums[5], sums[0]}, {"statistics", sums[6], sums[1]}, {"shard", sums[7], sums[2]}} {
		if p.count > 0 {
			t.env.Manifest.AddPhase(p.name+" per sample and core", p.seconds/p.count)
			line = append(line, p.name+"_ms", fmt.Sprintf("%.2f", 1e3*p.seconds/p.count))
		}
	}
	if line != nil {
		t.env.Log.Info("per sample and core", line...)
	}
	return nil
}

// cite names the publications behind the data set in the manifest.
func (t *task) cite() {
	if t.factory.Snapshots() {
		t.env.Manifest.Cite("De Ceuster et al. 2024, pomme (mapping of points to nested cells)")
	}
	for _, reference := range []string{
		"Su et al. 2025, arXiv:2507.11398 (data sets of COEmuNet)",
		"Shoemake 1992, Graphics Gems III, 124 (uniform random rotations)",
		"Salmon et al. 2011, SC11 (counter-based random numbers)",
		"Olson & Kunasz 1987, JQSRT 38, 325 (source function linear in optical depth)",
		"Schöier et al. 2005, A&A 432, 369 (LAMDA line data)",
	} {
		t.env.Manifest.Cite(reference)
	}
}
