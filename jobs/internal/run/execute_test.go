// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/columen/columen/configs"
)

// TestLifeOfAJob runs, resumes, refuses and overwrites.
func TestLifeOfAJob(t *testing.T) {
	for _, size := range []int{1, 3} {
		f := newFolder(t)
		runs := 0
		count := func(_ context.Context, e *Env) error {
			if e.Comm.Rank() == 0 {
				runs++
				e.Manifest.AddPhase("solve", 3, 1, 2, 4)
				e.Manifest.Cite("Somebody 1999")
				e.Manifest.Cite("Somebody 1999")
			}
			return nil
		}
		overwrite := func(_ int, c *Call) { c.Flags.Overwrite = true }
		step := func(name string, code, wantRuns int, message string, edit func(int, *Call)) {
			t.Helper()
			results, _ := execute(size, f.call(count), edit)
			if got := one(t, results, code); !strings.Contains(got, message) {
				t.Errorf("%s: stderr %q, want %q", name, got, message)
			}
			if runs != wantRuns {
				t.Errorf("%s: the job ran %d times, want %d", name, runs, wantRuns)
			}
			if got := fmt.Sprint(f.left()); got != names("wind.cube.json", "wind.h5", "wind.png") {
				t.Errorf("%s: left %s", name, got)
			}
		}
		step("first", 0, 1, "done", nil)
		checkManifest(t, f, size)
		step("again", 0, 1, "already done", nil)
		step("other configuration", 2, 1, "exists and is not the finished result", func(_ int, c *Call) { c.Flags.Set = []string{"cube.cells=[5,5,5]"} })
		f.write(t, "out/wind.h5", "contents of windxh5")
		step("damaged output", 2, 1, `columen cube: `+f.config+`: output.dir = "`, nil)
		step("overwrite", 0, 2, "done", overwrite)
		f.write(t, "wind.dat", "new")
		step("changed input", 2, 2, "allowed: --overwrite, or another output.dir", nil)
		step("overwrite again", 0, 3, "done", overwrite)
		f.write(t, "out/wind.cube.json", "{")
		step("damaged manifest", 2, 3, "exists", nil)
	}
}

func checkManifest(t *testing.T, f folder, size int) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(f.dir, "out/wind.cube.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m Manifest
	if err := json.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	const gas = "2fe840e13244a9d748883574c1f1b7b1d7020eb39d0735b8f91ef5cf6f35173e" // SHA-256 of "gas"
	if m.Ranks != size || m.Threads < 1 || m.Job != "cube" || m.MPI != "a team of goroutines" || m.Program != "test" || m.Host == "" || m.End.Before(m.Start) || m.Start.IsZero() {
		t.Errorf("manifest %+v", m)
	}
	if len(m.Inputs) != 1 || m.Inputs[0].Bytes != 3 || m.Inputs[0].SHA256 != gas || len(m.Outputs) != 2 {
		t.Errorf("inputs %v, outputs %v", m.Inputs, m.Outputs)
	}
	if len(m.Phases) != 2 || m.Phases[0] != (Phase{"solve", 1, 2.5, 4}) || m.Phases[1].Name != "total" || len(m.References) != 1 {
		t.Errorf("phases %v, references %v", m.Phases, m.References)
	}
	if cube, ok := m.Config["cube"].(map[string]any); !ok || cube["mass_per_h2_amu"] != 2.8 {
		t.Errorf("configuration %v", m.Config)
	}
}

