// SPDX-License-Identifier: BSD-3-Clause

package simulate

import "slices"

// Step is what the time of a training step depends on, with data-parallel ranks
// that have the whole network each.
type Step struct {
	Batch            int     // of all ranks together
	SecondsPerSample float64 // forward and backward on one rank, measured or scaled by its arithmetic
	UpdateSeconds    float64 // of the optimiser
	DenseBytes       float64 // of the gradients that are ready before the encoders' backward pass
	ConvBytes        float64 // of the others
	// Hidden is the share of the computing during which the dense gradients
	// travel: the encoders' backward pass.
	Hidden float64
}

// Published is the network of Su et al. (2025) for 64³ cells and seven channels in
// single precision: 142,639,104 weights of dense layers and 655,633 others with a
// gradient. Of its arithmetic 59.3 % is in the encoders, two thirds of that in
// their backward pass.
func Published(batch int, secondsPerSample, updateSeconds float64) Step {
	return Step{Batch: batch, SecondsPerSample: secondsPerSample, UpdateSeconds: updateSeconds, DenseBytes: 4 * 142_639_104, ConvBytes: 4 * 655_633, Hidden: 0.593 * 2 / 3}
}

// PublishedFLOPs is the arithmetic of a training sample of that network: 954.4
// MFLOP forward, and twice that backward.
const PublishedFLOPs = 3 * 954.4e6

// Predict returns the time of a step on a number of ranks [s]: the all-reduce of
// the dense gradients runs beside the encoders' backward pass, that of the others
// after it; then all ranks update their weights.
func (s Step) Predict(net Network, ranks int) (float64, error) {
	compute := float64(s.Batch) / float64(ranks) * s.SecondsPerSample
	if ranks == 1 {
		return compute + s.UpdateSeconds, nil
	}
	dense, err := s.allreduce(net, ranks, s.DenseBytes)
	if err != nil {
		return 0, err
	}
	rest, err := s.allreduce(net, ranks, s.ConvBytes)
	if err != nil {
		return 0, err
	}
	hidden := s.Hidden * compute
	return compute - hidden + max(hidden, dense) + rest + s.UpdateSeconds, nil
}

// allreduce simulates the reduction of a vector.
func (s Step) allreduce(net Network, ranks int, bytes float64) (float64, error) {
	programs := make([][]Op, ranks)
	Tree(programs, bytes)
	done, err := Run(net, programs)
	if err != nil {
		return 0, err
	}
	return slices.Max(done), nil
}
