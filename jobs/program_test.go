// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram is the environment variable that makes this test binary columen;
// fileLimit bounds the size of the files that it may write [bytes].
const (
	asProgram = "COLUMEN_TEST_AS_PROGRAM"
	fileLimit = "COLUMEN_TEST_FILE_LIMIT"
)

// TestMain makes the binary columen itself where a test started it as such, so
// that the whole program is tested without another build.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		// A program that another test starts inherits for a moment what this
		// process has open: an HDF5 file just written, with its lock.
		if err := os.Setenv("HDF5_USE_FILE_LOCKING", "FALSE"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(99)
		}
		if joinsMPI { // most of the time of such a program is waiting
			if err := flag.Set("test.parallel", "4"); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(99)
			}
		}
		os.Exit(m.Run())
	}
	if bytes, err := strconv.ParseUint(os.Getenv(fileLimit), 10, 64); err == nil {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: bytes}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(99)
		}
	}
	main()
}

// patience ends a program that hangs; promise (promise_test.go) is how soon it must have failed.
const patience = 150 * time.Second

// result is how a run of the program ended.
type result struct {
	code           int
	stdout, stderr string
	took           time.Duration
}

// messages returns the lines by which the program says why it failed. Launchers
// have more to say.
func (r result) messages() []string {
	var out []string
	for _, line := range strings.Split(r.stderr, "\n") {
		if strings.HasPrefix(line, "columen:") || strings.HasPrefix(line, "columen ") {
			out = append(out, line)
		}
	}
	return out
}

// folder is where a test runs the program.
type folder struct {
	dir string
	env []string
}

// smallModel is a snapshot of 120 leaves of 6³ cells, with ghost cells.
const smallModel = "../solver/hydro/testdata/agb_small_ghost.dat"

// solveConfig images the snapshot in wind.dat from two sides.
const solveConfig = `[model]
snapshot = "wind.dat"
[model.amrvac]
length_cm = 1.495978707e13
density_gcc = 1e-15
velocity_cms = 1e6
mean_mol_weight = 2.35
[cube]
cells = [12, 10, 14]
mass_per_h2_amu = 2.02
co_per_h2 = 1e-4
temperature_floor_k = 10.0
v_turb_ms = 150.0
[line]
molecule = "co"
transition = "2-1"
[spectrum]
channels = 5
spacing_ms = 4000.0
[[view]]
name = "pole"
axis = "+z"
[[view]]
name = "side"
axis = "-y"
[parallel]
threads = 1
[output]
dir = "out"
name = "w"
formats = ["fits"]
`

// cubeConfig makes a cube file of the same.
func cubeConfig() string {
	head, _, _ := strings.Cut(solveConfig, "[line]")
	return head + "[output]\ndir = \"out\"\nname = \"w\"\n"
}

// fromCubeConfig images a cube file.
func fromCubeConfig(cube string) string {
	_, tail, _ := strings.Cut(solveConfig, "[line]")
	return "[model]\ncube = \"" + cube + "\"\n[line]" + tail
}

// newFolder holds wind.dat, solve.toml and cube.toml.
func newFolder(t *testing.T) folder {
	t.Helper()
	// The lock of an HDF5 file that a test has just written may live on in a
	// program that another test started meanwhile.
	f := folder{dir: t.TempDir(), env: append(environment(t), "HDF5_USE_FILE_LOCKING=FALSE")}
	model, err := filepath.Abs(smallModel)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(model, f.path("wind.dat")); err != nil {
		t.Fatal(err)
	}
	f.write(t, "solve.toml", solveConfig)
	f.write(t, "cube.toml", cubeConfig())
	return f
}

func (f folder) path(name string) string { return filepath.Join(f.dir, name) }

// write replaces a file, not what a link points to.
func (f folder) write(t *testing.T, name, data string) {
	t.Helper()
	os.Remove(f.path(name))
	if err := os.MkdirAll(filepath.Dir(f.path(name)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.path(name), []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (f folder) read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(f.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// edit replaces the one occurrence of old in a file.
func (f folder) edit(t *testing.T, name, old, now string) {
	t.Helper()
	data := f.read(t, name)
	if strings.Count(data, old) != 1 {
		t.Fatalf("%q stands %d times in %s", old, strings.Count(data, old), name)
	}
	f.write(t, name, strings.Replace(data, old, now, 1))
}

// files lists everything below the folder but folders, with sizes.
func (f folder) files(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(f.dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			rel, _ := filepath.Rel(f.dir, p)
			out = append(out, fmt.Sprintf("%s %d", rel, info.Size()))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// command prepares the program in the folder, behind a launcher if one is
// given.
func (f folder) command(ctx context.Context, t *testing.T, launcher []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	line := append(slices.Clone(launcher), self)
	line = append(line, args...)
	cmd := exec.CommandContext(ctx, line[0], line[1:]...)
	cmd.Dir = f.dir
	cmd.Env = append(append(os.Environ(), asProgram+"=1"), f.env...)
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// run runs the program to its end.
func (f folder) run(t *testing.T, args ...string) result {
	t.Helper()
	return f.launch(t, nil, args...)
}

func (f folder) launch(t *testing.T, launcher []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := f.command(ctx, t, launcher, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	err := cmd.Run()
	r := result{stdout: stdout.String(), stderr: stderr.String(), took: time.Since(start)}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("columen %v still running after %v:\n%s", args, patience, r.stderr)
	case errors.As(err, &exit):
		r.code = exit.ExitCode()
	case err != nil:
		t.Fatal(err)
	}
	return r
}

// succeed runs the program, which must end well and have no complaint.
func (f folder) succeed(t *testing.T, args ...string) result {
	t.Helper()
	r := f.run(t, args...)
	if r.code != 0 || len(r.messages()) > 0 {
		t.Fatalf("columen %q: exit status %d, %s", args, r.code, r.stderr)
	}
	return r
}

// refuses checks what holds of every failure: the exit status, one message with
// all the parts, in time, and files as they were before.
func (f folder) refuses(t *testing.T, r result, before []string, code int, parts ...string) {
	t.Helper()
	said := r.messages()
	if r.code != code || len(said) != 1 {
		t.Fatalf("exit status %d and %d messages, want %d and one:\n%s", r.code, len(said), code, r.stderr)
	}
	t.Log(said[0])
	for _, part := range parts {
		if !strings.Contains(said[0], part) {
			t.Errorf("message lacks %q: %s", part, said[0])
		}
	}
	if strings.Contains(r.stderr, "goroutine ") || strings.Contains(said[0], "internal error") {
		t.Errorf("a crash, not a message:\n%s", r.stderr)
	}
	if r.took > promise {
		t.Errorf("took %v, more than %v", r.took, promise)
	}
	if after := f.files(t); !slices.Equal(before, after) {
		t.Errorf("files before %q, after %q", before, after)
	}
}
