// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/columen/columen/solver/image"
)

// example returns the absolute path of a configuration of the repository.
func example(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../configs", name))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// readFITS reads an image of a run.
func readFITS(t *testing.T, f folder, name string) *image.Image {
	t.Helper()
	img, _, err := image.ReadFITS(f.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestExampleWindowHoldsTheFlux images the example in a spectral window twice as
// wide as that of configs/solve.toml: at least 99 % of the flux above the
// background lies inside the narrower, from both sides, and none at the edges
// of the wider, so that it is all of the flux.
func TestExampleWindowHoldsTheFlux(t *testing.T) {
	t.Parallel()
	const window, spacing = 20e3, 500.0 // [m s⁻¹], as in configs/solve.toml
	toml, err := os.ReadFile(example(t, "solve.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(toml), "channels = 81\nspacing_ms = 500.0\n") {
		t.Error("configs/solve.toml has other channels than this test")
	}
	f := newFolder(t)
	f.succeed(t, append([]string{"solve", example(t, "solve.toml"), "--out", "out", "--quiet"},
		set("cube.cells=[48,48,48]", "spectrum.channels=161", `output.formats=["fits"]`)...)...)
	for _, view := range []string{"face-on", "edge-on"} {
		img := readFITS(t, f, "out/agb."+view+".fits")
		pixels := img.NX * img.NY
		if len(img.FrequenciesHz) != 161 || pixels != 48*48 {
			t.Fatalf("%s: %d channels of %d pixels", view, len(img.FrequenciesHz), pixels)
		}
		var inside, total, edges float64
		for c, nu := range img.FrequenciesHz {
			flux := -img.BackgroundSI[c] * float64(pixels)
			for _, i := range img.Intensity[c*pixels : (c+1)*pixels] {
				flux += i
			}
			total += flux
			if v := 299792458 * (1 - nu/img.RestFrequencyHz); math.Abs(v) < window+spacing/2 {
				inside += flux
			}
			if c == 0 || c == 160 {
				edges = max(edges, math.Abs(flux))
			}
		}
		t.Logf("%s: %.4f %% of the flux inside ±20 km/s", view, 100*inside/total)
		if inside/total < 0.99 || total <= 0 || edges > 1e-3*total {
			t.Errorf("%s: %.4f %% of the flux inside, want 99; total %g, at the edges %g", view, 100*inside/total, total, edges)
		}
	}
}

// TestExamples runs every configuration of the repository, shrunk. Without
// HDF5, the kinds of files that need it are left out.
func TestExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../configs/*.toml")
	if err != nil || len(files) < 2 {
		t.Fatalf("examples %q, %v", files, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			job, _, _ := strings.Cut(strings.TrimSuffix(name, ".toml"), "-")
			args := []string{job, example(t, name), "--out", "out"}
			switch job {
			case "submit":
				args = append(args, "--dry-run")
			case "cube":
				args = append(args, set("cube.cells=[16,16,16]")...)
			case "solve":
				args = append(args, set("cube.cells=[16,16,16]", "spectrum.channels=9", "spectrum.spacing_ms=5000", `output.formats=`+exampleFormats)...)
			case "scale":
				args = append(args, set("launcher.kind=none", "repeat.repeats=1", "repeat.warmups=0", "repeat.machine=no")...)
				args = append(args, shrunkSeries(t, f, file)...)
			case "generate":
				size := []string{"data.models=4", "data.rotations=1"}
				if name == "generate-snapshot.toml" {
					size = []string{"data.rotations=4"}
				}
				args = append(args, set(append(size, "split.validation=0.25", "split.test=0.25")...)...)
			case "train":
				args = append(args, set("data.manifest="+f.path("tiny.dataset.json"), "network.latent=4", "run.epochs=1")...)
			case "emulate":
				writeWeights(t, f, "tiny.safetensors", trainedOn(t, 120*1.495978707e11/32))
				args = append(args, set("network.weights="+f.path("tiny.safetensors"), `output.formats=`+exampleFormats)...)
			case "evaluate":
				writeWeights(t, f, "tiny.safetensors", trainedOn(t, 25*1.495978707e11))
				args = append(args, set("network.weights="+f.path("tiny.safetensors"), "data.manifest="+f.path("tiny.dataset.json"),
					"compare.generated="+f.path("tiny.generate.json"), "compare.trained="+f.path("tiny.train.json"))...)
			}
			tryExample(t, f, job, args)
		})
	}
}

// shrunkSeries are the settings that make every series of an example small.
func shrunkSeries(t *testing.T, f folder, file string) []string {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	small := []string{"ranks=[1]", "cells=[8]"}
	switch filepath.Base(file) {
	case "scale-train.toml":
		prepareTraining(t, f)
		small = []string{"ranks=[1]", "batch=[1]", fmt.Sprintf(`set=["data.manifest=%s", "network.latent=4", "run.epochs=1"]`, f.path("tiny.dataset.json"))}
	case "scale-emulate.toml":
		writeWeights(t, f, "tiny.safetensors", trainedOn(t, 120*1.495978707e11/32))
		small = []string{"threads=[1]", "batch=[1]", fmt.Sprintf(`set=["network.weights=%s"]`, f.path("tiny.safetensors"))}
	}
	var out []string
	for i := range strings.Count(string(text), "\n[[series]]") {
		for _, key := range small {
			out = append(out, set(fmt.Sprintf("series.%d.%s", i, key))...)
		}
	}
	return out
}
