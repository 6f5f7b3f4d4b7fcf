// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/optim"
	"github.com/columen/columen/emulator/train"
	"github.com/columen/columen/mpiutil"
)

// memory returns a data set of n samples.
func memory(n int) *dataset.Memory {
	x, y := samples[float32](0, 0, n)
	return &dataset.Memory{Shape: dataset.Shape{Grid: grid, Channels: 1, Flat: true}, Inputs: x, Outputs: y}
}

// newTrainer joins a run on the ranks of c, which stops after so many steps. With
// any Block the ranks read their own.
func newTrainer(c *mpiutil.Comm, o Options, opts train.Options, stop int64) (*train.Trainer, context.Context, error) {
	return newTrainerOn(c, o, opts, stop, memory(5))
}

// newTrainerOn is newTrainer on a training set.
func newTrainerOn(c *mpiutil.Comm, o Options, opts train.Options, stop int64, set *dataset.Memory) (*train.Trainer, context.Context, error) {
	dev := openCPU()
	team, err := New(dev, c, o)
	if err != nil {
		return nil, nil, err
	}
	place := emulator.Placement[float32]{Parts: team.Parts(), Neighbours: team.Neighbours()}
	if opts.Block != nil {
		opts.Block, place.InBlocks = team.Block(grid), true
	}
	if x := team.Exchange(); x != nil {
		place.Exchange = x
	}
	net, err := emulator.NewPlaced(dev, shape(), place)
	if err == nil {
		err = net.Init(opts.Seed)
	}
	if err != nil {
		return nil, nil, err
	}
	u, err := NewOptimizer(team, net, opts.Optimizer, opts.ClipNorm)
	if err != nil {
		return nil, nil, err
	}
	nm, err := dataset.Published(dataset.Rotation)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	var tr *train.Trainer
	opts.Team, opts.Updater = team, u
	opts.Tick = func(int) {
		if tr.Step() == stop && c.Rank() == c.Size()-1 { // one rank is told
			cancel(errors.New("time is up"))
		}
	}
	tr, err = train.New(dev, net, train.Data{Train: set, Validation: memory(3), Shape: memory(1).Shape, Normalization: nm}, opts)
	return tr, ctx, err
}

// files returns the bytes of all tensors of the newest checkpoint.
func files(dir string) (map[string][]byte, error) {
	l, err := checkpoint.Store{Dir: dir}.Latest()
	if err != nil {
		return nil, err
	}
	defer l.Close()
	all := map[string][]byte{}
	for group, f := range l.Groups {
		for _, v := range f.Tensors {
			all[group+"/"+v.Name] = bytes.Clone(v.Data)
		}
	}
	return all, nil
}

// TestResumeOnAnotherMesh stops a run twice, each time continues it on another
// mesh, and compares the end with an uninterrupted run of one rank, bit by bit.
func TestResumeOnAnotherMesh(t *testing.T) {
	for _, clip := range some(1, []float64{0, 0.5}) {
		whole, parts := t.TempDir(), t.TempDir()
		options := func(dir string) train.Options {
			return train.Options{Dir: dir, Digest: "test", Epochs: 2, BatchSize: 4, Seed: 7, Alpha: alpha, ClipNorm: clip, EverySteps: 1, Behind: dir == parts,
				Optimizer: optim.Options{WeightDecay: 1e-3, Decoupled: true}, Schedule: optim.ScheduleOptions{Kind: "constant", Base: 1e-3}}
		}
		for _, leg := range []struct {
			dir  string
			mesh Mesh
			stop int64
		}{
			{whole, Mesh{Data: 1, Tensor: 1}, -1},
			{parts, Mesh{Data: 2, Tensor: 1}, 1}, {parts, Mesh{Data: 2, Tensor: 2}, 3}, {parts, Mesh{Data: 1, Tensor: 2}, -1},
		} {
			inProcess(t, leg.mesh.Data*leg.mesh.Tensor, func(c *mpiutil.Comm) error {
				tr, ctx, err := newTrainer(c, Options{Mesh: leg.mesh, Fixed: true}, options(leg.dir), leg.stop)
				if err != nil {
					return err
				}
				err = tr.Run(ctx)
				var stopped *train.Interrupted
				if leg.stop > 0 && (!errors.As(err, &stopped) || stopped.Step != leg.stop) {
					return fmt.Errorf("stop after step %d: %w", leg.stop, err)
				}
				if leg.stop < 0 && err == nil && tr.Step() != 4 {
					return fmt.Errorf("%d steps", tr.Step())
				}
				if leg.stop < 0 {
					return err
				}
				return nil
			})
		}
		want, err1 := files(whole)
		got, err2 := files(parts)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) || len(want) < 300 {
			t.Errorf("%d tensors, want %d", len(got), len(want))
		}
		for name, data := range want {
			if !bytes.Equal(got[name], data) {
				t.Errorf("clipping to %g: %s differs", clip, name)
			}
		}
	}
}
