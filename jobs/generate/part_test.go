// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/columen/columen/jobs/internal/run"
)

// sets are assignments of a command line.
func sets(assignments ...string) run.Flags { return run.Flags{Set: assignments} }

// TestPartsMakeTheSameWork runs three parts, two at once and one later, and
// compares their samples and statistics with those of one run.
func TestPartsMakeTheSameWork(t *testing.T) {
	whole, parts := t.TempDir(), t.TempDir()
	succeed(t, 1, measuring(), configIn(t, whole), run.Flags{})
	path := configIn(t, parts)
	one := partly()
	var wg sync.WaitGroup
	for _, n := range []string{"1", "3"} {
		wg.Go(func() {
			if code, log := start(1, one, path, sets("part.number="+n, "part.of=3")); code != 0 {
				t.Errorf("part %s: exit status %d: %s", n, code, log)
			}
		})
	}
	wg.Wait()
	if n, _ := filepath.Glob(filepath.Join(parts, "out/t.work/raw/*.raw")); len(n) != 16 {
		t.Errorf("two of three parts made %d of 24 samples", len(n))
	}
	// What another part is writing at this moment is left alone; own rests go.
	own, other := filepath.Join(parts, "out/t.work/raw", taskName(1)+".9-0.tmp"), filepath.Join(parts, "out/t.work/raw", taskName(0)+".9-0.tmp")
	must(t, os.WriteFile(own, nil, 0o666))
	must(t, os.WriteFile(other, nil, 0o666))
	succeed(t, 1, one, path, sets("part.number=2", "part.of=3"))
	if _, err := os.Stat(own); err == nil {
		t.Error("the rest of a killed run of the part was left")
	}
	must(t, os.Remove(other))
	if log := succeed(t, 1, one, path, sets("part.number=2", "part.of=3")); !strings.Contains(log, "already done") {
		t.Errorf("a second run of a part: %s", log)
	}
	succeed(t, 1, measuring(), path, run.Flags{})
	same(t, "parts", workFiles(t, parts), workFiles(t, whole))
	m, err := run.ReadManifest(filepath.Join(parts, "out/t.generate.json"), "generate")
	must(t, err)
	single, err := run.ReadManifest(filepath.Join(whole, "out/t.generate.json"), "generate")
	must(t, err)
	if !m.Continued || m.CoreSeconds < 0.2*single.CoreSeconds {
		t.Errorf("the run after the parts has %g core seconds, continued %v; one run %g", m.CoreSeconds, m.Continued, single.CoreSeconds)
	}
}

// partly is the job without the outputs that need HDF5.
func partly() run.Job {
	job := measuring()
	job.Run = Job().Run
	return job
}

// TestPartsRefuse checks what a part must not do.
func TestPartsRefuse(t *testing.T) {
	dir := t.TempDir()
	path := configIn(t, dir)
	code, log := start(1, partly(), path, sets("part.number=4", "part.of=3"))
	if code != run.ExitUsage || !strings.Contains(log, "part.number = 4") || !strings.Contains(log, "from 1 to 3") {
		t.Errorf("part 4 of 3: exit status %d: %s", code, log)
	}
	must(t, os.MkdirAll(filepath.Join(dir, "out/t.work"), 0o777))
	must(t, os.WriteFile(filepath.Join(dir, "out/t.work", identityName), []byte(`{"version":1}`), 0o666))
	code, log = start(1, partly(), path, sets("part.number=1", "part.of=3"))
	if code != run.ExitUsage || !strings.Contains(log, "unfinished work of another") {
		t.Errorf("other work: exit status %d: %s", code, log)
	}
	flags := sets("part.number=1", "part.of=3")
	flags.Overwrite = true
	code, log = start(1, partly(), path, flags)
	if code != run.ExitUsage || !strings.Contains(log, "shares its work folder") {
		t.Errorf("overwrite: exit status %d: %s", code, log)
	}
}
