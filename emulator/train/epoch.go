// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/evaluate"
	"github.com/columen/columen/emulator/metric"
)

// Losses are a loss and its two terms, weights included, averaged over samples.
type Losses struct {
	Loss    float64 `json:"loss"`
	MSE     float64 `json:"mse"`
	Fourier float64 `json:"fourier"`

	Relative float64 `json:"relative,omitempty"` // where it is trained on
}

// Validation is what an epoch's validation found. ZNCC and SSIM are means over
// channels; SSIM has the border metric.DefaultBorder.
type Validation struct {
	Losses
	MaxRel float64 `json:"maxrel_median_percent"`
	ZNCC   float64 `json:"zncc"`
	SSIM   float64 `json:"ssim"`
}

// Seconds are the wall times of the parts of an epoch.
type Seconds struct {
	Data       float64 `json:"data"` // waiting for samples
	Compute    float64 `json:"compute"`
	Validation float64 `json:"validation"`
	Cores      float64 `json:"cores,omitempty"` // processor time of all of it, over all threads
}

// Epoch is one line of the history.
type Epoch struct {
	Epoch       int64      `json:"epoch"` // from 0
	Step        int64      `json:"step"`  // optimiser steps made by its end
	Rate        float64    `json:"learning_rate"`
	Train       Losses     `json:"train"`
	Validation  Validation `json:"validation"`
	LargestNorm float64    `json:"largest_gradient_norm,omitempty"` // with clipping only
	SamplesPerS float64    `json:"samples_per_s"`                   // of training
	Seconds     Seconds    `json:"seconds"`
	Ranks       int        `json:"ranks"`
	StepS       Split      `json:"step_s"`                        // of training, per step
	SentPerStep int64      `json:"sent_bytes_per_step,omitempty"` // by rank 0
	Supply      Supply     `json:"supply"`
	Incidents   []Incident `json:"incidents,omitempty"` // batches that were passed over
	Time        float64    `json:"time_unix_s"`         // of its end
}

// History returns the epochs so far.
func (t *Trainer) History() []Epoch { return t.history }

// endEpoch validates, records and saves.
func (t *Trainer) endEpoch(epoch int64) error {
	t.note("validation")
	if err := t.checkSound(); err != nil {
		return err
	}
	start := time.Now()
	r := t.running // of training alone
	validation, err := t.validate()
	if err != nil {
		return fmt.Errorf("train: validation after epoch %d, step %d: %w", epoch, t.step, err)
	}
	n := float64(max(1, r.Samples)) // none if all batches were passed over
	e := Epoch{
		Epoch: epoch, Step: t.step, Rate: t.rateOf(epoch), Validation: validation, LargestNorm: r.Norm,
		Train:       Losses{Loss: (r.MSE + r.Fourier + r.Relative) / n, MSE: r.MSE / n, Fourier: r.Fourier / n, Relative: r.Relative / n},
		SamplesPerS: n / (r.DataS + r.ComputeS),
		Seconds:     Seconds{Data: r.DataS, Compute: r.ComputeS, Validation: time.Since(start).Seconds(), Cores: t.tally()},
		Time:        float64(time.Now().UnixMilli()) / 1000,
		Ranks:       t.team.Size(), SentPerStep: r.Sent / max(1, r.Steps),
	}
	for _, i := range t.incidents {
		if i.Epoch == epoch {
			e.Incidents = append(e.Incidents, i)
		}
	}
	if e.StepS, err = t.split(r.Parts, r.Steps); err != nil {
		return err
	}
	if e.Supply, err = t.supply(r); err != nil {
		return err
	}
	t.running = running{}
	t.history = append(t.history, e)
	if t.team.Rank() == 0 {
		err = t.live.add(e)
	}
	if err := t.team.Agree(err); err != nil {
		return err
	}
	if t.opts.Report != nil {
		t.opts.Report(e)
	}
	if improved := t.best() == len(t.history)-1; improved || int(epoch+1)%t.opts.Every == 0 || t.finished() {
		err = t.save(&e.Validation.MaxRel, t.finished())
	}
	return err
}

// rateOf is the learning rate of the last step of an epoch.
func (t *Trainer) rateOf(epoch int64) float64 {
	if t.opts.PerStep {
		return t.schedule.Rate(int(max(0, t.step-1)))
	}
	return t.schedule.Rate(int(epoch))
}

// validate looks at the validation set, in order and without augmentation, each
// rank at its part of every batch.
func (t *Trainer) validate() (Validation, error) {
	src := t.data.Validation
	if err := errors.Join(t.updater.Flush(), t.team.Unify(t.net.Entries())); err != nil {
		return Validation{}, err
	}
	loader, err := dataset.NewLoader(src, dataset.LoaderOptions{
		Shape: t.data.Shape, BatchSize: t.opts.ValidationBatch, InOrder: true, Prefetch: t.opts.Prefetch, Workers: t.opts.Workers,
		Rank: t.team.Rank(), Ranks: t.team.Size(), Block: t.opts.Block,
	})
	if err != nil {
		return Validation{}, err
	}
	defer loader.Close()
	scores := evaluate.NewScores(t.data.Shape, t.data.Normalization, metric.DefaultBorder)
	losses := make([]float64, 3)
	for last := false; !last; {
		b, err := loader.Next()
		if _, err = t.together(context.Background(), err); err != nil {
			return Validation{}, err
		}
		t.note("validation")
		t.team.Begin(b.Total)
		pred := t.forward(b, false)
		err = errors.Join(t.team.Err(), t.look(b, pred, scores, losses))
		if err = t.team.Agree(err); err != nil {
			return Validation{}, err
		}
		last = b.EndOfEpoch()
	}
	return t.score(scores, losses)
}

// look adds this rank's part of a validation batch to its scores and losses.
func (t *Trainer) look(b *dataset.Batch, pred []float32, scores *evaluate.Scores, losses []float64) error {
	if len(pred) == 0 {
		return nil
	}
	terms, err := t.lossOf(pred, b.Output, nil, len(pred))
	if err != nil {
		return err
	}
	part := float64(len(b.Samples)) / float64(t.data.Validation.Len())
	losses[0] += part * terms.MSE
	losses[1] += part * terms.Fourier
	losses[2] += part * terms.Relative
	return scores.Add(b.Output, pred)
}

// score puts together what all ranks found. It clears what validation added to
// the times of training.
func (t *Trainer) score(scores *evaluate.Scores, losses []float64) (v Validation, err error) {
	if err := t.team.Sum(losses); err != nil {
		return v, err
	}
	batch, ranks := t.opts.ValidationBatch, t.team.Size()
	batches := (t.data.Validation.Len() + batch - 1) / batch
	all, err := t.team.Gather(scores.Values(batches * ((batch + ranks - 1) / ranks)))
	if err != nil {
		return v, err
	}
	t.team.Spent()
	t.team.Sent()
	v.MSE, v.Fourier, v.Relative, v.Loss = losses[0], losses[1], losses[2], losses[0]+losses[1]+losses[2]
	sum, err := scores.Join(all).Summary()
	if err != nil {
		return v, err
	}
	v.MaxRel, v.ZNCC, v.SSIM = sum.MaxRelMedian, evaluate.Mean(sum.ZNCC), evaluate.Mean(sum.SSIM)
	return v, nil
}
