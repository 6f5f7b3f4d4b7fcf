// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"time"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/mpiutil"
)

// order is a sample that a trainer will want.
type order struct {
	of            *client
	epoch, sample int64
	input, output []float32
	head          []byte
	busy, idle    time.Duration
	err           error
	made          bool          // known to the main goroutine
	unwanted      chan struct{} // closed when the trainer has enough
	requests      [3]*mpiutil.Request
}

// client is a trainer as a maker sees it. Numbers are those of its plan.
type client struct {
	rank    int
	inbox   ask
	request *mpiutil.Request // of the next ask; nil after the last
	until   int64            // it has asked for all before
	begun   bool
	enough  chan struct{} // closed when it has enough

	plan  *dataset.Plan
	batch dataset.Batch // the samples that are looked at
	at    int           // in the batch
	next  int64         // number of that
	sent  int64         // all before have been sent

	free    []*order // room
	waiting []*order // in order: to be made, and made
	flying  []*order // sent
}

// prepare makes the room of all samples that are held at a time, and returns
// their number: for each trainer as many as it has in flight, so that goroutines
// need not wait for it while it computes.
func (s *server) prepare(goroutines int) (int, error) {
	trainers, all := s.m.count(), 0
	for t := range trainers {
		c := &client{rank: t}
		o := s.opts
		o.Rank, o.Ranks, o.Epoch, o.Position = t, trainers, 0, 0
		plan, err := dataset.NewPlan(s.src.Len(), o)
		if err != nil {
			return 0, err
		}
		for range (plan.Ahead()+s.m.number-1)/s.m.number + (goroutines+trainers-1)/trainers {
			c.free = append(c.free, &order{of: c, input: make([]float32, o.Shape.InputLen()), output: make([]float32, o.Shape.OutputLen()), head: make([]byte, headBytes)})
		}
		all += len(c.free)
		if c.request, err = mpiutil.Irecv(s.m.comm, c.inbox[:], t, askTag); err != nil {
			return 0, err
		}
		s.clients = append(s.clients, c)
	}
	return all, nil
}

// place orders samples from the goroutines: for the trainer first that has got the
// fewest, since trainers wait for each other.
func (s *server) place() bool {
	moved := false
	for {
		var c *client
		for _, other := range s.clients {
			if other.begun && len(other.free) > 0 && (c == nil || other.next < c.next) {
				c = other
			}
		}
		if c == nil {
			return moved
		}
		if c.at == len(c.batch.Samples) {
			c.plan.Next(&c.batch)
			c.at = 0
			continue
		}
		if s.m.maker(c.next, c.rank) == s.m.comm.Rank() {
			o := c.free[len(c.free)-1]
			c.free = c.free[:len(c.free)-1]
			o.epoch, o.sample, o.made, o.unwanted = c.batch.Epoch, int64(c.batch.Samples[c.at]), false, c.enough
			c.waiting = append(c.waiting, o)
			s.orders <- o // has room for all
			moved = true
		}
		c.at++
		c.next++
	}
}
