// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/columen/columen/internal/h5"
)

// Shape is the geometry of a sample.
type Shape struct {
	Grid     int // g: cells along each edge
	Channels int // F

	// Flat leaves out the channel dimension in files, as the original does for
	// its single-channel network: [N, 1, g, g] and not [N, 1, 1, g, g].
	Flat bool
}

// InputLen is the number of values of an input [3, g, g, g].
func (s Shape) InputLen() int { return 3 * s.Grid * s.Grid * s.Grid }

// OutputLen is the number of values of an output [F, g, g].
func (s Shape) OutputLen() int { return s.Channels * s.Grid * s.Grid }

// Validate returns an error if no sample has this shape.
func (s Shape) Validate() error {
	if s.Grid < 1 || s.Grid > 4096 || s.Channels < 1 || s.Channels > 4096 || s.Flat && s.Channels != 1 {
		return fmt.Errorf("samples of grid %d and %d channels (flat %v): want 1 to 4096 each, and one channel if flat", s.Grid, s.Channels, s.Flat)
	}
	return nil
}

// datasets returns the shapes of the datasets of n samples.
func (s Shape) datasets(n int) (input, output []int) {
	g := s.Grid
	input = []int{n, 3, g, g, g}
	if s.Flat {
		return input, []int{n, 1, g, g}
	}
	return input, []int{n, 1, s.Channels, g, g}
}

// shapeOf is the inverse of datasets.
func shapeOf(input, output []int) (Shape, int, error) {
	bad := fmt.Errorf("input has shape %v and output %v: want [N 3 g g g] with [N 1 F g g] or [N 1 g g]", input, output)
	if len(input) != 5 || len(output) != 4 && len(output) != 5 {
		return Shape{}, 0, bad
	}
	s := Shape{Grid: input[2], Channels: 1, Flat: len(output) == 4}
	if !s.Flat {
		s.Channels = output[2]
	}
	in, out := s.datasets(input[0])
	if !slices.Equal(in, input) || !slices.Equal(out, output) || s.Validate() != nil {
		return Shape{}, 0, bad
	}
	return s, input[0], nil
}

// Shard is an open shard: a file of samples in the layout of the original,
// datasets input and output, float32, contiguous. It is a Source. Reading from
// several goroutines is safe; the HDF5 library serialises it.
type Shard struct {
	shape         Shape
	samples       int
	file          *h5.File
	input, output *h5.Dataset
}

