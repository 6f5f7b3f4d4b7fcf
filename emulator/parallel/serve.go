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
	empty   []*mpiutil.Request // empty messages
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
			o.arrive()
			pause = shortestPause
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
			o.arrive()
		default:
			return n > 0
		}
	}
}

// arrive notes that an order is made, or gives its room back if nobody wants it.
func (o *order) arrive() {
	if o.made = o.wanted(); !o.made {
		o.of.free = append(o.of.free, o)
	}
}

// wanted tells whether the trainer waits for an order.
func (o *order) wanted() bool {
	select {
	case <-o.unwanted:
		return false
	default:
		return true
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
	switch c.until = said[1]; {
	case said[0] == leaving:
		c.request = nil
		return true, nil
	case said[0] == enough:
		err = s.end(c)
	case !c.begun:
		err = s.begin(c, said[2], said[3])
	}
	if err != nil {
		return false, err
	}
	c.request, err = mpiutil.Irecv(s.m.comm, c.inbox[:], c.rank, askTag)
	return true, err
}

// begin follows the plan of a trainer from a cursor on.
func (s *server) begin(c *client, epoch, position int64) error {
	o := s.opts
	o.Rank, o.Ranks, o.Epoch, o.Position = c.rank, s.m.count(), epoch, position
	var err error
	if c.plan, err = dataset.NewPlan(s.src.Len(), o); err != nil {
		return err
	}
	c.plan.Next(&c.batch)
	c.begun, c.enough, c.at, c.next, c.sent = true, make(chan struct{}), 0, 0, 0
	return nil
}

// end sends a trainer that has enough the rest of what it asked for, empty.
func (s *server) end(c *client) error {
	close(c.enough)
	for _, o := range c.waiting {
		if o.made { // else it will arrive
			c.free = append(c.free, o)
		}
	}
	c.begun, c.waiting = false, nil
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
		if !c.begun || len(c.waiting) == 0 || !c.waiting[0].made || c.sent >= c.until {
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
			if !o.wanted() {
				s.made <- o
				continue
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
