// SPDX-License-Identifier: BSD-3-Clause

package dataset

import "fmt"

// Mixture is a Source that takes each sample of an epoch from one of two, by a
// random number that is a function of (seed, epoch, sample).
type Mixture struct {
	stored   Source
	made     Renewed
	fraction float64
	seed     uint64
}

// NewMixture takes a fraction of the samples from stored and the others from
// made. Both must have as many samples.
func NewMixture(stored Source, made Renewed, fraction float64, seed uint64) (*Mixture, error) {
	if stored.Len() != made.Len() {
		return nil, fmt.Errorf("a mixture of %d stored samples and %d others: want as many", stored.Len(), made.Len())
	}
	if !(fraction >= 0 && fraction <= 1) {
		return nil, fmt.Errorf("a mixture with a fraction of %g: want 0 to 1", fraction)
	}
	return &Mixture{stored, made, fraction, seed}, nil
}

// Len returns the number of samples of an epoch.
func (m *Mixture) Len() int { return m.made.Len() }

// Stored reports whether a sample of an epoch is a stored one.
func (m *Mixture) Stored(epoch int64, i int) bool {
	return NewRandom(m.seed, PurposeMixture, uint64(epoch), uint64(i)).Float64() < m.fraction
}

// Read fills what ReadIn does in epoch 0.
func (m *Mixture) Read(i int, input, output []float32) error { return m.ReadIn(0, i, input, output) }

// ReadIn fills input and output with sample i of an epoch.
func (m *Mixture) ReadIn(epoch int64, i int, input, output []float32) error {
	if m.Stored(epoch, i) {
		return m.stored.Read(i, input, output)
	}
	return m.made.ReadIn(epoch, i, input, output)
}
