// SPDX-License-Identifier: BSD-3-Clause

// Package train is the job that teaches a network a data set.
//
//	$ columen train configs/train-small.toml
package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/parallel"
	"github.com/columen/columen/emulator/train"
	"github.com/columen/columen/emulator/weights"
	"github.com/columen/columen/jobs/internal/calibrate"
	"github.com/columen/columen/jobs/internal/model"
	"github.com/columen/columen/jobs/internal/network"
	"github.com/columen/columen/jobs/internal/rollcall"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/internal/samples"
	"github.com/columen/columen/mpiutil"
)

// Job returns the row of the job in the table.
func Job() run.Job {
	return run.Job{
		Name:  "train",
		Short: "Train the emulator on a data set",
		Long: `Train teaches a network the data set that columen generate wrote, and writes
its best weights (safetensors, with the names of the original's state_dict), the
history (JSON Lines) and its curves (PNG).

With data.source = "online" samples are solved by spare threads while the network
trains, from the winds and snapshots of a configuration of columen generate; with
"mixed" some are, and the others read. With data.generator_ranks = k the last k of
the ranks do nothing else, and the others only train. Which samples come is a
function of the seed, the epoch and their number alone.

Checkpoints lie in DIR/NAME.train, with the history so far and an event file for
TensorBoard. They are written behind training, at the ends of epochs and between,
at an interval that follows from their cost and run.mtbf_h. On SIGTERM or SIGUSR1 the state is saved after the step at hand and
the exit status is 75: the same command continues, and in the end the weights
have the same bits as without the interruption. A run that is done goes on with a
larger run.epochs, and then equals one that had them from the start.`,
		Example: "  columen train configs/train-small.toml --dry-run\n  columen train configs/train-small.toml --set run.epochs=5",
		Config:  func() configs.Job { return new(configs.Train) },
		Saves:   true,
		Outputs: func(cfg configs.Job) []string {
			dir, name := cfg.Destination()
			stem := filepath.Join(dir, name)
			return []string{stem + ".safetensors", stem + ".history.jsonl", stem + ".curves.png"}
		},
		Plan:    plan,
		Resumes: extends,
		Run:     execute,
	}
}

// task is a training job, built.
type task struct {
	env      *run.Env
	cfg      *configs.Train
	manifest *dataset.Manifest
	shape    weights.Network
	factory  *samples.Factory // of samples that are made while training, or nil
	threads  int              // of this rank that train
	dev      device.Device[float32]
	ranks    *mpiutil.Comm    // that train; nil on one that only makes samples
	makers   *parallel.Makers // ranks that only make samples, or nil
	feed     *parallel.Feed   // from them, while training

	goroutinesOfMakers int
	nodes              int // machines of all ranks

	team    *parallel.Team[float32] // nil for one rank
	model   *emulator.Model[float32]
	book    *rollcall.Book // where the ranks are; nil without a watchdog or with one rank
	digest  string
	dir     string             // of the checkpoints
	machine *calibrate.Machine // nil until measured
}

// build reads the manifest and makes the network with its first values.
func build(env *run.Env) (*task, error) {
	t := &task{env: env, cfg: env.Config.(*configs.Train)}
	file, c := env.Args[0], t.cfg
	if err := model.NeedHDF5(file, "data.manifest", strconv.Quote(c.Data.Manifest), "no data set"); err != nil {
		return nil, err
	}
	var err error
	if t.manifest, err = dataset.ReadManifest(c.Data.Manifest); err != nil {
		return nil, err
	}
	if c.Network.Variant == "net" && t.manifest.Channels != 1 {
		return nil, t.problem("network.variant", `"net"`, fmt.Sprintf("the data set has %d channels", t.manifest.Channels), "net3d, or a data set of one channel")
	}
	t.shape = weights.Network{Variant: c.Network.Variant, Grid: t.manifest.Grid, Frequencies: t.manifest.Channels, Latent: c.Network.Latent}
	if err = env.Comm.Agree(t.prepare()); err != nil { // not all ranks read the same
		return nil, err
	}
	dir, name := c.Destination()
	t.dir = filepath.Join(dir, name+".train")
	if t.digest, err = digest(c); err != nil {
		return nil, err
	}
	if err = t.apart(); err != nil {
		return nil, err
	}
	return t, env.Comm.Agree(t.assemble())
}

// assemble makes the network, on ranks that train.
func (t *task) assemble() (err error) {
	if t.only() {
		return nil
	}
	t.dev = network.NewDevice(t.threads)
	if err = t.join(); err != nil {
		return err
	}
	if t.model, err = network.NewPlaced(t.dev, t.shape, t.placement()); err != nil {
		return t.problem("data.manifest", strconv.Quote(t.cfg.Data.Manifest), err.Error(), "a data set that the network takes")
	}
	return nil
}

