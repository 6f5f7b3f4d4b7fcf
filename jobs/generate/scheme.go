// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"path/filepath"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/samples"
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
)

// scheme says what the passes have to do: a pure function of the configuration.
type scheme struct {
	*samples.Set
	perTask int // samples of a work file of the first pass
}

func newScheme(cfg *configs.Generate) (*scheme, error) {
	set, err := samples.NewSet(cfg)
	if err != nil {
		return nil, err
	}
	return schemeOf(set), nil
}

func schemeOf(set *samples.Set) *scheme {
	return &scheme{Set: set, perTask: max(1, min((taskBytes-1)/recordBytes(set.Shape)+1, set.Number/tasksLeast), (set.Number-1)/tasksMost+1)}
}

// tasks is the number of work files of the first pass.
func (s *scheme) tasks() int { return (s.Number-1)/s.perTask + 1 }

// task returns the samples [lo, hi) of a work file.
func (s *scheme) task(i int) (lo, hi int) {
	return i * s.perTask, min((i+1)*s.perTask, s.Number)
}

// perChunk is the number of samples of a chunk of statistics at most.
func (s *scheme) perChunk() int {
	g := s.Shape.Grid
	return max(1, chunkCells/(g*g*g))
}

// chunks is the number of chunks of statistics: over the training set alone, so
// that nothing of the others leaks into it.
func (s *scheme) chunks() int { return (len(s.Train)-1)/s.perChunk() + 1 }

// chunk returns the samples of a chunk, with outliers. Chunks are of one size,
// so that threads end together.
func (s *scheme) chunk(i int) []int {
	n, chunks := len(s.Train), s.chunks()
	return s.Train[i*n/chunks : (i+1)*n/chunks]
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
	set, err := samples.NewSet(cfg.(*configs.Generate))
	if err != nil { // impossible for a validated configuration, and Run reports it
		return files
	}
	for _, sh := range set.Shards {
		files = append(files, filepath.Join(dir, sh.Name))
	}
	return files
}