// OpenShard opens a shard.
func OpenShard(path string) (*Shard, error) {
	f, err := h5.Open(path)
	if err != nil {
		return nil, err
	}
	s := &Shard{file: f}
	if s.input, err = f.OpenDataset("input"); err == nil {
		s.output, err = f.OpenDataset("output")
	}
	if err == nil {
		s.shape, s.samples, err = shapeOf(s.input.Shape(), s.output.Shape())
		if err != nil {
			err = fmt.Errorf("%s: %w", path, err)
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// Shape returns the geometry of the samples.
func (s *Shard) Shape() Shape { return s.shape }

// Len returns the number of samples.
func (s *Shard) Len() int { return s.samples }

// Close closes the file.
func (s *Shard) Close() error { return s.file.Close() }

// Read reads sample i.
func (s *Shard) Read(i int, input, output []float32) error {
	if err := readRows(s.input, i, input); err != nil {
		return err
	}
	return readRows(s.output, i, output)
}

// row returns the place of sample i in a dataset.
func row(ds *h5.Dataset, i int) (offset, count []int) {
	count = ds.Shape()
	count[0] = 1
	offset = make([]int, len(count))
	offset[0] = i
	return offset, count
}

func readRows(ds *h5.Dataset, i int, dst []float32) error {
	offset, count := row(ds, i)
	return h5.ReadSlab(ds, offset, count, dst)
}

// Checksums returns the SHA-256 of the contents of each dataset: of its values
// as little-endian float32 in C order, whatever the file around them looks like.
func (s *Shard) Checksums() (Checksums, error) {
	input, err := contentSum(s.input, s.samples, s.shape.InputLen())
	if err != nil {
		return Checksums{}, err
	}
	output, err := contentSum(s.output, s.samples, s.shape.OutputLen())
	return Checksums{Input: input, Output: output}, err
}

func contentSum(ds *h5.Dataset, samples, values int) (string, error) {
	sum, buffer := sha256.New(), make([]float32, values)
	for i := range samples {
		if err := readRows(ds, i, buffer); err != nil {
			return "", err
		}
		hashFloats(sum, buffer)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

func hashFloats(sum hash.Hash, v []float32) {
	var bytes [4096]byte
	for len(v) > 0 {
		n := min(len(v), len(bytes)/4)
		for i, x := range v[:n] {
			binary.LittleEndian.PutUint32(bytes[4*i:], math.Float32bits(x))
		}
		sum.Write(bytes[:4*n]) // a hash.Hash never returns an error
		v = v[n:]
	}
}

// ShardWriter builds a shard under a temporary name. The shard appears under
// its own name only when Close has found every sample written, so that a killed
// generator leaves no partial shard.
type ShardWriter struct {
	path, tmp     string
	shape         Shape
	file          *h5.File
	input, output *h5.Dataset
	written       []bool
}

// CreateShard starts a shard of a given number of samples.
func CreateShard(path string, shape Shape, samples int) (*ShardWriter, error) {
	if err := shape.Validate(); err != nil {
		return nil, fmt.Errorf("create shard %s: %w", path, err)
	}
	if samples < 1 {
		return nil, fmt.Errorf("create shard %s: %d samples: want at least 1", path, samples)
	}
	w := &ShardWriter{path: path, shape: shape, written: make([]bool, samples),
		tmp: filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")}
	var err error
	if w.file, err = h5.Create(w.tmp); err != nil {
		return nil, err
	}
	in, out := shape.datasets(samples)
	if w.input, err = w.file.CreateDataset("input", in, h5.Float32, h5.Options{}); err == nil {
		w.output, err = w.file.CreateDataset("output", out, h5.Float32, h5.Options{})
	}
	if err != nil {
		return nil, errors.Join(err, w.Discard())
	}
	return w, nil
}

// Write stores sample i; samples may come in any order.
func (w *ShardWriter) Write(i int, input, output []float32) error {
	if i < 0 || i >= len(w.written) {
		return fmt.Errorf("shard %s: sample %d of %d", w.path, i, len(w.written))
	}
	for _, d := range []struct {
		ds *h5.Dataset
		v  []float32
	}{{w.input, input}, {w.output, output}} {
		for k, x := range d.v {
			if x-x != 0 { // NaN or ±Inf would poison a training run much later
				return fmt.Errorf("shard %s: sample %d: value %d of %s is %g: want a finite number", w.path, i, k, d.ds.Name(), x)
			}
		}
		offset, count := row(d.ds, i)
		if err := h5.WriteSlab(d.ds, offset, count, d.v); err != nil {
			return err
		}
	}
	w.written[i] = true
	return nil
}

// Close finishes the shard, gives it its name and returns the checksums of its
// contents, read back from the file.
func (w *ShardWriter) Close() (Checksums, error) {
	if i := slices.Index(w.written, false); i >= 0 {
		return Checksums{}, errors.Join(fmt.Errorf("shard %s: sample %d of %d was not written", w.path, i, len(w.written)), w.Discard())
	}
	if err := w.file.Close(); err != nil {
		return Checksums{}, errors.Join(err, os.Remove(w.tmp))
	}
	s, err := OpenShard(w.tmp)
	if err != nil {
		return Checksums{}, errors.Join(err, os.Remove(w.tmp))
	}
	sums, err := s.Checksums()
	if err = errors.Join(err, s.Close()); err != nil {
		return Checksums{}, errors.Join(err, os.Remove(w.tmp))
	}
	return sums, publish(w.tmp, w.path)
}

// Discard gives up the shard.
func (w *ShardWriter) Discard() error { return errors.Join(w.file.Close(), os.Remove(w.tmp)) }
