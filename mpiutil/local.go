// SPDX-License-Identifier: BSD-3-Clause

package mpiutil

import "fmt"

// eagerBytes is the longest message that a Send completes without its receiver.
// MPI libraries have such a limit too (4 KiB in shared memory of Open MPI), so
// that code which leans on longer buffering deadlocks here as it would there.
const eagerBytes = 4096

// group is an in-process communicator.
type group struct {
	w       *world
	members []int      // world rank of each rank
	boxes   []mailbox  // by receiving rank
	meeting *meeting   // the collective that some ranks have entered
	flying  []*meeting // non-blocking collectives in order of their start, complete ones nil
	started []int      // by rank: how many of them it has started
}

func newGroup(w *world, members []int) *group {
	return &group{w: w, members: members, boxes: make([]mailbox, len(members)), started: make([]int, len(members))}
}

// mailbox holds what has no partner yet, in the order in which it came.
type mailbox struct {
	messages []*message
	receives []*receive
}

// message is a sent copy.
type message struct {
	src, tag int
	data     buffer // Go-owned copy
	sent     *event // completed on receipt; done at once for short messages
}

// receive is a posted receive.
type receive struct {
	src, tag int
	into     buffer
	done     *event
}

// local is the transport of one in-process rank.
type local struct {
	g *group
	r int
}

// flight is a pending event that counts as in flight until it is waited for.
type flight struct {
	ev *event
}

func (f flight) wait() error {
	w := f.ev.w
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ranks[f.ev.owner].flying--
	return w.await(f.ev)
}

func (f flight) test() (bool, error) {
	w := f.ev.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if !f.ev.done {
		return false, w.released()
	}
	w.ranks[f.ev.owner].flying--
	return true, f.ev.err
}

func (l *local) event(what func() string) *event {
	return &event{w: l.g.w, owner: l.g.members[l.r], what: what}
}

// post sends a copy of b. The lock is held.
func (l *local) post(b buffer, dest, tag int) *event {
	ev := l.event(func() string {
		return fmt.Sprintf("Send(dest %d, tag %d) of %d bytes, which is more than the %d that may be sent ahead of their receiver",
			dest, tag, b.n*b.kind.size(), eagerBytes)
	})
	m := &message{src: l.r, tag: tag, data: clone(b), sent: ev}
	ev.done = b.n*b.kind.size() <= eagerBytes
	box := &l.g.boxes[dest]
	for i, r := range box.receives {
		if r.src == m.src && r.tag == m.tag {
			box.receives = append(box.receives[:i], box.receives[i+1:]...)
			l.g.deliver(m, r)
			return ev
		}
	}
	box.messages = append(box.messages, m)
	return ev
}

// expect posts a receive. The lock is held.
func (l *local) expect(b buffer, src, tag int) *event {
	ev := l.event(func() string { return fmt.Sprintf("Recv(src %d, tag %d)", src, tag) })
	r := &receive{src: src, tag: tag, into: b, done: ev}
	box := &l.g.boxes[l.r]
	for i, m := range box.messages {
		if r.src == m.src && r.tag == m.tag {
			box.messages = append(box.messages[:i], box.messages[i+1:]...)
			l.g.deliver(m, r)
			return ev
		}
	}
	box.receives = append(box.receives, r)
	return ev
}

// deliver copies m into the buffer of r. The lock is held.
func (g *group) deliver(m *message, r *receive) {
	var err error
	switch {
	case m.data.kind != r.into.kind:
		err = fmt.Errorf("the message from rank %d with tag %d is of %v, the buffer of %v", m.src, m.tag, m.data.kind, r.into.kind)
	case m.data.n != r.into.n:
		err = sizeError(m.data.n, r.into.n, m.src, m.tag)
	default:
		copy(r.into.bytes(), m.data.bytes())
	}
	g.w.complete(r.done, err)
	if !m.sent.done {
		g.w.complete(m.sent, nil)
	}
}

// clone copies b. The copy is made of words, so that any view of it is aligned.
func clone(b buffer) buffer {
	words := make([]int64, (b.n*b.kind.size()+7)/8)
	c := bufferOf(words)
	c.n, c.kind = b.n, b.kind
	copy(c.bytes(), b.bytes())
	return c
}

func (l *local) isend(b buffer, dest, tag int) (pending, error) {
	return l.start(func() *event { return l.post(b, dest, tag) })
}

func (l *local) irecv(b buffer, src, tag int) (pending, error) {
	return l.start(func() *event { return l.expect(b, src, tag) })
}

// start runs post unless the world is over.
func (l *local) start(post func() *event) (pending, error) {
	w := l.g.w
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.released(); err != nil {
		return nil, err
	}
	w.ranks[l.g.members[l.r]].flying++
	return flight{post()}, nil
}

func (l *local) send(b buffer, dest, tag int) error {
	p, err := l.isend(b, dest, tag)
	if err != nil {
		return err
	}
	return p.wait()
}

func (l *local) recv(b buffer, src, tag int) error {
	p, err := l.irecv(b, src, tag)
	if err != nil {
		return err
	}
	return p.wait()
}

func (l *local) free() error { return l.meet(&call{op: opFree}) }

func (l *local) finalize() error {
	w := l.g.w
	w.mu.Lock()
	n := w.ranks[l.g.members[l.r]].flying
	w.mu.Unlock()
	if n > 0 {
		return flyingError(n)
	}
	return l.meet(&call{op: opFinalize})
}

// flyingError refuses to leave with requests in flight, whose partners would
// wait or write for ever.
func flyingError(n int) error {
	return fmt.Errorf("%d requests have not been waited for", n)
}

func (l *local) kill(code int, cause error) {
	w := l.g.w
	w.mu.Lock()
	w.fail(cause)
	w.mu.Unlock()
	if w.exit != nil {
		w.exit(code)
	}
}
