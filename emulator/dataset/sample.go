// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/columen/columen/internal/h5"
)

// RawSample is one solved model as the original's generator writes it, a file
// per model and rotation. Cubes are [x, y, z] on a g × g × g grid.
type RawSample struct {
	Grid          int
	FrequenciesHz []float64 // rising
	DensityM3     []float64 // n(CO)
	TemperatureK  []float64
	VelocityMS    []float64 // along z, the line of sight; > 0 recedes from an observer at z → −∞
	Intensity     []float64 // [x, y, ν], frequency fastest [W m⁻² Hz⁻¹ sr⁻¹]
}

// ReadRaw reads a raw sample file.
func ReadRaw(path string) (*RawSample, error) {
	f, err := h5.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	s := &RawSample{}
	var shape []int
	if s.FrequenciesHz, shape, err = h5.Read[float64](f, "frequencies"); err != nil {
		return nil, err
	}
	if len(shape) != 1 {
		return nil, fmt.Errorf("%s: dataset frequencies has shape %v: want [channels]", path, shape)
	}
	for _, d := range []struct {
		name string
		into *[]float64
	}{{"CO", &s.DensityM3}, {"temperature", &s.TemperatureK}, {"velocity_z", &s.VelocityMS}} {
		if *d.into, shape, err = h5.Read[float64](f, d.name); err != nil {
			return nil, err
		}
		if s.Grid == 0 && len(shape) > 0 {
			s.Grid = shape[0]
		}
		if len(shape) != 3 || shape[0] != s.Grid || shape[1] != s.Grid || shape[2] != s.Grid {
			return nil, fmt.Errorf("%s: dataset %s has shape %v: want three times the same edge, as all cubes of the file", path, d.name, shape)
		}
	}
	if s.Intensity, shape, err = h5.Read[float64](f, "I"); err != nil {
		return nil, err
	}
	if len(shape) != 3 || shape[0] != s.Grid || shape[1] != s.Grid || shape[2] != len(s.FrequenciesHz) {
		return nil, fmt.Errorf("%s: dataset I has shape %v: want [%d %d %d]", path, shape, s.Grid, s.Grid, len(s.FrequenciesHz))
	}
	return s, nil
}

// WriteRaw writes a raw sample file atomically.
func WriteRaw(path string, s *RawSample) error {
	g, n := s.Grid, len(s.FrequenciesHz)
	cube := []int{g, g, g}
	return writeFile(path, func(f *h5.File) error {
		return errors.Join(
			h5.Write(f, "frequencies", []int{n}, s.FrequenciesHz),
			h5.Write(f, "CO", cube, s.DensityM3),
			h5.Write(f, "temperature", cube, s.TemperatureK),
			h5.Write(f, "velocity_z", cube, s.VelocityMS),
			h5.Write(f, "I", []int{g, g, n}, s.Intensity))
	})
}

// Channels returns channels [lo, hi) of the image in the order of an output,
// [channel, x, y].
func (s *RawSample) Channels(lo, hi int) ([]float64, error) {
	n := len(s.FrequenciesHz)
	if lo < 0 || hi > n || lo >= hi {
		return nil, fmt.Errorf("channels %d to %d of %d: want a part of them that is not empty", lo, hi, n)
	}
	pixels := s.Grid * s.Grid
	out := make([]float64, (hi-lo)*pixels)
	for p := range pixels {
		for f := lo; f < hi; f++ {
			out[(f-lo)*pixels+p] = s.Intensity[p*n+f]
		}
	}
	return out, nil
}

// ReadClean reads one normalised sample from the original's clean file, where
// the input is [3, g, g, g] and the output [1, F, g, g], or [1, g, g] of one
// channel. Both are returned as the network takes them.
func ReadClean(path string) (shape Shape, input, output []float32, err error) {
	fail := func(err error) (Shape, []float32, []float32, error) { return Shape{}, nil, nil, err }
	f, err := h5.Open(path)
	if err != nil {
		return fail(err)
	}
	defer f.Close()
	input, in, err := h5.Read[float32](f, "input")
	if err != nil {
		return fail(err)
	}
	output, out, err := h5.Read[float32](f, "output")
	if err != nil {
		return fail(err)
	}
	// A clean file is a shard of one sample without the leading dimension.
	shape, _, err = shapeOf(append([]int{1}, in...), append([]int{1}, out...))
	if err != nil {
		return fail(fmt.Errorf("%s: %w", path, err))
	}
	return shape, input, output, nil
}

// WriteClean writes one normalised sample atomically. The input is stored as
// float64, as the original does.
func WriteClean(path string, shape Shape, input, output []float32) error {
	in, out := shape.datasets(1)
	wide := make([]float64, len(input))
	for i, v := range input {
		wide[i] = float64(v)
	}
	return writeFile(path, func(f *h5.File) error {
		return errors.Join(h5.Write(f, "input", in[1:], wide), h5.Write(f, "output", out[1:], output))
	})
}

// writeFile fills an HDF5 file under a temporary name, syncs it and renames it.
// On an error nothing is left of it.
func writeFile(path string, fill func(f *h5.File) error) error {
	tmp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	f, err := h5.Create(tmp)
	if err != nil {
		return err
	}
	if err := errors.Join(fill(f), f.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return publish(tmp, path)
}

// publish syncs a finished file and gives it its name.
func publish(tmp, path string) error {
	f, err := os.OpenFile(tmp, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
