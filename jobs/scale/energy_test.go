// SPDX-License-Identifier: BSD-3-Clause

package scale

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/columen/columen/jobs/internal/series"
)

// counter writes a file as the system shows a counter.
func counter(t *testing.T, path, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text+"\n"), 0o666)); err != nil {
		t.Fatal(err)
	}
}

// fakeMeter reads counters below a folder, on node "here".
func fakeMeter(t *testing.T) *meter {
	t.Helper()
	root := t.TempDir()
	return &meter{cray: filepath.Join(root, "cray"), rapl: filepath.Join(root, "rapl"), host: "here", last: -1}
}

func expect(t *testing.T, what string, e *series.Energy, joules float64, source string) {
	t.Helper()
	if e == nil || math.Abs(e.Joules-joules) > 1e-9 || !strings.Contains(e.Source, source) {
		t.Errorf("%s: %+v, want %g J of %q", what, e, joules, source)
	}
}

// TestEnergyOfPackages: packages are added, parts of them are not, and a counter that
// wraps goes on from zero.
func TestEnergyOfPackages(t *testing.T) {
	m := fakeMeter(t)
	if e := m.spent(t.Context(), m.read(), []string{"here"}); e != nil || !strings.HasPrefix(m.source(), "none: no counters in "+m.cray) {
		t.Errorf("energy without counters: %+v, source %q", e, m.source())
	}
	set := func(zone, now string) {
		counter(t, filepath.Join(m.rapl, zone, "energy_uj"), now)
		counter(t, filepath.Join(m.rapl, zone, "max_energy_range_uj"), "1000000")
	}
	set("intel-rapl:0", "900000")
	set("intel-rapl:1", "100")
	set("intel-rapl:0:0", "1")
	before := m.read()
	set("intel-rapl:0", "400000")
	set("intel-rapl:1", "200100")
	set("intel-rapl:0:0", "999")
	expect(t, "two packages", m.spent(t.Context(), before, []string{"here"}), 0.7, "RAPL counters of 2 processor packages (powercap), the node that starts")
	expect(t, "one node of two", m.spent(t.Context(), before, []string{"here", "there"}), 0.7, "one node of 2")
	if e := m.spent(t.Context(), before, []string{"there"}); e != nil {
		t.Errorf("a run on another node: %+v", e)
	}
	if s := m.source(); !strings.Contains(s, "RAPL counters of 2") || strings.Contains(s, "Cray") {
		t.Errorf("source %q", s)
	}
	if err := os.RemoveAll(filepath.Join(m.rapl, "intel-rapl:1")); err != nil {
		t.Fatal(err)
	}
	if e := m.spent(t.Context(), before, []string{"here"}); e != nil {
		t.Errorf("a counter that went away: %+v", e)
	}
}

// TestEnergyOfNode: the counter of a node has a wider scope than those of its
// packages, which are not added to it; one that cannot be read does not count.
func TestEnergyOfNode(t *testing.T) {
	m := fakeMeter(t)
	counter(t, filepath.Join(m.rapl, "intel-rapl:0", "energy_uj"), "5")
	counter(t, filepath.Join(m.rapl, "intel-rapl:0", "max_energy_range_uj"), "10")
	counter(t, filepath.Join(m.cray, "energy"), "1000 J 1700000000 us")
	before := m.read()
	counter(t, filepath.Join(m.cray, "energy"), "1250 J 1700000009 us")
	expect(t, "Cray", m.spent(t.Context(), before, []string{"here"}), 250, "Cray pm_counters")
	counter(t, filepath.Join(m.cray, "energy"), "off")
	expect(t, "no number", m.spent(t.Context(), m.read(), []string{"here"}), 0, "RAPL")
}

// TestEnergyOfStep: Slurm's number of the newest step, in the words of sacct; older
// steps, other jobs, and clusters that do not measure give none, and a cluster
// without accounting is asked once.
func TestEnergyOfStep(t *testing.T) {
	m := fakeMeter(t)
	said, asked := "", 0
	var failure error
	m.job, m.account = "7", func(context.Context) ([]byte, error) { asked++; return []byte(said), failure }
	if !strings.Contains(m.source(), "Slurm's accounting") {
		t.Errorf("source %q", m.source())
	}
	said = "7|\n7.batch|99\n7.extern|98\n7.0|40\n7.1|1200\n"
	expect(t, "second step", m.spent(t.Context(), reading{}, []string{"a", "b"}), 1200, "ConsumedEnergy of step 7.1, whole nodes")
	if e := m.spent(t.Context(), reading{}, []string{"a"}); e != nil {
		t.Errorf("the same step again: %+v", e)
	}
	said = "7.2|0\n"
	if e := m.spent(t.Context(), reading{}, []string{"a"}); e != nil {
		t.Errorf("a cluster that does not measure: %+v", e)
	}
	failure = errors.New("Slurm accounting storage is disabled")
	for range 2 {
		if e := m.spent(t.Context(), reading{}, []string{"a"}); e != nil {
			t.Errorf("no accounting: %+v", e)
		}
	}
	if asked != 4 {
		t.Errorf("asked %d times", asked)
	}
}
