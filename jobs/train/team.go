// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"fmt"

	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/parallel"
	"github.com/columen/columen/emulator/train"
)

// join puts this rank into the mesh of the configuration. One rank in fast mode
// needs none.
func (t *task) join() error {
	p := t.cfg.Parallel
	if t.ranks.Size() == 1 && p.Mode == "fast" {
		return nil
	}
	var err error
	t.team, err = parallel.New(t.dev, t.ranks, parallel.Options{
		Mesh: parallel.Mesh{Data: p.Data, Tensor: p.Tensor, Space: p.Space}, Fixed: p.Mode == "fixed", LocalNorm: p.BatchNorm == "local",
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

// watch starts the watchdog.
func (t *task) watch() (stop func(), err error) {
	comm, err := t.env.Ranks()
	if err != nil {
		return nil, err
	}
	return t.env.Watch(comm, t.cfg.Parallel.WatchdogS), nil
}

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
