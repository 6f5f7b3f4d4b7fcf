// SPDX-License-Identifier: BSD-3-Clause

package nn

import (
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/space"
)

// Neighbours are the ranks that share the cubes of some samples. Failures are
// kept by who implements it; layers go on with what they have.
type Neighbours[T device.Float] interface {
	// Lattice is the number of ranks along each axis of the cube, and Rank the
	// place of this one.
	Lattice() space.Lattice
	Rank() int
	// Samples returns bounds: rank r brings samples Samples()[r] to Samples()[r+1]
	// of those that all of them share.
	Samples() []int
	// Start begins to send send[r] to rank r and to fill recv[r] with what rank r
	// sends, for those that are not empty; Wait ends it. Between the two the
	// slices are not touched.
	Start(send, recv [][]T)
	Wait()
}

// Blocks is this rank's part of layers that are cut by space. Its layers hold a
// block of every sample of the neighbours, which may be empty. They exchange
// halos: what a layer needs of the blocks of others is sent while the rest is
// computed.
type Blocks[T device.Float] struct {
	env        *Env[T]
	neighbours Neighbours[T]
	lattice    space.Lattice
	send, recv [][]T // of the exchange under way, by rank
}

// NewBlocks returns the part of a rank among its neighbours.
func NewBlocks[T device.Float](env *Env[T], n Neighbours[T]) *Blocks[T] {
	l := n.Lattice()
	return &Blocks[T]{env: env, neighbours: n, lattice: l, send: make([][]T, l.Ranks()), recv: make([][]T, l.Ranks())}
}

// Samples is the number of samples that the neighbours share at present.
func (b *Blocks[T]) Samples() int {
	bounds := b.neighbours.Samples()
	return bounds[len(bounds)-1]
}

// Own is the box that this rank owns of a layer.
func (b *Blocks[T]) Own(size [3]int) space.Box { return b.lattice.Cut(size)[b.neighbours.Rank()] }

// Parts returns what each rank owns of a layer of all samples.
func (b *Blocks[T]) Parts(size [3]int) []space.Part { return b.of(b.lattice.Cut(size)) }

func (b *Blocks[T]) of(boxes []space.Box) []space.Part {
	parts := make([]space.Part, len(boxes))
	for r, box := range boxes {
		parts[r] = b.Part(box)
	}
	return parts
}

// Part is a box of all samples.
func (b *Blocks[T]) Part(box space.Box) space.Part {
	return space.Part{Samples: space.Range{Hi: b.Samples()}, Box: box}
}

// Mine is the part of Cubes of this rank.
func (b *Blocks[T]) Mine(size [3]int) space.Part { return b.Cubes(size)[b.neighbours.Rank()] }

// Cubes returns parts of whole cubes: each rank has those of its own samples.
func (b *Blocks[T]) Cubes(size [3]int) []space.Part {
	bounds := b.neighbours.Samples()
	parts := make([]space.Part, len(bounds)-1)
	for r := range parts {
		parts[r] = space.Part{Samples: space.Range{Lo: bounds[r], Hi: bounds[r+1]}, Box: space.Whole(size)}
	}
	return parts
}

// Move is a redistribution of a field: rank r has the part have[r] and wants
// want[r]. What ranks have does not overlap.
type Move[T device.Float] struct {
	blocks     *Blocks[T]
	channels   int
	have, want []space.Part
	kept       [][]T // what came from others, if it is kept
}

// NewMove describes a redistribution of a field of so many channels.
func (b *Blocks[T]) NewMove(channels int, have, want []space.Part) *Move[T] {
	return &Move[T]{blocks: b, channels: channels, have: have, want: want}
}

// keeping takes over the memory of an earlier move.
func (m *Move[T]) keeping(old *Move[T]) *Move[T] {
	if old != nil {
		m.kept = old.kept
	}
	return m
}

func (m *Move[T]) me() int { return m.blocks.neighbours.Rank() }

// hadBy is this rank's part of have, as an array.
func (m *Move[T]) hadBy(x device.Buffer[T]) field[T] { return field[T]{x, m.have[m.me()], m.channels} }

