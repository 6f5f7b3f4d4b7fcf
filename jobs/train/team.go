// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"fmt"
	"path/filepath"
	"time"

	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/parallel"
	"github.com/columen/columen/emulator/train"
	"github.com/columen/columen/jobs/internal/rollcall"
	"github.com/columen/columen/jobs/internal/run"
)

// join puts this rank into the mesh of the configuration. One rank in fast mode
// needs none, and then has no choice of meshes either.
func (t *task) join() error {
	p := t.cfg.Parallel
	if t.ranks.Size() == 1 && p.Mode == "fast" {
		return nil
	}
	mesh := parallel.Mesh{Data: p.Data, Tensor: p.Tensor, Space: p.Space}
	var err error
	if p.Auto() && t.ranks.Size() > 1 {
		if mesh, err = t.choose(t.ranks.Size()); err != nil {
			return err
		}
	}
	t.team, err = parallel.New(t.dev, t.ranks, parallel.Options{
		Mesh: mesh, Fixed: p.Mode == "fixed", LocalNorm: p.BatchNorm == "local",
	})
	return err
}

// mesh is that of the team.
func (t *task) mesh() parallel.Mesh {
	if t.team == nil {
		return parallel.Mesh{Data: 1, Tensor: 1, Space: [3]int{1, 1, 1}}
	}
	return t.team.Mesh()
}

// placement is this rank's part of the network.
func (t *task) placement() emulator.Placement[float32] {
	var p emulator.Placement[float32]
	if t.team != nil {
		p.Parts = t.team.Parts()
		p.Neighbours = t.team.Neighbours()
		p.InBlocks = t.inBlocks()
		if x := t.team.Exchange(); x != nil {
			p.Exchange = x
		}
	}
	return p
}

// inBlocks tells whether each rank reads its own blocks of the cubes that ranks
// share. What is solved comes whole, and is cut afterwards.
func (t *task) inBlocks() bool { return !t.cfg.Data.Makes() && t.team.Block(t.shape.Grid) != nil }

// share completes the options of a run by those of its team.
func (t *task) share(opts *train.Options) error {
	if t.team == nil {
		return nil
	}
	u, err := parallel.NewOptimizer(t.team, t.model, opts.Optimizer, opts.ClipNorm)
	if err != nil {
		return err
	}
	opts.Team, opts.Updater = t.team, u
	if t.inBlocks() {
		opts.Block = t.team.Block(t.shape.Grid)
		t.env.Log.Info("each rank reads its own blocks of cubes", "cells_of_rank_0", fmt.Sprint(opts.Block.Box.Size()))
	}
	t.env.Log.Info("training together", "mesh", t.mesh().String(), "mode", t.cfg.Parallel.Mode, "batch_norm", t.cfg.Parallel.BatchNorm,
		"dense_update", map[bool]string{true: "late", false: "at the end of a step"}[u.Lazy()], "threads_per_rank", t.threads)
	return nil
}

// copyBytes is the memory of this rank that checkpoints behind training need.
func (t *task) copyBytes() int64 {
	if t.cfg.Run.Write != "behind" {
		return 0
	}
	owns := func(*nn.Entry[float32]) bool { return true }
	if t.team != nil {
		owns = t.team.Owns
	}
	return train.CopyBytes(t.model.Entries(), owns)
}

// beats is how many notes a rank leaves within the limit of the watchdog, and
// slowest the longest time between two.
const (
	beats   = 4
	slowest = 15 * time.Second
)

// watch starts the watchdog, which names the ranks that others wait for.
func (t *task) watch() (stop func(), err error) {
	comm, err := t.env.Ranks()
	if err != nil {
		return nil, err
	}
	limit := t.cfg.Parallel.WatchdogS
	if comm.Size() == 1 || limit == 0 {
		return t.env.Watch(comm, limit), nil
	}
	dir, name := t.cfg.Destination()
	period := min(time.Duration(limit)*time.Second/beats, slowest)
	t.book, err = rollcall.Open(filepath.Join(dir, "."+name+".ranks"), comm.Rank(), comm.Size(), period, func() (string, time.Duration) {
		op, since := comm.Inside()
		if t.team != nil && op != "" && t.team.Doing() != "" {
			op = t.team.Doing() + " (" + op + ")"
		}
		return op, since
	})
	if err := t.env.Comm.Agree(err); err != nil {
		return nil, err
	}
	bark := t.env.WatchWith(comm, limit, t.absent)
	return func() {
		bark()
		t.book.Close()
	}, nil
}

// absent is the message of the watchdog: who is missing, and who waits for what.
func (t *task) absent(line string) string {
	words, err := t.book.Absent()
	if err != nil {
		time.Sleep(slowSpeaker) // the one that speaks ends this rank
		return line
	}
	t.book.Burn()
	return fmt.Sprintf("watchdog: %s; the limit is %d s; ending all ranks", words, t.cfg.Parallel.WatchdogS)
}

// slowSpeaker is how long a rank waits for another one to say why all end.
const slowSpeaker = 5 * time.Second

// steps says where the time of a step went in the last epoch.
func (t *task) steps(history []train.Epoch) {
	if len(history) == 0 {
		return
	}
	e := history[len(history)-1]
	three := func(s train.Spread) string { return fmt.Sprintf("%.3g/%.3g/%.3g", s.Min, s.Median, s.Max) }
	t.env.Log.Info("seconds per step, min/median/max over ranks", "data", three(e.StepS.Data), "forward", three(e.StepS.Forward), "backward", three(e.StepS.Backward),
		"reduce", three(e.StepS.Reduce), "optimiser", three(e.StepS.Optimiser), "idle", three(e.StepS.Idle), "sent_bytes", e.SentPerStep)
}

// splitOf is where the time of all steps went, over ranks: each epoch's seconds per
// step times its steps.
func splitOf(history []train.Epoch) []run.Phase {
	parts := []struct {
		name string
		of   func(train.Split) train.Spread
	}{
		{"data", func(s train.Split) train.Spread { return s.Data }}, {"forward", func(s train.Split) train.Spread { return s.Forward }},
		{"backward", func(s train.Split) train.Spread { return s.Backward }}, {"reduce", func(s train.Split) train.Spread { return s.Reduce }},
		{"optimiser", func(s train.Split) train.Spread { return s.Optimiser }}, {"idle", func(s train.Split) train.Spread { return s.Idle }},
	}
	out := make([]run.Phase, len(parts))
	for i, p := range parts {
		out[i].Name = "step: " + p.name
		before := int64(0)
		for _, e := range history {
			steps, s := float64(e.Step-before), p.of(e.StepS)
			before = e.Step
			out[i].SecondsMin += s.Min * steps
			out[i].SecondsMedian += s.Median * steps
			out[i].SecondsMax += s.Max * steps
		}
	}
	return out
}
