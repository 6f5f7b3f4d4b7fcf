// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/optim"
)

// Policy says what is done about a batch whose loss is wrong.
type Policy string

// The policies; "" is Stop.
const (
	Stop     Policy = "stop"     // end the run with an error
	Skip     Policy = "skip"     // pass over the batch: values, moments and statistics stay as they were before it
	RollBack Policy = "rollback" // go back to the newest checkpoint, and on from there without the batch
	Ignore   Policy = "ignore"   // learn it; for outliers only
)

// Guard says what is done about losses that are not finite, and about outliers:
// losses above Factor times the median of those of the last Window steps. The
// decision is made from the loss of the whole batch, so that all ranks agree.
type Guard struct {
	NaN     Policy
	Outlier Policy  // "" is Ignore
	Factor  float64 // needed unless outliers are ignored
	Window  int     // likewise
	Most    int     // batches that are passed over in the whole run at most; one more ends it
}

func (g *Guard) validate() error {
	known := []Policy{"", Stop, Skip, RollBack}
	switch {
	case !slices.Contains(known, g.NaN):
		return fmt.Errorf("train: policy %q for losses that are not finite: want stop, skip or rollback", g.NaN)
	case !slices.Contains(append(known, Ignore), g.Outlier):
		return fmt.Errorf("train: policy %q for outliers: want ignore, stop, skip or rollback", g.Outlier)
	case g.watches() && !(g.Factor > 1 && g.Window >= 1):
		return fmt.Errorf("train: outliers above %g times the median of %d steps: want a factor above 1 and at least 1 step", g.Factor, g.Window)
	case g.Most < 0:
		return fmt.Errorf("train: at most %d batches passed over: want none negative", g.Most)
	}
	return nil
}

func (g *Guard) watches() bool { return g.Outlier != "" && g.Outlier != Ignore }

func (g *Guard) has(p Policy) bool { return g.NaN == p || g.Outlier == p }

// Incident is a batch that was not learnt.
type Incident struct {
	Epoch    int64   `json:"epoch"`
	Position int64   `json:"position"` // of its first sample in the order of the epoch
	Step     int64   `json:"step"`     // steps made before it
	What     string  `json:"what"`     // was not finite, or was an outlier
	Value    string  `json:"value"`    // a number, NaN or +Inf
	Limit    float64 `json:"limit,omitempty"`
	Action   Policy  `json:"action"`
}

// BadLossError ends a run whose policy is Stop, or that has passed over too many
// batches.
type BadLossError struct {
	Incident
	Dir    string // of the run
	Passed int    // batches passed over
}

// Error says what was wrong where.
func (e *BadLossError) Error() string {
	limit, after := "", ""
	if e.Limit > 0 {
		limit = fmt.Sprintf(", above the limit of %g", e.Limit)
	}
	if e.Passed > 0 {
		after = fmt.Sprintf(" after %d batches were passed over", e.Passed)
	}
	return fmt.Sprintf("train: epoch %d, step %d: the %s is %s%s%s: lower the learning rate or clip the gradients; checkpoints before this step stay in %s",
		e.Epoch, e.Step, e.What, e.Value, limit, after, e.Dir)
}

// judge returns what is wrong with the loss of a batch, nil if nothing is.
func (t *Trainer) judge(b *dataset.Batch, loss float64) *Incident {
	g := &t.opts.Guard
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return t.incident(b, "loss", loss, 0, g.NaN)
	}
	if g.watches() && len(t.recent) == g.Window {
		if limit := g.Factor * median(t.recent); loss > limit {
			return t.incident(b, "loss", loss, limit, g.Outlier)
		}
	}
	return nil
}

func (t *Trainer) incident(b *dataset.Batch, what string, value, limit float64, action Policy) *Incident {
	return &Incident{Epoch: b.Epoch, Position: b.Position, Step: t.step, What: what, Value: strconv.FormatFloat(value, 'g', 6, 64), Limit: limit, Action: action}
}

// accept remembers the loss of a batch that is learnt.
func (t *Trainer) accept(loss float64) {
	if g := &t.opts.Guard; g.watches() {
		t.recent = append(t.recent, loss)
		t.recent = t.recent[max(0, len(t.recent)-g.Window):]
	}
}

// median of values, of an even number the lower one in the middle.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

// errBack means that the run is back at a checkpoint.
var errBack = errors.New("train: back at a checkpoint")

