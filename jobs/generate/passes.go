// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/internal/atomicfile"
	"github.com/columen/columen/jobs/internal/samples"
)

// spent sums what the threads of this rank did: times, and the samples for which.
type spent struct {
	mu                        sync.Mutex
	made, measured, written   int
	cube, solve, write        time.Duration // first pass
	statistics, normalization time.Duration // second and third, with reading and writing
}

// raw is the first pass: samples in physical units.
func (t *task) raw() pass {
	return pass{
		name: "raw", items: t.tasks(), file: taskName,
		keep: func(item int, bytes int64) bool {
			lo, hi := t.task(item)
			return bytes == int64(hi-lo)*int64(recordBytes(t.Shape))
		},
		units: func(item int) int {
			lo, hi := t.task(item)
			return hi - lo
		},
		worker: func() (func(ctx context.Context, item int, path string) error, error) {
			m, err := t.factory.NewMaker()
			if err != nil {
				return nil, err
			}
			rec := recordOf(m.Record, t.Shape)
			return func(ctx context.Context, item int, path string) error { return t.rawTask(ctx, m, rec, item, path) }, nil
		},
	}
}

// rawTask makes the samples of a work file.
func (t *task) rawTask(ctx context.Context, m *samples.Maker, rec *record, item int, path string) error {
	start, cube, solve := time.Now(), m.Cubing, m.Solving
	lo, hi := t.task(item)
	err := writeTask(path, lo, hi, rec, func(sample int) error {
		if err := interrupted(ctx); err != nil {
			return err
		}
		return m.Make(sample)
	})
	if err != nil {
		return err
	}
	t.spent.mu.Lock()
	defer t.spent.mu.Unlock()
	t.spent.made += hi - lo
	t.spent.cube += m.Cubing - cube
	t.spent.solve += m.Solving - solve
	t.spent.write += time.Since(start) - (m.Cubing - cube) - (m.Solving - solve)
	return nil
}

// chunkFile is what the second pass leaves of a chunk.
type chunkFile struct {
	Samples    int                      `json:"samples"` // without outliers
	Statistics *dataset.ChunkStatistics `json:"statistics"`
}

// chunkName is the name of the statistics of a chunk.
func chunkName(chunk int) string { return fmt.Sprintf("%06d.json", chunk) }

// statistics is the second pass: statistics of chunks of the training set.
func (t *task) statistics() pass {
	return pass{
		name: "statistics", items: t.chunks(), file: chunkName,
		units: func(item int) int { return len(t.chunk(item)) },
		worker: func() (func(ctx context.Context, item int, path string) error, error) {
			rec := newRecord(t.Shape)
			return func(ctx context.Context, item int, path string) error { return t.statisticsOf(ctx, rec, item, path) }, nil
		},
	}
}

// statisticsOf takes the statistics of a chunk.
func (t *task) statisticsOf(ctx context.Context, rec *record, item int, path string) error {
	start, chunk, file := time.Now(), dataset.NewChunk(t.Kind()), chunkFile{}
	for _, sample := range t.chunk(item) {
		if err := interrupted(ctx); err != nil {
			return err
		}
		if err := rec.read(t.folder(t.raw()), t.scheme, sample); err != nil {
			return err
		}
		if rec.Outlier {
			continue
		}
		if err := dataset.AddSample(chunk, rec.Velocity, rec.Temperature, rec.Density, rec.Intensity); err != nil {
			return fmt.Errorf("sample %d: %w", sample, err)
		}
		file.Samples++
	}
	if file.Samples > 0 {
		s, err := chunk.Statistics()
		if err != nil {
			return err
		}
		file.Statistics = &s
	}
	if err := writeJSON(path, file); err != nil {
		return err
	}
	t.spent.mu.Lock()
	defer t.spent.mu.Unlock()
	t.spent.measured += len(t.chunk(item))
	t.spent.statistics += time.Since(start)
	return nil
}

// normalization merges the statistics of all chunks.
func (t *task) normalization() (dataset.Normalization, dataset.InputRange, error) {
	var all []dataset.ChunkStatistics
	for i := range t.chunks() {
		var file chunkFile
		if err := readJSON(filepath.Join(t.folder(t.statistics()), chunkName(i)), &file); err != nil {
			return dataset.Normalization{}, dataset.InputRange{}, err
		}
		if file.Statistics != nil {
			all = append(all, *file.Statistics)
		}
	}
	if len(all) == 0 {
		return dataset.Normalization{}, dataset.InputRange{}, errors.New("all samples for training are outliers: their velocities span more than 100 km/s")
	}
	return dataset.MergeStatistics(t.Kind(), all)
}

