// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bufio"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/columen/columen/jobs/internal/run"
)

// TestLifeOfASolve plans, solves, resumes, refuses and overwrites.
func TestLifeOfASolve(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	before := f.files(t)
	r := f.succeed(t, "solve", "solve.toml", "--dry-run")
	if after := f.files(t); !slices.Equal(before, after) {
		t.Errorf("a dry run left %q", after)
	}
	for _, part := range []string{"nothing is written", "would write  file=out/w.pole.fits", "would solve", `line="CO 2-1"`, "memory"} {
		if !strings.Contains(r.stderr, part) {
			t.Errorf("a dry run does not say %q:\n%s", part, r.stderr)
		}
	}

	f.succeed(t, "solve", "solve.toml")
	checkNames(t, f, "cube.toml", "out/w.pole.fits", "out/w.side.fits", "out/w.solve.json", "solve.toml", "wind.dat")
	checkManifest(t, f)
	pole := f.read(t, "out/w.pole.fits")

	if r := f.succeed(t, "solve", "solve.toml"); !strings.Contains(r.stderr, "already done") {
		t.Errorf("a second run says %q", r.stderr)
	}
	if r := f.succeed(t, "solve", "solve.toml", "--quiet"); r.stderr != "" {
		t.Errorf("a quiet second run says %q", r.stderr)
	}
	before = f.files(t)
	f.refuses(t, f.run(t, append([]string{"solve", "solve.toml"}, set("spectrum.channels=6")...)...), before, 2, "exists and is not the finished result", "--overwrite")

	f.succeed(t, append([]string{"solve", "solve.toml", "--overwrite"}, set("spectrum.channels=6")...)...)
	if f.read(t, "out/w.pole.fits") == pole {
		t.Error("six channels look like five")
	}
	f.succeed(t, "solve", "solve.toml", "--overwrite")
	if f.read(t, "out/w.pole.fits") != pole {
		t.Error("the same run gives other bytes")
	}
	f.succeed(t, "solve", "solve.toml", "--out", "elsewhere")
	if f.read(t, "elsewhere/w.pole.fits") != pole {
		t.Error("the same run in another folder gives other bytes")
	}
}

