// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/columen/columen/internal/h5"

	"github.com/columen/columen/emulator/space"
)

func TestRawSampleOfTheOriginal(t *testing.T) {
	s, err := ReadRaw("testdata/sample_raw_mulfreq_8.hdf5")
	must(t, err)
	g := openGolden(t)
	if s.Grid != 8 || len(s.FrequenciesHz) != 31 {
		t.Fatalf("grid %d, %d frequencies: want 8 and 31", s.Grid, len(s.FrequenciesHz))
	}
	for _, c := range []struct {
		name string
		got  []float64
	}{{"CO", s.DensityM3}, {"temperature", s.TemperatureK}, {"velocity_z", s.VelocityMS}, {"I", s.Intensity}} {
		if !slices.Equal(c.got, g.f64("s0_%s", c.name)) {
			t.Errorf("%s differs from the golden array", c.name)
		}
	}
	seven, err := s.Channels(12, 19)
	must(t, err)
	if !slices.Equal(seven, channels(s.Intensity, 12, 19)) {
		t.Error("Channels reorders wrongly")
	}
	_, err = s.Channels(30, 32)
	mentions(t, "channels", err, "30 to 32 of 31")

	copied := filepath.Join(t.TempDir(), "raw.hdf5")
	must(t, WriteRaw(copied, s))
	again, err := ReadRaw(copied)
	must(t, err)
	if !slices.Equal(again.Intensity, s.Intensity) || !slices.Equal(again.VelocityMS, s.VelocityMS) {
		t.Error("a written raw sample reads differently")
	}
}

func TestCleanSampleOfTheOriginal(t *testing.T) {
	shape, input, output, err := ReadClean("testdata/sample_clean_mulfreq_8.hdf5")
	must(t, err)
	if shape != (Shape{Grid: 8, Channels: 7}) {
		t.Fatalf("shape %+v", shape)
	}
	// From the raw file to the clean one by our own transform.
	raw, err := ReadRaw("testdata/sample_raw_mulfreq_8.hdf5")
	must(t, err)
	nm, err := ReadStatistics("testdata/statistic_mulfreq.hdf5", MultiFrequency)
	must(t, err)
	image, err := raw.Channels(12, 19)
	must(t, err)
	x, y := make([]float32, shape.InputLen()), make([]float32, shape.OutputLen())
	must(t, NormalizeInput(nm, x, raw.VelocityMS, raw.TemperatureK, raw.DensityM3))
	must(t, NormalizeOutput(nm, y, image))
	close64(t, "input", x, input)
	close64(t, "output", y, output)

	path := filepath.Join(t.TempDir(), "clean.hdf5")
	must(t, WriteClean(path, shape, x, y))
	again, x2, y2, err := ReadClean(path)
	must(t, err)
	if again != shape || !slices.Equal(x, x2) || !slices.Equal(y, y2) {
		t.Error("a written clean sample reads differently")
	}
}

func TestStatisticsOfTheOriginal(t *testing.T) {
	for _, k := range []Kind{FaceOn, Rotation, MultiFrequency} {
		nm, err := ReadStatistics(fmt.Sprintf("testdata/statistic_%s.hdf5", k), k)
		must(t, err)
		want, err := Published(k)
		must(t, err)
		a, b := nm.entries(), want.entries()
		for i := range a {
			if math.Abs(*a[i].value-*b[i].value) > 1e-7*math.Abs(*b[i].value) {
				t.Errorf("%s: %s/%s is %.9g in the file, %.9g in the table", k, a[i].group, a[i].name, *a[i].value, *b[i].value)
			}
		}
		path := filepath.Join(t.TempDir(), "statistic.hdf5")
		must(t, WriteStatistics(path, nm))
		if again, err := ReadStatistics(path, k); err != nil || again != nm {
			t.Errorf("%s: written %+v, read %+v, %v", k, nm, again, err)
		}
	}
	_, err := ReadStatistics("testdata/statistic_rotation.hdf5", MultiFrequency)
	mentions(t, "wrong kind", err, "kind mulfreq", "intensity/max")
}

