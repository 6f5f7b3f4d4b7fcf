// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"context"
	"errors"
	"slices"
	"time"
)

// stopwatch sums up seconds.
type stopwatch struct{ seconds float64 }

// run starts the watch and returns what stops it.
func (w *stopwatch) run() (stop func()) {
	start := time.Now()
	return func() { w.seconds += time.Since(start).Seconds() }
}

// read returns the sum and clears it.
func (w *stopwatch) read() float64 {
	s := w.seconds
	w.seconds = 0
	return s
}

// Spread is a quantity over ranks.
type Spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"` // the lower of two middle values
	Max    float64 `json:"max"`
}

// Split is where the time of a step goes, in seconds, over ranks.
type Split struct {
	Data      Spread `json:"data"`      // waiting for samples
	Forward   Spread `json:"forward"`   // and the loss, without communication
	Backward  Spread `json:"backward"`  // without communication
	Reduce    Spread `json:"reduce"`    // inside communication
	Optimiser Spread `json:"optimiser"` // updating values
	Idle      Spread `json:"idle"`      // waiting for other ranks before and after the passes
}

// parts are the seconds of an epoch on this rank, in the order of Split.
type parts [6]float64

const (
	partData = iota
	partForward
	partBackward
	partReduce
	partOptimiser
	partIdle
)

// partName is a part in words.
func partName(part int) string {
	return [...]string{"waiting for samples", "forward", "backward", "reduction", "optimiser", "agreeing with the other ranks"}[part]
}

// note tells where the run is.
func (t *Trainer) note(phase string) {
	if t.opts.At != nil {
		t.opts.At(t.step, phase)
	}
}

// split gathers the parts of all ranks, per step.
func (t *Trainer) split(p parts, steps int64) (Split, error) {
	for i := range p {
		p[i] /= float64(max(1, steps))
	}
	all, err := t.team.Gather(p[:])
	if err != nil {
		return Split{}, err
	}
	spread := func(part int) Spread {
		var v []float64
		for _, rank := range all {
			v = append(v, rank[part])
		}
		slices.Sort(v)
		return Spread{Min: v[0], Median: v[(len(v)-1)/2], Max: v[len(v)-1]}
	}
	return Split{Data: spread(partData), Forward: spread(partForward), Backward: spread(partBackward),
		Reduce: spread(partReduce), Optimiser: spread(partOptimiser), Idle: spread(partIdle)}, nil
}

// pass runs f as one part of a step: what it spends in communication and updates
// is not its own.
func (t *Trainer) pass(part int, f func() error) error {
	t.note(partName(part))
	start := time.Now()
	err := f()
	reduce, update := t.team.Spent(), t.updater.Spent()
	p := &t.running.Parts
	p[partReduce] += reduce
	p[partOptimiser] += update
	p[part] += max(0, time.Since(start).Seconds()-reduce-update)
	return err
}

// agreed is what all ranks have found out together at the beginning of a step.
type agreed struct {
	ready bool // the checkpoint that is being written can go on
	due   bool // the first one should be written
}

// together begins a step on all ranks: if one of them has an error, all end, and
// if one is to stop, all do, for the cause that is returned.
func (t *Trainer) together(ctx context.Context, err error) (stop, failed error) {
	flags := []float64{0, 0, 0, 0}
	if err = errors.Join(err, t.dev.Sync()); err != nil {
		flags[0] = 1
	}
	if ctx.Err() != nil {
		flags[1] = 1
	}
	if t.writing != nil && !t.writing.Ready() {
		flags[2] = 1
	}
	if t.team.Rank() == 0 && time.Since(t.began.time).Seconds() > t.firstAfter {
		flags[3] = 1
	}
	comm := t.idle(func() error { return t.team.Sum(flags) })
	t.agreed = agreed{ready: flags[2] == 0, due: flags[3] > 0 && t.opts.MTBF > 0 && t.interval == 0}
	switch {
	case comm != nil:
		return nil, errors.Join(err, comm)
	case flags[0] > 0:
		return nil, t.team.Agree(err)
	case flags[1] == 0: // also when ctx has ended since: the others go on
		return nil, nil
	case ctx.Err() == nil:
		return errors.New("another rank was told to stop"), nil
	}
	return context.Cause(ctx), nil
}

// idle runs what waits for the other ranks.
func (t *Trainer) idle(f func() error) error {
	t.note(partName(partIdle))
	start := time.Now()
	err := f()
	t.team.Spent()
	t.running.Parts[partIdle] += time.Since(start).Seconds()
	return err
}
