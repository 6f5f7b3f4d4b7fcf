// SPDX-License-Identifier: BSD-3-Clause

package samples

import (
	"fmt"
	"sync"

	"github.com/columen/columen/emulator/dataset"
)

// attemptsMost is how often a fresh sample is drawn again after an outlier.
const attemptsMost = 64

// OnlineOptions say which samples are made.
type OnlineOptions struct {
	Normalization dataset.Normalization
	Seed          uint64 // of fresh samples
	Replay        bool   // make the samples of the set again, not fresh ones
	Samples       int    // of an epoch of fresh ones; 0 means as many as the set has for training
}

// Online is a dataset.Source whose samples are made when they are read: sample i
// of an epoch is a function of (seed, epoch, i) alone. It is safe for concurrent
// use.
type Online struct {
	factory *Factory
	opts    OnlineOptions

	mu   sync.Mutex
	idle []*Maker
}

// Online returns the samples of a set as they are made.
func (f *Factory) Online(o OnlineOptions) (*Online, error) {
	if o.Samples == 0 || o.Replay {
		o.Samples = len(f.stored)
	}
	s := &Online{factory: f, opts: o}
	m, err := f.NewMaker()
	if err != nil {
		return nil, err
	}
	s.idle = append(s.idle, m)
	return s, o.Normalization.Validate()
}

// Len returns the number of samples of an epoch.
func (s *Online) Len() int { return s.opts.Samples }

// Read makes sample i of epoch 0.
func (s *Online) Read(i int, input, output []float32) error { return s.ReadIn(0, i, input, output) }

// ReadIn makes sample i of an epoch, normalised.
func (s *Online) ReadIn(epoch int64, i int, input, output []float32) error {
	if i < 0 || i >= s.opts.Samples {
		return fmt.Errorf("sample %d of %d", i, s.opts.Samples)
	}
	m, err := s.take()
	if err != nil {
		return err
	}
	defer s.give(m)
	if s.opts.Replay {
		err = s.replay(m, i)
	} else {
		err = s.fresh(m, epoch, i)
	}
	if err != nil {
		return err
	}
	r := m.Record
	if err := dataset.NormalizeInput(s.opts.Normalization, input, r.Velocity, r.Temperature, r.Density); err != nil {
		return err
	}
	return dataset.NormalizeOutput(s.opts.Normalization, output, r.Intensity)
}

// replay makes sample i of the training part again.
func (s *Online) replay(m *Maker, i int) error {
	sample := s.factory.stored[i]
	if err := m.Make(sample); err != nil {
		return err
	}
	if m.Record.Outlier {
		return fmt.Errorf("sample %d is an outlier, which the data set does not have", sample)
	}
	return nil
}

// fresh makes a sample that is in no set.
func (s *Online) fresh(m *Maker, epoch int64, i int) error {
	for attempt := range attemptsMost {
		d := s.factory.Fresh(s.opts.Seed, epoch, i, attempt)
		if err := m.Draw(d); err != nil {
			return fmt.Errorf("fresh draw of model %s: %w", s.factory.ModelName(d.Model), err)
		}
		if !m.Record.Outlier {
			return nil
		}
	}
	return fmt.Errorf("%d draws were outliers: their velocities span more than 100 km/s; want a [wind] of lower speed, or slower snapshots", attemptsMost)
}

// take returns a maker that is not in use.
func (s *Online) take() (*Maker, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.idle); n > 0 {
		m := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return m, nil
	}
	return s.factory.NewMaker()
}

func (s *Online) give(m *Maker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, m)
}
