// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"context"
	"errors"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/parallel"
	"github.com/columen/columen/emulator/train"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/mpiutil"
)

// apart counts the machines, and sets the ranks apart that only make samples.
func (t *task) apart() error {
	comm, err := t.env.Ranks()
	if err != nil {
		return err
	}
	t.ranks = comm
	if t.nodes, err = t.env.Nodes(); err != nil {
		return err
	}
	if t.cfg.Data.GeneratorRanks == 0 {
		return nil
	}
	if t.makers, err = parallel.NewMakers(comm, t.cfg.Data.GeneratorRanks); err != nil {
		return err
	}
	t.ranks = t.makers.Trainers()
	number := []int64{0}
	if t.only() {
		number[0] = int64(t.goroutines())
	}
	if err := mpiutil.Allreduce(comm, number, number, mpiutil.Sum); err != nil {
		return err
	}
	t.goroutinesOfMakers = int(number[0])
	return nil
}

// only tells whether this rank makes samples and does not train.
func (t *task) only() bool { return t.makers != nil && t.ranks == nil }

// solves tells whether this rank makes samples.
func (t *task) solves() bool {
	d := t.cfg.Data
	return d.Makes() && (d.GeneratorRanks == 0 || t.env.Comm.Rank() >= t.env.Comm.Size()-d.GeneratorRanks)
}

// goroutines is how many make samples on a rank that does.
func (t *task) goroutines() int {
	if t.cfg.Data.GeneratorRanks > 0 {
		return t.env.Threads
	}
	return t.cfg.Data.Generators
}

// order has the samples of training come from the ranks that make them.
func (t *task) order(opts *train.Options) {
	if t.makers == nil {
		return
	}
	opts.Makers = t.goroutinesOfMakers
	opts.Batches = func(o dataset.LoaderOptions) (train.Batches, error) { return t.feed, t.feed.Begin(o) }
}

// trainer returns what trains, nil on a rank that does not.
func (t *task) trainer(data *openData) (*train.Trainer, error) {
	if t.only() {
		return nil, nil
	}
	opts, err := t.options(t.samples())
	if err != nil {
		return nil, err
	}
	return train.New(t.dev, t.model, data.Data, opts)
}

// learn trains to the end, or until the state is saved.
func learn(ctx context.Context, trainer *train.Trainer) error {
	err := trainer.Run(ctx)
	var interrupted *train.Interrupted
	if errors.As(err, &interrupted) {
		return &run.RequeueError{Reason: err.Error()}
	}
	return err
}

// loop trains, or makes samples for those that do. All ranks end with one result.
func (t *task) loop(ctx context.Context, trainer *train.Trainer, data *openData) error {
	if t.makers == nil {
		return learn(ctx, trainer)
	}
	if t.only() {
		c := t.cfg
		if t.book != nil {
			t.book.Note(0, "making samples")
		}
		err := t.makers.Serve(ctx, data.Train, dataset.LoaderOptions{
			Shape: data.Shape, BatchSize: c.Data.Batch, Seed: uint64(c.Network.Seed), Augment: c.Data.Augment == "symmetries",
			Normalization: data.Normalization, Prefetch: c.Data.Prefetch,
		}, t.goroutines())
		return t.makers.Conclude(err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	t.feed = t.makers.Feed(t.samples(), func() { cancel(errors.New("a rank that makes samples was told to stop")) })
	err := learn(ctx, trainer)
	if left := t.feed.Leave(); err == nil {
		err = left
	}
	return t.makers.Conclude(err)
}
