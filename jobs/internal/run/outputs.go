// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Outputs are the files that a job will write. Until all are complete they
// have hidden partial names, so that a reader never sees half a file.
type Outputs struct {
	finals []string
	owner  bool // rank 0 renames and removes

	mu        sync.Mutex
	discarded bool
}

// newOutputs knows the final paths; partial files that an ended process left
// behind are removed by the owner.
func newOutputs(finals []string, owner bool) *Outputs {
	o := &Outputs{finals: slices.Clone(finals), owner: owner}
	o.remove()
	return o
}

// Partial returns the path under which the file with a final path is to be
// written: the same folder, the same extension, a hidden name. Asking for a
// path that the job did not declare is a programmer's error and panics.
func (o *Outputs) Partial(final string) string {
	if !slices.Contains(o.finals, final) {
		panic("run: output " + final + " was not declared by Job.Outputs")
	}
	return partial(final)
}

// NotWritten is the error for a final path after a failure to write its partial
// file, whose name means nothing to a user. Of the many words of the HDF5
// library about a failed system call, those of the system are kept.
func (o *Outputs) NotWritten(final string, err error) error {
	reason := cause(err)
	if _, tail, ok := strings.Cut(reason, "error message = '"); ok {
		system, _, _ := strings.Cut(tail, "'")
		reason = strings.ToLower(system)
	}
	return fmt.Errorf("%s: output not written: %s", final, reason)
}

// Paths returns the final paths in the order of declaration.
func (o *Outputs) Paths() []string { return slices.Clone(o.finals) }

// Discard removes all partial files, now and for good: a later commit fails.
func (o *Outputs) Discard() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.discarded = true
	o.remove()
}

// abandon is Discard on any rank, for when the owner may be stuck.
func (o *Outputs) abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.owner = true
	o.discarded = true
	o.remove()
}

// remove deletes partial files, and what a writer that ended without warning
// had begun beside them under a name that starts with theirs.
func (o *Outputs) remove() {
	if !o.owner || len(o.finals) == 0 {
		return
	}
	for _, f := range o.finals {
		os.Remove(partial(f)) // that it is absent already is fine
	}
	dir := filepath.Dir(o.finals[0])
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // no folder, no files
	}
	for _, e := range entries {
		for _, f := range o.finals {
			if strings.HasPrefix(e.Name(), filepath.Base(partial(f))+".") && strings.HasSuffix(e.Name(), ".tmp") {
				os.Remove(filepath.Join(dir, e.Name())) // as above
			}
		}
	}
}

// complete flushes every partial file to the disk, and so finds out whether
// all are there.
func (o *Outputs) complete() error {
	for _, f := range o.finals {
		if err := flush(partial(f)); err != nil {
			return o.NotWritten(f, err)
		}
	}
	return nil
}

// commit gives every partial file its final name.
func (o *Outputs) commit() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.discarded {
		return errors.New("outputs were discarded before they were complete")
	}
	for _, f := range o.finals {
		if err := os.Rename(partial(f), f); err != nil {
			return fmt.Errorf("%s: output cannot get its name: %w", f, err)
		}
	}
	return nil
}

func partial(final string) string {
	return filepath.Join(filepath.Dir(final), ".partial-"+filepath.Base(final))
}

// flush makes the contents of a file durable.
func flush(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
