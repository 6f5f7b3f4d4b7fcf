// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package generate

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/jobs/internal/run"
)

// testConfig3x8 is the configuration of configIn.
func testConfig3x8() *configs.Generate {
	cfg := testConfig()
	cfg.Data.Models, cfg.Data.Rotations = 8, 3
	cfg.Split.Validation, cfg.Split.Test = 0.13, 0.13
	cfg.Shards.Samples = 5
	return cfg
}

// outputsOf are the outputs without the run's manifest, which has the time in it.
func outputsOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := contents(t, filepath.Join(dir, "out"))
	delete(all, "t.generate.json")
	return all
}

// manifestOf reads the manifest and verifies every shard against it.
func manifestOf(t *testing.T, dir string) *dataset.Manifest {
	t.Helper()
	out := filepath.Join(dir, "out")
	m, err := dataset.ReadManifest(filepath.Join(out, "t.dataset.json"))
	must(t, err)
	for _, e := range m.Shards {
		must(t, e.Verify(out))
	}
	return m
}

// TestDataSetSurvivesKill checks that a data set is the same to the last byte for
// one rank, for two, and for a run that is killed in each of its passes.
func TestDataSetSurvivesKill(t *testing.T) {
	one, two, killed := t.TempDir(), t.TempDir(), t.TempDir()
	succeed(t, 1, Job(), configIn(t, one), run.Flags{})
	want := outputsOf(t, one)
	manifestOf(t, one)
	if len(want) != 2+4+1+1 {
		t.Fatalf("%d outputs, want manifest, statistics and six shards", len(want))
	}
	succeed(t, 2, Job(), configIn(t, two), run.Flags{})
	same(t, "two ranks", outputsOf(t, two), want)

	path, work := configIn(t, killed), filepath.Join(killed, "out/t.work")
	killWhen(t, path, "", filepath.Join(work, "raw/*.raw"), 7)
	killWhen(t, path, "", filepath.Join(work, "shards/.*.tmp"), 1)
	killWhen(t, path, "", filepath.Join(work, "shards/*.json"), 2)
	killWhen(t, path, "", filepath.Join(killed, "out/.partial-*"), 1)
	succeed(t, 1, Job(), path, run.Flags{})
	same(t, "killed", outputsOf(t, killed), want)
	if _, err := os.Stat(work); err == nil {
		t.Error("the work folder was left")
	}
}

// TestKilledAmongItsOutputs puts a run back to where it is killed while its
// outputs get their names: the next one takes them over, without new work.
func TestKilledAmongItsOutputs(t *testing.T) {
	dir := t.TempDir()
	path, job := configIn(t, dir), Job()
	job.Tidy = nil
	succeed(t, 1, job, path, run.Flags{})
	want := outputsOf(t, dir)
	for _, name := range []string{"t.generate.json", "t.train_1.hdf5", "t.dataset.json"} {
		must(t, os.Remove(filepath.Join(dir, "out", name)))
	}
	log := succeed(t, 1, Job(), path, run.Flags{})
	if strings.Contains(log, "raw  seconds") {
		t.Errorf("samples were made again: %s", log)
	}
	same(t, "taken over", outputsOf(t, dir), want)

	// The same where the file system has no links: a shard had been moved.
	succeed(t, 1, job, path, run.Flags{Overwrite: true})
	for _, name := range []string{"t.generate.json", "t.train_1.hdf5", "t.work/shards/t.train_1.hdf5"} {
		must(t, os.Remove(filepath.Join(dir, "out", name)))
	}
	succeed(t, 1, Job(), path, run.Flags{})
	same(t, "moved", outputsOf(t, dir), want)

	// Killed before its work was removed: there is nothing to do but that.
	must(t, os.Mkdir(filepath.Join(dir, "out/t.work"), 0o777))
	if log := succeed(t, 1, Job(), path, run.Flags{}); !strings.Contains(log, "already done") {
		t.Errorf("a finished run began anew: %s", log)
	}
	if _, err := os.Stat(filepath.Join(dir, "out/t.work")); err == nil {
		t.Error("the work folder was left")
	}
}

