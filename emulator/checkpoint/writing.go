// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Writing is a checkpoint on its way to the disk: a goroutine of each rank works
// on it while the rank does something else. It goes through stages, which the
// ranks enter together: values are written, checksums taken, the checkpoint gets
// its name. Until that, the checkpoints before it are the newest.
type Writing struct {
	store     Store
	team      Team
	path, tmp string
	groups    []PartGroup
	layouts   []*layout
	manifest  manifest
	sums      [][]string // of this rank's blocks of each file
	stage     stage
	result    chan error // of this rank's work in the stage
}

type stage int

const (
	storing stage = iota
	summing
	naming
	ended
)

// Begin lays out a checkpoint of the state and the groups and begins to write this
// rank's values. They must not change before Advance has returned once. All ranks
// call it and get the same error; they call Advance, all at the same times, until
// it is done. Only one checkpoint of a store may be under way.
func (s Store) Begin(team Team, st State, groups ...PartGroup) (*Writing, error) {
	w := &Writing{store: s, team: team, path: s.stepDir(st.Step), groups: groups, layouts: make([]*layout, len(groups)),
		manifest: manifest{Schema: manifestSchema, State: st}, result: make(chan error, 1)}
	w.tmp = filepath.Join(s.Dir, writingPrefix+filepath.Base(w.path))
	err := st.validate()
	for i, g := range groups {
		var bad error
		w.layouts[i], bad = layoutOf(g)
		err = errors.Join(err, bad)
	}
	if err == nil && team.Rank() == 0 {
		err = s.lay(w.tmp, w.layouts)
	}
	if err := team.Agree(err); err != nil {
		return nil, w.fail(err)
	}
	w.work(w.storeParts)
	return w, nil
}

// work does a stage's work of this rank.
func (w *Writing) work(f func() error) { go func() { w.result <- f() }() }

// Ready reports whether this rank has done its work in the stage at hand, so that
// Advance would wait for other ranks only.
func (w *Writing) Ready() bool { return w.stage == ended || len(w.result) > 0 }

// Advance waits for the work of all ranks in the stage at hand and begins the next
// one, or reports that the checkpoint is there. After an error, which all ranks
// get, it is not, and nothing is left of it.
func (w *Writing) Advance() (done bool, err error) {
	if w.stage == ended {
		return true, nil
	}
	err = w.team.Agree(<-w.result)
	if err == nil && w.stage == summing {
		err = w.team.Agree(w.collect())
	}
	if err != nil && w.stage == naming {
		w.stage = ended
		return true, err
	}
	if err != nil {
		return true, w.fail(err)
	}
	w.stage++
	switch w.stage {
	case summing:
		w.groups = nil // may change now
		w.work(w.sumParts)
	case naming:
		w.work(w.name)
	}
	return w.stage == ended, nil
}

// Finish advances to the end and returns the folder of the checkpoint.
func (w *Writing) Finish() (path string, err error) {
	for done := false; !done; {
		if done, err = w.Advance(); err != nil {
			return "", err
		}
	}
	return w.path, nil
}

// Leave waits for this rank's work alone, where the ranks cannot go on together.
func (w *Writing) Leave() {
	if w.stage != ended {
		<-w.result
		w.stage = ended
	}
}

// fail removes what an error has left, which all ranks have.
func (w *Writing) fail(err error) error {
	w.stage = ended
	if w.team.Rank() == 0 {
		err = fmt.Errorf("write checkpoint %s: %w", w.path, errors.Join(err, os.RemoveAll(w.tmp)))
	}
	return w.team.Agree(err)
}

func (w *Writing) storeParts() error {
	var err error
	for i, g := range w.groups {
		err = errors.Join(err, w.layouts[i].write(w.tmp, g.Parts))
	}
	return err
}

func (w *Writing) sumParts() error {
	for _, l := range w.layouts {
		sums, err := l.sum(w.team.Rank(), w.team.Size(), w.tmp)
		if err != nil {
			return err
		}
		w.sums = append(w.sums, sums)
	}
	return nil
}

// collect puts the checksums of all ranks together on rank 0.
func (w *Writing) collect() error {
	for _, l := range w.layouts {
		w.manifest.Files = append(w.manifest.Files, fileSum{Name: l.name, Bytes: l.bytes})
	}
	text, err := json.Marshal(w.sums)
	if err != nil {
		return err
	}
	all, err := w.team.GatherBytes(text)
	for _, part := range all {
		var sums [][]string
		if bad := json.Unmarshal(part, &sums); bad != nil || len(sums) != len(w.layouts) {
			return errors.Join(err, bad, errors.New("checksums of another rank are not those of this checkpoint"))
		}
		for i, s := range sums {
			w.manifest.Files[i].CRC32C = append(w.manifest.Files[i].CRC32C, s...)
		}
	}
	return err
}

// name ends the checkpoint on rank 0.
func (w *Writing) name() error {
	if w.team.Rank() != 0 {
		return nil
	}
	return w.store.end(w.tmp, w.path, &w.manifest)
}