// react does what the policy says about an incident. It returns nil when the batch
// is passed over, errBack after going back, and otherwise why the run ends.
func (t *Trainer) react(i *Incident) error {
	if i.Action == "" || i.Action == Stop || len(t.incidents) >= t.opts.Guard.Most {
		return &BadLossError{Incident: *i, Dir: t.opts.Dir, Passed: len(t.incidents)}
	}
	t.incidents = append(t.incidents, *i)
	if t.opts.Passed != nil {
		t.opts.Passed(*i)
	}
	if err := t.updater.Skip(); err != nil {
		return err
	}
	if i.Action == RollBack {
		return t.rollBack()
	}
	return t.statistics.restore(t.dev)
}

// rollBack goes back to the newest checkpoint, but remembers which batches to pass
// over.
func (t *Trainer) rollBack() error {
	passed, prior := t.incidents, t.prior
	if err := t.finish(); err != nil {
		return err
	}
	t.live.close()
	t.live, t.saved = live{}, -1
	if err := t.resume(); err != nil {
		return fmt.Errorf("train: back to a checkpoint: %w", err)
	}
	if t.saved < 0 {
		return fmt.Errorf("train: %s has no checkpoint to go back to", t.opts.Dir)
	}
	t.incidents, t.prior = passed, prior // what was done since was done by this run
	return errBack
}

// avoids tells whether a batch is one that the run went back for.
func (t *Trainer) avoids(b *dataset.Batch) bool {
	return slices.ContainsFunc(t.incidents, func(i Incident) bool {
		return i.Action == RollBack && i.Epoch == b.Epoch && i.Position == b.Position
	})
}

// passOver goes on behind a batch that is not learnt.
func (t *Trainer) passOver(b *dataset.Batch) {
	t.epoch, t.position, t.moved = b.NextEpoch, b.NextPosition, true
	t.last = place{b.Epoch, b.Position}
	if t.opts.Tick != nil {
		t.opts.Tick(b.Total)
	}
}

// place is that of a batch.
type place struct{ epoch, position int64 }

// sound returns an *Incident unless all values are finite on all ranks: what is not
// must not be saved. A gradient that is not finite shows in the loss of the next
// step only.
func (t *Trainer) sound() (*Incident, error) {
	var norm [1]float32
	bad := []float64{0}
	if err := t.updater.Flush(); err != nil {
		return nil, err
	}
	t.dev.SumSquares(t.net.Parameters(), t.one)
	t.dev.Download(norm[:], t.one)
	err := t.dev.Sync()
	if v := float64(norm[0]); math.IsNaN(v) || math.IsInf(v, 0) {
		bad[0] = 1
	}
	if err := errors.Join(err, t.team.Sum(bad)); err != nil || bad[0] == 0 {
		return nil, err
	}
	i := t.incident(&dataset.Batch{Epoch: t.last.epoch, Position: t.last.position}, "norm of the weights", math.NaN(), 0, t.opts.Guard.NaN)
	if i.Action == Skip { // the step has been made
		i.Action = Stop
	}
	return i, nil
}

// checkSound does what the policy says when values are not finite.
func (t *Trainer) checkSound() error {
	i, err := t.sound()
	if err != nil || i == nil {
		return err
	}
	return t.react(i)
}

// normBad returns the incident of gradients whose norm is not finite.
func (t *Trainer) normBad(b *dataset.Batch, err error) *Incident {
	var norm *optim.NormError
	if !errors.As(err, &norm) {
		return nil
	}
	return t.incident(b, "norm of the gradients", norm.Norm, 0, t.opts.Guard.NaN)
}

// statistics are copies of the running statistics of a network before a step.
type statistics struct {
	entries []*nn.Entry[float32]
	values  []device.Buffer[float32] // nil for a counter
	counts  []int64
}

// newStatistics makes room for copies.
func newStatistics(dev device.Device[float32], entries []*nn.Entry[float32]) *statistics {
	s := &statistics{}
	for _, e := range entries {
		switch {
		case e.Kind == nn.Counter:
			s.values = append(s.values, nil)
		case e.Kind == nn.RunningMean || e.Kind == nn.RunningVar:
			s.values = append(s.values, dev.Alloc(e.Len()))
		default:
			continue
		}
		s.entries = append(s.entries, e)
	}
	s.counts = make([]int64, len(s.entries))
	return s
}

// keep copies the statistics. A nil s keeps none.
func (s *statistics) keep(dev device.Device[float32]) {
	if s == nil {
		return
	}
	for i, e := range s.entries {
		if s.counts[i] = e.Count; s.values[i] != nil {
			dev.Copy(s.values[i], e.Value)
		}
	}
}

// restore puts the copies back.
func (s *statistics) restore(dev device.Device[float32]) error {
	for i, e := range s.entries {
		if e.Count = s.counts[i]; s.values[i] != nil {
			dev.Copy(e.Value, s.values[i])
		}
	}
	return dev.Sync()
}