func TestShardsOfTheOriginal(t *testing.T) {
	g := openGolden(t)
	for _, c := range []struct {
		kind  Kind
		shape Shape
	}{{MultiFrequency, Shape{8, 7, false}}, {Rotation, Shape{8, 1, true}}} {
		s, err := OpenShards(fmt.Sprintf("testdata/chunk_%s_4x8.hdf5", c.kind))
		must(t, err)
		if s.Shape() != c.shape || s.Len() != 4 {
			t.Fatalf("%s: %d samples of %+v: want 4 of %+v", c.kind, s.Len(), s.Shape(), c.shape)
		}
		x, y := make([]float32, c.shape.InputLen()), make([]float32, c.shape.OutputLen())
		for i := range 4 {
			must(t, s.Read(i, x, y))
			for k, want := range g.f64("%s_s%d_input", c.kind, i) {
				if x[k] != float32(want) {
					t.Fatalf("%s sample %d input %d: %g: want %g", c.kind, i, k, x[k], want)
				}
			}
			if !slices.Equal(y, g.f32("%s_s%d_output", c.kind, i)) {
				t.Errorf("%s sample %d: output differs", c.kind, i)
			}
		}
		mentions(t, "sample 4", s.Read(4, x, y), "sample 4 of 4")
		must(t, s.Close())
	}
	_, err := OpenShards("testdata/chunk_mulfreq_4x8.hdf5", "testdata/chunk_rotation_4x8.hdf5")
	mentions(t, "mixed shapes", err, "chunk_rotation_4x8.hdf5", "Channels:7")
	_, err = OpenShard("testdata/sample_clean_mulfreq_8.hdf5")
	mentions(t, "no shard", err, "input has shape [3 8 8 8]")
}

// writeShard writes n numbered samples in the given order.
func writeShard(t *testing.T, path string, shape Shape, order []int) Checksums {
	t.Helper()
	src := numbered(shape, len(order))
	w, err := CreateShard(path, shape, len(order))
	must(t, err)
	x, y := make([]float32, shape.InputLen()), make([]float32, shape.OutputLen())
	for _, i := range order {
		must(t, src.Read(i, x, y))
		must(t, w.Write(i, x, y))
	}
	sums, err := w.Close()
	must(t, err)
	return sums
}

// TestBlocksOfShards compares hyperslabs of samples with what they are of the
// whole.
func TestBlocksOfShards(t *testing.T) {
	s, err := OpenShards("testdata/chunk_mulfreq_4x8.hdf5", "testdata/chunk_mulfreq_4x8.hdf5")
	must(t, err)
	defer s.Close()
	input, output := make([]float32, s.Shape().InputLen()), make([]float32, s.Shape().OutputLen())
	image := make([]float32, len(output))
	for _, i := range []int{0, 3, 5} {
		must(t, s.Read(i, input, output))
		for _, box := range (space.Lattice{2, 1, 2}).Cut([3]int{8, 8, 8}) {
			block := make([]float32, 3*box.Cells())
			must(t, s.ReadBlock(i, box, block))
			if !slices.Equal(block, cutOut(input, box, 8)) {
				t.Errorf("sample %d: block %v is not that of the whole", i, box)
			}
		}
		if must(t, s.ReadOutput(i, image)); !slices.Equal(image, output) {
			t.Errorf("sample %d: another image", i)
		}
	}
	mentions(t, "a sample that is not there", errors.Join(s.ReadBlock(8, space.Box{}, nil), s.ReadOutput(-1, nil)), "sample 8 of 8", "sample -1 of 8")
}

