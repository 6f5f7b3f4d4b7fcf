// SPDX-License-Identifier: BSD-3-Clause

// Package samples makes the samples of data sets: winds by formula and
// snapshots, seen from random directions and solved. Which sample is what is a
// pure function of a configuration of columen generate, so that the job that
// stores samples and the one that learns from them as they are made have the
// same ones, to the last bit.
package samples

import (
	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/model"
	"github.com/columen/columen/solver/line"
)

// Factory has what all samples of a set share. It is safe for concurrent use;
// the makers that it returns are not.
type Factory struct {
	*Set
	Line          *line.Line
	FrequenciesHz []float64 // rising

	library *library // of snapshots; nil for winds by formula
}

// NewFactory prepares the samples of a validated configuration, which was read
// from a file of this name. At most so many snapshots are kept in memory.
func NewFactory(file string, cfg *configs.Generate, snapshots int) (*Factory, error) {
	set, err := NewSet(cfg)
	if err != nil {
		return nil, err
	}
	f := &Factory{Set: set}
	if f.Line, err = model.Line(file, configs.Line(cfg.Line)); err != nil {
		return nil, err
	}
	window := configs.Spectrum{Channels: cfg.Data.Channels, SpacingMS: cfg.Data.SpacingMS}
	if f.FrequenciesHz, err = window.Frequencies(f.Line.RestFrequencyHz); err != nil {
		return nil, err
	}
	if len(cfg.Models) > 0 {
		f.library = newLibrary(file, set, f.Line.Species, snapshots)
	}
	return f, nil
}

// Snapshots reports whether there are models from snapshots.
func (f *Factory) Snapshots() bool { return f.library != nil }

// Look reads a snapshot and returns the publication of the code that made it, or
// why it does not fit the set.
func (f *Factory) Look(snapshot int) (reference string, err error) {
	snap, err := f.library.model(snapshot)
	return snap.of, err
}

// NewMaker returns a maker of samples.
func (f *Factory) NewMaker() (*Maker, error) {
	from := &mixed{s: f.Set, winds: newWinds(f.Set)}
	if f.library != nil {
		from.snapshots = newSnapshots(f.Set, f.library)
	}
	return makerOf(f.Set, from, f.Line, f.FrequenciesHz)
}
