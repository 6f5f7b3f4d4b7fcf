// SPDX-License-Identifier: BSD-3-Clause

package tidy

import "strings"

// ruleCase is a tiny repository that breaks one rule once, and one that does not.
type ruleCase struct {
	rule      string
	bad, good map[string]string
	want      string
}

// repo is a repository of one file.
func repo(path, data string) map[string]string { return map[string]string{path: data} }

// importing is a package clause with one import of ours.
func importing(pkg, target string) string {
	return "package " + pkg + "\n\nimport _ \"" + modulePath + "/" + target + "\"\n"
}

func ruleCases() []ruleCase {
	const spdx = "// SPDX-License-Identifier: BSD-3-Clause\n"
	long := strings.Repeat("//\n", 290)
	body := strings.Repeat("\t_ = 1\n", 68)
	cases := []ruleCase{
		{"top level", repo("scripts/a.sh", ""), repo(".ci/a.sh", ""), "scripts is no entry"},
		{"licence line", repo("a.go", "// Copyright\npackage a\n"), repo("a.go", spdx+"package a\n"), "a.go does not begin"},
		{"licence line", repo("a.c", "int a;\n"), repo("a.c", spdx+"int a;\n"), "a.c does not begin"},
		{"licence line", repo(".ci/run", "#!/bin/sh\nls\n"), repo(".ci/run", "#!/bin/sh\n#"+spdx[2:]+"ls\n"), ".ci/run does not begin"},
		{"sizes", repo("a.go", "package a\n"+long+long[:33]), repo("a.go", "package a\n"+long), "302 lines, more than 300"},
		{"sizes", repo("a_test.go", "package a\n"+long+long), repo("a_test.go", "package a\n"+long+long[:300]), "more than 500"},
		{"sizes", repo("a.c", long+long), repo("a.c", long), "more than 400"},
		{"sizes", repo("a.go", "package a\n\nfunc f() {\n"+body+"}\n"), repo("a.go", "package a\n\nfunc f() {\n"+body[7:]+"}\n"), "f has 70 lines"},
		{"words", repo("a.go", "package a\n// TO"+"DO later\n"), repo("a.go", "package a\n// TO"+"DOS is a system\n"), "a.go:2 says"},
		{"words", repo("a.h", "/* XX"+"X */\n"), repo("a.h", "/* XX"+"XX */\n"), "a.h:1 says"},
		{"paths", repo("a.md", "see /ho"+"me/me/x"), repo("a.md", "see home/me/x"), "below /ho"},
		{"paths", repo("a.toml", "dir = \"/ro"+"ot/x\""), repo("a.toml", "\x00/ro"+"ot/x"), "below /ro"},
		{"package names", repo("x/util/a.go", "package util\n"), repo("x/mpiutil/a.go", "package mpiutil\n"), "named util"},
		{"package names", repo("x/helpers/a.go", "package good\n"), repo("x/good/a.go", "package good\n"), "named helpers"},
		{"package comments", repo("x/a.go", "// A package.\npackage x\n"), repo("x/a.go", "// Package x is good.\npackage x\n"), "x has no package comment"},
		{"package comments", repo("x/a.go", "package main\n"), repo("x/a.go", "// Command x is good.\npackage main\n"), "x has no package comment"},
		{"doc comments", repo("a.go", "package a\n\nfunc F() {}\n"), repo("a.go", "package a\n\n// F is good.\nfunc F() {}\nfunc g() {}\n"), "comment of F"},
		{"doc comments", repo("a.go", "package a\n\n// Makes a T.\ntype T int\n"), repo("a.go", "package a\n\n// A T is good.\ntype T int\ntype u int\n"), "comment of T"},
		{"doc comments", repo("a.go", "package a\n\n// T is good.\ntype T[P any] int\nfunc (t *T[P]) M() {}\n"), repo("a.go", "package a\n\ntype t int\nfunc (t) M() {}\n"), "comment of M"},
		{"doc comments", repo("a.go", "package a\n\nconst C = 1\n"), repo("a.go", "package a\n\nconst C = 1 // [m]\n\n// Two.\nconst (\n\tA = 1\n\tB = 2\n)\n"), "C has no comment"},
		{"init", repo("a.go", "package a\n\nfunc init() {}\n"), repo("a.go", "package a\n\ntype t int\nfunc (t) init() {}\n"), "func init"},
		{"package variables", repo("a.go", "package a\n\nvar n int\n"), repo("a.go", "package a\n\nconst n = 1\n"), "n is package-level state"},
		{"package variables", repo("a.go", "package a\n\nvar m = map[int]int{1: 2}\n"), repo("a.go", "package a\n\nvar m = [2]int{1, 2}\n"), "m is package-level state"},
		{"package variables", repo("a.go", "package a\n\nvar m = [2]int{1, 2}\nfunc f() { m[0]++ }\n"), repo("a.go", "package a\n\nvar m = [2]int{1, 2}\nfunc f() int { return m[0] }\n"), "m is package-level state"},
		{"package variables", repo("a.go", "package a\n\nvar m = [2]int{1, 2}\nfunc f() []int { return m[:] }\n"), repo("a.go", "package a\n\nvar _ error = nil\n"), "m is package-level state"},
		{"package variables", repo("a.go", "package a\n\nvar M = [2]int{1, 2}\n"), repo("a.go", "package a\n\nvar errM = errors.New(\"m\")\nvar re = regexp.MustCompile(`a`)\n"), "M is package-level state"},
		{"package variables", repo("a.go", "package a\n\nvar data []byte\n"), repo("a.go", "package a\n\n//go:embed a.dat\nvar data []byte\n"), "data is package-level state"},
		{"exits", repo("solver/a.go", "package a\n\nfunc f() { os.Exit(1) }\n"), repo("jobs/main.go", "package main\n\nfunc main() { os.Exit(1) }\n"), "calls os.Exit"},
		{"exits", repo("solver/a.go", "package a\n\nfunc f() { log.Fatalf(\"\") }\n"), repo("solver/a.go", "package a\n\nfunc f() { log.Printf(\"\") }\n"), "calls log.Fatalf"},
		{"skipped tests", repo("a_test.go", "package a\n\nfunc TestA(t *testing.T) { t."+"Skip() }\n"), repo("a_test.go", "package a\n\nfunc TestA(t *testing.T) { r.Skip(4) }\n"), "skips"},
	}
	return append(cases, importCases()...)
}

