// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"errors"
	"fmt"
	"sync"
)

// LoaderOptions says what a Loader gives out.
type LoaderOptions struct {
	Shape     Shape
	BatchSize int // samples of a step, over all ranks

	// Rank of Ranks gets a contiguous part of each batch; zero values mean the
	// only rank.
	Rank, Ranks int

	Seed            uint64
	Epoch, Position int64 // where to start: the cursor of a checkpoint
	InOrder         bool  // sample i at position i, as validation wants it

	// Augment applies to each sample a random Symmetry, a function of seed,
	// epoch and sample. Normalization is needed for it.
	Augment       bool
	Normalization Normalization

	Prefetch int // batches made ahead of their use; 0 means 2
	Workers  int // goroutines that read a batch; 0 means 1
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
	if o.Augment {
		return o.Normalization.Validate()
	}
	return nil
}

// Batch is this rank's part of a step.
type Batch struct {
	Epoch, Position int64 // of the first sample of the whole batch
	Total           int   // samples of the whole batch; the last of an epoch may be smaller
	Samples         []int // numbers of this rank's samples; none if there are more ranks than samples
	Input, Output   []float32

	// Cursor to start from after this batch.
	NextEpoch, NextPosition int64
}

// EndOfEpoch reports whether this is the last batch of its epoch.
func (b *Batch) EndOfEpoch() bool { return b.NextEpoch > b.Epoch }

// Loader reads batches ahead of their use, without end, each sample exactly
// once per epoch. What it gives out depends on its options alone, not on
// Prefetch, Workers or timing, and the batches of all ranks together not on
// Ranks.
type Loader struct {
	src     Source
	opts    LoaderOptions
	ready   chan *Batch
	free    chan *Batch
	quit    chan struct{}
	done    sync.WaitGroup
	current *Batch
	err     error // set by the reading goroutine before it closes ready
}

// NewLoader starts to read. Close must be called in the end.
func NewLoader(src Source, opts LoaderOptions) (*Loader, error) {
	if err := opts.validate(src.Len()); err != nil {
		return nil, fmt.Errorf("data loader: %w", err)
	}
	l := &Loader{src: src, opts: opts, quit: make(chan struct{}),
		ready: make(chan *Batch, opts.Prefetch), free: make(chan *Batch, opts.Prefetch+1)}
	most := (opts.BatchSize + opts.Ranks - 1) / opts.Ranks
	for range opts.Prefetch + 1 { // one more is in the hands of the caller
		l.free <- &Batch{
			Samples: make([]int, 0, most),
			Input:   make([]float32, most*opts.Shape.InputLen()),
			Output:  make([]float32, most*opts.Shape.OutputLen()),
		}
	}
	l.done.Add(1)
	go l.run()
	return l, nil
}

// Next returns the next batch, which is valid until the next call. An error is
// final.
func (l *Loader) Next() (*Batch, error) {
	if l.current != nil {
		l.free <- l.current
		l.current = nil
	}
	b, ok := <-l.ready
	if !ok {
		return nil, l.err
	}
	l.current = b
	return b, nil
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

// run prepares batches until Close or an error.
func (l *Loader) run() {
	defer l.done.Done()
	defer close(l.ready)
	l.err = errors.New("data loader: closed")
	scratch := make([][]float32, l.opts.Workers)
	for w := range scratch {
		scratch[w] = make([]float32, l.opts.Shape.InputLen()+l.opts.Shape.OutputLen())
	}
	epoch, position := l.opts.Epoch, l.opts.Position
	for {
		var b *Batch
		select {
		case <-l.quit:
			return
		case b = <-l.free:
		}
		l.plan(b, epoch, position)
		if err := l.fill(b, scratch); err != nil {
			l.err = err
			return
		}
		epoch, position = b.NextEpoch, b.NextPosition
		select {
		case <-l.quit:
			return
		case l.ready <- b:
		}
	}
}

// plan chooses the samples of the batch at a cursor.
func (l *Loader) plan(b *Batch, epoch, position int64) {
	o, n := &l.opts, int64(l.src.Len())
	b.Epoch, b.Position = epoch, position
	b.Total = int(min(int64(o.BatchSize), n-position))
	b.NextEpoch, b.NextPosition = epoch, position+int64(b.Total)
	if b.NextPosition == n {
		b.NextEpoch, b.NextPosition = epoch+1, 0
	}
	order := NewPermutation(int(n), o.Seed, uint64(epoch))
	b.Samples = b.Samples[:0]
	for k := b.Total * o.Rank / o.Ranks; k < b.Total*(o.Rank+1)/o.Ranks; k++ {
		sample := int(position) + k
		if !o.InOrder {
			sample = order.At(sample)
		}
		b.Samples = append(b.Samples, sample)
	}
	b.Input = b.Input[:len(b.Samples)*o.Shape.InputLen()]
	b.Output = b.Output[:len(b.Samples)*o.Shape.OutputLen()]
}

// fill reads the samples of a batch; worker w takes every Workers-th.
func (l *Loader) fill(b *Batch, scratch [][]float32) error {
	errs := make([]error, len(scratch))
	var wg sync.WaitGroup
	for w := range scratch {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for k := w; k < len(b.Samples) && errs[w] == nil; k += len(scratch) {
				errs[w] = l.read(b, k, scratch[w])
			}
		}()
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (l *Loader) read(b *Batch, k int, scratch []float32) error {
	o, sample := &l.opts, b.Samples[k]
	in, out := o.Shape.InputLen(), o.Shape.OutputLen()
	input, output := b.Input[k*in:(k+1)*in], b.Output[k*out:(k+1)*out]
	var s Symmetry
	if o.Augment {
		s = RandomSymmetry(NewRandom(o.Seed, PurposeAugment, uint64(b.Epoch), uint64(sample)))
	}
	if s == 0 {
		return wrapRead(l.src.Read(sample, input, output), sample, b.Epoch)
	}
	if err := l.src.Read(sample, scratch[:in], scratch[in:]); err != nil {
		return wrapRead(err, sample, b.Epoch)
	}
	s.ApplyInput(o.Normalization, input, scratch[:in], o.Shape.Grid)
	s.ApplyOutput(output, scratch[in:], o.Shape.Channels, o.Shape.Grid)
	return nil
}

func wrapRead(err error, sample int, epoch int64) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("data loader: sample %d in epoch %d: %w", sample, epoch, err)
}
