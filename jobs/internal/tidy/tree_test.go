// SPDX-License-Identifier: BSD-3-Clause

package tidy

import (
	"bytes"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// modulePath is the import path of the root of the module.
const modulePath = "github.com/columen/columen"

// topLevel: the tree of ARCHITECTURE.md and nothing else.
func topLevel(files []file) []string {
	allowed := strings.Fields(`jobs solver emulator mpiutil slurm configs internal docs go.mod go.sum Makefile README.md ARCHITECTURE.md LICENSE CHANGELOG.md .ci .gitignore`)
	found := map[string]bool{}
	for _, f := range files {
		entry, _, _ := strings.Cut(f.path, "/")
		if !slices.Contains(allowed, entry) {
			found[entry+" is no entry of the top level: allowed: "+strings.Join(allowed, " ")] = true
		}
	}
	return keys(found)
}

// licence: code begins with one SPDX line; a script has it after its shebang.
func licence(files []file) []string {
	const line = "SPDX-License-Identifier: BSD-3-Clause"
	var out []string
	for _, f := range files {
		first, rest, _ := bytes.Cut(f.data, []byte("\n"))
		if strings.Contains(f.path, "testdata/") && !f.isSource() {
			continue // what the program makes is not ours alone
		}
		if bytes.HasPrefix(first, []byte("#!")) {
			first, _, _ = bytes.Cut(rest, []byte("\n"))
		} else if !f.isSource() {
			continue
		}
		if !bytes.Contains(first, []byte(line)) {
			out = append(out, f.path+" does not begin with "+line)
		}
	}
	return out
}

// sizes: a file is one idea, a function fits on a screen. Tables of test cases
// are long and simple, so functions of tests are not measured.
func sizes(files []file) []string {
	var out []string
	for _, f := range files {
		if !f.isSource() {
			continue
		}
		most := 400 // kernels in C
		switch {
		case f.isTest():
			most = 500
		case f.isGo():
			most = 300
		}
		if n := f.numLines(); n > most {
			out = append(out, fmt.Sprintf("%s has %d lines, more than %d", f.path, n, most))
		}
		if !f.isGo() || f.isTest() {
			continue
		}
		for _, fn := range functions(f) {
			lines := f.fset.Position(fn.End()).Line - f.fset.Position(fn.Pos()).Line + 1
			if lines >= 70 {
				out = append(out, fmt.Sprintf("%s: %s has %d lines: allowed: below 70", f.at(fn.Pos()), fn.Name.Name, lines))
			}
		}
	}
	return out
}

// words: no promises in the code. The list is spelled so as not to find itself.
func words(files []file) []string {
	banned := regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`)
	var out []string
	for _, f := range files {
		if !f.isSource() {
			continue
		}
		for i, line := range bytes.Split(f.data, []byte("\n")) {
			if w := banned.Find(line); w != nil {
				out = append(out, fmt.Sprintf("%s:%d says %s", f.path, i+1, w))
			}
		}
	}
	return out
}

// machinePaths: the repository works from any folder of any machine.
func machinePaths(files []file) []string {
	var out []string
	for _, f := range files {
		if bytes.IndexByte(f.data, 0) >= 0 {
			continue // not text
		}
		for _, word := range []string{"work", "root", "home"} {
			if bytes.Contains(f.data, []byte("/"+word+"/")) {
				out = append(out, f.path+" names a folder of one machine below /"+word)
			}
		}
	}
	return out
}

// imports: the layers of ARCHITECTURE.md. Every file counts, whatever its build
// tags; tests may use mpiutil where the code may not.
func imports(files []file) []string {
	var out []string
	for _, f := range files {
		if !f.isGo() {
			continue
		}
		for _, spec := range f.ast.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // the compiler says so
			}
			local, ours := strings.CutPrefix(target, modulePath+"/")
			if !ours {
				continue
			}
			if reason := mayImport(f.dir(), local, f.isTest()); reason != "" {
				out = append(out, fmt.Sprintf("%s imports %s: %s", f.at(spec.Pos()), local, reason))
			}
		}
	}
	return out
}

// mayImport returns why the package in folder from must not import that in
// folder to, or "".
func mayImport(from, to string, isTest bool) string {
	fromArea, _, _ := strings.Cut(from, "/")
	toArea, _, _ := strings.Cut(to, "/")
	if fromArea == "jobs" {
		return ""
	}
	allowed := map[string][]string{
		"solver":   {"solver", "internal", "mpiutil"},
		"emulator": {"emulator", "internal", "mpiutil"},
		"slurm":    {"slurm", "internal", "configs"},
		"mpiutil":  {},
		"configs":  {},
		"internal": {},
	}[fromArea]
	if fromArea == toArea && toArea == "mpiutil" { // the package and its conformance suite
		return ""
	}
	if !slices.Contains(allowed, toArea) && !(from == to && isTest) {
		return fmt.Sprintf("%s may import of ours: %v", fromArea, allowed)
	}
	if toArea == "mpiutil" && !isTest && !slices.Contains([]string{"solver", "emulator/parallel"}, from) {
		return "parallelism is applied from outside, by the packages solver and emulator/parallel"
	}
	if to == "emulator/device" || to == "emulator/nn" && from == "emulator/nn/gradcheck" {
		return "" // devices implement its interfaces and live below it, as do the suites that test them
	}
	if strings.HasPrefix(from, to+"/") && !isTest {
		return "a part must not know the whole"
	}
	return ""
}

// packageNames: a package is named after its idea.
func packageNames(files []file) []string {
	found := map[string]bool{}
	for _, f := range files {
		for _, banned := range []string{"util", "utils", "common", "helper", "helpers", "misc"} {
			if f.isGo() && (f.ast.Name.Name == banned || path.Base(f.dir()) == banned) {
				found[f.dir()+": a package named "+banned+" has no idea"] = true
			}
		}
	}
	return keys(found)
}

func keys(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
