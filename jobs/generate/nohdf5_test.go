// SPDX-License-Identifier: BSD-3-Clause

//go:build !hdf5 || !cgo

package generate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/columen/columen/jobs/internal/run"
)

// TestWithoutHDF5 checks that a binary that cannot write shards says so before
// it begins.
func TestWithoutHDF5(t *testing.T) {
	dir := t.TempDir()
	code, log := start(2, Job(), configIn(t, dir), run.Flags{})
	if code != run.ExitUsage || !strings.Contains(log, "tag hdf5") {
		t.Errorf("exit status %d: %s", code, log)
	}
	if _, err := os.Stat(filepath.Join(dir, "out/t.work")); err == nil {
		t.Error("work was begun")
	}
}
