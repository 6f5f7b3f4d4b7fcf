// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/mpiutil"
)

// pass is a part of the job that ranks share item by item. An item is done when
// its file is in the folder of the pass, where it appears complete or not at
// all: that is what a restart goes by.
type pass struct {
	name  string // of the folder, and in the log
	items int
	file  func(item int) string // its name in the folder
	units func(item int) int    // samples, for the progress
	// keep reports whether a file of so many bytes is the finished item; nil
	// keeps all.
	keep func(item int, bytes int64) bool
	// worker returns what does the items of one goroutine.
	worker func() (func(ctx context.Context, item int, path string) error, error)
}

// share does the items of a pass that are not done, on all threads of all ranks.
func (t *task) share(ctx context.Context, p pass) error {
	// 1. Rank 0 looks what is there.
	pending, err := t.pending(p)
	if err != nil {
		return err
	}
	units := 0
	for _, item := range pending {
		units += p.units(item)
	}
	own := 0
	for item := range p.items {
		if t.mine(item) {
			own++
		}
	}
	if len(pending) < own {
		t.env.Manifest.Continued = true
		t.env.Log.Info(p.name+": continuing", "done", own-len(pending), "of", own)
	}

	// 2. All threads of all ranks take what is left.
	c := newClaims(t.claimsDir(p), pending, t.comm.Rank(), t.comm.Size())
	start, done := time.Now(), t.monitor(p, pending, units)
	failures := make([]error, t.env.Threads)
	var wg sync.WaitGroup
	for i := range failures {
		wg.Go(func() {
			if failures[i] = t.work(ctx, p, c); failures[i] != nil {
				c.stop()
			}
		})
	}
	wg.Wait()

	// 3. A rank that failed ends all.
	err = t.env.Comm.Agree(firstOf(failures))
	done(err == nil)
	if err == nil && units > 0 {
		t.env.Manifest.AddPhase(p.name, time.Since(start).Seconds())
	}
	return err
}

// firstOf returns the first error: others are mostly the same disk, full again.
func firstOf(failures []error) error {
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// work does items until none is left or a signal comes.
func (t *task) work(ctx context.Context, p pass, c *claims) error {
	do, err := p.worker()
	if err != nil {
		return err
	}
	for {
		if err := interrupted(ctx); err != nil {
			return err
		}
		item, ok, err := c.next()
		if err != nil || !ok {
			return err
		}
		if err := do(ctx, item, filepath.Join(t.folder(p), p.file(item))); err != nil {
			return err
		}
	}
}

func (t *task) folder(p pass) string    { return filepath.Join(t.workDir, p.name) }
func (t *task) claimsDir(p pass) string { return filepath.Join(t.workDir, claimsName(p, t.cfg.Part)) }

// pending returns the items that are not done, on all ranks what rank 0 finds,
// and makes an empty folder of claims.
func (t *task) pending(p pass) ([]int, error) {
	var found []byte // a byte per item: 1 when it is done
	var err error
	if t.comm.Rank() == 0 {
		found, err = finished(t.folder(p), p, t.mine)
		if err == nil {
			err = os.RemoveAll(t.claimsDir(p))
		}
		if err == nil {
			err = os.Mkdir(t.claimsDir(p), 0o777)
		}
	}
	if err := t.env.Comm.Agree(err); err != nil {
		return nil, err
	}
	found, err = mpiutil.BcastBytes(t.comm, found, 0)
	if err = t.env.Comm.Agree(err); err != nil {
		return nil, err
	}
	var pending []int
	for item, is := range found {
		if is == 0 {
			pending = append(pending, item)
		}
	}
	return pending, nil
}

// finished makes the folder of a pass, removes what a killed run left unfinished
// of its own items in it, and returns a byte per item: 1 when it is done or not
// this run's.
func finished(dir string, p pass, mine func(item int) bool) ([]byte, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	names, err := listNames(dir)
	if err != nil {
		return nil, err
	}
	others := map[string]bool{}
	for item := range p.items {
		if !mine(item) {
			others[p.file(item)] = true
		}
	}
	for n := range names {
		// NAME.PROCESS-ATTEMPT.tmp, as package atomicfile writes them
		stem := strings.TrimSuffix(n, ".tmp")
		if stem != n && !others[strings.TrimSuffix(stem, filepath.Ext(stem))] {
			if err := os.Remove(filepath.Join(dir, n)); err != nil {
				return nil, err
			}
		}
	}
	found := make([]byte, p.items)
	for item := range found {
		name := p.file(item)
		if !mine(item) {
			found[item] = 1
			continue
		}
		if !names[name] {
			continue
		}
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		if p.keep == nil || p.keep(item, info.Size()) {
			found[item] = 1
		}
	}
	return found, nil
}

// monitorEvery is the time between two looks at how far all ranks are.
const monitorEvery = time.Second

// monitor shows on rank 0 how far all ranks are, by what is in the folder. The
// function that it returns ends it.
func (t *task) monitor(p pass, pending []int, units int) func(complete bool) {
	if t.comm.Rank() != 0 || units == 0 {
		return func(bool) {}
	}
	bar := t.env.Progress(p.name, int64(units)).Rates("samples", float64(recordBytes(t.Shape)))
	quit, ended, shown := make(chan struct{}), make(chan struct{}), int64(0)
	go func() {
		defer close(ended)
		tick := time.NewTicker(monitorEvery)
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
			}
			names, err := listNames(t.folder(p))
			if err != nil {
				continue // whoever works there reports it
			}
			now := int64(0)
			for _, item := range pending {
				if names[p.file(item)] {
					now += int64(p.units(item))
				}
			}
			bar.Add(now - shown)
			shown = now
		}
	}()
	return func(complete bool) {
		close(quit)
		<-ended
		if complete {
			bar.Add(int64(units) - shown)
		}
		bar.Done()
	}
}

// interrupted returns an error when a signal has come.
func interrupted(ctx context.Context) error {
	if cause := context.Cause(ctx); cause != nil {
		return &run.RequeueError{Reason: cause.Error() + "; what is done is kept"}
	}
	return nil
}
