// SPDX-License-Identifier: BSD-3-Clause

package mpiutil

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// meeting is an in-process collective: the ranks come one by one, and the last
// one does the work for all of them.
type meeting struct {
	calls []*call // by rank, nil for a rank that has not come
	here  int
}

// call is what one rank brings to a meeting.
type call struct {
	op         opcode
	root       int
	reduce     Op
	send, recv buffer
	counts     []int
	expected   []int // of Alltoallv: elements from each rank
	color, key int
	made       *local // result of Split
	done       *event
}

// meet enters a collective and returns when all ranks have.
func (l *local) meet(c *call) error {
	g, w := l.g, l.g.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.released(); err != nil {
		return err
	}
	if g.meeting == nil {
		g.meeting = newMeeting(g)
	}
	m := g.meeting
	if m.here+1 == len(m.calls) {
		g.meeting = nil
	}
	return w.await(l.enter(m, c))
}

func newMeeting(g *group) *meeting { return &meeting{calls: make([]*call, len(g.members))} }

// enter brings c to m, and does the work if all ranks have come. The lock is held.
func (l *local) enter(m *meeting, c *call) *event {
	g, w := l.g, l.g.w
	c.done = l.event(func() string { return fmt.Sprintf("%v, entered by %d of %d ranks", c.op, m.here, len(m.calls)) })
	m.calls[l.r] = c
	m.here++
	if m.here == len(m.calls) {
		err := m.check()
		if err == nil {
			err = m.work(g)
		}
		for _, other := range m.calls {
			w.complete(other.done, err)
		}
	}
	return c.done
}

// iallreduce joins the meeting of the same number: the ranks' first non-blocking
// collectives belong together, their second ones, and so on.
func (l *local) iallreduce(b buffer, op Op) (pending, error) {
	return l.start(func() *event {
		g := l.g
		k := g.started[l.r]
		g.started[l.r]++
		if k == len(g.flying) {
			g.flying = append(g.flying, newMeeting(g))
		}
		m := g.flying[k]
		ev := l.enter(m, &call{op: opIallreduce, send: b, recv: b, reduce: op})
		if m.here == len(m.calls) {
			g.flying[k] = nil
		}
		return ev
	})
}

// check compares what the ranks have called. MPI does not, and goes wrong.
func (m *meeting) check() error {
	a := m.calls[0]
	for r, b := range m.calls {
		switch {
		case a.op != b.op:
			return fmt.Errorf("ranks differ: rank 0 called %v and rank %d %v", a.op, r, b.op)
		case a.send.kind != b.send.kind:
			return fmt.Errorf("ranks differ: rank 0 gave %v and rank %d %v", a.send.kind, r, b.send.kind)
		case a.root != b.root:
			return fmt.Errorf("ranks differ: root is %d on rank 0 and %d on rank %d", a.root, b.root, r)
		case a.reduce != b.reduce:
			return fmt.Errorf("ranks differ: the operation is %v on rank 0 and %v on rank %d", a.reduce, b.reduce, r)
		case a.op != opGatherv && a.op != opAlltoallv && a.send.n != b.send.n:
			return fmt.Errorf("ranks differ: rank 0 gave %d elements and rank %d %d", a.send.n, r, b.send.n)
		}
	}
	return nil
}

// work carries out the collective.
func (m *meeting) work(g *group) error {
	switch m.calls[0].op {
	case opBarrier, opFree, opFinalize:
		return nil
	case opBcast:
		from := m.calls[m.calls[0].root].send
		for _, c := range m.calls {
			copy(c.send.bytes(), from.bytes())
		}
		return nil
	case opAllreduce, opIallreduce:
		sum := clone(m.calls[0].send)
		for _, c := range m.calls[1:] {
			reduceInto(m.calls[0].reduce, sum, c.send)
		}
		for _, c := range m.calls {
			copy(c.recv.bytes(), sum.bytes())
		}
		return nil
	case opGatherv:
		root := m.calls[m.calls[0].root]
		return m.gather(root.recv, root.counts)
	case opAllgather:
		counts := make([]int, len(m.calls))
		for r, c := range m.calls {
			counts[r] = c.send.n
		}
		for _, c := range m.calls {
			if err := m.gather(c.recv, counts); err != nil {
				return err
			}
		}
		return nil
	case opAlltoallv:
		return m.exchange()
	case opSplit:
		m.split(g)
		return nil
	}
	return errors.New("not a collective operation")
}

