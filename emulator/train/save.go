// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/weights"
)

// save writes a checkpoint, behind training from a copy of the values unless wait
// is set; score is the validation of this very state, if any. The checkpoint
// before it is waited for.
func (t *Trainer) save(score *float64, wait bool) error {
	t.note("checkpoint")
	start := time.Now()
	if err := t.finish(); err != nil {
		return err
	}
	parameters, both, err := t.parts()
	if err = t.team.Agree(err); err != nil {
		return err
	}
	t.tally()
	rest, err := json.Marshal(extra{History: t.history, Running: t.running, Incidents: t.incidents, Recent: t.recent})
	if err != nil {
		return err
	}
	schedule, err := json.Marshal(t.opts.Schedule)
	if err != nil {
		return err
	}
	if wait = wait || !t.opts.Behind; !wait {
		t.copies.take(t.opts.Threads, parameters, both)
	}
	t.saved, t.moved = t.step, false
	t.writing, err = t.store.Begin(t.team, checkpoint.State{
		Step: t.step, Epoch: t.epoch, Position: t.position, ConfigDigest: t.opts.Digest, Score: score, Schedule: schedule, Extra: rest,
	}, checkpoint.PartGroup{Name: Parameters, Parts: parameters}, checkpoint.PartGroup{Name: moments, Parts: both})
	if err == nil && wait {
		err = t.finish()
	}
	if err != nil {
		t.writing = nil
		return err
	}
	return t.pace(time.Since(start).Seconds())
}

// finish waits for the checkpoint that is being written, if there is one.
func (t *Trainer) finish() error {
	if t.writing == nil {
		return nil
	}
	_, err := t.writing.Finish()
	t.writing = nil
	return err
}

// leave ends a run: what is being written is finished where all ranks know of the
// end, since what was saved is sound.
func (t *Trainer) leave(err error) error {
	var bad *BadLossError
	if err == nil || errors.As(err, &bad) {
		return errors.Join(err, t.finish())
	}
	if t.writing != nil {
		t.writing.Leave()
		t.writing = nil
	}
	return err
}

// keep goes on with the checkpoint that is being written, and begins one if it is
// due before the next step.
func (t *Trainer) keep() error {
	if t.writing != nil && t.agreed.ready {
		done, err := t.writing.Advance()
		if done || err != nil {
			t.writing = nil
		}
		if err != nil {
			return err
		}
	}
	if t.writing != nil || !t.due() {
		return nil
	}
	if err := t.checkSound(); err != nil {
		return err
	}
	return t.save(nil, false)
}

// due reports whether a checkpoint should be made before the next step, the same
// on all ranks.
func (t *Trainer) due() bool {
	since := max(t.saved, t.began.step)
	switch every := int64(t.opts.EverySteps); {
	case t.step <= since:
		return false
	case every > 0: // at multiples, or soon after where one was being written then
		return t.step/every > since/every
	case t.interval > 0:
		return t.step-since >= t.interval
	}
	return t.agreed.due
}

// began is when this process began to train, for the length of a step.
type began struct {
	step   int64
	time   time.Time
	paused float64 // seconds in checkpoints since
}

// firstAfter is after how many seconds the first checkpoint of a run is written
// whose interval is to be chosen: it measures what a checkpoint costs.
const firstAfter = 60

// young is the time between checkpoints that cost so many seconds which loses the
// least when failures come at random, one in mtbf seconds in the mean: √(2·C·M)
// (Young 1974, CACM 17, 530; the first order of Daly 2006, FGCS 22, 303).
func young(cost, mtbf float64) float64 { return math.Sqrt(2 * cost * mtbf) }

// pace chooses the steps between checkpoints once it is known what one costs.
func (t *Trainer) pace(cost float64) error {
	spent := time.Since(t.began.time).Seconds() - t.began.paused - cost
	t.began.paused += cost
	steps := t.step - t.began.step
	if t.opts.EverySteps > 0 || t.opts.MTBF == 0 || t.interval > 0 || steps < 1 {
		return nil
	}
	all, err := t.team.Gather([]float64{cost, spent / float64(steps)})
	if err != nil {
		return err
	}
	perStep := all[0][1]
	for _, rank := range all {
		cost = max(cost, rank[0])
	}
	seconds := young(cost, t.opts.MTBF)
	t.interval = int64(max(1, min(math.Round(seconds/max(perStep, 1e-9)), 1e15)))
	if t.opts.Paced != nil {
		t.opts.Paced(t.interval, cost, perStep)
	}
	return nil
}