// TestFailures checks exit status, the one message and that nothing is left,
// for failures of one rank or of all.
func TestFailures(t *testing.T) {
	for _, c := range []struct {
		name    string
		code    int
		message string
		after   func(e *Env) error
		edit    func(f folder, rank int, c *Call)
	}{
		{name: "error on the last rank", code: 1, message: "columen cube: wind.dat: offset 3: ends too early\n", after: func(e *Env) error {
			if e.Comm.Rank() == e.Comm.Size()-1 {
				return errors.New("wind.dat: offset 3: ends too early")
			}
			return nil
		}},
		{name: "requeue", code: 75, message: "columen cube: out of time; start the same command again to continue\n", after: func(*Env) error { return &RequeueError{"out of time"} }},
		{name: "output not written", code: 1, message: "wind.png: output not written: no such file", after: func(e *Env) error {
			if e.Comm.Rank() == 0 {
				return os.Remove(e.Outputs.Partial(e.Outputs.Paths()[1]))
			}
			return nil
		}},
		{name: "missing input", code: 2, message: `model.snapshot = "`, edit: func(_ folder, _ int, c *Call) { c.Flags.Set = []string{"model.snapshot=none.dat"} }},
		{name: "input a folder", code: 2, message: "not a regular file: allowed: a readable file", edit: func(_ folder, _ int, c *Call) { c.Flags.Set = []string{"model.snapshot=."} }},
		{name: "output below a file", code: 2, message: "not a directory: allowed: a folder that can be made and written", edit: func(f folder, _ int, c *Call) { c.Flags.Out = filepath.Join(f.dir, "wind.dat", "out") }},
		{name: "configurations differ", code: 1, message: "read another configuration than rank 0", edit: func(_ folder, rank int, c *Call) {
			if rank == 2 {
				c.Flags.Set = []string{"cube.cells=[1,2,3]"}
			}
		}},
		{name: "bad configuration on one rank", code: 2, message: "columen cube: --set: cube.cells = 3: allowed: a list of 3", edit: func(_ folder, rank int, c *Call) {
			if rank == 1 {
				c.Flags.Set = []string{"cube.cells=3"}
			}
		}},
		{name: "bad command line", code: 2, message: "columen cube: --what: unknown: allowed: x\n", edit: func(_ folder, _ int, c *Call) { c.Err = &UsageError{Field: "--what", Reason: "unknown", Allowed: "x"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFolder(t)
			call := f.call(func(_ context.Context, e *Env) error {
				if c.after == nil {
					return nil
				}
				return c.after(e)
			})
			results, _ := execute(3, call, func(rank int, call *Call) {
				if c.edit != nil {
					c.edit(f, rank, call)
				}
			})
			got := one(t, results, c.code)
			if !strings.Contains(got, c.message) || strings.Count(got, "\n") != 1 {
				t.Errorf("stderr %q, want one line with %q", got, c.message)
			}
			if left := f.left(); len(left) != 0 {
				t.Errorf("left %v", left)
			}
		})
	}
}

// TestRanksThatDoNotFit starts three ranks for a configuration of four.
func TestRanksThatDoNotFit(t *testing.T) {
	f := newFolder(t)
	data, err := os.ReadFile(f.config)
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, "cube.toml", string(data)+`
[line]
molecule = "co"
transition = "2-1"
[spectrum]
channels = 3
spacing_ms = 100.0
[[view]]
name = "a"
axis = "+x"
[parallel]
ranks = [2, 2, 1]
`)
	call := f.call(nil)
	call.Job.Config = func() configs.Job { return new(configs.Solve) }
	results, _ := execute(3, call, nil)
	want := "parallel.ranks = [2, 2, 1]: 4 ranks, but 3 were started: allowed: [0, 0, 0], or three numbers whose product is 3\n"
	if got := one(t, results, 2); !strings.HasSuffix(got, want) || strings.Count(got, "\n") != 1 {
		t.Errorf("stderr %q, want %q", got, want)
	}
	if results, _ = execute(4, call, nil); results[0].code != 0 {
		t.Errorf("four ranks: exit status %d: %s", results[0].code, results[0].stderr)
	}
}

func TestDryRunAndPrintConfig(t *testing.T) {
	f := newFolder(t)
	results, _ := execute(2, f.call(nil), func(_ int, c *Call) { c.Flags.DryRun = true })
	if got := one(t, results, 0); !strings.Contains(got, "would write") || !strings.Contains(got, "ranks=2") {
		t.Errorf("dry run says %q", got)
	}
	if _, err := os.Stat(filepath.Join(f.dir, "out")); err == nil {
		t.Error("a dry run made the output folder")
	}
	results, _ = execute(1, f.call(nil), func(_ int, c *Call) { c.Flags.PrintConfig = true })
	if results[0].code != 0 || !strings.Contains(results[0].stdout, "cells = [4, 4, 4]") {
		t.Errorf("--print-config: %+v", results[0])
	}
	if err := configs.Decode([]byte(results[0].stdout), "x.toml", nil, new(configs.Cube)); err != nil {
		t.Error(err)
	}
}

