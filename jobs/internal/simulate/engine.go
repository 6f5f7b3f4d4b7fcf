// SPDX-License-Identifier: BSD-3-Clause

// Package simulate predicts the time of training and of the solver on more ranks
// than there are, by simulating messages one by one: a discrete-event simulation
// of ranks that compute, send and receive, in the model LogGP. A message of n bytes
// occupies its sender for o, the way out of its sender and the way into its
// receiver for n·G each, and is L on the way; two messages cannot share a way.
// What the model leaves out: contention inside the network, noise, and the memory
// bandwidth that ranks of one node share. Its results are predictions, and are
// labelled so wherever they are shown.
//
// References:
//
//	Alexandrov, A., Ionescu, M. F., Schauser, K. E. & Scheiman, C. 1995, SPAA 95, 95,
//	    doi:10.1145/215399.215427 (LogGP)
//	Thakur, R., Rabenseifner, R. & Gropp, W. 2005, IJHPCA 19, 49,
//	    doi:10.1177/1094342005051521 (ring, halving and doubling)
package simulate

import (
	"container/heap"
	"fmt"
)

// Network is what a message costs.
type Network struct {
	Name     string
	Latency  float64 // L [s]
	Overhead float64 // o [s]
	PerByte  float64 // G [s/byte]
	Source   string  // where the numbers come from
}

// Profiles are two networks of today's machines, one rank per network port. The
// numbers are nominal: they were not measured by this program.
func Profiles() []Network {
	return []Network{
		{"200 Gbit/s", 1.8e-6, 0.3e-6, 1 / 25e9, "assumed: the nominal rate of a 200 Gbit/s port and a latency of 2.1 µs between processes"},
		{"25 Gbit/s", 2.7e-6, 0.5e-6, 1 / 3.125e9, "assumed: a quarter of a 100 Gbit/s port, as when four ranks share it, and a latency of 3.2 µs between processes"},
	}
}

// Op is a step of a rank: seconds of computing, or a message of Bytes to or from
// Peer. Messages between two ranks arrive in the order in which they were sent.
type Op struct {
	Kind    Kind
	Seconds float64
	Peer    int
	Bytes   float64
}

// Kind is what a step does.
type Kind uint8

// The kinds of steps.
const (
	Compute Kind = iota
	Send
	Recv
)

// arrival is a message whose first byte reaches its receiver.
type arrival struct {
	time     float64
	number   int // breaks ties, so that a simulation repeats itself
	from, to int
	bytes    float64
}

// arrivals is a heap, earliest first.
type arrivals []arrival

func (a arrivals) Len() int { return len(a) }
func (a arrivals) Less(i, j int) bool {
	return a[i].time < a[j].time || a[i].time == a[j].time && a[i].number < a[j].number
}
func (a arrivals) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push and Pop are for container/heap.
func (a *arrivals) Push(x any) { *a = append(*a, x.(arrival)) }

// Pop removes the last.
func (a *arrivals) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// rank is the state of a simulated rank.
type rank struct {
	ops     []Op
	at      int     // next step
	clock   float64 // [s]
	out, in float64 // when the ways are free
	mail    map[int][]float64
}

// Run simulates ranks, each with its steps, and returns when each is done [s]. It
// returns an error when some wait for messages that nobody sends.
func Run(net Network, programs [][]Op) ([]float64, error) {
	ranks := make([]rank, len(programs))
	var events arrivals
	number := 0
	// advance lets a rank go on until it must wait.
	advance := func(i int) {
		r := &ranks[i]
		for ; r.at < len(r.ops); r.at++ {
			switch op := r.ops[r.at]; op.Kind {
			case Compute:
				r.clock += op.Seconds
			case Send:
				r.clock += net.Overhead
				start := max(r.clock, r.out)
				r.out = start + op.Bytes*net.PerByte
				heap.Push(&events, arrival{start + net.Latency, number, i, op.Peer, op.Bytes})
				number++
			case Recv:
				queue := r.mail[op.Peer]
				if len(queue) == 0 {
					return
				}
				r.clock = max(r.clock, queue[0])
				r.mail[op.Peer] = queue[1:]
			}
		}
	}
	for i := range ranks {
		ranks[i] = rank{ops: programs[i], mail: map[int][]float64{}}
	}
	for i := range ranks {
		advance(i)
	}
	for len(events) > 0 {
		e := heap.Pop(&events).(arrival)
		r := &ranks[e.to]
		r.in = max(e.time, r.in) + e.bytes*net.PerByte
		r.mail[e.from] = append(r.mail[e.from], r.in)
		advance(e.to)
	}
	done := make([]float64, len(ranks))
	for i, r := range ranks {
		if r.at < len(r.ops) {
			return nil, fmt.Errorf("simulate: rank %d waits at step %d of %d for a message from rank %d that nobody sends", i, r.at, len(r.ops), r.ops[r.at].Peer)
		}
		done[i] = r.clock
	}
	return done, nil
}