// copies are buffers in the host's memory for what this rank writes, kept for the
// next checkpoint.
type copies [][]byte

// copyBytes is the unit in which threads share a copy.
const copyBytes = 4 << 20

// take has all parts refer to copies of their data.
func (c *copies) take(threads int, groups ...[]checkpoint.Part) {
	type job struct{ to, from []byte }
	var jobs []job
	n := 0
	for _, parts := range groups {
		for i := range parts {
			from := parts[i].Data
			if len(from) == 0 {
				continue
			}
			if n == len(*c) {
				*c = append(*c, make([]byte, len(from)))
			}
			to := (*c)[n][:len(from)]
			n++
			parts[i].Data = to
			for lo := 0; lo < len(from); lo += copyBytes {
				hi := min(lo+copyBytes, len(from))
				jobs = append(jobs, job{to[lo:hi], from[lo:hi]})
			}
		}
	}
	threads = max(threads, 1)
	var all sync.WaitGroup
	for k := range threads {
		all.Go(func() {
			for i := k; i < len(jobs); i += threads {
				copy(jobs[i].to, jobs[i].from)
			}
		})
	}
	all.Wait()
}

// CopyBytes is the memory that Options.Behind needs on a rank that writes the
// entries that it owns: their values, and the moments of those that are learnt.
func CopyBytes(entries []*nn.Entry[float32], owns func(e *nn.Entry[float32]) bool) int64 {
	var n int64
	for _, e := range entries {
		switch {
		case !owns(e):
		case e.Kind == nn.Counter:
			n += 8
		case e.HasGradient():
			n += 3 * 4 * int64(e.Len())
		default:
			n += 4 * int64(e.Len())
		}
	}
	return n
}

// parts lists this rank's part of the tensors of a checkpoint: values and running
// statistics, and the moments of each parameter under its name.
func (t *Trainer) parts() (parameters, both []checkpoint.Part, err error) {
	if err := errors.Join(t.updater.Flush(), t.team.Unify(t.net.Entries())); err != nil {
		return nil, nil, err
	}
	if parameters, err = weights.Parts(t.dev, t.net.Entries(), t.team.Owns); err != nil {
		return nil, nil, err
	}
	t.eachMoment(func(e *nn.Entry[float32], name string, values device.Buffer[float32]) {
		both = append(both, weights.Part(t.dev, e, name, values, t.team.Owns(e)))
	})
	return parameters, both, t.dev.Sync()
}

// eachMoment calls f for the first and the second moments of every parameter.
func (t *Trainer) eachMoment(f func(e *nn.Entry[float32], name string, values device.Buffer[float32])) {
	first, second := t.updater.Moments()
	at := 0
	for _, e := range t.net.Entries() {
		if e.HasGradient() {
			f(e, e.Name+firstMoment, first.Slice(at, at+e.Len()))
			f(e, e.Name+secondMoment, second.Slice(at, at+e.Len()))
			at += e.Len()
		}
	}
}

// interrupt saves the state because the context ended, unless it is saved: at
// the end of an epoch the checkpoint has a score, which is not to be lost.
func (t *Trainer) interrupt(cause error) error {
	err := t.finish()
	if err == nil && (t.saved != t.step || t.moved) {
		var i *Incident
		if i, err = t.sound(); err == nil && i != nil {
			err = &BadLossError{Incident: *i, Dir: t.opts.Dir, Passed: len(t.incidents)}
		}
		if err == nil {
			err = t.save(nil, true)
		}
	}
	if err != nil {
		return fmt.Errorf("%w, and the state could not be saved: %w", cause, err)
	}
	return &Interrupted{Cause: cause, Dir: t.opts.Dir, Step: t.step}
}
