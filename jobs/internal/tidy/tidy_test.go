// SPDX-License-Identifier: BSD-3-Clause

package tidy

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
)

// file is one text file of the repository. Go files carry their syntax tree.
type file struct {
	path string // relative to the root, with slashes
	data []byte
	fset *token.FileSet
	ast  *ast.File
}

func (f file) dir() string    { return path.Dir(f.path) }
func (f file) isGo() bool     { return f.ast != nil }
func (f file) isTest() bool   { return strings.HasSuffix(f.path, "_test.go") }
func (f file) numLines() int  { return bytes.Count(f.data, []byte("\n")) }
func (f file) ext() string    { return path.Ext(f.path) }
func (f file) isSource() bool { return slices.Contains(sourceExtensions(), f.ext()) }

func (f file) at(pos token.Pos) string {
	return fmt.Sprintf("%s:%d", f.path, f.fset.Position(pos).Line)
}

// sourceExtensions are the kinds of files that are code.
func sourceExtensions() []string {
	return []string{".go", ".c", ".h", ".inc", ".cu", ".cuh"}
}

// rule looks at the whole repository and returns its findings.
type rule struct {
	name  string
	check func(files []file) []string
}

func rules() []rule {
	return []rule{
		{"top level", topLevel}, {"licence line", licence}, {"sizes", sizes}, {"words", words}, {"paths", machinePaths},
		{"imports", imports}, {"package names", packageNames}, {"package comments", packageDocs}, {"doc comments", docComments},
		{"init", initFunctions}, {"package variables", packageVariables}, {"exits", exits}, {"skipped tests", skips},
	}
}

// TestRepository applies every rule to the repository.
func TestRepository(t *testing.T) {
	files := repository(t)
	if len(files) < 10 {
		t.Fatalf("found only %d files", len(files))
	}
	for _, r := range rules() {
		for _, finding := range r.check(files) {
			t.Errorf("%s: %s", r.name, finding)
		}
	}
}

// repository reads every file that git tracks or would track.
func repository(t *testing.T) []file {
	t.Helper()
	root := moduleRoot(t)
	var files []file
	for _, name := range fileNames(t, root) {
		data, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // removed, and not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		f, err := newFile(name, data)
		if err != nil {
			t.Error(err)
			continue
		}
		files = append(files, f)
	}
	return files
}

func newFile(name string, data []byte) (file, error) {
	f := file{path: name, data: data, fset: token.NewFileSet()}
	if path.Ext(name) != ".go" {
		return f, nil
	}
	var err error
	f.ast, err = parser.ParseFile(f.fset, name, data, parser.ParseComments|parser.SkipObjectResolution)
	return f, err
}

// moduleRoot is the nearest folder above with a go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}

// fileNames asks git; a source archive without git is walked instead.
func fileNames(t *testing.T, root string) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	if out, err := cmd.Output(); err == nil && len(out) > 0 {
		names := strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
		sort.Strings(names)
		return slices.Compact(names)
	}
	var names []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(root, p)
		switch {
		case err != nil:
			return err
		case relErr != nil:
			return relErr
		case d.IsDir() && slices.Contains([]string{".git", "bin", "out"}, rel):
			return fs.SkipDir
		case d.Type().IsRegular():
			names = append(names, filepath.ToSlash(rel))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// TestRules shows for every rule a repository that breaks it, and one that is
// as near as possible and does not.
func TestRules(t *testing.T) {
	covered := map[string]bool{}
	for _, c := range ruleCases() {
		covered[c.rule] = true
		check := rules()[slices.IndexFunc(rules(), func(r rule) bool { return r.name == c.rule })].check
		if got := check(sources(t, c.bad)); len(got) != 1 || !strings.Contains(got[0], c.want) {
			t.Errorf("%s: on %v found %q, want one finding with %q", c.rule, c.bad, got, c.want)
		}
		if got := check(sources(t, c.good)); len(got) != 0 {
			t.Errorf("%s: on the good %v found %q", c.rule, c.good, got)
		}
	}
	for _, r := range rules() {
		if !covered[r.name] {
			t.Errorf("rule %q has no example", r.name)
		}
	}
}

// sources makes files from pairs of path and contents.
func sources(t *testing.T, pairs map[string]string) []file {
	t.Helper()
	var files []file
	for name, data := range pairs {
		f, err := newFile(name, []byte(data))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}
