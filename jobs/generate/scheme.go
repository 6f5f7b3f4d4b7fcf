// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
)

const (
	// taskBytes is the least that a work file of the first pass should hold:
	// enough for the file system, little enough to lose.
	taskBytes = 8 << 20
	// tasksLeast is the least number of work files that a small set should have,
	// so that many threads can share it.
	tasksLeast = 64
	// tasksMost keeps the folder of work files listable.
	tasksMost = 1 << 16
	// chunkCells is the number of cells of which statistics are taken at once,
	// for 8 bytes of memory each per thread: 512 samples at 32³, 64 at 64³.
	chunkCells = 1 << 24
	// orderEpoch keys the permutations that shuffle the parts; no epoch of a
	// training run has this number, nor has dataset.Split.
	orderEpoch = 1<<32 - 2
)

// scheme says which sample is where: a pure function of the configuration.
type scheme struct {
	cfg     *configs.Generate
	quirks  configs.Quirks
	shape   dataset.Shape
	samples int // models × rotations; sample = model·rotations + rotation
	perTask int // samples of a work file of the first pass
	train   []int
	shards  []shard
}

// shard is a file of the data set: slots of a part, less the outliers.
type shard struct {
	name    string // of the file
	part    dataset.Part
	origin  dataset.Origin
	samples []int // in the order of the file, with outliers
}

// kind is what the set's normalisation goes by.
func (s *scheme) kind() dataset.Kind { return dataset.Kind(s.cfg.Data.Kind) }

func newScheme(cfg *configs.Generate) (*scheme, error) {
	d := cfg.Data
	s := &scheme{cfg: cfg, samples: cfg.Samples(), quirks: cfg.Quirks()}
	s.shape = dataset.Shape{Grid: d.Grid, Channels: d.Channels, Flat: s.kind() != dataset.MultiFrequency}
	s.perTask = max(1, min((taskBytes-1)/recordBytes(s.shape)+1, s.samples/tasksLeast), (s.samples-1)/tasksMost+1)
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
		before := len(s.shards)
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
				s.train = append(s.train, members...)
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
func (s *scheme) origins() []family {
	var all []family
	winds := s.cfg.Data.Models
	if winds > 0 {
		all = append(all, family{dataset.Parametric, 0, winds})
	}
	if n := len(s.cfg.Models); n > 0 {
		all = append(all, family{dataset.Hydro, winds, n})
	}
	return all
}

// divide puts the samples of a part into shards in random order: the original's
// loader takes neighbours in a file into one batch, which should not all be of
// one model. Shards of the part are numbered from the shard before on.
func (s *scheme) divide(part dataset.Part, origin dataset.Origin, members []int, before int) {
	if len(members) == 0 {
		return
	}
	order := dataset.NewPermutation(len(members), uint64(s.cfg.Data.Seed), orderEpoch)
	most := s.cfg.Shards.Samples
	for lo := 0; lo < len(members); lo += most {
		sh := shard{name: fmt.Sprintf("%s.%s_%d.hdf5", s.cfg.Output.Name, part, len(s.shards)-before), part: part, origin: origin}
		for i := lo; i < min(lo+most, len(members)); i++ {
			sh.samples = append(sh.samples, members[order.At(i)])
		}
		s.shards = append(s.shards, sh)
	}
}

// tasks is the number of work files of the first pass.
func (s *scheme) tasks() int { return (s.samples-1)/s.perTask + 1 }

// task returns the samples [lo, hi) of a work file.
func (s *scheme) task(i int) (lo, hi int) {
	return i * s.perTask, min((i+1)*s.perTask, s.samples)
}

// perChunk is the number of samples of a chunk of statistics at most.
func (s *scheme) perChunk() int {
	g := s.shape.Grid
	return max(1, chunkCells/(g*g*g))
}

// chunks is the number of chunks of statistics: over the training set alone, so
// that nothing of the others leaks into it.
func (s *scheme) chunks() int { return (len(s.train)-1)/s.perChunk() + 1 }

// chunk returns the samples of a chunk, with outliers. Chunks are of one size,
// so that threads end together.
func (s *scheme) chunk(i int) []int {
	n, chunks := len(s.train), s.chunks()
	return s.train[i*n/chunks : (i+1)*n/chunks]
}

// snapshot returns the number among the snapshots of a model, or false for a
// wind.
func (s *scheme) snapshot(model int) (int, bool) {
	return model - s.cfg.Data.Models, model >= s.cfg.Data.Models
}

// modelName is the name of a model in the manifest.
func (s *scheme) modelName(model int) string {
	i, is := s.snapshot(model)
	if !is {
		return fmt.Sprintf("wind-%07d", model)
	}
	base := filepath.Base(s.cfg.Models[i].Snapshot)
	return fmt.Sprintf("%04d-%s", i, strings.TrimSuffix(base, filepath.Ext(base)))
}

// Files beside the shards.
func manifestName(name string) string   { return name + ".dataset.json" }
func statisticsName(name string) string { return name + ".statistics.hdf5" }

// outputs lists the files: manifest, statistics and shards.
func outputs(cfg configs.Job) []string {
	if cfg.(*configs.Generate).Part != nil {
		return nil
	}
	dir, name := cfg.Destination()
	files := []string{filepath.Join(dir, manifestName(name)), filepath.Join(dir, statisticsName(name))}
	s, err := newScheme(cfg.(*configs.Generate))
	if err != nil { // impossible for a validated configuration, and Run reports it
		return files
	}
	for _, sh := range s.shards {
		files = append(files, filepath.Join(dir, sh.name))
	}
	return files
}
