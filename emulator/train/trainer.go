// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/loss"
	"github.com/columen/columen/emulator/optim"
)

// Trainer is a training run on one device. It is used by one goroutine.
type Trainer struct {
	opts  Options
	dev   device.Device[float32]
	net   Network
	data  Data
	store checkpoint.Store

	team     Team
	updater  Updater
	loss     *loss.FreqMSE
	schedule optim.Schedule

	input, dy  device.Buffer[float32]
	pred, grad []float32

	progress
	last  place // of the batch before
	moved bool  // behind a batch that was not learnt since the newest checkpoint
	began began

	writing    *checkpoint.Writing // the checkpoint that is being written, or nil
	copies     copies
	interval   int64   // steps between checkpoints, once it is chosen; 0 before
	firstAfter float64 // [s]
	agreed     agreed

	saved int64   // step of the newest checkpoint, -1 for none
	mark  float64 // processor time that running has [s]
	prior float64 // processor time of the runs that this one continues [s]
	live  live    // history files

	statistics *statistics // before the step at hand; nil where no batch is passed over
	one        device.Buffer[float32]

	effort func() dataset.Effort // of whoever reads or makes the samples, since the last call
}

// progress is where the run stands, beside the tensors.
type progress struct {
	step, epoch, position int64
	history               []Epoch
	running               running
	incidents             []Incident // of the whole run
	recent                []float64  // losses of the last steps, where outliers are looked for
}

// running are the sums of the epoch so far.
type running struct {
	Samples  int64   `json:"samples"`
	MSE      float64 `json:"mse"`     // summed over samples
	Fourier  float64 `json:"fourier"` // likewise
	Relative float64 `json:"relative"`
	Norm     float64 `json:"norm"` // largest norm of the gradients
	DataS    float64 `json:"data_s"`
	ComputeS float64 `json:"compute_s"`
	Steps    int64   `json:"steps"`
	Parts    parts   `json:"parts_s"`
	Sent     int64   `json:"sent_bytes"`
	CoreS    float64 `json:"core_s"`
}

// Interrupted is the error of a run that saved its state because its context
// ended: the same run continues from there.
type Interrupted struct {
	Cause error
	Dir   string // of the run
	Step  int64
}

// Error says what ended the run and where its state is.
func (e *Interrupted) Error() string {
	return fmt.Sprintf("%v: state after step %d saved in %s", e.Cause, e.Step, e.Dir)
}

// Unwrap returns the cause of the context's end.
func (e *Interrupted) Unwrap() error { return e.Cause }

// New prepares a run of a network that has values.
func New(dev device.Device[float32], net Network, data Data, opts Options) (*Trainer, error) {
	if err := opts.Validate(); err != nil {
		return nil, err
	}
	if opts.ValidationBatch == 0 {
		opts.ValidationBatch = opts.BatchSize
	}
	opts.Every = max(opts.Every, 1)
	t := &Trainer{opts: opts, dev: dev, net: net, data: data, saved: -1, firstAfter: firstAfter, store: checkpoint.Store{Dir: opts.Dir, Keep: opts.Keep}}
	var err error
	if t.loss, err = loss.NewFreqMSE(data.Shape.Grid, data.Shape.Grid, opts.Alpha, max(opts.Threads, 1)); err != nil {
		return nil, err
	}
	if t.schedule, err = optim.NewSchedule(opts.Schedule); err != nil {
		return nil, err
	}
	if t.team, t.updater = opts.Team, opts.Updater; t.team == nil {
		t.team = alone{}
	}
	if t.updater == nil {
		if t.updater, err = newSingle(dev, net, opts.Optimizer, opts.ClipNorm); err != nil {
			return nil, err
		}
	}
	batch := max(opts.BatchSize, opts.ValidationBatch)
	most := (batch + t.team.Size() - 1) / t.team.Size()
	input := most * data.Shape.InputLen()
	if b := opts.Block; b != nil {
		input = b.Most(batch, t.team.Size()) * 3 * b.Box.Cells()
	}
	t.input, t.dy = dev.Alloc(input), dev.Alloc(most*data.Shape.OutputLen())
	t.one = dev.Alloc(1)
	if opts.Guard.has(Skip) {
		t.statistics = newStatistics(dev, net.Entries())
	}
	t.pred, t.grad = make([]float32, most*data.Shape.OutputLen()), make([]float32, most*data.Shape.OutputLen())
	return t, nil
}

// Run trains to the end, from the newest checkpoint of the folder if there is
// one. When ctx ends it saves the state after the step at hand and returns an
// *Interrupted. What a loss that is not finite means is for Options.Guard to say; if
// it ends the run, the checkpoints before it stay.
func (t *Trainer) Run(ctx context.Context) error {
	if t.opts.CoreSeconds != nil {
		t.mark = t.opts.CoreSeconds()
	}
	if err := t.resume(); err != nil {
		return err
	}
	defer func() { t.live.close() }()
	if t.opts.Guard.has(RollBack) && t.saved < 0 && !t.finished() {
		if err := t.save(nil, true); err != nil {
			return err
		}
	}
	t.began = began{step: t.step, time: time.Now()}
	var err error
	for !t.finished() {
		if err = t.steps(ctx); !errors.Is(err, errBack) {
			break
		}
	}
	return t.leave(err)
}

// steps trains from where the run stands. It returns errBack when the run went
// back to a checkpoint.
func (t *Trainer) steps(ctx context.Context) error {
	loader, err := t.batches()
	if err != nil {
		return err
	}
	defer loader.Close()
	t.effort = loader.Effort
	for !t.finished() {
		t.note(partName(partData))
		start := time.Now()
		batch, err := loader.Next()
		wait := time.Since(start).Seconds()
		stop, err := t.together(ctx, err)
		if err != nil {
			return err
		}
		if stop != nil {
			return t.interrupt(stop)
		}
		if err := t.keep(); err != nil {
			return err
		}
		t.running.DataS += wait
		t.running.Parts[partData] += wait
		if t.avoids(batch) {
			t.passOver(batch)
		} else if err := t.learn(batch); err != nil {
			return err
		}
		if batch.EndOfEpoch() {
			if err := t.endEpoch(batch.Epoch); err != nil {
				return err
			}
		}
	}
	return nil
}

// batches begins those to learn from.
func (t *Trainer) batches() (Batches, error) {
	if t.opts.Batches != nil {
		return t.opts.Batches(t.loaderOptions())
	}
	return dataset.NewLoader(t.data.Train, t.loaderOptions())
}

// loaderOptions continue where the run stands.
func (t *Trainer) loaderOptions() dataset.LoaderOptions {
	return dataset.LoaderOptions{
		Shape: t.data.Shape, BatchSize: t.opts.BatchSize, Seed: t.opts.Seed, Epoch: t.epoch, Position: t.position,
		Rank: t.team.Rank(), Ranks: t.team.Size(), Block: t.opts.Block,
		Augment: t.opts.Augment, Normalization: t.data.Normalization, Prefetch: t.opts.Prefetch, Workers: t.opts.Workers,
	}
}

// finished reports whether all epochs are done, or nothing got better for too
// long.
func (t *Trainer) finished() bool {
	n := len(t.history)
	return t.epoch >= int64(t.opts.Epochs) || t.opts.Patience > 0 && n > 0 && n-1-t.best() >= t.opts.Patience
}

// best returns the index of the first epoch with the lowest validation MaxRel.
func (t *Trainer) best() int {
	best := 0
	for i, e := range t.history {
		if e.Validation.MaxRel < t.history[best].Validation.MaxRel {
			best = i
		}
	}
	return best
}
