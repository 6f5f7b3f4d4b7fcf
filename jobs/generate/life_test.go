// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/mpiutil"
)

// The process that a test kills is the test program itself, which these
// variables turn into the job.
const (
	childConfig = "COLUMEN_GENERATE_CONFIG" // configuration to run
	childJob    = "COLUMEN_GENERATE_JOB"    // "measure", or "" for the whole job
	childLimit  = "COLUMEN_GENERATE_LIMIT"  // bytes that a file may have
)

func TestMain(m *testing.M) {
	path := os.Getenv(childConfig)
	if path == "" {
		os.Exit(m.Run())
	}
	if limit := os.Getenv(childLimit); limit != "" {
		var n uint64
		fmt.Sscan(limit, &n)
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
	}
	job := Job()
	if os.Getenv(childJob) == "measure" {
		job = measuring()
	}
	code, text := start(1, job, path, run.Flags{})
	fmt.Fprint(os.Stderr, text)
	os.Exit(code)
}

// measuring is the job up to the shards, which needs no HDF5. It leaves its work.
func measuring() run.Job {
	job := Job()
	job.Outputs = func(configs.Job) []string { return nil }
	job.Tidy = nil
	job.Run = func(ctx context.Context, env *run.Env) error {
		t, err := build(env)
		if err != nil {
			return err
		}
		return t.measure(ctx)
	}
	return job
}

// start runs a job on ranks of this process and returns the exit status and what
// rank 0 printed.
func start(ranks int, job run.Job, path string, flags run.Flags) (int, string) {
	var log bytes.Buffer
	codes := make([]int, ranks)
	err := mpiutil.InProcess(ranks, func(c *mpiutil.Comm) error {
		p := run.Program{Name: "columen", Version: "test", Stdout: &log, Stderr: &log,
			Join: func() (run.Comm, error) { return run.World{Comm: c}, nil }}
		codes[c.Rank()] = p.Execute(run.Call{Job: job, Flags: flags, Args: []string{path}})
		return nil
	})
	if err != nil || slices.Min(codes) != slices.Max(codes) {
		return -1, fmt.Sprintf("exit status %v, %v: %s", codes, err, log.String())
	}
	return codes[0], log.String()
}

// succeed runs a job that must end well.
func succeed(t *testing.T, ranks int, job run.Job, path string, flags run.Flags) string {
	t.Helper()
	code, text := start(ranks, job, path, flags)
	if code != 0 {
		t.Fatalf("exit status %d: %s", code, text)
	}
	return text
}

// configIn writes a configuration whose outputs go to the folder out beside it.
func configIn(t *testing.T, dir string, edits ...string) string {
	t.Helper()
	text := `
[data]
kind = "mulfreq"
grid = 32
channels = 7
models = 8
rotations = 3
seed = 3
box_au = 800.0
v_turb_ms = 150.0
[line]
molecule = "co"
transition = "2-1"
[split]
validation = 0.13
test = 0.13
[shards]
samples = 5
[parallel]
threads = 2
[output]
dir = "out"
name = "t"
`
	for i := 0; i+1 < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("%q is not in the configuration", edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	path := filepath.Join(dir, "t.toml")
	must(t, os.WriteFile(path, []byte(text), 0o666))
	return path
}

// contents maps the names of the files in folders to their contents.
func contents(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, dir := range folders {
		entries, err := os.ReadDir(dir)
		must(t, err)
		for _, e := range entries {
			if e.IsDir() {
				continue
			}
			data, err := os.ReadFile(filepath.Join(dir, e.Name()))
			must(t, err)
			all[e.Name()] = string(data)
		}
	}
	return all
}

// same fails when two sets of files differ.
func same(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d files, want %d", what, len(got), len(want))
	}
	for name, data := range want {
		if got[name] != data {
			t.Errorf("%s: %s differs", what, name)
		}
	}
}