// shardPass is the third pass: normalised samples in the files of the data set.
// An item is done when its entry for the manifest is there, which is written
// after the shard.
func (t *task) shardPass() pass {
	return pass{
		name: shardFolder, items: len(t.Shards),
		file: func(item int) string { return entryName(t.Shards[item]) },
		keep: func(item int, _ int64) bool { // publish may have moved it
			_, err := os.Stat(filepath.Join(t.workDir, shardFolder, t.Shards[item].Name))
			return err == nil
		},
		units: func(item int) int { return len(t.Shards[item].Samples) },
		worker: func() (func(ctx context.Context, item int, path string) error, error) {
			rec := newRecord(t.Shape)
			return func(ctx context.Context, item int, path string) error {
				return t.writeShard(ctx, rec, t.Shards[item], path)
			}, nil
		},
	}
}

// shardFolder is the folder of shards and entries in the work folder.
const shardFolder = "shards"

// entryName is the name of a shard's entry, beside the shard.
func entryName(sh samples.Shard) string { return strings.TrimSuffix(sh.Name, ".hdf5") + ".json" }

// writeShard writes a shard into the folder of its entry, and the entry.
func (t *task) writeShard(ctx context.Context, rec *record, sh samples.Shard, entryPath string) (err error) {
	start, raw := time.Now(), t.folder(t.raw())
	kept := make([]int, 0, len(sh.Samples))
	for _, sample := range sh.Samples {
		outlier, err := outlierOf(raw, t.scheme, sample)
		if err != nil {
			return err
		}
		if !outlier {
			kept = append(kept, sample)
		}
	}
	if len(kept) == 0 {
		return fmt.Errorf("%s: all %d samples are outliers, with velocities that span more than 100 km/s: want larger shards", sh.Name, len(sh.Samples))
	}
	w, err := dataset.CreateShard(filepath.Join(filepath.Dir(entryPath), sh.Name), t.Shape, len(kept))
	if err != nil {
		return err
	}
	sums, err := t.fillShard(ctx, w, rec, kept)
	if err != nil {
		return err
	}
	entry := dataset.ShardEntry{Path: sh.Name, Part: sh.Part, Origin: sh.Origin, Samples: len(kept), SHA256: sums}
	for _, sample := range kept {
		entry.Models = append(entry.Models, t.ModelName(sample/t.cfg.Data.Rotations))
	}
	slices.Sort(entry.Models)
	entry.Models = slices.Compact(entry.Models)
	if err := writeJSON(entryPath, entry); err != nil {
		return err
	}
	t.spent.mu.Lock()
	defer t.spent.mu.Unlock()
	t.spent.written += len(kept)
	t.spent.normalization += time.Since(start)
	return nil
}

// fillShard writes the samples into w and closes it, or discards it.
func (t *task) fillShard(ctx context.Context, w *dataset.ShardWriter, rec *record, samples []int) (dataset.Checksums, error) {
	input, output := make([]float32, t.Shape.InputLen()), make([]float32, t.Shape.OutputLen())
	one := func(i, sample int) error {
		if err := interrupted(ctx); err != nil {
			return err
		}
		if err := rec.read(t.folder(t.raw()), t.scheme, sample); err != nil {
			return err
		}
		if err := dataset.NormalizeInput(t.norm, input, rec.Velocity, rec.Temperature, rec.Density); err != nil {
			return fmt.Errorf("sample %d: %w", sample, err)
		}
		if err := dataset.NormalizeOutput(t.norm, output, rec.Intensity); err != nil {
			return fmt.Errorf("sample %d: %w", sample, err)
		}
		return w.Write(i, input, output)
	}
	for i, sample := range samples {
		if err := one(i, sample); err != nil {
			return dataset.Checksums{}, errors.Join(err, w.Discard())
		}
	}
	return w.Close()
}

// writeJSON writes a small file of the work folder at once.
func writeJSON(path string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return atomicfile.Write(path, func(tmp string) error { return os.WriteFile(tmp, data, 0o666) })
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err == nil {
		if err = json.Unmarshal(data, v); err != nil {
			err = fmt.Errorf("%s: %w; remove the file and start the same command again", path, err)
		}
	}
	return err
}
