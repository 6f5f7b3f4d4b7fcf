// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"errors"
	"fmt"
	"time"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/loss"
)

// learn makes one step with a batch.
func (t *Trainer) learn(b *dataset.Batch) error {
	start := time.Now()
	t.net.FreezeStatistics(t.opts.FreezeFrom > 0 && t.epoch >= int64(t.opts.FreezeFrom))
	t.team.Begin(b.Total)
	t.statistics.keep(t.dev)
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
	sum := terms[0] + terms[1] + terms[2]
	if i := t.judge(b, sum); i != nil {
		t.passOver(b)
		return t.react(i)
	}
	err = t.pass(partOptimiser, func() error {
		norm, err := t.updater.Step(t.rate())
		if err == nil {
			t.running.Norm = max(t.running.Norm, norm)
		}
		return errors.Join(err, t.dev.Sync())
	})
	if i := t.normBad(b, err); i != nil {
		t.passOver(b)
		return t.react(i)
	}
	if err != nil {
		return fmt.Errorf("train: epoch %d, step %d: %w", b.Epoch, t.step, err)
	}
	t.accept(sum)
	n := float64(b.Total)
	t.running.Samples += int64(b.Total)
	t.running.MSE += n * terms[0]
	t.running.Fourier += n * terms[1]
	t.running.Relative += n * terms[2]
	t.running.Steps++
	t.running.Sent += t.team.Sent()
	t.step++
	t.epoch, t.position, t.last = b.NextEpoch, b.NextPosition, place{b.Epoch, b.Position}
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
