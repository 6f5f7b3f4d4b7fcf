// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// InputList names many models. Files is expanded when the configuration is
// validated: patterns and the list become the files that they stand for, in order
// of their names, each once.
type InputList struct {
	Files []string `toml:"files" unit:"-" need:"no" path:"input" doc:"Cube files, or snapshots with [model.amrvac] and [cube]; paths and patterns such as cubes/*.h5"`
	List  string   `toml:"list" unit:"-" need:"no" path:"input" digest:"no" doc:"Text file with more of them, one per line, relative to its folder; # begins a comment"`
	Batch int      `toml:"batch" unit:"-" default:"8" allow:"0..4096" doc:"Images that the network makes at once; 0 tries powers of two up to bench.batch_max and takes the fastest, which may change the last bit"`
	Ahead int      `toml:"ahead" unit:"-" default:"2" allow:"1..1000" digest:"no" doc:"Batches read ahead while the network runs"`
}

// Fitting says what is done with a cube of another mesh than the training's.
type Fitting struct {
	Resample string `toml:"resample" unit:"-" default:"\"no\"" allow:"yes|no" doc:"yes averages a cube of other cells onto the mesh of the training, about the same centre, without losing mass; no refuses it. A cube of another v_turb is refused either way"`
}

// validate expands the list and checks that names of outputs differ.
func (l *InputList) validate(r *report, e *Emulate) {
	switch {
	case e.Model.Snapshot != "":
		r.add("model.snapshot", text(e.Model.Snapshot), "given together with [inputs]", "one of both")
	case e.Model.Cube != "":
		r.add("model.cube", text(e.Model.Cube), "given together with [inputs]", "one of both")
	case e.Cube == nil && (e.Model.AMRVAC != nil || e.Model.Phantom != nil || e.Model.Magritte != nil):
		r.missing("cube.cells", "[cube], which says how a snapshot becomes a cube")
	}
	if e.Cube != nil {
		e.Cube.validate(r)
	}
	l.expand(r)
	names := map[string]string{}
	for i, f := range l.Files {
		stem := Stem(f)
		if other, taken := names[stem]; taken {
			r.add(fmt.Sprintf("inputs.files.%d", i), text(f), fmt.Sprintf("has the name of %s, and so would its images", other), "files whose names without ending differ")
		}
		names[stem] = f
	}
}

// expand replaces patterns by files. A pattern that matches nothing is an error:
// it is more often a slip of the pen than an empty folder.
func (l *InputList) expand(r *report) {
	var all []string
	take := func(field, pattern string) {
		files, err := filepath.Glob(pattern)
		switch {
		case !strings.ContainsAny(pattern, "*?["):
			all = append(all, pattern)
		case err != nil:
			r.add(field, text(pattern), err.Error(), "a path or a pattern of *, ? and [a-z]")
		case len(files) == 0:
			r.add(field, text(pattern), "no file matches", "a pattern that matches files; relative ones start at the folder of the TOML file")
		}
		if err == nil && strings.ContainsAny(pattern, "*?[") {
			all = append(all, files...)
		}
	}
	for i, f := range l.Files {
		take(fmt.Sprintf("inputs.files.%d", i), f)
	}
	if l.List != "" {
		lines, err := readLines(l.List)
		if err != nil {
			r.add("inputs.list", text(l.List), cause(err), "a readable text file")
		}
		for _, line := range lines {
			if !filepath.IsAbs(line) {
				line = filepath.Join(filepath.Dir(l.List), line)
			}
			take("inputs.list", line)
		}
	}
	slices.Sort(all)
	l.Files = slices.Compact(all)
	if len(all) == 0 && len(r.problems) == 0 {
		r.missing("inputs.files", "files, or inputs.list")
	}
}

// readLines reads a list: one entry per line, without comments.
func readLines(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var lines []string
	s := bufio.NewScanner(f)
	for s.Scan() {
		line, _, _ := strings.Cut(s.Text(), "#")
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, s.Err()
}

// Stem is the name of a file without folder and ending, by which images are named.
func Stem(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}
