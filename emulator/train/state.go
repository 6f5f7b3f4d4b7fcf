// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/weights"
)

// The groups of tensors of a checkpoint.
const (
	// Parameters holds every entry of the state_dict under its name.
	Parameters = "parameters"
	moments    = "moments"
)

// The moments of a parameter have its name and one of these endings, as PyTorch
// calls them.
const (
	firstMoment  = ".exp_avg"
	secondMoment = ".exp_avg_sq"
)

// extra is the part of a checkpoint's state that the store does not know.
type extra struct {
	History []Epoch `json:"history"`
	Running running `json:"running"`

	Incidents []Incident `json:"incidents,omitempty"`
	Recent    []float64  `json:"recent_losses,omitempty"`
}

// resume continues from the newest whole checkpoint, if there is one, and
// begins the history files with what is in it.
func (t *Trainer) resume() error {
	l, err := t.store.Latest()
	switch {
	case errors.Is(err, checkpoint.ErrNone):
		if steps, _ := t.store.Steps(); len(steps) > 0 { // else there is no folder, and nothing to tell
			t.skipped(err)
		}
	case err != nil:
		return err
	default:
		t.skipped(l.Skipped...)
		if err := errors.Join(t.restore(l), l.Close()); err != nil {
			return err
		}
	}
	if err = t.team.Agree(t.sameStep()); err != nil || t.team.Rank() != 0 {
		return err
	}
	t.live, err = newLive(t.opts.Dir, t.history)
	return err
}

// sameStep returns an error unless all ranks continue from the same checkpoint.
func (t *Trainer) sameStep() error {
	all, err := t.team.Gather([]float64{float64(t.saved)})
	if err != nil {
		return err
	}
	for r, v := range all {
		if v[0] != all[0][0] {
			return fmt.Errorf("%s: rank %d finds the checkpoint of step %.0f, rank 0 of step %.0f (-1: none): allowed: a folder that all ranks see", t.opts.Dir, r, v[0], all[0][0])
		}
	}
	return nil
}

func (t *Trainer) skipped(why ...error) {
	for _, err := range why {
		if t.opts.Skipped != nil {
			t.opts.Skipped(err)
		}
	}
}

// restore takes everything from a checkpoint.
func (t *Trainer) restore(l *checkpoint.Loaded) error {
	if l.State.ConfigDigest != t.opts.Digest {
		return fmt.Errorf("%s: a checkpoint of another configuration or data set (digest %.12s, here %.12s): continue with what it was made with, or train into another folder",
			l.Path, l.State.ConfigDigest, t.opts.Digest)
	}
	if done := l.State.Epoch; done > int64(t.opts.Epochs) || done == int64(t.opts.Epochs) && l.State.Position > 0 {
		return fmt.Errorf("%s: a checkpoint after %d epochs of a run of %d: allowed: at least as many epochs as are done, or another folder", l.Path, done, t.opts.Epochs)
	}
	parameters, err := l.Group(Parameters)
	if err != nil {
		return err
	}
	if err := weights.Restore(t.dev, t.net.Entries(), parameters); err != nil {
		return err
	}
	both, err := l.Group(moments)
	if err != nil {
		return err
	}
	if err := t.restoreMoments(both); err != nil {
		return err
	}
	if err := t.dev.Sync(); err != nil {
		return err
	}
	var x extra
	if err := json.Unmarshal(l.State.Extra, &x); err != nil {
		return fmt.Errorf("%s: state of the trainer: %w", l.Path, err)
	}
	if err := t.updater.Resume(int(l.State.Step)); err != nil {
		return err
	}
	t.saved = l.State.Step
	t.prior = x.Running.CoreS
	for _, e := range x.History {
		t.prior += e.Seconds.Cores
	}
	t.progress = progress{step: l.State.Step, epoch: l.State.Epoch, position: l.State.Position, history: x.History, running: x.Running, incidents: x.Incidents, recent: x.Recent}
	t.moved = false
	return nil
}

// restoreMoments takes this rank's part of the moments from a file.
func (t *Trainer) restoreMoments(f *checkpoint.File) error {
	var want []checkpoint.Want
	seen := map[string]bool{}
	t.eachMoment(func(e *nn.Entry[float32], name string, _ device.Buffer[float32]) {
		if !seen[name] {
			seen[name] = true
			want = append(want, checkpoint.Want{Name: name, Shape: e.Whole(), Dtypes: []checkpoint.Dtype{checkpoint.F32}})
		}
	})
	list, err := f.Match(want)
	if err != nil {
		return err
	}
	tensors := map[string]checkpoint.Tensor{}
	for _, v := range list {
		tensors[v.Name] = v
	}
	t.eachMoment(func(e *nn.Entry[float32], name string, to device.Buffer[float32]) {
		err = errors.Join(err, weights.Fill(t.dev, e, tensors[name], to))
	})
	return err
}

// Best opens the checkpoint with the best validation of this run: its group
// Parameters is the result.
func (t *Trainer) Best() (*checkpoint.Loaded, error) { return t.store.Best() }

// tally adds the processor time since the last call to that of the epoch at
// hand, and returns the sum.
func (t *Trainer) tally() float64 {
	if t.opts.CoreSeconds != nil {
		now := t.opts.CoreSeconds()
		t.running.CoreS += now - t.mark
		t.mark = now
	}
	return t.running.CoreS
}

// PriorCoreSeconds returns the processor time of the runs that this one
// continues, up to the checkpoint that it began with.
func (t *Trainer) PriorCoreSeconds() float64 { return t.prior }

// Step returns the optimiser steps made so far.
func (t *Trainer) Step() int64 { return t.step }