func TestShardRoundTrip(t *testing.T) {
	dir := t.TempDir()
	for _, shape := range []Shape{{3, 2, false}, {3, 1, true}, {3, 1, false}, {2, 31, false}} {
		a, b := filepath.Join(dir, "a.hdf5"), filepath.Join(dir, "b.hdf5")
		sums := writeShard(t, a, shape, []int{0, 1, 2, 3})
		if other := writeShard(t, b, shape, []int{2, 0, 3, 1}); other != sums {
			t.Errorf("%+v: the order of writing changes the checksums", shape)
		}
		contentA, err := os.ReadFile(a)
		must(t, err)
		contentB, err := os.ReadFile(b)
		must(t, err)
		if !bytes.Equal(contentA, contentB) {
			t.Errorf("%+v: the order of writing changes the file", shape)
		}
		src := numbered(shape, 4)
		s, err := OpenShards(a, b)
		must(t, err)
		if s.Len() != 8 || s.Shape() != shape {
			t.Fatalf("%d samples of %+v: want 8 of %+v", s.Len(), s.Shape(), shape)
		}
		x, y := make([]float32, shape.InputLen()), make([]float32, shape.OutputLen())
		wantX, wantY := make([]float32, shape.InputLen()), make([]float32, shape.OutputLen())
		for i := range 8 {
			must(t, s.Read(i, x, y))
			must(t, src.Read(i%4, wantX, wantY))
			if !slices.Equal(x, wantX) || !slices.Equal(y, wantY) {
				t.Errorf("%+v: sample %d reads differently", shape, i)
			}
		}
		must(t, s.Close())

		entry := ShardEntry{Path: "a.hdf5", Samples: 4, SHA256: sums}
		must(t, entry.Verify(dir))
		stored := binary.LittleEndian.AppendUint32(nil, math.Float32bits(src.Outputs[len(src.Outputs)-1]))
		contentA[bytes.LastIndex(contentA, stored)] ^= 1
		must(t, os.WriteFile(a, contentA, 0o666))
		mentions(t, "flipped bit", entry.Verify(dir), a)
	}
}

func TestShardWriterRefuses(t *testing.T) {
	dir, shape := t.TempDir(), Shape{2, 1, true}
	path := filepath.Join(dir, "s.hdf5")
	w, err := CreateShard(path, shape, 2)
	must(t, err)
	x, y := make([]float32, shape.InputLen()), make([]float32, shape.OutputLen())
	must(t, w.Write(0, x, y))
	mentions(t, "index", w.Write(2, x, y), "sample 2 of 2")
	mentions(t, "length", w.Write(1, x[1:], y), "want 24")
	bad := slices.Clone(y)
	bad[3] = float32(math.NaN())
	mentions(t, "NaN", w.Write(1, x, bad), "value 3 of output is NaN")
	_, err = w.Close()
	mentions(t, "unwritten sample", err, "sample 1 of 2 was not written")
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("a partial shard left %d files", len(files))
	}
	_, err = CreateShard(path, shape, 0)
	mentions(t, "empty", err, "0 samples")
	_, err = CreateShard(filepath.Join(dir, "no", "s.hdf5"), shape, 1)
	mentions(t, "no folder", err, "no/")
}

func TestManifestOpensItsShards(t *testing.T) {
	dir, m := t.TempDir(), testManifest(t)
	for i := range m.Shards {
		s := &m.Shards[i]
		order := make([]int, s.Samples)
		for k := range order {
			order[k] = k
		}
		s.SHA256 = writeShard(t, filepath.Join(dir, s.Path), m.Shape(), order)
	}
	must(t, m.Write(filepath.Join(dir, "manifest.json")))
	src, err := m.Open(dir, Train)
	must(t, err)
	l := newLoader(t, src, LoaderOptions{Shape: m.Shape(), BatchSize: 3, Workers: 2})
	take(t, l, 5)
	l.Close()
	must(t, src.Close())
	m.Shards[0].Samples = 5
	_, err = m.Open(dir, Train)
	mentions(t, "wrong count", err, "hold 4 samples", "says 5")
}

func TestBrokenFilesAreNamed(t *testing.T) {
	dir := t.TempDir()
	good, err := os.ReadFile("testdata/chunk_mulfreq_4x8.hdf5")
	must(t, err)
	cut := filepath.Join(dir, "cut.hdf5")
	must(t, os.WriteFile(cut, good[:len(good)/2], 0o666))
	_, err = OpenShard(cut)
	mentions(t, "truncated shard", err, cut)
	_, err = ReadRaw("testdata/chunk_mulfreq_4x8.hdf5")
	mentions(t, "no raw sample", err, "frequencies")
	odd := filepath.Join(dir, "odd.hdf5")
	f, err := h5.Create(odd)
	must(t, err)
	must(t, h5.Write(f, "input", []int{2, 3, 4, 4, 5}, make([]float32, 480)))
	must(t, h5.Write(f, "output", []int{2, 1, 4, 4}, make([]float32, 32)))
	must(t, f.Close())
	_, err = OpenShard(odd)
	mentions(t, "no cube", err, odd, "[2 3 4 4 5]")
}