// Forward fills dst, which lies in memory as the part into, with what this rank
// wants of src. Values of into that it does not want stay as they are.
func (m *Move[T]) Forward(src, dst device.Buffer[T], into space.Part) {
	m.start(src, false)
	m.local(src, field[T]{dst, into, m.channels})
	m.finish(field[T]{dst, into, m.channels})
}

// Backward is the adjoint of Forward: dsrc becomes, for every value that this rank
// has, the sum of the values ddst of all copies of it.
func (m *Move[T]) Backward(ddst device.Buffer[T], into space.Part, dsrc device.Buffer[T]) {
	m.startBack(field[T]{ddst, into, m.channels})
	m.finishBack(field[T]{ddst, into, m.channels}, dsrc)
}

// start sends what others want of src. What comes is kept for rebuild, if asked.
func (m *Move[T]) start(src device.Buffer[T], keep bool) {
	b := m.blocks
	b.clear()
	x := m.hadBy(src)
	for _, p := range space.Sends(m.me(), m.have, m.want) {
		b.send[p.Rank] = b.pack(x, p.Part, b.room(b.send[p.Rank], m.channels*p.Part.Len()))
	}
	into := b.recv
	if keep {
		if m.kept == nil {
			m.kept = make([][]T, len(m.have))
		}
		into = m.kept
		for r := range into {
			into[r] = into[r][:0]
		}
	}
	for _, p := range space.Receives(m.me(), m.have, m.want) {
		into[p.Rank] = b.room(into[p.Rank], m.channels*p.Part.Len())
	}
	b.neighbours.Start(b.send, into)
}

// local copies what this rank has itself.
func (m *Move[T]) local(src device.Buffer[T], dst field[T]) {
	m.blocks.copy(dst, m.hadBy(src), m.have[m.me()].Intersect(m.want[m.me()]), false)
}

// finish waits for what comes from others and puts it into dst.
func (m *Move[T]) finish(dst field[T]) {
	m.blocks.neighbours.Wait()
	from := m.blocks.recv
	if m.kept != nil {
		from = m.kept
	}
	m.unpack(from, dst)
}

func (m *Move[T]) unpack(from [][]T, dst field[T]) {
	for _, p := range space.Receives(m.me(), m.have, m.want) {
		m.blocks.unpack(from[p.Rank], dst, p.Part, false)
	}
}

// rebuild puts together again what finish left in dst, from src and what was kept.
func (m *Move[T]) rebuild(src device.Buffer[T], dst field[T]) {
	m.local(src, dst)
	m.unpack(m.kept, dst)
}

// startBack sends the derivatives of what came from others to where it came from.
func (m *Move[T]) startBack(ddst field[T]) {
	b := m.blocks
	b.clear()
	for _, p := range space.Receives(m.me(), m.have, m.want) {
		b.send[p.Rank] = b.pack(ddst, p.Part, b.room(b.send[p.Rank], m.channels*p.Part.Len()))
	}
	for _, p := range space.Sends(m.me(), m.have, m.want) {
		b.recv[p.Rank] = b.room(b.recv[p.Rank], m.channels*p.Part.Len())
	}
	b.neighbours.Start(b.send, b.recv)
}

// finishBack makes dsrc of this rank's own derivatives and those that come.
func (m *Move[T]) finishBack(ddst field[T], dsrc device.Buffer[T]) {
	b, dx := m.blocks, m.hadBy(dsrc)
	b.env.Device.Fill(dsrc, 0)
	b.copy(dx, ddst, m.have[m.me()].Intersect(m.want[m.me()]), false)
	b.neighbours.Wait()
	for _, p := range space.Sends(m.me(), m.have, m.want) {
		b.unpack(b.recv[p.Rank], dx, p.Part, true)
	}
}

// Release gives up the memory of the messages of the last exchange.
func (b *Blocks[T]) Release() {
	clear(b.send)
	clear(b.recv)
}

// clear empties the messages of the last exchange.
func (b *Blocks[T]) clear() {
	for r := range b.send {
		b.send[r], b.recv[r] = b.send[r][:0], b.recv[r][:0]
	}
}

// room returns n values, in the memory of old if it is large enough.
func (b *Blocks[T]) room(old []T, n int) []T {
	if cap(old) < n {
		return make([]T, n)
	}
	return old[:n]
}
