// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func testManifest(t testing.TB) *Manifest {
	t.Helper()
	nm, err := Published(MultiFrequency)
	must(t, err)
	sum := Checksums{strings.Repeat("a", 64), strings.Repeat("b", 64)}
	return &Manifest{Schema: ManifestSchema, Kind: MultiFrequency, Grid: 2, Channels: 3, Species: "CO", Transition: "2-1",
		FrequenciesHz: []float64{1, 2, 3}, CellSizeM: 1e11, VTurbMS: 500, SplitBy: "model", Seed: 1234, Normalization: nm,
		Range: InputRange{VelocityMS: [2]float64{-10, 10}, TemperatureK: [2]float64{20, 300}, DensityM3: [2]float64{1, 1e9}},
		Shards: []ShardEntry{
			{"train_0.hdf5", Train, Hydro, 4, []string{"m1", "m2"}, sum},
			{"test_0.hdf5", Test, Hydro, 2, []string{"m3"}, sum},
		}}
}

func TestManifestRoundTrip(t *testing.T) {
	path, m := filepath.Join(t.TempDir(), "manifest.json"), testManifest(t)
	m.Compat, m.Quirks, m.CellSizeM = CompatSwitched, []string{"sample_box"}, 0
	m.Parameters = map[string]Span{"spacing_au": {Min: 20, Max: 200, Law: "log-uniform"}}
	must(t, m.Write(path))
	got, err := ReadManifest(path)
	must(t, err)
	if !reflect.DeepEqual(got, m) {
		t.Errorf("read %+v: want %+v", got, m)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("%d files are left", len(files))
	}
}

func TestManifestRefuses(t *testing.T) {
	for _, c := range []struct {
		want string
		edit func(m *Manifest)
	}{
		{"schema", func(m *Manifest) { m.Schema = "columen-dataset/9" }},
		{"kind", func(m *Manifest) { m.Kind = Rotation }},
		{"2 frequencies for 3", func(m *Manifest) { m.FrequenciesHz = m.FrequenciesHz[:2] }},
		{"cell_size_m = 0", func(m *Manifest) { m.CellSizeM = 0 }},
		{"v_turb_ms = -1", func(m *Manifest) { m.VTurbMS = -1 }},
		{"split_by", func(m *Manifest) { m.SplitBy = "luck" }},
		{"compat", func(m *Manifest) { m.Compat = "x" }},
		{"without compat", func(m *Manifest) { m.Quirks = []string{"doubled_dx"} }},
		{"cell_size_m = 0", func(m *Manifest) { m.CellSizeM, m.Compat, m.Quirks = 0, CompatSwitched, []string{"doubled_dx"} }},
		{"used once", func(m *Manifest) { m.Shards[1].Path = m.Shards[0].Path }},
		{"inside the folder", func(m *Manifest) { m.Shards[1].Path = "../a" }},
		{"part", func(m *Manifest) { m.Shards[1].Part = "all" }},
		{"origin", func(m *Manifest) { m.Shards[1].Origin = "" }},
		{"64 digits", func(m *Manifest) { m.Shards[1].SHA256.Output = "00" }},
		{"model m2 is also in a shard for train", func(m *Manifest) { m.Shards[1].Models = []string{"m2"} }},
		{"grid 0", func(m *Manifest) { m.Grid = 0 }},
		{"velocity std", func(m *Manifest) { m.Normalization.VelocityStdMS = 0 }},
	} {
		m := testManifest(t)
		c.edit(m)
		path := filepath.Join(t.TempDir(), "m.json")
		mentions(t, c.want, m.Write(path), path, c.want)
		text, err := json.Marshal(m)
		must(t, err)
		_, err = parseManifest(text)
		mentions(t, "read: "+c.want, err, c.want)
	}
	m := testManifest(t)
	m.Shards[1].Models, m.SplitBy = []string{"m2"}, "sample"
	must(t, m.Validate()) // as published: the same model on both sides
	_, err := parseManifest([]byte(`{"schema": "columen-dataset/1", "cell_size": 1}`))
	mentions(t, "unknown key", err, "cell_size")
	_, err = m.Open(t.TempDir(), Validation)
	mentions(t, "no shards", err, "validation")
}

func TestManifestAdmitsOneCellSizeAndTurbulence(t *testing.T) {
	m := testManifest(t)
	must(t, m.Admit(1e11*(1+1e-9), 500))
	mentions(t, "cell size", m.Admit(1.01e11, 500), "cell size 1.01e+11 m")
	mentions(t, "turbulence", m.Admit(1e11, 300), "v_turb 300 m/s")
	m.CellSizeM, m.Compat = 0, "coemunet"
	must(t, m.Validate())
	must(t, m.Admit(5, 500)) // the published set mixes cell sizes
}

func TestOutsideTheTrainedRange(t *testing.T) {
	r := testManifest(t).Range
	if out := r.Outside(r); len(out) != 0 {
		t.Errorf("a range leaves itself: %v", out)
	}
	hot := r
	hot.TemperatureK[1] = 400
	if out := r.Outside(hot); len(out) != 1 || !strings.Contains(out[0], "temperature from 20 to 400 K, trained from 20 to 300") {
		t.Errorf("outside: %v", out)
	}
}

func TestFileLists(t *testing.T) {
	dir := t.TempDir()
	list := filepath.Join(dir, "train.txt")
	must(t, os.WriteFile(list, []byte("a/train_0.hdf5\r\n/abs/train_1.hdf5\n\n"), 0o666))
	got, err := ReadFileList(list)
	must(t, err)
	if want := []string{filepath.Join(dir, "a/train_0.hdf5"), "/abs/train_1.hdf5"}; !reflect.DeepEqual(got, want) {
		t.Errorf("paths %v: want %v", got, want)
	}
	must(t, os.WriteFile(list, []byte("\n"), 0o666))
	_, err = ReadFileList(list)
	mentions(t, "empty list", err, "no path")
}

func FuzzManifest(f *testing.F) {
	text, err := json.Marshal(testManifest(f))
	must(f, err)
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		if m, err := parseManifest(text); err == nil {
			must(t, m.Validate())
		}
	})
}
