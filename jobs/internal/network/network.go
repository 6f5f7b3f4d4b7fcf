// SPDX-License-Identifier: BSD-3-Clause

// Package network makes the emulator's network for a job: on which device it
// runs, and with which values.
package network

import (
	"errors"
	"fmt"

	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/device/cpu"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/weights"
)

// NewDevice returns the device that networks run on.
func NewDevice(threads int) device.Device[float32] { return cpu.Open(threads) }

// New returns a network without values.
func New(dev device.Device[float32], n weights.Network) (*emulator.Model[float32], error) {
	return NewPlaced(dev, n, emulator.Placement[float32]{})
}

// NewPlaced returns a network without values for a part of the work.
func NewPlaced(dev device.Device[float32], n weights.Network, p emulator.Placement[float32]) (*emulator.Model[float32], error) {
	return emulator.NewPlaced(dev, emulator.Config{Variant: emulator.Variant(n.Variant), Grid: n.Grid, Frequencies: n.Frequencies, Latent: n.Latent}, p)
}

// Trained is a network whose values lie in a mapped file, for inference.
type Trained struct {
	Model *emulator.Model[float32]
	Card  *weights.Card

	file *checkpoint.File
	half bool // dense layers run in bfloat16
}

// Open maps the weights that columen train wrote. Values are read when they are
// used for the first time, not before. Close it.
func Open(path string, threads int) (*Trained, error) {
	f, card, err := weights.Open(path)
	if err != nil {
		return nil, err
	}
	if card == nil {
		return nil, errors.Join(fmt.Errorf("%s: weights without normalisation, frequencies and cell size, which a network cannot be used without: allowed: a file that columen train wrote; it takes other weights as its first ones (network.weights)", path), f.Close())
	}
	m, err := New(NewDevice(threads), card.Network)
	if err == nil {
		err = weights.Adopt(m, f)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return &Trained{Model: m, Card: card, file: f}, nil
}

// Precision chooses the weights of the dense layers, "float32" or "bfloat16".
// Weights that are in bfloat16 in the file stay so.
func (t *Trained) Precision(dense string) error {
	t.half = dense == "bfloat16"
	return t.Model.HalfDense(t.half)
}

// WeightBytes is what one pass reads of the weights, all but the unused ones.
func (t *Trained) WeightBytes() int {
	sum := 0
	for _, e := range t.Model.Entries() {
		switch {
		case e.Unused || e.Kind == nn.Counter:
		case e.Half != nil || e.IsDense() && t.half:
			sum += 2 * e.Len()
		default:
			sum += 4 * e.Len()
		}
	}
	return sum
}

// Close releases the file; the network must not be used any more.
func (t *Trained) Close() error { return t.file.Close() }

// Predict computes the normalised images [B, F, g, g] of inputs [B, 3, g, g, g].
func (t *Trained) Predict(input []float32) ([]float32, error) {
	shape := t.Card.Data.Shape()
	x, err := device.FromSlice(input, len(input)/shape.InputLen(), 3, shape.Grid, shape.Grid, shape.Grid)
	if err != nil {
		return nil, err
	}
	y, err := t.Model.Predict(x)
	if err != nil {
		return nil, err
	}
	return y.Data, nil
}

// CheckStatistics returns an error if data are normalised otherwise than those
// that a network was trained on.
func CheckStatistics(weightsPath string, trained, found dataset.Manifest) error {
	switch {
	case trained.Kind != found.Kind:
		return fmt.Errorf("%s: trained on data of kind %s, but the data set is of kind %s: allowed: the same", weightsPath, trained.Kind, found.Kind)
	case trained.Normalization != found.Normalization:
		return fmt.Errorf("%s: trained with other statistics than those of the data set: %s: allowed: a data set with the statistics of the training",
			weightsPath, firstDifference(trained.Normalization, found.Normalization))
	case trained.Grid != found.Grid || trained.Channels != found.Channels:
		return fmt.Errorf("%s: a network for grid %d and %d channels, but the data set has grid %d and %d channels: allowed: the same",
			weightsPath, trained.Grid, trained.Channels, found.Grid, found.Channels)
	}
	return nil
}

// firstDifference names the first number in which two normalisations differ.
func firstDifference(a, b dataset.Normalization) string {
	for _, f := range []struct {
		name string
		a, b float64
	}{
		{"mean of velocity [m/s]", a.VelocityMeanMS, b.VelocityMeanMS}, {"deviation of velocity [m/s]", a.VelocityStdMS, b.VelocityStdMS},
		{"minimum of ln T", a.TemperatureLogMin, b.TemperatureLogMin}, {"median of ln T", a.TemperatureLogMedian, b.TemperatureLogMedian},
		{"minimum of ln n", a.DensityLogMin, b.DensityLogMin}, {"median of ln n", a.DensityLogMedian, b.DensityLogMedian},
		{"minimum of ln I", a.IntensityLogMin, b.IntensityLogMin}, {"maximum of ln I", a.IntensityLogMax, b.IntensityLogMax},
		{"median of ln I", a.IntensityLogMedian, b.IntensityLogMedian},
	} {
		if f.a != f.b {
			return fmt.Sprintf("%s is %v, in the data set %v", f.name, f.a, f.b)
		}
	}
	return "they are the same"
}