// killWhen runs the job in a process of its own and kills it as soon as there are
// n files of a pattern.
func killWhen(t *testing.T, path, job, pattern string, n int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childConfig+"="+path, childJob+"="+job)
	var log bytes.Buffer
	cmd.Stderr = &log
	must(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		found, err := filepath.Glob(pattern)
		must(t, err)
		if len(found) >= n {
			must(t, cmd.Process.Kill())
			<-ended
			return
		}
		select {
		case err := <-ended: // too fast to be killed here; what follows checks it all the same
			if err != nil {
				t.Fatalf("the job ended with %v: %s", err, log.String())
			}
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// workFiles are those of the first two passes.
func workFiles(t *testing.T, dir string) map[string]string {
	t.Helper()
	return contents(t, filepath.Join(dir, "out/t.work/raw"), filepath.Join(dir, "out/t.work/statistics"))
}

// TestWorkSurvivesKill checks that samples and statistics are the same for one
// rank, for two, and for a run that is killed twice and started again.
func TestWorkSurvivesKill(t *testing.T) {
	one, two, killed := t.TempDir(), t.TempDir(), t.TempDir()
	succeed(t, 1, measuring(), configIn(t, one), run.Flags{})
	want := workFiles(t, one)
	if len(want) != 24+1 {
		t.Fatalf("%d work files, want 24 and a chunk", len(want))
	}
	succeed(t, 2, measuring(), configIn(t, two), run.Flags{})
	same(t, "two ranks", workFiles(t, two), want)

	// Killed before the work folder was more than a folder.
	must(t, os.MkdirAll(filepath.Join(killed, "out/t.work"), 0o777))
	must(t, os.WriteFile(filepath.Join(killed, "out/t.work/work.json.1-0.tmp"), nil, 0o666))
	path, pattern := configIn(t, killed), filepath.Join(killed, "out/t.work/raw/*.raw")
	killWhen(t, path, "measure", pattern, 5)
	killWhen(t, path, "measure", pattern, 17)
	if log := succeed(t, 1, measuring(), path, run.Flags{}); !strings.Contains(log, "raw: continuing") {
		t.Errorf("the last run began anew: %s", log)
	}
	same(t, "killed", workFiles(t, killed), want)
}

// TestWorkOfAnotherConfiguration checks that unfinished work is not mixed.
func TestWorkOfAnotherConfiguration(t *testing.T) {
	dir := t.TempDir()
	succeed(t, 1, measuring(), configIn(t, dir, "models = 8", "models = 4", "validation = 0.13", "validation = 0.25", "test = 0.13", "test = 0.25"), run.Flags{})
	must(t, os.Remove(filepath.Join(dir, "out/t.generate.json")))
	path := configIn(t, dir, "models = 8", "models = 3", "validation = 0.13", "validation = 0.0", "test = 0.13", "test = 0.0")
	code, log := start(1, measuring(), path, run.Flags{})
	if code != run.ExitUsage || !strings.Contains(log, "is the unfinished work of another configuration") || !strings.Contains(log, "--overwrite") {
		t.Errorf("exit status %d: %s", code, log)
	}
	succeed(t, 1, measuring(), path, run.Flags{Overwrite: true})
	if n := len(workFiles(t, dir)); n != 9+1 {
		t.Errorf("%d work files, want 9 and a chunk", n)
	}
}

// TestFullDisk checks the error where a work file cannot be written.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	full(t, configIn(t, dir), "measure", 200_000, "000")
	if left, _ := filepath.Glob(filepath.Join(dir, "out/t.work/raw/*")); len(left) > 0 {
		t.Errorf("%v were left", left)
	}
}

// full runs the job in a process whose files may have limit bytes.
func full(t *testing.T, path, job string, limit int, file string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childConfig+"="+path, childJob+"="+job, fmt.Sprintf("%s=%d", childLimit, limit))
	out, _ := cmd.CombinedOutput()
	lower := strings.ToLower(string(out))
	if code := cmd.ProcessState.ExitCode(); code != run.ExitFailed || !strings.Contains(lower, "file too large") || !strings.Contains(lower, file) {
		t.Errorf("exit status %d: %s: want %d, the file and the reason", code, out, run.ExitFailed)
	}
}

// TestDryRunWritesNothing checks what a dry run tells.
func TestDryRunWritesNothing(t *testing.T) {
	dir := t.TempDir()
	log := succeed(t, 1, Job(), configIn(t, dir), run.Flags{DryRun: true})
	for _, part := range []string{"samples=24", "data_set_bytes=10125312", "ms_per_sample_and_core=", "t.train_3.hdf5", "cell_m=3.73994"} {
		if !strings.Contains(log, part) {
			t.Errorf("no %q in %s", part, log)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
		t.Error("the dry run made the folder of the outputs")
	}
}
