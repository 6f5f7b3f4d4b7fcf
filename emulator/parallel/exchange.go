// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/mpiutil"
)

// Exchange moves batches between samples and shards inside a model group; it is
// the emulator.Exchange of a team.
type Exchange[T device.Float] struct {
	t          *Team[T]
	all        int // shards of all ranks
	send, recv []T
}

// Exchange is what the dense layers need when they are in shards; nil when they
// are whole.
func (t *Team[T]) Exchange() *Exchange[T] {
	switch {
	case t.opts.Fixed:
		return &Exchange[T]{t: t, all: Slots}
	case t.group.Size() > 1:
		return &Exchange[T]{t: t, all: t.group.Size()}
	}
	return nil
}

// Shards returns the shards of this rank and the number of all.
func (e *Exchange[T]) Shards() (lo, hi, all int) {
	lo, hi = e.shardsOf(e.t.group.Rank())
	return lo, hi, e.all
}

func (e *Exchange[T]) shardsOf(place int) (lo, hi int) {
	return e.all * place / e.t.group.Size(), e.all * (place + 1) / e.t.group.Size()
}

// columns is the range of shard s in width columns.
func (e *Exchange[T]) columns(width, s int) (lo, hi int) {
	return device.Cut(width, s, e.all)
}

// first is the rank of the group's first member.
func (e *Exchange[T]) first() int { return e.t.Rank() - e.t.group.Rank() }

// rows is the number of samples of a member, and where they begin in the group.
func (e *Exchange[T]) rows(place int) (n, at int) {
	origin, _ := e.t.samples(e.first())
	lo, hi := e.t.samples(e.first() + place)
	return hi - lo, lo - origin
}

// Slots returns the bounds of the slots in the samples of the group.
func (e *Exchange[T]) Slots() []int {
	bounds := e.t.slotsOf(e.first(), e.first()+e.t.group.Size())
	if e.t.fault.group != nil {
		bounds = e.t.fault.group(bounds)
	}
	return bounds
}

// each calls f for the block of values that belongs to a member and a shard: in
// the packed order, from at on, and how many rows of how many columns it has. With
// mine the shards are this rank's and the samples the member's, else the reverse.
func (e *Exchange[T]) each(width int, mine bool, f func(place, shard, at, rows, lo, hi int)) (counts []int) {
	own, _ := e.rows(e.t.group.Rank())
	at := 0
	for place := range e.t.group.Size() {
		start := at
		holder, rows := place, own
		if mine {
			holder = e.t.group.Rank()
			rows, _ = e.rows(place)
		}
		first, last := e.shardsOf(holder)
		for s := first; s < last; s++ {
			lo, hi := e.columns(width, s)
			f(place, s-first, at, rows, lo, hi)
			at += rows * (hi - lo)
		}
		counts = append(counts, at-start)
	}
	return counts
}

// ToShards sends each member the columns of its shards.
func (e *Exchange[T]) ToShards(width int, x device.Buffer[T], shards []device.Buffer[T]) {
	values, _ := e.t.onHost(x, true)
	out, in := e.reserve(width)
	sent := e.each(width, false, func(_, _, at, rows, lo, hi int) {
		device.CopyRows(device.Rows{Count: rows, Len: hi - lo, DstStart: at, DstStride: hi - lo, SrcStart: lo, SrcStride: width}, out, values)
	})
	got := e.each(width, true, func(int, int, int, int, int, int) {})
	e.swap(out, sent, in, got)
	into, put := e.shardsOnHost(shards, false)
	e.each(width, true, func(place, k, at, rows, lo, hi int) {
		_, row := e.rows(place)
		copy(into[k][row*(hi-lo):(row+rows)*(hi-lo)], in[at:])
	})
	put()
}

// ToSamples sends each member the rows of its samples.
func (e *Exchange[T]) ToSamples(width int, shards []device.Buffer[T], x device.Buffer[T]) {
	from, _ := e.shardsOnHost(shards, true)
	in, out := e.reserve(width)
	sent := e.each(width, true, func(place, k, at, rows, lo, hi int) {
		_, row := e.rows(place)
		copy(out[at:at+rows*(hi-lo)], from[k][row*(hi-lo):])
	})
	got := e.each(width, false, func(int, int, int, int, int, int) {})
	e.swap(out, sent, in, got)
	values, put := e.t.onHost(x, false)
	e.each(width, false, func(_, _, at, rows, lo, hi int) {
		device.CopyRows(device.Rows{Count: rows, Len: hi - lo, DstStart: lo, DstStride: width, SrcStart: at, SrcStride: hi - lo}, values, in)
	})
	put()
}

// swap exchanges packed blocks and counts what leaves this rank.
func (e *Exchange[T]) swap(out []T, sent []int, in []T, got []int) {
	total := func(counts []int) (n int) {
		for _, c := range counts {
			n += c
		}
		return n
	}
	if e.t.group.Size() == 1 {
		copy(in[:total(got)], out[:total(sent)])
		return
	}
	e.t.during("the exchange between samples and shards")
	e.t.communicate(func() error {
		return mpiutil.Alltoallv(e.t.group, out[:total(sent)], sent, in[:total(got)], got)
	})
	e.t.traffic.Exchange += int64(total(sent)-sent[e.t.group.Rank()]) * int64(sizeOf[T]())
}

// Sum replaces x by its sum over the group.
func (e *Exchange[T]) Sum(x []float64) {
	if e.t.group.Size() == 1 {
		return
	}
	e.t.during("the sum of the latent layer")
	e.t.communicate(func() error {
		if e.t.opts.Fixed {
			return foldAll(e.t.group, x)
		}
		return mpiutil.Allreduce(e.t.group, x, x, mpiutil.Sum)
	})
	e.t.traffic.Latent += reduceBytes(e.t.group.Size(), len(x), 8)
}

// reserve returns room for this rank's samples of all columns, and for all
// samples of this rank's columns.
func (e *Exchange[T]) reserve(width int) (samples, shards []T) {
	own, _ := e.rows(e.t.group.Rank())
	bounds := e.t.slotsOf(e.first(), e.first()+e.t.group.Size())
	lo, hi, _ := e.Shards()
	from, _ := e.columns(width, lo)
	_, to := e.columns(width, hi-1)
	a, b := own*width, bounds[len(bounds)-1]*(to-from)
	if len(e.send) < a {
		e.send = make([]T, a)
	}
	if len(e.recv) < b {
		e.recv = make([]T, b)
	}
	return e.send[:a], e.recv[:b]
}

func (e *Exchange[T]) shardsOnHost(shards []device.Buffer[T], read bool) (values [][]T, put func()) {
	var puts []func()
	for _, s := range shards {
		v, p := e.t.onHost(s, read)
		values, puts = append(values, v), append(puts, p)
	}
	return values, func() {
		for _, p := range puts {
			p()
		}
	}
}
