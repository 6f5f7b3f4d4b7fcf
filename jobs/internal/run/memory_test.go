// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMemoryLimit(t *testing.T) {
	dir := t.TempDir()
	put := func(name, data string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	meminfo := put("meminfo", "MemTotal:       8000000 kB\nMemFree:         1000000 kB\n")
	none := filepath.Join(dir, "none")
	put("groups/slurm/memory.max", "5000000000\n")
	put("groups/slurm/job/memory.max", "max\n")
	put("groups/large/memory.max", "9000000000000\n")
	for _, c := range []struct {
		name, meminfo, cgroup string
		want                  float64
	}{
		{"machine", meminfo, none, 8192e6},
		{"group above", meminfo, put("a", "1:name=systemd:/x\n0::/slurm/job\n"), 5e9},
		{"group larger than the machine", meminfo, put("b", "0::/large\n"), 8192e6},
		{"root group", meminfo, put("c", "0::/\n"), 8192e6},
		{"relative group", meminfo, put("d", "0::../x\n"), 8192e6},
		{"nothing known", none, none, math.Inf(1)},
	} {
		if got := memoryLimit(c.meminfo, c.cgroup, filepath.Join(dir, "groups")); got != c.want {
			t.Errorf("%s: %g bytes, want %g", c.name, got, c.want)
		}
	}
}

func TestCheckMemory(t *testing.T) {
	e := &Env{Args: []string{"f.toml"}}
	if err := e.CheckMemory("cube.cells", "[1, 1, 1]", 48); err != nil {
		t.Error(err)
	}
	err := e.CheckMemory("cube.cells", "[8192, 8192, 8192]", 1e18)
	if err == nil || ExitCode(err) != ExitUsage || !strings.HasPrefix(err.Error(), "f.toml: cube.cells = [8192, 8192, 8192]: needs at least 1000000000.0 GB on each of the ranks") {
		t.Errorf("error %v", err)
	}
}