// importCases is the import graph: from a folder to a folder.
func importCases() []ruleCase {
	var cases []ruleCase
	for _, c := range []struct{ badFile, badTarget, goodFile, goodTarget, want string }{
		{"solver/a.go", "emulator/nn", "solver/a.go", "solver/ray", "solver may import"},
		{"solver/a_test.go", "jobs/solve", "solver/a_test.go", "mpiutil", "solver may import"},
		{"solver/ray/a.go", "mpiutil", "solver/a.go", "mpiutil", "parallelism is applied from outside"},
		{"solver/ray/a.go", "solver", "solver/a.go", "internal/vec", "a part must not know the whole"},
		{"solver/a.go", "configs", "jobs/solve/a.go", "configs", "solver may import"},
		{"emulator/a.go", "solver/grid", "jobs/a.go", "solver/grid", "emulator may import"},
		{"emulator/nn/a.go", "mpiutil", "emulator/parallel/a.go", "mpiutil", "parallelism is applied from outside"},
		{"mpiutil/a.go", "internal/vec", "mpiutil/a_test.go", "mpiutil", "mpiutil may import"},
		{"internal/vec/a.go", "solver/grid", "solver/grid/a.go", "internal/vec", "internal may import"},
		{"configs/a.go", "solver/grid", "configs/a_test.go", "configs", "configs may import"},
		{"slurm/a.go", "jobs/internal/run", "jobs/submit/a.go", "slurm", "slurm may import"},
	} {
		cases = append(cases, ruleCase{"imports", repo(c.badFile, importing("a", c.badTarget)), repo(c.goodFile, importing("a", c.goodTarget)), c.want})
	}
	return cases
}
