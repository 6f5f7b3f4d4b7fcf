// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/jobs/internal/run"
)

// snapshotsIn writes a configuration of three snapshots, which are one under
// three names.
func snapshotsIn(t *testing.T, dir string, edits ...string) string {
	t.Helper()
	tables := ""
	for _, name := range []string{"a.dat", "b.dat", "c.dat"} {
		model, err := filepath.Abs("../../solver/hydro/testdata/agb_small_ghost.dat")
		must(t, err)
		must(t, os.Symlink(model, filepath.Join(dir, name)))
		tables += "[[model]]\nsnapshot = \"" + name + "\"\n[model.amrvac]\nlength_cm = 1.495978707e13\ndensity_gcc = 1e-15\nvelocity_cms = 1e6\nmean_mol_weight = 2.35\n"
	}
	tables += "[mapping]\nmass_per_h2_amu = 2.02\nco_per_h2 = 1e-4\n"
	return configIn(t, dir, append([]string{"models = 8\n", "", "box_au = 800.0", "box_au = 20.0", "rotations = 3", "rotations = 8",
		"validation = 0.13", "validation = 0.34", "test = 0.13", "test = 0.34", "[line]", tables + "[line]"}, edits...)...)
}

// TestSnapshotsSurviveKill is TestWorkSurvivesKill for snapshots.
func TestSnapshotsSurviveKill(t *testing.T) {
	one, two, killed := t.TempDir(), t.TempDir(), t.TempDir()
	succeed(t, 1, measuring(), snapshotsIn(t, one), run.Flags{})
	want := workFiles(t, one)
	if len(want) != 24+1 {
		t.Fatalf("%d work files, want 24 and a chunk", len(want))
	}
	succeed(t, 2, measuring(), snapshotsIn(t, two), run.Flags{})
	same(t, "two ranks", workFiles(t, two), want)
	path, pattern := snapshotsIn(t, killed), filepath.Join(killed, "out/t.work/raw/*.raw")
	killWhen(t, path, "measure", pattern, 5)
	killWhen(t, path, "measure", pattern, 17)
	succeed(t, 1, measuring(), path, run.Flags{})
	same(t, "killed", workFiles(t, killed), want)

	// The models are one, so that equal rotations of two would be equal samples.
	if want["000000.raw"] == want["000001.raw"] || want["000000.raw"] == want["000008.raw"] {
		t.Error("two rotations give one sample")
	}
}

// TestWindsAndSnapshots checks a set of both: samples are those of sets of each,
// every part has both, and no shard has.
func TestWindsAndSnapshots(t *testing.T) {
	both, winds, snaps := t.TempDir(), t.TempDir(), t.TempDir()
	succeed(t, 2, measuring(), snapshotsIn(t, both, "rotations = 8", "rotations = 2\nmodels = 5"), run.Flags{})
	succeed(t, 1, measuring(), configIn(t, winds, "models = 8", "models = 5", "rotations = 3", "rotations = 2", "box_au = 800.0", "box_au = 20.0",
		"validation = 0.13", "validation = 0.34", "test = 0.13", "test = 0.34"), run.Flags{})
	succeed(t, 1, measuring(), snapshotsIn(t, snaps, "rotations = 8", "rotations = 2"), run.Flags{})
	got, first, second := workFiles(t, both), workFiles(t, winds), workFiles(t, snaps)
	for i := range 16 {
		want := first[taskName(i)]
		if i >= 10 {
			want = second[taskName(i-10)]
		}
		if want == "" || got[taskName(i)] != want {
			t.Errorf("sample %d is not that of a set of one origin", i)
		}
	}
	cfg := agbMain(32)
	cfg.Data.Rotations = 3
	cfg.Data.Models, cfg.Split = 5, configs.Split{By: "model", Validation: 0.34, Test: 0.34}
	cfg.Models = append(cfg.Models, cfg.Models[0], cfg.Models[0])
	s, err := newScheme(cfg)
	must(t, err)
	seen := map[string]int{}
	for _, sh := range s.Shards {
		seen[string(sh.Part)+" "+string(sh.Origin)] += len(sh.Samples)
		for _, sample := range sh.Samples {
			if _, is := s.Snapshot(sample / cfg.Data.Rotations); is != (sh.Origin == dataset.Hydro) {
				t.Errorf("%s of %s has sample %d", sh.Name, sh.Origin, sample)
			}
		}
	}
	want := map[string]int{"train parametric": 3, "train hydro": 3, "validation parametric": 6, "validation hydro": 3, "test parametric": 6, "test hydro": 3}
	if !maps.Equal(seen, want) {
		t.Errorf("samples %v, want %v", seen, want)
	}
}

// TestWorkOfAnotherSnapshot checks that work is not continued with a snapshot
// that was replaced.
func TestWorkOfAnotherSnapshot(t *testing.T) {
	dir := t.TempDir()
	path := snapshotsIn(t, dir)
	killWhen(t, path, "measure", filepath.Join(dir, "out/t.work/raw/*.raw"), 1)
	data, err := os.ReadFile(filepath.Join(dir, "b.dat"))
	must(t, err)
	must(t, os.Remove(filepath.Join(dir, "b.dat")))
	must(t, os.WriteFile(filepath.Join(dir, "b.dat"), data, 0o666))
	must(t, os.Chtimes(filepath.Join(dir, "b.dat"), time.Now(), time.Now().Add(-time.Hour)))
	os.Remove(filepath.Join(dir, "out/t.generate.json")) // there where the job was too fast to be killed
	code, log := start(1, measuring(), path, run.Flags{})
	if code != run.ExitUsage || !strings.Contains(log, "unfinished work of another configuration") {
		t.Errorf("exit status %d: %s", code, log)
	}
}

// TestQuirksAreSaid checks that the log and the dry run tell of quirks.
func TestQuirksAreSaid(t *testing.T) {
	dir := t.TempDir()
	path := snapshotsIn(t, dir, "rotations = 8", "rotations = 1", "box_au = 20.0\n", "", "[split]", "[compat]\nmode = \"coemunet\"\n[split]")
	log := succeed(t, 1, measuring(), path, run.Flags{})
	for _, part := range []string{"docs/compat.md", "doubled_dx lost_turbulence sample_box origin_rotation axis_angle published_solution", "cells differ in size between samples"} {
		if !strings.Contains(log, part) {
			t.Errorf("no %q in %s", part, log)
		}
	}
}
