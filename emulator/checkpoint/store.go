// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Store is a folder of training checkpoints, each a folder of its own:
//
//	step-000000012000/parameters.safetensors    one file per group of tensors
//	step-000000012000/moments.safetensors
//	step-000000012000/manifest.json             State, sizes and checksums; written last
//
// A checkpoint is built under a hidden temporary name, every file is synced,
// and the folder is renamed as the last act: a process killed at any moment
// leaves either the whole checkpoint or none. Only one process may save into a
// store at a time.
type Store struct {
	Dir  string
	Keep int // newest checkpoints that survive a Save; the best one survives besides. 0 keeps all
}

// Group is a set of tensors with a file of its own.
type Group struct {
	Name    string // also the name of the file; letters, digits, - and _
	Tensors []Tensor
}

const (
	stepPrefix    = "step-"
	writingPrefix = ".writing-"
	manifestName  = "manifest.json"
	groupSuffix   = ".safetensors"
)

// Save writes a checkpoint of the state and the groups, then removes old ones.
// It returns the folder of the checkpoint. On an error, a full disk included,
// the checkpoints that were there stay.
func (s Store) Save(st State, groups ...Group) (path string, err error) {
	path = s.stepDir(st.Step)
	fail := func(err error) (string, error) { return "", fmt.Errorf("write checkpoint %s: %w", path, err) }
	if err := st.validate(); err != nil {
		return fail(err)
	}
	if err := os.MkdirAll(s.Dir, 0o777); err != nil {
		return fail(err)
	}
	if err := s.sweep(); err != nil {
		return fail(err)
	}
	tmp := filepath.Join(s.Dir, writingPrefix+filepath.Base(path))
	if err := s.build(tmp, st, groups); err != nil {
		return fail(errors.Join(err, os.RemoveAll(tmp)))
	}
	if err := replaceDir(tmp, path); err != nil {
		return fail(errors.Join(err, os.RemoveAll(tmp)))
	}
	if err := s.prune(); err != nil {
		return path, fmt.Errorf("remove old checkpoints of %s: %w", s.Dir, err)
	}
	return path, nil
}

// build writes all files of a checkpoint into the new folder dir.
func (s Store) build(dir string, st State, groups []Group) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	m := manifest{Schema: manifestSchema, State: st}
	for _, g := range groups {
		if !validGroup(g.Name) || slices.ContainsFunc(m.Files, func(f fileSum) bool { return f.Name == g.Name+groupSuffix }) {
			return fmt.Errorf("group %q: want a name of letters, digits, - and _, used once", g.Name)
		}
		sum, err := writeSummed(filepath.Join(dir, g.Name+groupSuffix), g.Tensors)
		if err != nil {
			return fmt.Errorf("group %s: %w", g.Name, err)
		}
		m.Files = append(m.Files, sum)
	}
	if err := m.write(filepath.Join(dir, manifestName)); err != nil {
		return err
	}
	return syncDir(dir)
}

func validGroup(name string) bool {
	ok := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
	}
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool { return !ok(r) })
}

// replaceDir renames tmp to path and removes what stood there, which is moved
// out of the way first since a folder cannot replace a folder.
func replaceDir(tmp, path string) error {
	old := filepath.Join(filepath.Dir(path), writingPrefix+"old-"+filepath.Base(path))
	if err := os.Rename(path, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return errors.Join(syncDir(filepath.Dir(path)), os.RemoveAll(old))
}

// sweep removes what a killed process left behind. If it was killed between
// the two renames of replaceDir, the old folder is put back.
func (s Store) sweep() error {
	names, err := os.ReadDir(s.Dir)
	if err != nil {
		return err
	}
	for _, n := range names {
		left := filepath.Join(s.Dir, n.Name())
		if step, ok := strings.CutPrefix(n.Name(), writingPrefix+"old-"); ok {
			if _, err := os.Stat(filepath.Join(s.Dir, step)); errors.Is(err, fs.ErrNotExist) {
				err = os.Rename(left, filepath.Join(s.Dir, step))
				if err != nil {
					return err
				}
				continue
			}
		}
		if strings.HasPrefix(n.Name(), writingPrefix) {
			if err := os.RemoveAll(left); err != nil {
				return err
			}
		}
	}
	return nil
}

// Steps returns the steps of all checkpoints, whole or not, in rising order.
func (s Store) Steps() ([]int64, error) {
	names, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var steps []int64
	for _, n := range names {
		digits, ok := strings.CutPrefix(n.Name(), stepPrefix)
		step, err := strconv.ParseInt(digits, 10, 64)
		if ok && err == nil && n.IsDir() && n.Name() == filepath.Base(s.stepDir(step)) {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	return steps, nil
}

// stepDir finds the folder of a step.
func (s Store) stepDir(step int64) string {
	return filepath.Join(s.Dir, fmt.Sprintf("%s%012d", stepPrefix, step))
}

// prune removes all but the Keep newest checkpoints and the best one.
func (s Store) prune() error {
	if s.Keep <= 0 {
		return nil
	}
	steps, err := s.Steps()
	if err != nil || len(steps) <= s.Keep {
		return err
	}
	best, found := s.bestStep(steps)
	for _, step := range steps[:len(steps)-s.Keep] {
		if found && step == best {
			continue
		}
		if err := os.RemoveAll(s.stepDir(step)); err != nil {
			return err
		}
	}
	return nil
}

// bestStep returns the first step of the lowest score; checkpoints without a
// score or with an unreadable manifest do not count.
func (s Store) bestStep(steps []int64) (best int64, found bool) {
	low := math.Inf(1)
	for _, step := range steps {
		m, err := readManifest(filepath.Join(s.stepDir(step), manifestName))
		if err == nil && m.State.Score != nil && *m.State.Score < low {
			best, low, found = step, *m.State.Score, true
		}
	}
	return best, found
}
