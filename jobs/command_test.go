// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/run"
)

// testJobs is a table of two jobs, one with a configuration and one without.
func testJobs(seen *run.Env) []run.Job {
	return []run.Job{
		{Name: "solve", Short: "Solve", Example: "  columen solve a.toml", Config: func() configs.Job { return new(configs.Cube) },
			Outputs: func(configs.Job) []string { return nil },
			Run:     func(_ context.Context, e *run.Env) error { *seen = *e; return nil }},
		{Name: "inspect", Short: "Inspect", ArgsUse: "FILE", NumArgs: 1,
			Run: func(_ context.Context, e *run.Env) error { *seen = *e; return nil }},
	}
}

func start(t *testing.T, args ...string) (code int, out, errOut string, seen run.Env) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := program(&stdout, &stderr)
	p.Join = func() (run.Comm, error) { return run.Alone{}, nil } // MPI can be joined once per process
	code = columen(p, testJobs(&seen), args)
	return code, stdout.String(), stderr.String(), seen
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		name     string
		args     []string
		code     int
		out, err string // parts of what is printed
	}{
		{"no job", nil, 2, "", `columen: no job given: allowed: solve, inspect, version, help; columen help explains them`},
		{"unknown job", []string{"slove", "a.toml"}, 2, "", `columen: job "slove": unknown job, did you mean "solve"?: allowed: solve`},
		{"unknown flag", []string{"solve", "a.toml", "--overwite"}, 2, "", `columen solve: --overwite: unknown flag, did you mean "--overwrite"?: allowed: --set, `},
		{"no file", []string{"solve"}, 2, "", "columen solve: arguments []: 0 given: allowed: 1: columen solve CONFIG.toml"},
		{"two files", []string{"inspect", "a", "b"}, 2, "", `columen inspect: arguments ["a" "b"]: 2 given: allowed: 1: columen inspect FILE`},
		{"bad log", []string{"inspect", "a", "--log", "xml"}, 2, "", `--log "xml": unknown form of the log: allowed: text, json`},
		{"bad threads", []string{"solve", "a.toml", "--threads", "-1"}, 2, "", "--threads -1: out of range: allowed: an integer of at least 0"},
		{"threads no number", []string{"solve", "a.toml", "--threads", "x"}, 2, "", "--threads"},
		{"configuration flag on a job without", []string{"inspect", "a", "--set", "b=c"}, 2, "", "columen inspect: --set: unknown flag: allowed: --log, --quiet"},
		{"missing configuration", []string{"solve", "none.toml"}, 2, "", "columen solve: none.toml: no such file or directory: allowed: a readable TOML file"},
		{"help", []string{"solve", "--help"}, 0, "columen solve a.toml", ""},
		{"help of all", []string{"help"}, 0, "inspect", ""},
		{"version", []string{"version"}, 0, "columen " + version + "\ncommit ", ""},
		{"inspect", []string{"inspect", "a"}, 0, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errOut, _ := start(t, c.args...)
			if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errOut, c.err) {
				t.Errorf("exit status %d, want %d\nstdout %q, want %q\nstderr %q, want %q", code, c.code, out, c.out, errOut, c.err)
			}
			if code == 2 && strings.Count(errOut, "\n") != 1 {
				t.Errorf("want one line: %q", errOut)
			}
		})
	}
}

// TestFlagsReachTheJob checks that flags become settings of the configuration.
func TestFlagsReachTheJob(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "cube.toml")
	data := "[model]\nsnapshot = \"a.dat\"\n[model.amrvac]\nlength_cm = 1\ndensity_gcc = 1\nvelocity_cms = 1\nmean_mol_weight = 1\n" +
		"[cube]\ncells = [1, 1, 1]\nco_per_h2 = 1e-4\nv_turb_ms = 0\n[output]\nname = \"x\"\n"
	for path, text := range map[string]string{config: data, filepath.Join(dir, "a.dat"): "gas"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(dir, "elsewhere")
	code, _, errOut, env := start(t, "solve", config, "--set", "cube.cells=[2, 3, 4]", "--set", "output.name=y", "--threads", "3", "--out", out)
	if code != 0 {
		t.Fatalf("exit status %d: %s", code, errOut)
	}
	cfg := env.Config.(*configs.Cube)
	if cfg.Cube.Cells != [3]int{2, 3, 4} || cfg.Output.Name != "y" || cfg.Output.Dir != out || env.Threads != 3 {
		t.Errorf("cells %v, output %v, threads %d", cfg.Cube.Cells, cfg.Output, env.Threads)
	}
	code, printed, errOut, _ := start(t, "solve", config, "--print-config")
	if code != 0 || !strings.Contains(printed, "mass_per_h2_amu = 2.8\n") {
		t.Errorf("--print-config: exit status %d, %q\n%s", code, errOut, printed)
	}
}

// TestTable checks the real table: every job has what help and Execute need.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, j := range table() {
		if j.Name == "" || seen[j.Name] || j.Short == "" || j.Long == "" || j.Example == "" || j.Run == nil {
			t.Errorf("job %q is incomplete or double", j.Name)
		}
		if (j.Config == nil) != (j.Outputs == nil) {
			t.Errorf("job %q: Config and Outputs go together", j.Name)
		}
		seen[j.Name] = true
	}
}
