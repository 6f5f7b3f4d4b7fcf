// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/optim"
)

// spoilt returns samples of which one has images that are wrong by a factor.
func spoilt(factor float32) *dataset.Memory {
	samples := winds(4, 0)
	n := samples.Shape.OutputLen()
	for i := range n {
		samples.Outputs[n+i] *= factor
	}
	return samples
}

// guarded are the options of a run of single samples that has to do with a bad one.
func guarded(dir string, g Guard) Options {
	o := options(dir)
	o.Augment, o.BatchSize, o.Epochs, o.EverySteps, o.Guard = false, 1, 1, 2, g
	return o
}

func nan() float32 { return float32(math.NaN()) }

// trained runs to the end and returns the tensors and the history.
func trained(t *testing.T, samples *dataset.Memory, o Options) (map[string][]byte, *Trainer) {
	t.Helper()
	tr := newTrainer(t, samples, o)
	if err := tr.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return tensors(t, o.Dir), tr
}

func same(t *testing.T, what string, got, want map[string][]byte) {
	t.Helper()
	if len(got) != len(want) || len(want) < 300 {
		t.Errorf("%s: %d tensors, want %d", what, len(got), len(want))
	}
	for name, data := range want {
		if !bytes.Equal(got[name], data) {
			t.Errorf("%s: %s differs", what, name)
			return
		}
	}
}

// A batch that is passed over leaves no trace: the state after it is the one
// before it, going back to a checkpoint for it gives the same bits in the end as
// skipping it, and so does stopping right after it.
func TestPassedOver(t *testing.T) {
	for what, c := range map[string]struct {
		samples *dataset.Memory
		guard   Guard
		clip    float64
	}{
		"NaN":     {spoilt(nan()), Guard{Most: 2}, 0},
		"outlier": {spoilt(1e4), Guard{Most: 9, Factor: 50, Window: 1}, 5},
	} {
		if testing.Short() && c.clip > 0 {
			continue
		}
		with := func(p Policy) Options {
			g := c.guard
			if g.NaN = p; g.Window > 0 {
				g.Outlier = p
			}
			o := guarded(t.TempDir(), g)
			o.ClipNorm = c.clip
			return o
		}
		want, skipped := trained(t, c.samples, with(Skip))
		h := skipped.History()
		if len(h[0].Incidents) != 1 || skipped.Step() != 3 {
			t.Fatalf("%s: %d steps, incidents %+v", what, skipped.Step(), h[0].Incidents)
		}
		got, back := trained(t, c.samples, with(RollBack))
		same(t, what+", rolled back", got, want)
		if n := len(back.incidents); n != 1 || back.incidents[0].Position != h[0].Incidents[0].Position || back.incidents[0].Action != RollBack {
			t.Errorf("%s: %d incidents, %+v", what, n, back.incidents)
		}

		if testing.Short() {
			continue
		}

		// Stop before the bad batch, and in another run right after it.
		bad := h[0].Incidents[0]
		state := func(o Options, when func(tr *Trainer) bool) map[string][]byte {
			ctx, cancel := context.WithCancelCause(context.Background())
			var tr *Trainer
			o.Tick = func(int) {
				if when(tr) {
					cancel(errors.New("time is up"))
				}
			}
			tr = newTrainer(t, c.samples, o)
			var interrupted *Interrupted
			if err := tr.Run(ctx); !errors.As(err, &interrupted) || interrupted.Step != bad.Step {
				t.Fatalf("%s: %v", what, err)
			}
			return tensors(t, o.Dir)
		}
		if bad.Position == 0 {
			t.Fatalf("%s: the bad batch is the first one: %+v", what, bad)
		}
		if c.clip == 0 {
			before := state(with(Skip), func(tr *Trainer) bool { return tr.position == bad.Position })
			o := with(Skip)
			same(t, what+", after the bad batch", state(o, func(tr *Trainer) bool { return len(tr.incidents) > 0 || tr.moved }), before)
			again, resumed := trained(t, c.samples, o)
			same(t, what+", stopped and continued", again, want)
			if a, b := numbers(resumed.History()), numbers(h); a != b {
				t.Errorf("%s: history of the continued run:\n%s\nof the whole:\n%s", what, a, b)
			}
		}
	}
}

// poisoned makes a step that leaves a value that is not a number, once.
type poisoned struct {
	Updater
	dev  device.Device[float32]
	net  Network
	when int
}

func (p *poisoned) Step(rate float64) (float64, error) {
	norm, err := p.Updater.Step(rate)
	if p.when--; p.when == 0 {
		p.dev.Fill(p.net.Parameters().Slice(0, 1), nan())
	}
	return norm, err
}

// Values that are not finite are never saved: the run ends, or goes back.
func TestUnsoundValues(t *testing.T) {
	for _, policy := range []Policy{RollBack, Skip} {
		if testing.Short() && policy == Skip {
			continue
		}
		o := guarded(t.TempDir(), Guard{NaN: policy, Most: 2})
		tr := newTrainer(t, winds(4, 0), o)
		tr.updater = &poisoned{tr.updater, tr.dev, tr.net, 4} // which the end of the epoch would save
		err := tr.Run(context.Background())
		if policy == RollBack {
			if err != nil || len(tr.incidents) != 1 || !strings.Contains(tr.incidents[0].What, "weights") || tr.Step() != 3 {
				t.Errorf("%v after %d steps, incidents %+v", err, tr.Step(), tr.incidents)
			}
			continue
		}
		var bad *BadLossError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), "the norm of the weights is NaN") {
			t.Errorf("%s: %v", policy, err)
		}
		if steps, _ := tr.store.Steps(); len(steps) == 0 || steps[len(steps)-1] != 2 {
			t.Errorf("%s: checkpoints of steps %v, want 2 as the last", policy, steps)
		}
	}
}

// Runs end when the policy or the limit says so.
func TestBadLossEnds(t *testing.T) {
	for want, g := range map[string]Guard{
		"the loss is NaN:":                           {},
		"the loss is NaN after 1 batches were passe": {NaN: RollBack, Most: 1},
	} {
		if testing.Short() && g.Most > 0 {
			continue
		}
		o := guarded(t.TempDir(), g)
		o.Epochs, o.EverySteps = 2, 0
		err := newTrainer(t, spoilt(nan()), o).Run(context.Background())
		var bad *BadLossError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: want %q in %v", g, want, err)
		}
	}
	err := newTrainer(t, spoilt(1e4), guarded(t.TempDir(), Guard{Outlier: Stop, Factor: 50, Window: 1})).Run(context.Background())
	if err == nil || !strings.Contains(err.Error(), "above the limit of") {
		t.Errorf("an outlier: %v", err)
	}
	for want, g := range map[string]Guard{
		`policy "retry"`: {NaN: "retry"}, `policy "never"`: {Outlier: "never"}, "a factor above 1": {Outlier: Skip, Factor: 1, Window: 3}, "at least 1 step": {Outlier: Stop, Factor: 2}, "none negative": {Most: -1},
	} {
		o := options(t.TempDir())
		o.Guard = g
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: want %q in %v", g, want, err)
		}
	}
	if norm := (&optim.NormError{Norm: math.Inf(1)}).Error(); !strings.Contains(norm, "+Inf") {
		t.Error(norm)
	}
	if m := median([]float64{5, 1, 4, 2}); m != 2 {
		t.Errorf("median %g", m)
	}
}