// gather puts the send buffers of all ranks one after the other into recv.
func (m *meeting) gather(recv buffer, counts []int) error {
	at := 0
	for r, c := range m.calls {
		if c.send.n != counts[r] {
			return fmt.Errorf("ranks differ: rank %d gave %d elements, counts[%d] of the root is %d", r, c.send.n, r, counts[r])
		}
		copy(recv.part(at, at+counts[r]).bytes(), c.send.bytes())
		at += counts[r]
	}
	return nil
}

// exchange gives every rank its parts of the send buffers of all ranks.
func (m *meeting) exchange() error {
	at := make([]int, len(m.calls)) // next element to send, by rank
	for to, c := range m.calls {
		next := 0
		for from, n := range c.expected {
			sender := m.calls[from]
			if sender.counts[to] != n {
				return fmt.Errorf("ranks differ: rank %d gave %d elements for rank %d, which expects %d", from, sender.counts[to], to, n)
			}
			copy(c.recv.part(next, next+n).bytes(), sender.send.part(at[from], at[from]+n).bytes())
			at[from] += n
			next += n
		}
	}
	return nil
}

// split makes the groups, in order of rank within equal keys.
func (m *meeting) split(g *group) {
	byColor := map[int][]int{}
	for r, c := range m.calls {
		if c.color >= 0 {
			byColor[c.color] = append(byColor[c.color], r)
		}
	}
	for _, ranks := range byColor {
		slices.SortStableFunc(ranks, func(a, b int) int { return cmp.Compare(m.calls[a].key, m.calls[b].key) })
		members := make([]int, len(ranks))
		for i, r := range ranks {
			members[i] = g.members[r]
		}
		sub := newGroup(g.w, members)
		for i, r := range ranks {
			m.calls[r].made = &local{sub, i}
		}
	}
}

func (l *local) barrier() error { return l.meet(&call{op: opBarrier}) }

func (l *local) bcast(b buffer, root int) error {
	return l.meet(&call{op: opBcast, send: b, root: root})
}

func (l *local) allreduce(send, recv buffer, op Op) error {
	return l.meet(&call{op: opAllreduce, send: send, recv: recv, reduce: op})
}

func (l *local) gatherv(send, recv buffer, counts []int, root int) error {
	return l.meet(&call{op: opGatherv, send: send, recv: recv, counts: counts, root: root})
}

func (l *local) allgather(send, recv buffer) error {
	return l.meet(&call{op: opAllgather, send: send, recv: recv})
}

func (l *local) alltoallv(send, recv buffer, sendCounts, recvCounts []int) error {
	return l.meet(&call{op: opAlltoallv, send: send, recv: recv, counts: sendCounts, expected: recvCounts})
}

func (l *local) split(color, key int) (transport, int, int, error) {
	c := &call{op: opSplit, color: color, key: key}
	if err := l.meet(c); err != nil || c.made == nil {
		return nil, 0, 0, err
	}
	return c.made, c.made.r, len(c.made.g.members), nil
}

// reduceInto combines from into to, element by element.
func reduceInto(op Op, to, from buffer) {
	switch to.kind {
	case kindFloat32:
		reduce(op, view[float32](to), view[float32](from))
	case kindFloat64:
		reduce(op, view[float64](to), view[float64](from))
	case kindInt32:
		reduce(op, view[int32](to), view[int32](from))
	case kindInt64:
		reduce(op, view[int64](to), view[int64](from))
	case kindUint8:
		reduce(op, view[uint8](to), view[uint8](from))
	}
}

func reduce[T Number](op Op, to, from []T) {
	switch op {
	case Sum:
		for i, x := range from {
			to[i] += x
		}
	case Min:
		for i, x := range from {
			to[i] = min(to[i], x)
		}
	case Max:
		for i, x := range from {
			to[i] = max(to[i], x)
		}
	}
}