// problem is an error of the configuration that only the inputs bring to light.
func (t *task) problem(field, value, reason, allowed string) error {
	return &configs.Error{Problems: []configs.Problem{{File: t.env.Args[0], Field: field, Value: value, Reason: reason, Allowed: allowed}}}
}

func plan(_ context.Context, env *run.Env) error {
	t, err := build(env)
	if err != nil {
		return err
	}
	if t.only() {
		return nil
	}
	all, _ := t.model.ParameterCount() // of this rank
	stored := map[dataset.Part]int{}
	for _, s := range t.manifest.Shards {
		stored[s.Part] += s.Samples
	}
	samples := stored[dataset.Train]
	if n := t.cfg.Data.Samples; t.cfg.Data.Makes() && n > 0 {
		samples = n
	}
	env.Log.Info("would train", "network", t.shape.Variant, "grid", t.shape.Grid, "channels", t.shape.Frequencies, "parameters_of_a_rank", all, "mesh", t.mesh().String(),
		"flop_per_sample", t.model.FLOPs(), "source", t.cfg.Data.Source, "stored", stored[dataset.Train], "validation", stored[dataset.Validation], "epochs", t.cfg.Run.Epochs)
	return t.predict(samples)
}

func execute(ctx context.Context, env *run.Env) error {
	// 1. Network and data.
	t, err := build(env)
	if err != nil {
		return err
	}
	if err := env.Comm.Agree(t.initialise()); err != nil {
		return err
	}
	stop, err := t.watch()
	if err != nil {
		return err
	}
	defer stop()
	data, err := t.open()
	if err := env.Comm.Agree(err); err != nil {
		return err
	}
	defer data.close()
	if env.Flags.Overwrite && env.Comm.Rank() == 0 {
		err = t.forget()
	}
	if err := env.Comm.Agree(err); err != nil {
		return err
	}

	// 2. The main loop.
	trainer, err := t.trainer(data)
	if err := env.Comm.Agree(err); err != nil {
		return err
	}
	if err := t.loop(ctx, trainer, data); err != nil || t.only() {
		return err
	}

	env.Manifest.CoreSeconds += trainer.PriorCoreSeconds()
	env.Manifest.Continued = trainer.PriorCoreSeconds() > 0

	// 3. The results. A signal that comes now removes them; the same command
	// makes them again from the last checkpoint.
	if env.Comm.Rank() == 0 {
		t.cite()
		err = t.write(trainer)
	}
	if ctx.Err() != nil {
		return &run.RequeueError{Reason: fmt.Sprintf("%v: training is done, but its results were not written", context.Cause(ctx))}
	}
	return err
}

// initialise gives the network its first values.
func (t *task) initialise() error {
	c := t.cfg.Network
	if t.only() {
		return nil
	}
	if err := t.model.Init(uint64(c.Seed)); err != nil || c.Weights == "" {
		return err
	}
	f, card, err := weights.Open(c.Weights)
	if err != nil {
		return err
	}
	defer f.Close()
	if card != nil {
		if err := network.CheckStatistics(c.Weights, card.Data, *t.manifest); err != nil {
			return err
		}
	}
	return weights.Restore(t.dev, t.model.Entries(), f)
}

// write writes the best weights, the history and its curves.
func (t *task) write(trainer *train.Trainer) error {
	best, err := trainer.Best()
	if err != nil {
		return err
	}
	defer best.Close()
	parameters, err := best.Group(train.Parameters)
	if err != nil {
		return err
	}
	card := &weights.Card{Network: t.shape, Data: *t.manifest, Digest: t.digest, Step: best.State.Step, Score: best.State.Score}
	card.Data.Shards = nil
	history := trainer.History()
	t.phases(history)
	t.env.Log.Info("best validation", "step", card.Step, "maxrel_percent", fmt.Sprintf("%.4g", *card.Score), "epochs", len(history))
	for i, write := range []func(path string) error{
		func(path string) error { return weights.Write(path, parameters.Tensors, card) },
		func(path string) error {
			var lines bytes.Buffer
			return errors.Join(train.WriteHistory(&lines, history), os.WriteFile(path, lines.Bytes(), 0o666))
		},
		func(path string) error {
			var curves bytes.Buffer
			return errors.Join(train.WriteCurves(&curves, history), os.WriteFile(path, curves.Bytes(), 0o666))
		},
	} {
		final := t.env.Outputs.Paths()[i]
		if err := write(t.env.Outputs.Partial(final)); err != nil {
			return t.env.Outputs.NotWritten(final, err)
		}
	}
	return nil
}
