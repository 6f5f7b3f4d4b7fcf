// SPDX-License-Identifier: BSD-3-Clause

package simulate

import "github.com/columen/columen/emulator/cost"

// Published is the network of Su et al. (2025).
func Published() cost.Network {
	return cost.Network{Variant: "net3d", Grid: 64, Frequencies: 7, Latent: 4096}
}

// PublishedFLOPs is the arithmetic of a training sample of that network: 954.4
// MFLOP forward, and twice that backward.
const PublishedFLOPs = 3 * 954.4e6

// Training predicts steps of training on a network of messages, one rank per
// port, by the cost model of package cost: the same that chooses a mesh. It is a
// cost.Wires. Sums over ranks take what Tree takes when it is simulated message by
// message. Network adapters move the bytes, so that a reduction hides behind all
// computing that runs beside it.
type Training struct{ Network Network }

// Step returns the time of a step with data-parallel ranks that have the whole
// network each.
func (t Training) Step(n cost.Network, ranks, batch int, r cost.Rates) cost.Step {
	return cost.Predict(n, cost.Mesh{Data: ranks, Tensor: 1, Space: [3]int{1, 1, 1}}, cost.Options{Batch: batch}, r, t, cost.Alone())
}

// Allreduce is the time of Tree.
func (t Training) Allreduce(ranks int, bytes float64) float64 {
	if ranks < 2 {
		return 0
	}
	return TreeSeconds(t.Network, ranks, bytes)
}

// Gradients is Allreduce.
func (t Training) Gradients(ranks int, bytes float64) float64 { return t.Allreduce(ranks, bytes) }

// Exchange is a pairwise exchange.
func (t Training) Exchange(ranks int, bytes float64) float64 {
	return float64(ranks-1)*(t.Network.Overhead+t.Network.Latency) + bytes*t.Network.PerByte
}

// Hidden is all.
func (t Training) Hidden() float64 { return 1 }
