// SPDX-License-Identifier: BSD-3-Clause

package tidy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fakeTools makes a folder of programs that stand in for those of the machine:
// each is a line of shell. Programs that the scripts need as they are become
// links.
func fakeTools(t *testing.T, programs map[string]string) string {
	t.Helper()
	bin := t.TempDir()
	for _, name := range []string{"bash", "dirname", "env"} {
		real, err := exec.LookPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(real, filepath.Join(bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, body := range programs {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/usr/bin/env bash\n"+body+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return bin
}

// script runs a script of .ci with only the programs in bin.
func script(t *testing.T, bin, name string, args ...string) (output string, ok bool) {
	t.Helper()
	cmd := exec.Command(filepath.Join(moduleRoot(t), ".ci", name), args...)
	cmd.Env = []string{"PATH=" + bin, "MAKE=make"}
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// TestSetup checks that set-up leaves a complete machine alone, installs what
// is missing as root, and names it otherwise.
func TestSetup(t *testing.T) {
	const (
		all      = `case "$2" in ompi-c|hdf5|mpich) exit 0;; esac; exit 1`
		noHDF5   = `[ "$2" = ompi-c ] || [ "$2" = hdf5 ] && [ -e "$(dirname "$0")/installed" ]`
		onlyHDF5 = `[ "$2" = hdf5 ] || [ "$2" = mpich ]`
		apt      = `echo "apt-get $*"; : > "$(dirname "$0")/installed"`
	)
	for _, c := range []struct {
		name      string
		arg       string
		pkgConfig string
		uid       string
		goVersion string
		ok        bool
		want      []string
	}{
		{"complete", "", all, "1000", "go1.26.1", true, nil},
		{"newer Go", "", all, "1000", "go2.0", true, nil},
		{"old Go", "", all, "0", "go1.25.3", false, []string{"found go1.25.3: Go 1.26 or later is needed"}},
		{"root without HDF5", "", noHDF5, "0", "go1.26", true, []string{"apt-get update", "apt-get install", "libhdf5-dev"}},
		{"user without HDF5", "", noHDF5, "1000", "go1.26", false, []string{"module load gcc openmpi hdf5", "sudo apt-get install", "libhdf5-dev"}},
		{"second MPI", "mpich", all, "0", "go1.26", false, []string{"apt-get install", "mpich libmpich-dev", "there is no mpirun.mpich"}},
		{"tags of Open MPI", "tags", all, "1000", "go1.26", true, []string{"mpi hdf5\n"}},
		{"tags of MPICH", "tags", onlyHDF5, "1000", "go1.26", true, []string{"mpi mpich hdf5\n"}},
		{"tags of nothing", "tags", "exit 1", "1000", "go1.26", false, []string{"no MPI: run make setup"}},
		{"bad argument", "all", all, "1000", "go1.26", false, []string{"unknown argument all: allowed: none, mpich, tags"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			bin := fakeTools(t, map[string]string{"pkg-config": c.pkgConfig, "id": "echo " + c.uid, "go": "echo " + c.goVersion, "gcc": "", "mpirun": "", "apt-get": apt})
			out, ok := script(t, bin, "setup", c.arg)
			if ok != c.ok {
				t.Errorf("success %v, want %v: %s", ok, c.ok, out)
			}
			if c.want == nil && out != "" {
				t.Errorf("printed %q, want nothing", out)
			}
			for _, part := range c.want {
				if !strings.Contains(out, part) {
					t.Errorf("output lacks %q: %s", part, out)
				}
			}
		})
	}
}

// TestSlurmSaysWhyNot checks that the tests on a Slurm say why they cannot run.
func TestSlurmSaysWhyNot(t *testing.T) {
	bin := fakeTools(t, map[string]string{"id": "echo 1000"})
	if out, ok := script(t, bin, "slurm"); ok || !strings.Contains(out, "not root") || !strings.Contains(out, "--dry-run") {
		t.Errorf("as a user: success %v, %s", ok, out)
	}
}

// TestStages checks that the stages stop at the first failure, and that times
// are printed either way.
func TestStages(t *testing.T) {
	bin := fakeTools(t, map[string]string{"make": `echo "making $2"; [ "$2" != bad ]`})
	out, ok := script(t, bin, "stages", "one", "two")
	if !ok || !strings.Contains(out, "making two") || !regexp.MustCompile(`two +\d+ s\ntotal +\d+ s of 1500 s\n$`).MatchString(out) {
		t.Errorf("two good stages: success %v\n%s", ok, out)
	}
	out, ok = script(t, bin, "stages", "one", "bad", "never")
	if ok || strings.Contains(out, "making never") || !regexp.MustCompile(`bad +\d+ s  FAILED, exit status 1\ntotal `).MatchString(out) {
		t.Errorf("a bad stage: success %v\n%s", ok, out)
	}
}

// TestEntryPoints checks that .ci/run is make ci, and that the Makefile has the
// targets that the documents name.
func TestEntryPoints(t *testing.T) {
	bin := fakeTools(t, map[string]string{"make": `echo "$@"`})
	if out, ok := script(t, bin, "run"); !ok || out != "--no-print-directory ci\n" {
		t.Errorf(".ci/run ran make %q", out)
	}
	makefile, err := os.ReadFile(filepath.Join(moduleRoot(t), "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	targets := strings.Fields("run test build build-static race mpi slurm bench fuzz golden ci nightly help clean setup vet staticcheck tidy bench-once")
	for _, target := range targets {
		if !regexp.MustCompile(`(?m)^` + target + `:`).Match(makefile) {
			t.Errorf("the Makefile has no target %s", target)
		}
	}
	cmd := exec.Command("make", append([]string{"--dry-run"}, targets...)...)
	cmd.Dir = moduleRoot(t)
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=", "MPIRUN=mpirun", "RANKS=2")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "mpirun -n 2 bin/columen solve configs/solve.toml --overwrite") {
		t.Errorf("make --dry-run: %v\n%s", err, out)
	}
}
