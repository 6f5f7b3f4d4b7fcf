// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/checkpoint"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/weights"
)

// BenchmarkFirstImage starts the program on the network of the paper at seven
// frequencies, 573 MB of weights of no meaning in a file that is in memory
// already, and waits for the image of a snapshot: mapping, network, cube, image
// and its FITS file. With COLUMEN_KEEP set to a folder the weights stay there,
// for measurements by hand.
func BenchmarkFirstImage(b *testing.B) {
	dir := b.TempDir()
	if keep := os.Getenv("COLUMEN_KEEP"); keep != "" {
		dir = keep
	}
	model, err := filepath.Abs(smallModel)
	if err == nil {
		err = errors.Join(fullWeights(filepath.Join(dir, "full.safetensors")), os.WriteFile(filepath.Join(dir, "emulate.toml"), []byte(fullConfig(model)), 0o644))
	}
	if err != nil {
		b.Fatal(err)
	}
	for _, dense := range []string{"float32", "bfloat16"} {
		b.Run(dense, func(b *testing.B) {
			image, whole := math.Inf(1), math.Inf(1)
			for range b.N + 1 {
				whole = min(whole, oneStart(b, dir, "emulate", "emulate.toml", "--overwrite", "--set", "network.dense="+dense))
				image = min(image, untilFirstImage(b, filepath.Join(dir, "out", "full.emulate.json")))
			}
			b.ReportMetric(1e3*image, "best-ms")
			b.ReportMetric(1000, "limit-ms")
			b.ReportMetric(1e3*whole, "program-ms") // with MPI, and the checksum of the weights for the manifest
			b.ReportMetric(0, "ns/op")
		})
	}
}

// untilFirstImage reads the seconds from a manifest.
func untilFirstImage(b *testing.B, manifest string) float64 {
	b.Helper()
	var m struct {
		Phases []struct {
			Name       string
			SecondsMax float64 `json:"seconds_max"`
		}
	}
	data, err := os.ReadFile(manifest)
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	for _, p := range m.Phases {
		if p.Name == "until first image" {
			return p.SecondsMax
		}
	}
	b.Fatalf("%s: no time of the first image (%v)", manifest, err)
	return 0
}

// oneStart runs the program to its end and returns the seconds from its start.
func oneStart(b *testing.B, dir string, args ...string) float64 {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), asProgram+"=1")
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	return time.Since(start).Seconds()
}

// fullConfig images a snapshot on the grid of fullWeights.
func fullConfig(model string) string {
	head, _, _ := strings.Cut(solveConfig, "[line]")
	head = strings.NewReplacer("wind.dat", model, "[12, 10, 14]", "[64, 64, 64]").Replace(head)
	return "[network]\nweights = \"full.safetensors\"\n" + head + `[[view]]
name = "pole"
axis = "+z"
[output]
dir = "out"
name = "full"
formats = ["fits"]
`
}

// fullWeights writes the network of the paper with values of no meaning, for
// cells of the snapshot's box.
func fullWeights(path string) error {
	shape := weights.Network{Variant: "net3d", Grid: 64, Frequencies: 7, Latent: 4096}
	net, err := emulator.New(device.NewScalar[float32](1), emulator.Config{Variant: emulator.Net3D, Grid: shape.Grid, Frequencies: shape.Frequencies, Latent: shape.Latent})
	if err != nil {
		return err
	}
	var tensors []checkpoint.Tensor
	for _, e := range net.Entries() {
		if e.Kind == nn.Counter {
			tensors = append(tensors, checkpoint.FromInt64(e.Name, nil, []int64{0}))
			continue
		}
		values, bound := make([]float32, e.Len()), float32(1/math.Sqrt(float64(max(e.FanIn, 1))))
		for i := range values {
			values[i] = bound * (float32(i*7919%10007)/5003 - 1)
			if e.Kind == nn.NormWeight || e.Kind == nn.RunningVar {
				values[i] = 1
			}
		}
		tensors = append(tensors, checkpoint.FromFloat32(e.Name, e.Shape, values))
	}
	norm, err := dataset.Published(dataset.MultiFrequency)
	if err != nil {
		return err
	}
	data := dataset.Manifest{
		Schema: dataset.ManifestSchema, Kind: norm.Kind, Grid: shape.Grid, Channels: shape.Frequencies, Species: "CO", Transition: "2-1",
		CellSizeM: 40 * 1.495978707e11 / 64, VTurbMS: 150, SplitBy: "model", Normalization: norm,
	}
	for k := range data.Channels {
		data.FrequenciesHz = append(data.FrequenciesHz, 230.538e9+float64(k-data.Channels/2)*230e3)
	}
	return weights.Write(path, tensors, &weights.Card{Network: shape, Data: data})
}
