// SPDX-License-Identifier: BSD-3-Clause

package checkpoint

import (
	"fmt"
	"slices"
	"strings"
)

// File is an open file of tensors. Their data is a read-only view of the
// mapped file: writing to it faults, and it is gone after Close.
type File struct {
	Path     string
	Tensors  []Tensor          // in the order of the file
	Metadata map[string]string // free text about the whole file

	release func() error
}

// Close releases the file. No view of its tensors may be used afterwards.
func (f *File) Close() error {
	if f.release == nil {
		return nil
	}
	release := f.release
	f.release, f.Tensors = nil, nil
	return release()
}

// Tensor returns the tensor of that name.
func (f *File) Tensor(name string) (Tensor, error) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t, nil
		}
	}
	return Tensor{}, fmt.Errorf("%s: no tensor %s among %d", f.Path, name, len(f.Tensors))
}

// Want describes a tensor that a model needs.
type Want struct {
	Name   string
	Shape  []int
	Dtypes []Dtype // allowed types; nil means any floating type
}

func (w Want) allowed() []Dtype {
	if w.Dtypes == nil {
		return []Dtype{F64, F32, BF16}
	}
	return w.Dtypes
}

// MismatchError lists how a file differs from what a model needs.
type MismatchError struct {
	Path      string
	Missing   []string // wanted, not in the file
	Extra     []string // in the file, not wanted
	Misshapen []string // "name: found …, want …"
}

// namesMax bounds each list in the text of a MismatchError.
const namesMax = 5

// Error names up to five tensors of each kind.
func (e *MismatchError) Error() string {
	var parts []string
	for _, l := range []struct {
		what  string
		names []string
	}{{"missing", e.Missing}, {"not known to the model", e.Extra}, {"of other shape or type", e.Misshapen}} {
		if len(l.names) == 0 {
			continue
		}
		text := strings.Join(l.names[:min(len(l.names), namesMax)], "; ")
		if more := len(l.names) - namesMax; more > 0 {
			text += fmt.Sprintf("; and %d more", more)
		}
		parts = append(parts, fmt.Sprintf("%d tensors %s: %s", len(l.names), l.what, text))
	}
	return fmt.Sprintf("%s does not fit the model: %s", e.Path, strings.Join(parts, ". "))
}

// Match returns the tensors of f in the order of want. Any missing, extra,
// misshapen or wrongly typed tensor makes a MismatchError that lists them all.
func (f *File) Match(want []Want) ([]Tensor, error) {
	found := make(map[string]Tensor, len(f.Tensors))
	for _, t := range f.Tensors {
		found[t.Name] = t
	}
	e := &MismatchError{Path: f.Path}
	matched := make([]Tensor, 0, len(want))
	for _, w := range want {
		t, ok := found[w.Name]
		delete(found, w.Name)
		switch {
		case !ok:
			e.Missing = append(e.Missing, w.Name)
		case !slices.Equal(t.Shape, w.Shape):
			e.Misshapen = append(e.Misshapen, fmt.Sprintf("%s: found shape %v, want %v", w.Name, t.Shape, w.Shape))
		case !slices.Contains(w.allowed(), t.Dtype):
			e.Misshapen = append(e.Misshapen, fmt.Sprintf("%s: found %s, want %v", w.Name, t.Dtype, w.allowed()))
		default:
			matched = append(matched, t)
		}
	}
	for _, t := range f.Tensors {
		if _, extra := found[t.Name]; extra {
			e.Extra = append(e.Extra, t.Name)
		}
	}
	if len(e.Missing)+len(e.Extra)+len(e.Misshapen) > 0 {
		return nil, e
	}
	return matched, nil
}