func checkNames(t *testing.T, f folder, want ...string) {
	t.Helper()
	var got []string
	for _, file := range f.files(t) {
		name, _, _ := strings.Cut(file, " ")
		got = append(got, name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
}

// checkManifest looks at every field of the record of a run.
func checkManifest(t *testing.T, f folder) {
	t.Helper()
	var m run.Manifest
	if err := json.Unmarshal([]byte(f.read(t, "out/w.solve.json")), &m); err != nil {
		t.Fatal(err)
	}
	if m.Schema != 1 || m.Job != "solve" || len(m.Digest) != 64 || m.Program != version || m.Ranks != 1 || m.Threads != 1 ||
		m.Go == "" || m.MPI == "" || m.Host == "" || m.Commit == "" || m.Start.IsZero() || m.End.Before(m.Start) {
		t.Errorf("manifest %+v", m)
	}
	if len(m.Inputs) != 1 || filepath.Base(m.Inputs[0].Path) != "wind.dat" || m.Inputs[0].Bytes != 1368480 || len(m.Inputs[0].SHA256) != 64 {
		t.Errorf("inputs %+v", m.Inputs)
	}
	if len(m.Outputs) != 2 || m.Outputs[0].Path != "out/w.pole.fits" || m.Outputs[0].Bytes != int64(len(f.read(t, "out/w.pole.fits"))) || m.Outputs[0].SHA256 == m.Outputs[1].SHA256 {
		t.Errorf("outputs %+v", m.Outputs)
	}
	var phases []string
	for _, p := range m.Phases {
		phases = append(phases, p.Name)
		if p.SecondsMin < 0 || p.SecondsMedian < p.SecondsMin || p.SecondsMax < p.SecondsMedian {
			t.Errorf("phase %+v", p)
		}
	}
	for _, want := range []string{"load", "pole: integrate", "side: write", "total"} {
		if !slices.Contains(phases, want) {
			t.Errorf("phases %q lack %q", phases, want)
		}
	}
	if spectrum, ok := m.Config["spectrum"].(map[string]any); !ok || spectrum["spacing_ms"] != 4000.0 {
		t.Errorf("configuration %v", m.Config)
	}
	if !slices.ContainsFunc(m.References, func(s string) bool { return strings.Contains(s, "Keppens") }) || !slices.ContainsFunc(m.References, func(s string) bool { return strings.Contains(s, "Schöier") }) {
		t.Errorf("references %q", m.References)
	}
}

// TestPrintedConfigurationLoads uses what --print-config prints as the
// configuration.
func TestPrintedConfigurationLoads(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	for _, job := range []string{"solve", "cube"} {
		args := append([]string{job, job + ".toml", "--print-config"}, set("cube.v_turb_ms=123.5", "output.name=other")...)
		first := f.succeed(t, args...)
		f.write(t, "sub/printed.toml", first.stdout)
		again := f.succeed(t, job, "sub/printed.toml", "--print-config")
		if again.stdout != first.stdout || !strings.Contains(first.stdout, "\nv_turb_ms = 123.5\n") {
			t.Errorf("%s: printed\n%s\nand from that\n%s", job, first.stdout, again.stdout)
		}
	}
	f.succeed(t, "solve", "solve.toml", "--quiet")
	printed := f.succeed(t, "solve", "solve.toml", "--print-config")
	f.write(t, "sub/printed.toml", printed.stdout)
	if r := f.succeed(t, "solve", "sub/printed.toml"); !strings.Contains(r.stderr, "already done") {
		t.Errorf("the printed configuration is another one: %s", r.stderr)
	}
}

// TestInspect looks at every kind of file of a build without HDF5.
func TestInspect(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.succeed(t, append([]string{"solve", "solve.toml"}, set(`output.formats=["fits", "png"]`)...)...)
	lines, err := filepath.Abs("../solver/lamda/data/co.dat")
	if err != nil {
		t.Fatal(err)
	}
	for file, parts := range map[string][]string{
		"wind.dat":         {"MPI-AMRVAC .dat, version 5", "rho m1 m2 m3 e"},
		"out/w.pole.fits":  {"CO 2-1", "5 × 10 × 12", "config_digest", "0 non-finite"},
		"out/w.solve.json": {`"job": "solve"`},
		lines:              {"CO", "levels", "41", "transition 2", "2-1", "230.538"},
	} {
		r := f.succeed(t, "inspect", file)
		for _, part := range parts {
			if !strings.Contains(r.stdout, part) {
				t.Errorf("%s: no %q in\n%s", file, part, r.stdout)
			}
		}
	}
}

// TestSignalInTheMiddle ends a long run by SIGTERM, which leaves nothing.
func TestSignalInTheMiddle(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	checkSignal(t, f, nil, "load", "--set", "cube.cells=[96,96,96]", "--set", "spectrum.channels=200", "--set", "spectrum.spacing_ms=100", "--set", "output.formats=[\"fits\", \"png\"]")
}

// checkSignal sends SIGTERM when the log has a line with a word, and checks the
// one message and that no file is left.
func checkSignal(t *testing.T, f folder, launcher []string, word string, args ...string) {
	t.Helper()
	before := f.files(t)
	cmd := f.command(t.Context(), t, launcher, append([]string{"solve", "solve.toml"}, args...)...)
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var r result
	var sent time.Time
	for scanner := bufio.NewScanner(pipe); scanner.Scan(); {
		r.stderr += scanner.Text() + "\n"
		if sent.IsZero() && strings.Contains(scanner.Text(), " "+word+"  ") {
			sent = time.Now()
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		}
	}
	err = cmd.Wait()
	r.took = time.Since(sent)
	if exit, ok := err.(*exec.ExitError); ok {
		r.code = exit.ExitCode()
	}
	said := r.messages()
	if sent.IsZero() || len(said) > 1 || len(said) == 1 && said[0] != "columen solve: interrupted by signal: terminated" {
		t.Fatalf("ended with status %d, signal sent at %v:\n%s", r.code, sent, r.stderr)
	}
	// Launchers have an exit status of their own, and may end ranks before they
	// have spoken.
	if launcher == nil {
		f.refuses(t, r, before, 1, "columen solve: interrupted by signal: terminated")
	} else if after := f.files(t); !slices.Equal(before, after) || r.took > promise {
		t.Errorf("after %v: files before %q, after %q", r.took, before, after)
	}
}
