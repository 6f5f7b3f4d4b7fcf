// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNone means that a store has no whole checkpoint.
var ErrNone = errors.New("no checkpoint")

// Loaded is an open checkpoint. All its checksums have been verified.
type Loaded struct {
	Path    string
	State   State
	Groups  map[string]*File
	Skipped []error // newer checkpoints that were refused, and why
}

// Close releases the files of the checkpoint and all views of them.
func (l *Loaded) Close() error {
	var errs []error
	for _, f := range l.Groups {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}

// Group returns the tensors of a group.
func (l *Loaded) Group(name string) (*File, error) {
	f, ok := l.Groups[name]
	if !ok {
		return nil, fmt.Errorf("checkpoint %s: no group %q", l.Path, name)
	}
	return f, nil
}

// Latest opens the newest checkpoint that is whole. Torn and corrupt ones are
// passed over and listed in Skipped. An error that wraps ErrNone means that
// there is nothing to resume from.
func (s Store) Latest() (*Loaded, error) {
	steps, err := s.Steps()
	if err != nil {
		return nil, err
	}
	var skipped []error
	for _, step := range slices.Backward(steps) {
		l, err := s.At(step)
		if err == nil {
			l.Skipped = skipped
			return l, nil
		}
		skipped = append(skipped, err)
	}
	if len(skipped) > 0 {
		return nil, fmt.Errorf("%s: %w is whole: %w", s.Dir, ErrNone, errors.Join(skipped...))
	}
	return nil, fmt.Errorf("%s: %w", s.Dir, ErrNone)
}

// Best opens the whole checkpoint of the lowest score.
func (s Store) Best() (*Loaded, error) {
	steps, err := s.Steps()
	if err != nil {
		return nil, err
	}
	var skipped []error
	for len(steps) > 0 {
		best, found := s.bestStep(steps)
		if !found {
			break
		}
		l, err := s.At(best)
		if err == nil {
			l.Skipped = skipped
			return l, nil
		}
		skipped = append(skipped, err)
		steps = slices.DeleteFunc(steps, func(step int64) bool { return step == best })
	}
	return nil, errors.Join(append([]error{fmt.Errorf("%s: %w with a score", s.Dir, ErrNone)}, skipped...)...)
}

// At opens the checkpoint of a step and verifies all its checksums, which
// reads every byte once.
func (s Store) At(step int64) (*Loaded, error) {
	dir := s.stepDir(step)
	m, err := readManifest(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, fmt.Errorf("checkpoint %s is not whole: %w", dir, err)
	}
	l := &Loaded{Path: dir, State: m.State, Groups: map[string]*File{}}
	if m.State.Step != step {
		return nil, fmt.Errorf("checkpoint %s: its manifest is of step %d", dir, m.State.Step)
	}
	for _, want := range m.Files {
		f, err := openSummed(dir, want)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("checkpoint %s: %w", dir, err), l.Close())
		}
		l.Groups[strings.TrimSuffix(want.Name, groupSuffix)] = f
	}
	return l, nil
}

func openSummed(dir string, want fileSum) (*File, error) {
	if name := strings.TrimSuffix(want.Name, groupSuffix); name == want.Name || !validGroup(name) {
		return nil, fmt.Errorf("the manifest lists file %q: want the name of a group", want.Name)
	}
	path := filepath.Join(dir, want.Name)
	if err := want.verify(path); err != nil {
		return nil, err
	}
	data, release, err := mapFile(path)
	if err != nil {
		return nil, err
	}
	f, err := parseSafetensors(data)
	if err != nil {
		return nil, errors.Join(err, release())
	}
	f.mappedFrom(path, release)
	return f, nil
}
