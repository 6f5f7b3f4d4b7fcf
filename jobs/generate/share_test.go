// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/mpiutil"
)

// counted is a pass whose items write their number, and count how often each
// was done.
func counted(items int, times []atomic.Int32, fail func(item int) error) pass {
	return pass{
		name: "p", items: items, file: func(i int) string { return fmt.Sprintf("%d.x", i) },
		keep: func(_ int, bytes int64) bool { return bytes == 1 }, units: func(int) int { return 1 },
		worker: func() (func(ctx context.Context, item int, path string) error, error) {
			return func(_ context.Context, item int, path string) error {
				times[item].Add(1)
				time.Sleep(time.Millisecond)
				if err := fail(item); err != nil {
					return err
				}
				return os.WriteFile(path, []byte("x"), 0o666)
			}, nil
		},
	}
}

// shareOn runs a pass on ranks of two threads each and returns their errors.
func shareOn(t *testing.T, ranks int, dir string, p pass, ctx context.Context) []error {
	t.Helper()
	s, err := newScheme(testConfig())
	must(t, err)
	errs := make([]error, ranks)
	must(t, mpiutil.InProcess(ranks, func(c *mpiutil.Comm) error {
		task := &task{cfg: testConfig(), scheme: s, comm: c, workDir: dir,
			env: &run.Env{Comm: run.World{Comm: c}, Threads: 2, Manifest: &run.Manifest{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}}
		errs[c.Rank()] = task.share(ctx, p)
		return nil
	}))
	return errs
}

// TestShareDoesEachItemOnce checks that ranks and threads together do what is
// not done, once, and leave what is.
func TestShareDoesEachItemOnce(t *testing.T) {
	for _, ranks := range []int{1, 3} {
		dir, times := t.TempDir(), make([]atomic.Int32, 40)
		must(t, os.MkdirAll(filepath.Join(dir, "p.claims"), 0o777))
		must(t, os.MkdirAll(filepath.Join(dir, "p"), 0o777))
		for name, data := range map[string]string{
			"p/7.x": "x", "p/9.x": "", "p/3.x.1-0.tmp": "x", // done, cut short, unfinished
			"p.claims/11": "", "p.claims/stop": "", // of a run that was killed
		} {
			must(t, os.WriteFile(filepath.Join(dir, name), []byte(data), 0o666))
		}
		for _, err := range shareOn(t, ranks, dir, counted(40, times, func(int) error { return nil }), context.Background()) {
			must(t, err)
		}
		for i := range times {
			if n, want := times[i].Load(), map[bool]int32{false: 1}[i == 7]; n != want {
				t.Errorf("%d ranks: item %d was done %d times, want %d", ranks, i, n, want)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "p/3.x.1-0.tmp")); err == nil {
			t.Error("an unfinished file was left")
		}
	}
}

// TestErrorEndsAllRanks checks that an item that fails ends all ranks before they
// have done the rest, with one error.
func TestErrorEndsAllRanks(t *testing.T) {
	times := make([]atomic.Int32, 2000)
	errs := shareOn(t, 3, t.TempDir(), counted(2000, times, func(item int) error {
		if item == 700 {
			return errors.New("no space left on device")
		}
		return nil
	}), context.Background())
	for rank, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "no space left on device") {
			t.Errorf("rank %d: error %v", rank, err)
		}
	}
	done := 0
	for i := range times {
		done += int(times[i].Load())
	}
	if done > 1000 {
		t.Errorf("%d items were done after one had failed early", done)
	}
}

// TestSignalAsksForRestart checks that a signal gives exit status 75 and that
// nothing is begun after it.
func TestSignalAsksForRestart(t *testing.T) {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(&run.SignalError{Signal: os.Interrupt})
	times := make([]atomic.Int32, 5)
	for _, err := range shareOn(t, 2, t.TempDir(), counted(5, times, func(int) error { return nil }), ctx) {
		if run.ExitCode(err) != run.ExitRequeue || !strings.Contains(err.Error(), "start the same command again") {
			t.Errorf("error %v, exit status %d: want %d", err, run.ExitCode(err), run.ExitRequeue)
		}
	}
	for i := range times {
		if times[i].Load() != 0 {
			t.Errorf("item %d was done after the signal", i)
		}
	}
}
