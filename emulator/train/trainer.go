// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	saved int64   // step of the newest checkpoint, -1 for none
	mark  float64 // processor time that running has [s]
	prior float64 // processor time of the runs that this one continues [s]
	live  live    // history files

	effort func() dataset.Effort // of whoever reads or makes the samples, since the last call
}

// progress is where the run stands, beside the tensors.
type progress struct {
	step, epoch, position int64
	history               []Epoch
	running               running
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
	t := &Trainer{opts: opts, dev: dev, net: net, data: data, saved: -1, store: checkpoint.Store{Dir: opts.Dir, Keep: opts.Keep}}
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
	t.pred, t.grad = make([]float32, most*data.Shape.OutputLen()), make([]float32, most*data.Shape.OutputLen())
	return t, nil
}

// Run trains to the end, from the newest checkpoint of the folder if there is
// one. When ctx ends it saves the state after the step at hand and returns an
// *Interrupted. A loss that is not finite ends the run with an error; the
// checkpoints before it stay.
func (t *Trainer) Run(ctx context.Context) error {
	if t.opts.CoreSeconds != nil {
		t.mark = t.opts.CoreSeconds()
	}
	if err := t.resume(); err != nil {
		return err
	}
	defer t.live.close()
	if t.finished() {
		return nil
	}
	loader, err := t.batches()
	if err != nil {
		return err
	}
	defer loader.Close()
	t.effort = loader.Effort
	for !t.finished() {
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
		t.running.DataS += wait
		t.running.Parts[partData] += wait
		if err := t.learn(batch); err != nil {
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

// learn makes one step with a batch.
func (t *Trainer) learn(b *dataset.Batch) error {
	start := time.Now()
	t.net.FreezeStatistics(t.opts.FreezeFrom > 0 && t.epoch >= int64(t.opts.FreezeFrom))
	t.team.Begin(b.Total)
	var grad []float32
	terms := make([]float64, 3)
	err := t.pass(partForward, func() error {
		pred := t.forward(b, true)
		grad = t.grad[:len(pred)]
		part, err := t.lossOf(pred, b.Output, grad, b.Total*t.data.Shape.OutputLen())
		terms[0], terms[1], terms[2] = part.MSE, part.Fourier, part.Relative
		return err
	})
	if err != nil {
		return err
	}
	err = t.pass(partBackward, func() error {
		dy := t.dy.Slice(0, len(grad))
		t.dev.Upload(dy, grad)
		t.net.Backward(dy)
		return t.team.Err()
	})
	if err == nil {
		err = t.idle(func() error { return t.team.Sum(terms) })
	}
	if err != nil {
		return fmt.Errorf("train: epoch %d, step %d: %w", b.Epoch, t.step, err)
	}
	if sum := terms[0] + terms[1] + terms[2]; math.IsNaN(sum) || math.IsInf(sum, 0) {
		return fmt.Errorf("train: epoch %d, step %d: the loss is %g: lower the learning rate or clip the gradients; checkpoints before this step stay in %s",
			b.Epoch, t.step, sum, t.opts.Dir)
	}
	err = t.pass(partOptimiser, func() error {
		norm, err := t.updater.Step(t.rate())
		t.running.Norm = max(t.running.Norm, norm)
		return errors.Join(err, t.dev.Sync())
	})
	if err != nil {
		return fmt.Errorf("train: epoch %d, step %d: %w", b.Epoch, t.step, err)
	}
	n := float64(b.Total)
	t.running.Samples += int64(b.Total)
	t.running.MSE += n * terms[0]
	t.running.Fourier += n * terms[1]
	t.running.Relative += n * terms[2]
	t.running.Steps++
	t.running.Sent += t.team.Sent()
	t.step++
	t.epoch, t.position = b.NextEpoch, b.NextPosition
	t.running.ComputeS += time.Since(start).Seconds()
	if t.opts.Tick != nil {
		t.opts.Tick(b.Total)
	}
	return nil
}

// lossOf returns the terms of a batch's loss by this rank's part of it, and writes
// the derivative to grad unless that is nil. The whole batch has so many values.
func (t *Trainer) lossOf(pred, target, grad []float32, values int) (loss.Terms, error) {
	terms, err := loss.EvalPart(t.loss, pred, target, grad, values)
	if len(pred) == 0 || err != nil || t.opts.Relative == 0 {
		return terms, err
	}
	s := t.data.Shape
	terms.Relative, err = loss.EvalRelative(loss.Relative{
		Channels: s.Channels, Pixels: s.Grid * s.Grid, Scale: t.data.Normalization.IntensityScale(), Weight: t.opts.Relative, Threads: t.opts.Threads, Values: values,
	}, pred, target, grad)
	return terms, err
}

// forward returns the images of a batch, valid until the next call.
func (t *Trainer) forward(b *dataset.Batch, train bool) []float32 {
	in := t.input.Slice(0, len(b.Input))
	t.dev.Upload(in, b.Input)
	pred := t.pred[:len(b.Output)]
	t.dev.Download(pred, t.net.Forward(in, len(b.Samples), train))
	return pred
}

// rate is the learning rate of the next step.
func (t *Trainer) rate() float64 {
	if t.opts.PerStep {
		return t.schedule.Rate(int(t.step))
	}
	return t.schedule.Rate(int(t.epoch))
}
