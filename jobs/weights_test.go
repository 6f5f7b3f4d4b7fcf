// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"errors"
	"testing"

	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/weights"
)

// trainedOn is a data set of 32³ cells of a size [m], in seven channels of CO
// J=2-1, without shards.
func trainedOn(t *testing.T, cellM float64) *dataset.Manifest {
	t.Helper()
	nm, err := dataset.Published(dataset.MultiFrequency)
	if err != nil {
		t.Fatal(err)
	}
	m := &dataset.Manifest{
		Schema: dataset.ManifestSchema, Kind: nm.Kind, Grid: 32, Channels: 7, Species: "CO", Transition: "2-1",
		CellSizeM: cellM, VTurbMS: 150, SplitBy: "model", Normalization: nm,
		Range: dataset.InputRange{VelocityMS: [2]float64{-8e3, 8e3}, TemperatureK: [2]float64{20, 520}, DensityM3: [2]float64{1e8, 1e11}},
	}
	for k := range m.Channels {
		m.FrequenciesHz = append(m.FrequenciesHz, 230.538e9*(1+float64(k-m.Channels/2)*300/299792458))
	}
	return m
}

// writeWeights writes a network that has learnt nothing.
func writeWeights(t *testing.T, f folder, name string, m *dataset.Manifest) {
	t.Helper()
	const latent = 4
	net, err := emulator.New(device.NewScalar[float32](1), emulator.Config{Variant: emulator.Net3D, Grid: m.Grid, Frequencies: m.Channels, Latent: latent})
	if err != nil {
		t.Fatal(err)
	}
	err = net.Init(1)
	tensors, err2 := weights.Tensors(net.Device(), net.Entries())
	card := &weights.Card{Network: weights.Network{Variant: "net3d", Grid: m.Grid, Frequencies: m.Channels, Latent: latent}, Data: *m}
	card.Data.Shards = nil
	if err := errors.Join(err, err2, weights.Write(f.path(name), tensors, card)); err != nil {
		t.Fatal(err)
	}
}