// TestContents checks samples of the files against samples made anew, the split
// by model and what the manifest says.
func TestContents(t *testing.T) {
	dir := t.TempDir()
	succeed(t, 1, Job(), configIn(t, dir), run.Flags{})
	m := manifestOf(t, dir)
	if m.Kind != dataset.MultiFrequency || m.Grid != 32 || m.Channels != 7 || m.Species != "CO" || m.Transition != "2-1" || m.SplitBy != "model" ||
		m.VTurbMS != 150 || math.Abs(m.CellSizeM/(25*149597870700)-1) > 1e-12 || math.Abs(m.FrequenciesHz[3]-230.538e9) > 1 {
		t.Errorf("manifest %+v", m)
	}
	nm, err := dataset.ReadStatistics(filepath.Join(dir, "out/t.statistics.hdf5"), m.Kind)
	must(t, err)
	if nm != m.Normalization {
		t.Errorf("statistics %+v, manifest %+v", nm, m.Normalization)
	}
	mk := testMaker(t, testConfig3x8())
	set, err := newScheme(testConfig3x8())
	must(t, err)
	samples := map[dataset.Part]int{}
	for k, sh := range set.Shards {
		f, err := dataset.OpenShard(filepath.Join(dir, "out", m.Shards[k].Path))
		must(t, err)
		samples[sh.Part] += f.Len()
		must(t, mk.Make(sh.Samples[0]))
		want, wantOut := make([]float32, m.Shape().InputLen()), make([]float32, m.Shape().OutputLen())
		must(t, dataset.NormalizeInput(nm, want, mk.Record.Velocity, mk.Record.Temperature, mk.Record.Density))
		must(t, dataset.NormalizeOutput(nm, wantOut, mk.Record.Intensity))
		in, out := make([]float32, len(want)), make([]float32, len(wantOut))
		must(t, f.Read(0, in, out))
		if !slices.Equal(in, want) || !slices.Equal(out, wantOut) {
			t.Errorf("%s: the first sample is not sample %d", sh.Name, sh.Samples[0])
		}
		if sh.Part == dataset.Train && (slices.Min(out) < 0 || slices.Max(out) > 1) {
			t.Errorf("%s: output from %g to %g: want 0 to 1", sh.Name, slices.Min(out), slices.Max(out))
		}
		must(t, f.Close())
	}
	if samples[dataset.Train] != 18 || samples[dataset.Validation] != 3 || samples[dataset.Test] != 3 {
		t.Errorf("samples %v: want 18, 3 and 3", samples)
	}
}

// TestFaceOn checks the layout of a single-channel set.
func TestFaceOn(t *testing.T) {
	dir := t.TempDir()
	succeed(t, 1, Job(), configIn(t, dir, `"mulfreq"`, `"faceon"`, "channels = 7", "channels = 1", "rotations = 3", "rotations = 1", `"2-1"`, `"1-0"`), run.Flags{})
	if m := manifestOf(t, dir); !m.Flat || m.Kind != dataset.FaceOn || m.Normalization.IntensityLogMedian <= 0 || m.FrequenciesHz[0] != 115.2712018e9 {
		t.Errorf("manifest %+v", m)
	}
}

// TestOutliersAreDropped marks a sample in its work file as an outlier, which no
// wind of the default spans is, and corrupts another one.
func TestOutliersAreDropped(t *testing.T) {
	dir := t.TempDir()
	path, cfg := configIn(t, dir), testConfig3x8()
	succeed(t, 1, measuring(), path, run.Flags{})
	must(t, os.Remove(filepath.Join(dir, "out/t.generate.json")))
	must(t, os.RemoveAll(filepath.Join(dir, "out/t.work/statistics")))
	s, err := newScheme(cfg)
	must(t, err)
	out := s.Train[2]
	file := filepath.Join(dir, "out/t.work/raw", taskName(out))
	data, err := os.ReadFile(file)
	must(t, err)
	data[len(data)-recordTail] = 1
	must(t, os.WriteFile(file, data, 0o666))
	code, log := start(1, Job(), path, run.Flags{})
	if code != run.ExitFailed || !strings.Contains(log, "checksum") || !strings.Contains(log, taskName(out)) {
		t.Errorf("a corrupt record: exit status %d: %s", code, log)
	}
	binary.LittleEndian.PutUint32(data[len(data)-4:], checksum(data))
	must(t, os.WriteFile(file, data, 0o666))
	log = succeed(t, 1, Job(), path, run.Flags{})
	total := 0
	for _, e := range manifestOf(t, dir).Shards {
		total += e.Samples
	}
	if total != 23 || !strings.Contains(log, "outliers dropped") {
		t.Errorf("%d samples, want 23: %s", total, log)
	}
}

// TestFullDiskAtShards checks the error where a shard cannot be written: work is
// kept, outputs are not begun.
func TestFullDiskAtShards(t *testing.T) {
	dir := t.TempDir()
	path := configIn(t, dir)
	full(t, path, "", 1_000_000, ".hdf5")
	if left := outputsOf(t, dir); len(left) > 0 {
		t.Errorf("%d files were left", len(left))
	}
	if n := len(workFiles(t, dir)); n != 25 {
		t.Errorf("%d work files, want 25", n)
	}
	if log := succeed(t, 1, Job(), path, run.Flags{}); strings.Contains(log, "raw  seconds") {
		t.Errorf("samples were made again: %s", log)
	}
	manifestOf(t, dir)
}
