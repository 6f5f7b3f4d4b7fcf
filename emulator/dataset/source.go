// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Source gives out samples by number. Read fills an input [3, g, g, g] and an
// output [F, g, g], and must be safe for concurrent use.
type Source interface {
	Len() int
	Read(i int, input, output []float32) error
}

// Renewed is a Source whose samples may differ between epochs. What ReadIn gives
// is a function of epoch and number alone; Read is ReadIn of epoch 0.
type Renewed interface {
	Source
	ReadIn(epoch int64, i int, input, output []float32) error
}

// Memory is a Source of samples that are all in memory, one after the other.
type Memory struct {
	Shape           Shape
	Inputs, Outputs []float32
}

// Len returns the number of samples.
func (m *Memory) Len() int { return len(m.Inputs) / m.Shape.InputLen() }

// Read copies sample i.
func (m *Memory) Read(i int, input, output []float32) error {
	in, out := m.Shape.InputLen(), m.Shape.OutputLen()
	if i < 0 || i >= m.Len() || len(m.Outputs) != m.Len()*out || len(input) != in || len(output) != out {
		return fmt.Errorf("sample %d of %d into %d and %d values: want %d and %d", i, m.Len(), len(input), len(output), in, out)
	}
	copy(input, m.Inputs[i*in:])
	copy(output, m.Outputs[i*out:])
	return nil
}

// Shards is the Source of several shards, one after the other.
type Shards struct {
	shards []*Shard
	ends   []int // number of samples up to and with each shard
}

// OpenShards opens shards, which must have one shape.
func OpenShards(paths ...string) (*Shards, error) {
	s := &Shards{}
	if len(paths) == 0 {
		return nil, errors.New("no shards to open")
	}
	n := 0
	for _, path := range paths {
		shard, err := OpenShard(path)
		if err == nil && len(s.shards) > 0 && shard.shape != s.Shape() {
			err = errors.Join(fmt.Errorf("%s holds samples of %+v: want %+v as %s", path, shard.shape, s.Shape(), paths[0]), shard.Close())
		}
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		n += shard.samples
		s.shards = append(s.shards, shard)
		s.ends = append(s.ends, n)
	}
	return s, nil
}

// Shape returns the geometry of the samples.
func (s *Shards) Shape() Shape { return s.shards[0].shape }

// Len returns the number of samples.
func (s *Shards) Len() int { return s.ends[len(s.ends)-1] }

// Read reads sample i.
func (s *Shards) Read(i int, input, output []float32) error {
	shard, k, err := s.find(i)
	if err != nil {
		return err
	}
	return shard.Read(k, input, output)
}

// find returns the shard of sample i and its number there.
func (s *Shards) find(i int) (*Shard, int, error) {
	if i < 0 || i >= s.Len() {
		return nil, 0, fmt.Errorf("sample %d of %d", i, s.Len())
	}
	k := sort.SearchInts(s.ends, i+1)
	if k > 0 {
		i -= s.ends[k-1]
	}
	return s.shards[k], i, nil
}

// Close closes all shards.
func (s *Shards) Close() error {
	var errs []error
	for _, shard := range s.shards {
		errs = append(errs, shard.Close())
	}
	return errors.Join(errs...)
}

// ReadFileList reads one of the original's lists of shards (train.txt,
// test.txt): one path per line. Paths that are not absolute are taken relative
// to the list.
func ReadFileList(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, l := range strings.Split(string(text), "\n") {
		if l = strings.TrimSpace(l); l == "" {
			continue
		}
		if !filepath.IsAbs(l) {
			l = filepath.Join(filepath.Dir(path), l)
		}
		paths = append(paths, l)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: no path in the list", path)
	}
	return paths, nil
}