func TestPanic(t *testing.T) {
	f := newFolder(t)
	call := f.call(func(context.Context, *Env) error { panic("ray: length 3, want 4") })
	results, team := execute(1, call, nil)
	got := one(t, results, 1)
	if got != "columen cube: internal error: ray: length 3, want 4 (COLUMEN_DEBUG=1 shows where)\n" || team.aborted != 1 {
		t.Errorf("stderr %q, abort status %d", got, team.aborted)
	}
	if left := f.left(); len(left) != 0 {
		t.Errorf("left %v", left)
	}
	t.Setenv("COLUMEN_DEBUG", "1")
	results, _ = execute(1, call, nil)
	if !strings.Contains(results[0].stderr, "execute_test.go") {
		t.Errorf("no stack: %q", results[0].stderr)
	}
}

// TestSignal checks that a signal to one process ends the job on all ranks,
// with partial files removed while the job still runs.
func TestSignal(t *testing.T) {
	f := newFolder(t)
	call := f.call(func(ctx context.Context, e *Env) error {
		if e.Comm.Rank() == 0 {
			if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
				return err
			}
			<-ctx.Done()
			for deadline := time.Now().Add(5 * time.Second); len(f.left()) > 0 && time.Now().Before(deadline); {
				time.Sleep(time.Millisecond)
			}
			if left := f.left(); len(left) > 0 {
				return fmt.Errorf("partial files stay: %v", left)
			}
		}
		return e.Check(ctx)
	})
	results, _ := execute(2, call, nil)
	if got := one(t, results, 1); !strings.HasSuffix(got, "columen cube: interrupted by signal: terminated\n") || strings.Count(got, "\n") != 2 || !strings.Contains(got, " stopping at the end of this step; a second signal stops at once") {
		t.Errorf("stderr %q", got)
	}
}

// TestSecondSignal starts this test again as a job that ignores its context,
// and checks that two signals end it with status 1 and no partial files.
func TestSecondSignal(t *testing.T) {
	if dir := os.Getenv("COLUMEN_TEST_STUBBORN"); dir != "" {
		f := folder{dir: dir, config: filepath.Join(dir, "cube.toml")}
		execute(1, f.call(func(context.Context, *Env) error {
			os.Stdout.WriteString("ready\n")
			time.Sleep(time.Minute)
			return nil
		}), nil)
		return
	}
	f := newFolder(t)
	cmd := exec.Command(os.Args[0], "-test.run", "^TestSecondSignal$")
	cmd.Env = append(os.Environ(), "COLUMEN_TEST_STUBBORN="+f.dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	for range 50 { // the first is seen before the second counts
		if cmd.Process.Signal(syscall.SIGTERM) != nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || time.Since(begin) > 10*time.Second {
		t.Errorf("ended with %v after %v, want exit status 1", err, time.Since(begin))
	}
	if left := f.left(); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

// TestJoinFails checks that only the launcher's rank 0 speaks.
func TestJoinFails(t *testing.T) {
	for rank, want := range map[string]string{"0": "columen cube: no MPI\n", "1": ""} {
		t.Setenv("OMPI_COMM_WORLD_RANK", rank)
		var stderr bytes.Buffer
		p := Program{Name: "columen", Stderr: &stderr, Join: func() (Comm, error) { return nil, errors.New("no MPI") }}
		if code := p.Execute(Call{Job: Job{Name: "cube"}}); code != 1 || stderr.String() != want {
			t.Errorf("rank %s: exit status %d, stderr %q", rank, code, stderr.String())
		}
	}
}

func TestUndeclaredOutput(t *testing.T) {
	f := newFolder(t)
	results, _ := execute(1, f.call(func(_ context.Context, e *Env) error {
		e.Outputs.Partial("other.h5")
		return nil
	}), nil)
	if got := one(t, results, 1); !strings.Contains(got, "other.h5 was not declared") {
		t.Errorf("stderr %q", got)
	}
}

func TestExitCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{nil, 0}, {errors.New("x"), 1}, {&UsageError{}, 2}, {fmt.Errorf("wrapped: %w", &RequeueError{}), 75}, {&configs.Error{}, 2}, {&SignalError{syscall.SIGINT}, 1},
	} {
		if got := ExitCode(c.err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}
