// SPDX-License-Identifier: BSD-3-Clause

package dataset

import "sync"

// Batch is this rank's part of a step.
type Batch struct {
	Epoch, Position int64 // of the first sample of the whole batch
	Total           int   // samples of the whole batch; the last of an epoch may be smaller
	Samples         []int // numbers of this rank's samples; none if there are more ranks than samples
	Input, Output   []float32

	// Cubes are the samples that Input is of: Samples, unless ranks share cubes.
	Cubes []int

	// Cursor to start from after this batch.
	NextEpoch, NextPosition int64

	mu      sync.Mutex
	own     int           // place of the first of Samples in Cubes
	missing int           // samples that are not there yet
	err     error         // of the first sample that has one
	failed  int           // its place
	whole   chan struct{} // holds a value when no sample is missing
}

// finish counts a sample that is there, or failed.
func (b *Batch) finish(k int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil && (b.err == nil || k < b.failed) {
		b.err, b.failed = err, k
	}
	if b.missing--; b.missing == 0 {
		b.whole <- struct{}{}
	}
}

// EndOfEpoch reports whether this is the last batch of its epoch.
func (b *Batch) EndOfEpoch() bool { return b.NextEpoch > b.Epoch }
