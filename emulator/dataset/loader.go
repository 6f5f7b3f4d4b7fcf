// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// LoaderOptions says what a Loader gives out.
type LoaderOptions struct {
	Shape     Shape
	BatchSize int // samples of a step, over all ranks

	// Rank of Ranks gets a contiguous part of each batch; zero values mean the
	// only rank.
	Rank, Ranks int

	// Block, if not nil, has inputs be blocks of those that ranks share; the source
	// must be a BlockSource.
	Block *Block

	Seed            uint64
	Epoch, Position int64 // where to start: the cursor of a checkpoint
	InOrder         bool  // sample i at position i, as validation wants it

	// Augment applies to each sample a random Symmetry, a function of seed,
	// epoch and sample. Normalization is needed for it.
	Augment       bool
	Normalization Normalization

	Prefetch int // batches made ahead of their use; 0 means 2
	Workers  int // goroutines that read; 0 means 1
}

func (o *LoaderOptions) validate(samples int) error {
	if err := o.Shape.Validate(); err != nil {
		return err
	}
	if o.Ranks == 0 {
		o.Ranks = 1
	}
	if o.Prefetch == 0 {
		o.Prefetch = 2
	}
	if o.Workers == 0 {
		o.Workers = 1
	}
	switch {
	case samples < 1:
		return errors.New("the data set has no samples")
	case o.BatchSize < 1 || o.Prefetch < 1 || o.Workers < 1:
		return fmt.Errorf("batch of %d samples, %d batches ahead, %d workers: want at least 1 each", o.BatchSize, o.Prefetch, o.Workers)
	case o.Rank < 0 || o.Rank >= o.Ranks:
		return fmt.Errorf("rank %d of %d", o.Rank, o.Ranks)
	case o.Epoch < 0 || o.Position < 0 || o.Position >= int64(samples):
		return fmt.Errorf("start at position %d of epoch %d: want one of the %d samples", o.Position, o.Epoch, samples)
	}
	if o.Block != nil {
		if err := o.Block.validate(o); err != nil {
			return err
		}
	}
	if o.Augment {
		return o.Normalization.Validate()
	}
	return nil
}

// Loader reads batches ahead of their use, without end, each sample exactly
// once per epoch. What it gives out depends on its options alone, not on
// Prefetch, Workers or timing, and the batches of all ranks together not on
// Ranks.
type Loader struct {
	src     Source
	opts    LoaderOptions
	plan    *Plan
	ready   chan *Batch // in order; those at the end still lack samples
	free    chan *Batch
	places  chan place
	quit    chan struct{}
	done    sync.WaitGroup
	current *Batch
	err     error // of Next, once it has returned one

	made       atomic.Int64
	busy, idle atomic.Int64 // of all workers [ns]
}

// place is where a sample goes.
type place struct {
	batch *Batch
	k     int
}

// NewLoader starts to read. Close must be called in the end.
func NewLoader(src Source, opts LoaderOptions) (*Loader, error) {
	plan, err := NewPlan(src.Len(), opts)
	if err != nil {
		return nil, err
	}
	opts = plan.opts // defaults filled in
	if _, ok := src.(BlockSource); opts.Block != nil && !ok {
		return nil, errors.New("data loader: blocks of samples that can only be had whole")
	}
	l := &Loader{src: src, opts: opts, plan: plan, quit: make(chan struct{}), places: make(chan place),
		ready: make(chan *Batch, opts.Prefetch+1), free: make(chan *Batch, opts.Prefetch+1)}
	for range opts.Prefetch + 1 { // one more is in the hands of the caller
		l.free <- &Batch{whole: make(chan struct{}, 1)}
	}
	l.done.Add(1 + opts.Workers)
	go l.run()
	for range opts.Workers {
		go l.work()
	}
	return l, nil
}

// Next returns the next batch, which is valid until the next call. An error is
// final.
func (l *Loader) Next() (*Batch, error) {
	if l.err != nil {
		return nil, l.err
	}
	if l.current != nil {
		l.free <- l.current
		l.current = nil
	}
	var b *Batch
	select {
	case <-l.quit:
	case b = <-l.ready:
		select {
		case <-l.quit:
			b = nil
		case <-b.whole:
			if l.err = b.err; l.err != nil {
				return nil, l.err
			}
		}
	}
	if l.current = b; b == nil {
		l.err = errors.New("data loader: closed")
	}
	return b, l.err
}

// Close stops reading and waits until the source is no longer used.
func (l *Loader) Close() {
	select {
	case <-l.quit:
	default:
		close(l.quit)
	}
	l.done.Wait()
}

// Effort is what the workers of a loader did.
type Effort struct {
	Samples    int64
	Busy, Idle float64 // seconds of all workers: reading, and waiting for room ahead of the batches in use
}

// Effort returns that since the last call.
func (l *Loader) Effort() Effort {
	return Effort{Samples: l.made.Swap(0), Busy: float64(l.busy.Swap(0)) / 1e9, Idle: float64(l.idle.Swap(0)) / 1e9}
}

// run plans batches and shares out their samples until Close.
func (l *Loader) run() {
	defer l.done.Done()
	for {
		var b *Batch
		select {
		case <-l.quit:
			return
		case b = <-l.free:
		}
		l.plan.Next(b)
		l.plan.Room(b)
		if b.missing, b.err = len(b.Cubes), nil; b.missing == 0 {
			b.whole <- struct{}{}
		}
		l.ready <- b // has room for all batches
		for k := range b.Cubes {
			select {
			case <-l.quit:
				return
			case l.places <- place{b, k}:
			}
		}
	}
}

// work reads samples until Close.
func (l *Loader) work() {
	defer l.done.Done()
	drawer := NewDrawer(l.src, l.opts)
	last := time.Now()
	spent := func(on *atomic.Int64) {
		now := time.Now()
		on.Add(int64(now.Sub(last)))
		last = now
	}
	for {
		select {
		case <-l.quit:
			return
		case p := <-l.places:
			spent(&l.idle)
			err := drawer.fill(p.batch, p.k)
			l.made.Add(1)
			spent(&l.busy)
			p.batch.finish(p.k, err)
		}
	}
}
