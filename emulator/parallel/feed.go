// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"errors"
	"fmt"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/mpiutil"
)

// Feed gives a trainer the batches that a dataset.Loader with the same options
// would give it, from samples that makers make. Receives are posted for all batches
// ahead, so that what is in flight is bounded, and each sample arrives in its
// place. It is used by the goroutine that may call MPI: messages that need the
// library's help move when Next is called and while a step communicates.
type Feed struct {
	m       *Makers
	samples int
	told    func()

	plan    *dataset.Plan
	opts    dataset.LoaderOptions
	asked   int64     // samples so far
	free    []*parcel // without a batch
	posted  []*parcel // in order
	current *parcel   // in the hands of the caller
	effort  dataset.Effort
	stopped bool // by a maker
	begun   bool
	err     error // of Next, once it has returned one
}

// parcel is a batch that is arriving.
type parcel struct {
	batch    dataset.Batch
	heads    []byte             // of its samples
	requests []*mpiutil.Request // three per sample
	makers   []int              // of its samples
}

// Feed returns the batches of a set of so many samples to this rank, a trainer.
// Told is called when a maker was told to stop, and so all ranks should.
func (m *Makers) Feed(samples int, told func()) *Feed {
	return &Feed{m: m, samples: samples, told: told}
}

// Begin asks for the first batches from a cursor on. It may be called again after
// Close.
func (f *Feed) Begin(o dataset.LoaderOptions) error {
	if o.Ranks != f.m.count() || o.Rank != f.m.comm.Rank() {
		return fmt.Errorf("parallel: samples for rank %d of %d on trainer %d of %d", o.Rank, o.Ranks, f.m.comm.Rank(), f.m.count())
	}
	if o.Block != nil {
		return errors.New("parallel: blocks of samples that other ranks make: want whole ones")
	}
	if o.Prefetch == 0 {
		o.Prefetch = 2
	}
	var err error
	if f.plan, err = dataset.NewPlan(f.samples, o); err != nil {
		return err
	}
	f.opts, f.begun, f.err = o, true, nil
	f.asked, f.posted, f.free, f.current = 0, nil, nil, nil
	for range o.Prefetch + 1 { // one is in the hands of the caller
		f.free = append(f.free, &parcel{heads: make([]byte, f.plan.Most()*headBytes)})
	}
	return f.post()
}

// post asks for a batch with each free parcel.
func (f *Feed) post() error {
	if len(f.free) == 0 {
		return nil
	}
	for _, p := range f.free {
		f.plan.Next(&p.batch)
		f.plan.Room(&p.batch)
		p.requests, p.makers = p.requests[:0], p.makers[:0]
		f.posted = append(f.posted, p)
		for k := range p.batch.Samples {
			if err := f.expect(p, k); err != nil {
				return err
			}
		}
	}
	f.free = f.free[:0]
	return f.tell(more)
}

// expect posts the receives of a sample.
func (f *Feed) expect(p *parcel, k int) error {
	in, out := f.opts.Shape.InputLen(), f.opts.Shape.OutputLen()
	maker := f.m.maker(f.asked, f.m.comm.Rank())
	p.makers = append(p.makers, maker)
	f.asked++
	var err error
	begin := func(r *mpiutil.Request, failed error) {
		if err == nil && failed == nil {
			p.requests = append(p.requests, r)
		}
		if err == nil {
			err = failed
		}
	}
	begin(mpiutil.Irecv(f.m.comm, p.heads[k*headBytes:(k+1)*headBytes], maker, headTag))
	begin(mpiutil.Irecv(f.m.comm, p.batch.Input[k*in:(k+1)*in], maker, inputTag))
	begin(mpiutil.Irecv(f.m.comm, p.batch.Output[k*out:(k+1)*out], maker, outputTag))
	return err
}

// tell says to all makers what this trainer wants. They have a receive ready for it.
func (f *Feed) tell(what int64) error {
	a := ask{what, f.asked, f.opts.Epoch, f.opts.Position}
	for r := f.m.count(); r < f.m.comm.Size(); r++ {
		if err := mpiutil.Send(f.m.comm, a[:], r, askTag); err != nil {
			return err
		}
	}
	return nil
}

// Next returns the next batch, which is valid until the next call. An error is
// final.
func (f *Feed) Next() (*dataset.Batch, error) {
	if f.err != nil || !f.begun {
		return nil, f.failed(errors.New("samples of other ranks: closed"))
	}
	if f.current != nil {
		f.free, f.current = append(f.free, f.current), nil
	}
	if err := f.post(); err != nil {
		return nil, f.failed(err)
	}
	p := f.posted[0]
	if err := mpiutil.Waitall(p.requests...); err != nil {
		return nil, f.failed(err)
	}
	f.posted = append(f.posted[:0], f.posted[1:]...)
	for k := range p.batch.Samples {
		if err := f.accept(p, k); err != nil {
			return nil, f.failed(err)
		}
	}
	f.current = p
	return &p.batch, nil
}

// failed keeps the first error.
func (f *Feed) failed(err error) error {
	if f.err == nil {
		f.err = err
	}
	return f.err
}

// accept looks at the head of a sample that is there.
func (f *Feed) accept(p *parcel, k int) error {
	h := decodeHead(p.heads[k*headBytes : (k+1)*headBytes])
	f.effort.Samples++
	f.effort.Busy += h.busy.Seconds()
	f.effort.Idle += h.idle.Seconds()
	if h.told && !f.stopped && f.told != nil {
		f.stopped = true
		f.told()
	}
	if h.state == sampleFailed {
		return &makerError{p.makers[k], h.code, h.text}
	}
	if h.state != sampleMade || h.epoch != p.batch.Epoch || h.sample != int64(p.batch.Samples[k]) {
		return fmt.Errorf("parallel: rank %d sent sample %d of epoch %d: want sample %d of epoch %d: the ranks have different plans",
			p.makers[k], h.sample, h.epoch, p.batch.Samples[k], p.batch.Epoch)
	}
	return nil
}

// Effort returns what makers did for the samples that came since the last call.
func (f *Feed) Effort() dataset.Effort {
	e := f.effort
	f.effort = dataset.Effort{}
	return e
}

// Close ends the batches: makers send no more, and what is in flight is taken. A
// failure of it is one of the communication, which the next one has too.
func (f *Feed) Close() {
	if !f.begun {
		return
	}
	f.begun = false
	if f.tell(enough) != nil {
		return
	}
	for _, p := range f.posted {
		if mpiutil.Waitall(p.requests...) != nil {
			return
		}
	}
}

// Leave tells the makers that this trainer wants no more batches at all.
func (f *Feed) Leave() error {
	f.Close()
	return f.tell(leaving)
}
