// SPDX-License-Identifier: BSD-3-Clause

package samples

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/solver/si"
)

// orderEpoch keys the permutations that shuffle the parts; no epoch of a
// training run has this number, nor has dataset.Split.
const orderEpoch = 1<<32 - 2

// Set says which sample of a data set is where: a pure function of the
// configuration. Sample = model·rotations + rotation.
type Set struct {
	Config *configs.Generate
	Quirks configs.Quirks
	Shape  dataset.Shape
	Number int     // of samples: models × rotations
	Train  []int   // the samples for training, outliers included
	Shards []Shard // files, in the order of the manifest

	stored []int // the samples for training in the order of the files
}

// Shard is a file of the data set: samples of a part.
type Shard struct {
	Name    string // of the file
	Part    dataset.Part
	Origin  dataset.Origin
	Samples []int // in the order of the file, outliers included, which it leaves out
}

// Kind is what the set's normalisation goes by.
func (s *Set) Kind() dataset.Kind { return dataset.Kind(s.Config.Data.Kind) }

// NewSet returns the samples of a validated configuration.
func NewSet(cfg *configs.Generate) (*Set, error) {
	d := cfg.Data
	s := &Set{Config: cfg, Number: cfg.Samples(), Quirks: cfg.Quirks()}
	s.Shape = dataset.Shape{Grid: d.Grid, Channels: d.Channels, Flat: s.Kind() != dataset.MultiFrequency}
	parts := map[dataset.Origin][]dataset.Part{} // of models or samples
	for _, o := range s.origins() {
		units := o.models
		if cfg.Split.By == "sample" {
			units *= d.Rotations
		}
		of, err := dataset.Split(units, uint64(d.Seed), cfg.Split.Validation, cfg.Split.Test)
		if err != nil {
			return nil, err
		}
		parts[o.origin] = of
	}
	for _, part := range []dataset.Part{dataset.Train, dataset.Validation, dataset.Test} {
		before := len(s.Shards)
		for _, o := range s.origins() {
			var members []int
			for i := range o.models * d.Rotations {
				unit := i
				if cfg.Split.By != "sample" {
					unit /= d.Rotations
				}
				if parts[o.origin][unit] == part {
					members = append(members, o.first*d.Rotations+i)
				}
			}
			if part == dataset.Train {
				s.Train = append(s.Train, members...)
			}
			s.divide(part, o.origin, members, before)
		}
	}
	return s, nil
}

// family is the models of one origin: each is split by itself, and has shards
// of its own.
type family struct {
	origin        dataset.Origin
	first, models int
}

// origins lists where models come from: winds first, then snapshots.
func (s *Set) origins() []family {
	var all []family
	winds := s.Config.Data.Models
	if winds > 0 {
		all = append(all, family{dataset.Parametric, 0, winds})
	}
	if n := len(s.Config.Models); n > 0 {
		all = append(all, family{dataset.Hydro, winds, n})
	}
	return all
}

// divide puts the samples of a part into shards in random order: the original's
// loader takes neighbours in a file into one batch, which should not all be of
// one model. Shards of the part are numbered from the shard before on.
func (s *Set) divide(part dataset.Part, origin dataset.Origin, members []int, before int) {
	if len(members) == 0 {
		return
	}
	order := dataset.NewPermutation(len(members), uint64(s.Config.Data.Seed), orderEpoch)
	most := s.Config.Shards.Samples
	for lo := 0; lo < len(members); lo += most {
		sh := Shard{Name: fmt.Sprintf("%s.%s_%d.hdf5", s.Config.Output.Name, part, len(s.Shards)-before), Part: part, Origin: origin}
		for i := lo; i < min(lo+most, len(members)); i++ {
			sh.Samples = append(sh.Samples, members[order.At(i)])
		}
		s.Shards = append(s.Shards, sh)
		if part == dataset.Train {
			s.stored = append(s.stored, sh.Samples...)
		}
	}
}

// Snapshot returns the number among the snapshots of a model, or false for a
// wind.
func (s *Set) Snapshot(model int) (int, bool) {
	return model - s.Config.Data.Models, model >= s.Config.Data.Models
}

// ModelName is the name of a model in the manifest.
func (s *Set) ModelName(model int) string {
	i, is := s.Snapshot(model)
	if !is {
		return fmt.Sprintf("wind-%07d", model)
	}
	base := filepath.Base(s.Config.Models[i].Snapshot)
	return fmt.Sprintf("%04d-%s", i, strings.TrimSuffix(base, filepath.Ext(base)))
}

// CellSizeM is the edge of a cell [m], or 0 where it differs between samples.
func (s *Set) CellSizeM() float64 {
	return s.Config.Data.BoxAU * si.AU / float64(s.Shape.Grid)
}

// LineWidthMS is the v_turb of the images [m s⁻¹]: what is left of the published
// one, below 1e-5, is none.
func (s *Set) LineWidthMS() float64 {
	if s.Quirks.LostTurbulence {
		return 0
	}
	return s.Config.Data.VTurbMS
}
