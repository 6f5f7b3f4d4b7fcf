// SPDX-License-Identifier: BSD-3-Clause

package simulate

import (
	"math/bits"
	"slices"

	"github.com/columen/columen/emulator/cost"
)

// Published is the network of Su et al. (2025).
func Published() cost.Network {
	return cost.Network{Variant: "net3d", Grid: 64, Frequencies: 7, Latent: 4096}
}

// PublishedFLOPs is the arithmetic of a training sample of that network: 954.4
// MFLOP forward, and twice that backward.
const PublishedFLOPs = 3 * 954.4e6

// Training predicts steps of training on a network of messages, one rank per
// port, by the cost model of package cost: the same that chooses a mesh, with sums
// over ranks that are simulated message by message. It is a cost.Wires. Network
// adapters move the bytes, so that a reduction hides behind all computing that
// runs beside it.
type Training struct {
	net   Network
	known map[sum]float64
	err   error
}

// sum is a reduction that was simulated.
type sum struct {
	ranks int
	bytes float64
}

// NewTraining returns a simulation on a network.
func NewTraining(net Network) *Training { return &Training{net: net, known: map[sum]float64{}} }

// Step returns the time of a step with data-parallel ranks that have the whole
// network each.
func (t *Training) Step(n cost.Network, ranks, batch int, r cost.Rates) (cost.Step, error) {
	s := cost.Predict(n, cost.Mesh{Data: ranks, Tensor: 1, Space: [3]int{1, 1, 1}}, cost.Options{Batch: batch}, r, t, cost.Alone())
	return s, t.err
}

// Allreduce is the time of Tree. On a power of two it is the closed form, which the
// simulation equals.
func (t *Training) Allreduce(ranks int, bytes float64) float64 {
	if ranks < 2 || t.err != nil {
		return 0
	}
	if bits.OnesCount(uint(ranks)) == 1 {
		return TreeSeconds(t.net, ranks, bytes)
	}
	key := sum{ranks, bytes}
	if s, ok := t.known[key]; ok {
		return s
	}
	programs := make([][]Op, ranks)
	Tree(programs, bytes)
	done, err := Run(t.net, programs)
	if err != nil {
		t.err = err
		return 0
	}
	t.known[key] = slices.Max(done)
	return t.known[key]
}

// Gradients is Allreduce.
func (t *Training) Gradients(ranks int, bytes float64) float64 { return t.Allreduce(ranks, bytes) }

// Exchange is a pairwise exchange.
func (t *Training) Exchange(ranks int, bytes float64) float64 {
	return float64(ranks-1)*(t.net.Overhead+t.net.Latency) + bytes*t.net.PerByte
}

// Hidden is all.
func (t *Training) Hidden() float64 { return 1 }
