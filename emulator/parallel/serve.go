// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"context"
	"sync"
	"time"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/mpiutil"
)

// A maker looks for messages and finished samples after such a pause, which grows
// while nothing happens.
const (
	shortestPause = 20 * time.Microsecond
	longestPause  = time.Millisecond
)

// server is a maker at work.
type server struct {
	m       *Makers
	ctx     context.Context
	src     dataset.Source
	opts    dataset.LoaderOptions
	clients []*client
	orders  chan *order // to goroutines
	made    chan *order // from them
	quit    chan struct{}
	done    sync.WaitGroup
	empty   []*mpiutil.Request // messages to trainers that have ended
}

// Serve makes samples on a maker, with so many goroutines, until all trainers have
// ended. The options are those of the trainers but for Rank, Ranks and the cursor. A
// sample that cannot be made is an error of the trainer that wants it; one that is
// returned is of the communication. When ctx ends, trainers are told.
func (m *Makers) Serve(ctx context.Context, src dataset.Source, o dataset.LoaderOptions, goroutines int) error {
	s := &server{m: m, ctx: ctx, src: src, opts: o, quit: make(chan struct{})}
	room, err := s.prepare(goroutines)
	if err != nil {
		return err
	}
	s.orders, s.made = make(chan *order, room), make(chan *order, room)
	defer s.done.Wait()
	defer close(s.quit)
	s.done.Add(goroutines)
	for range goroutines {
		go s.work()
	}
	return s.serve()
}

// serve runs until all trainers have ended and have got what they asked for.
func (s *server) serve() error {
	pause := shortestPause
	for {
		moved, busy := s.collect(), false
		for _, c := range s.clients {
			for _, step := range []func(*client) (bool, error){s.listen, s.send, s.reclaim} {
				did, err := step(c)
				if err != nil {
					return err
				}
				moved = moved || did
			}
			busy = busy || c.request != nil || len(c.flying) > 0
		}
		if !busy {
			return mpiutil.Waitall(s.empty...) // their receives are posted
		}
		if s.place() || moved {
			pause = shortestPause
			continue
		}
		select {
		case o := <-s.made:
			o.made, pause = true, shortestPause
		case <-time.After(pause):
			pause = min(2*pause, longestPause)
		}
	}
}

// collect notes which samples are made.
func (s *server) collect() bool {
	for n := 0; ; n++ {
		select {
		case o := <-s.made:
			o.made = true
		default:
			return n > 0
		}
	}
}

// listen takes what a trainer says.
func (s *server) listen(c *client) (bool, error) {
	if c.request == nil {
		return false, nil
	}
	done, err := c.request.Test()
	if !done || err != nil {
		return false, err
	}
	said := c.inbox
	c.until = said[1]
	if !c.begun {
		c.begun = true
		o := s.opts
		o.Rank, o.Ranks, o.Epoch, o.Position = c.rank, s.m.count(), said[2], said[3]
		if c.plan, err = dataset.NewPlan(s.src.Len(), o); err != nil {
			return false, err
		}
		c.plan.Next(&c.batch)
	}
	if said[0] != 0 {
		c.request = nil
		return true, s.end(c)
	}
	c.request, err = mpiutil.Irecv(s.m.comm, c.inbox[:], c.rank, askTag)
	return true, err
}

// end sends a trainer that has ended the rest of what it asked for, empty.
func (s *server) end(c *client) error {
	close(c.ended)
	c.waiting = nil
	blank := &order{input: make([]float32, s.opts.Shape.InputLen()), output: make([]float32, s.opts.Shape.OutputLen()), head: make([]byte, headBytes)}
	(&head{state: sampleEmpty}).encode(blank.head)
	for ; c.sent < c.until; c.sent++ {
		if s.m.maker(c.sent, c.rank) == s.m.comm.Rank() {
			err := s.post(c, blank)
			s.empty = append(s.empty, blank.requests[:]...)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// send sends a trainer what is made of what it asked for, in order.
func (s *server) send(c *client) (bool, error) {
	moved := false
	for {
		for c.sent < c.until && s.m.maker(c.sent, c.rank) != s.m.comm.Rank() {
			c.sent++
		}
		if c.request == nil || len(c.waiting) == 0 || !c.waiting[0].made || c.sent >= c.until {
			return moved, nil
		}
		o := c.waiting[0]
		h := head{epoch: o.epoch, sample: o.sample, busy: o.busy, idle: o.idle, told: s.ctx.Err() != nil}
		if o.err != nil {
			h.state, h.code, h.text = sampleFailed, mpiutil.ExitCode(o.err), o.err.Error()
		}
		h.encode(o.head)
		c.waiting, c.flying = append(c.waiting[:0], c.waiting[1:]...), append(c.flying, o)
		c.sent++
		if err := s.post(c, o); err != nil {
			return true, err
		}
		moved = true
	}
}

// post starts the messages of a sample.
func (s *server) post(c *client, o *order) (err error) {
	if o.requests[0], err = mpiutil.Isend(s.m.comm, o.head, c.rank, headTag); err != nil {
		return err
	}
	if o.requests[1], err = mpiutil.Isend(s.m.comm, o.input, c.rank, inputTag); err != nil {
		return err
	}
	o.requests[2], err = mpiutil.Isend(s.m.comm, o.output, c.rank, outputTag)
	return err
}

// reclaim takes back the room of samples that have arrived.
func (s *server) reclaim(c *client) (bool, error) {
	n := 0
	for _, o := range c.flying {
		for _, r := range o.requests {
			if done, err := r.Test(); !done || err != nil {
				c.flying = append(c.flying[:0], c.flying[n:]...)
				return n > 0, err
			}
		}
		c.free = append(c.free, o)
		n++
	}
	c.flying = c.flying[:0]
	return n > 0, nil
}

// work makes samples.
func (s *server) work() {
	defer s.done.Done()
	drawer := dataset.NewDrawer(s.src, s.opts)
	last := time.Now()
	for {
		select {
		case <-s.quit:
			return
		case o := <-s.orders:
			select {
			case <-o.of.ended:
				continue
			default:
			}
			start := time.Now()
			o.idle = start.Sub(last)
			o.err = drawer.Draw(o.epoch, int(o.sample), o.input, o.output)
			last = time.Now()
			o.busy = last.Sub(start)
			s.made <- o // has room for all
		}
	}
}
