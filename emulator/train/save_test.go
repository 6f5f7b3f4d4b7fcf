// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/checkpoint"
)

// Checkpoints that are written behind training hold what those that are waited for
// do, and a run that is stopped while one is being written continues bit for bit.
func TestBehind(t *testing.T) {
	samples := winds(3, 0)
	with := func(behind bool) Options {
		o := options(t.TempDir())
		o.BatchSize, o.Epochs, o.Keep, o.EverySteps, o.Behind = 1, 1, 0, 1, behind
		return o
	}
	waited := with(false)
	want, _ := trained(t, samples, waited)
	behind := with(true)
	got, tr := trained(t, samples, behind)
	same(t, "behind", got, want)
	if tr.writing != nil {
		t.Error("a checkpoint is still being written")
	}
	steps, err := tr.store.Steps()
	if err != nil || len(steps) == 0 || steps[len(steps)-1] != 3 {
		t.Fatalf("checkpoints %v, %v", steps, err)
	}
	for _, step := range steps {
		a, errA := checkpoint.Store{Dir: waited.Dir}.At(step)
		b, errB := checkpoint.Store{Dir: behind.Dir}.At(step)
		if err := errors.Join(errA, errB); err != nil {
			t.Fatal(err)
		}
		for group, f := range a.Groups {
			for _, v := range f.Tensors {
				w, err := b.Groups[group].Tensor(v.Name)
				if err != nil || string(w.Data) != string(v.Data) {
					t.Errorf("step %d: %s of %s differs, %v", step, v.Name, group, err)
				}
			}
		}
		if err := errors.Join(a.Close(), b.Close()); err != nil {
			t.Error(err)
		}
	}

	if testing.Short() {
		return
	}
	parts := with(true)
	for _, stop := range []int64{1, 2} {
		ctx, cancel := context.WithCancelCause(context.Background())
		var tr *Trainer
		o := parts
		o.Tick = func(int) {
			if tr.Step() == stop {
				cancel(errors.New("time is up"))
			}
		}
		tr = newTrainer(t, samples, o)
		var interrupted *Interrupted
		if err := tr.Run(ctx); !errors.As(err, &interrupted) || interrupted.Step != stop {
			t.Fatalf("stop after step %d: %v", stop, err)
		}
	}
	got, _ = trained(t, samples, parts)
	same(t, "stopped and continued", got, want)
}

// A disk that fails while a checkpoint is written behind training ends the run
// with an error, and what was there before stays.
func TestBehindFails(t *testing.T) {
	o := options(t.TempDir())
	o.BatchSize, o.EverySteps, o.Behind, o.Keep = 1, 1, true, 0
	var tr *Trainer
	o.Tick = func(int) {
		if tr.Step() == 3 {
			tr.finish()
			tr.store.Dir += "/\x00" // no such name
		}
	}
	tr = newTrainer(t, winds(4, 0), o)
	dir := o.Dir
	if err := tr.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "write checkpoint") {
		t.Errorf("no error: %v", err)
	}
	l, err := checkpoint.Store{Dir: dir}.Latest()
	if err != nil || l.State.Step > 2 {
		t.Fatalf("%+v, %v", l, err)
	}
	l.Close()
}

// The interval grows as the root of cost and reliability, is chosen once a
// checkpoint has been written, and changes no result.
func TestPace(t *testing.T) {
	if s := young(1.7, 24*3600); math.Abs(s-542) > 1 {
		t.Errorf("1.7 s a checkpoint and a failure a day: every %g s", s)
	}
	samples := winds(4, 0)
	o := options(t.TempDir())
	o.BatchSize, o.Epochs, o.Keep = 1, 1, 0
	want, _ := trained(t, samples, o)

	o.Dir, o.Behind = t.TempDir(), true
	o.MTBF = 1e-9 // a checkpoint after every step
	var chosen int64
	o.Paced = func(steps int64, cost, step float64) {
		if chosen = steps; !(cost > 0) || !(step > 0) {
			t.Errorf("a checkpoint costs %g s, a step %g s", cost, step)
		}
	}
	tr := newTrainer(t, samples, o)
	tr.firstAfter = 0
	if err := tr.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if steps, _ := tr.store.Steps(); chosen != 1 || len(steps) < 2 || steps[0] != 1 {
		t.Errorf("checkpoints of steps %v, every %d", steps, chosen)
	}
	same(t, "with an interval that was chosen", tensors(t, o.Dir), want)

	o.Dir, o.MTBF = t.TempDir(), 1e12
	tr = newTrainer(t, samples, o)
	tr.firstAfter = 0
	if err := tr.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	if steps, _ := tr.store.Steps(); chosen < 1000 || steps[0] != 1 || steps[1] < 4 {
		t.Errorf("checkpoints of steps %v, every %d", steps, chosen)
	}
	o.MTBF = math.NaN()
	if err := o.Validate(); err == nil {
		t.Error("no error for NaN")
	}
}
