// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package image

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/columen/columen/internal/h5"
)

func TestHDF5RoundTrip(t *testing.T) {
	for _, bits := range []int{32, 64} {
		im := irregular()
		im.Intensity[4] = math.NaN()
		path := filepath.Join(t.TempDir(), "a.h5")
		must(t, WriteHDF5(path, im, bits))
		got, err := ReadHDF5(path)
		must(t, err)
		rel := 0.0
		if bits == 32 {
			rel = 6e-8
		}
		sameImage(t, got, im, rel)
	}
}

func TestHDF5FullDisk(t *testing.T) {
	fullDisk(t, "TestHDF5FullDisk", func(path string) error {
		return WriteHDF5(path, lineCube(64, 64, 5, 1000, gaussians), 64)
	})
}

func TestWriteHDF5Errors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.h5")
	im := lineCube(2, 2, 3, 1000, gaussians)
	twice := *im
	twice.Provenance = []KeyValue{{"a", ""}, {"a", ""}}
	own := *im
	own.Provenance = []KeyValue{{"pixel_size_m", ""}}
	for name, err := range map[string]error{
		"precision": WriteHDF5(path, im, 16),
		"image":     WriteHDF5(path, &Image{}, 64),
		"twice":     WriteHDF5(path, &twice, 64),
		"own":       WriteHDF5(path, &own, 64),
		"folder":    WriteHDF5(filepath.Join(dir, "none", "a.h5"), im, 64),
	} {
		if err == nil || !strings.Contains(err.Error(), "a.h5") {
			t.Errorf("%s: error %v: want one that names the file", name, err)
		}
	}
	emptyFolder(t, dir)
}

func TestReadHDF5Errors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.h5")
	for _, c := range []struct {
		want string
		fill func(f *h5.File) error
	}{
		{"schema", func(*h5.File) error { return nil }},
		{`want "columen-image-1"`, func(f *h5.File) error { return f.SetString("/", "schema", "columen-cube-1") }},
		{"species", func(f *h5.File) error { return f.SetString("/", "schema", Schema) }},
	} {
		f, err := h5.Create(path)
		must(t, err)
		must(t, c.fill(f))
		must(t, f.Close())
		if _, err := ReadHDF5(path); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v: want one with %q and the path", err, c.want)
		}
	}
}

func TestDescribeHDF5(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.h5")
	must(t, WriteHDF5(path, lineCube(4, 3, 7, 3000, gaussians), 64))
	kv, err := DescribeHDF5(path)
	must(t, err)
	if kv[0].Value != "HDF5, columen-image-1" {
		t.Errorf("first line %v: want the format", kv[0])
	}
}

func TestMapsInHDF5(t *testing.T) {
	im := lineCube(4, 3, 41, 6000, gaussians)
	maps := someMaps(t, im)
	path := filepath.Join(t.TempDir(), "maps.h5")
	if err := WriteMapsHDF5(path, im, maps); err != nil {
		t.Fatal(err)
	}
	f, err := h5.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if schema, err := f.String("/", attrSchema); err != nil || schema != MapsSchema {
		t.Errorf("schema %q, %v: want %q", schema, err, MapsSchema)
	}
	for _, m := range maps {
		data, shape, err := h5.Read[float64](f, lower(m.Name))
		if err != nil {
			t.Fatal(err)
		}
		if len(shape) != 2 || shape[0] != im.NY || shape[1] != im.NX {
			t.Errorf("%s: shape %v", m.Name, shape)
		}
		for p, v := range m.Values {
			if data[p] != v && !(math.IsNaN(v) && math.IsNaN(data[p])) {
				t.Fatalf("%s: value %d is %g: want %g", m.Name, p, data[p], v)
			}
		}
		unit := m.Unit
		if unit == "" {
			unit = "1"
		}
		if err := wantText(f, lower(m.Name), attrUnits, unit); err != nil {
			t.Error(err)
		}
	}
}
