// SPDX-License-Identifier: BSD-3-Clause

//go:build !mpi || !cgo

package main

import "testing"

// TestBadScale tries the mistakes in a study and in a report.
func TestBadScale(t *testing.T) {
	t.Parallel()
	for _, c := range []badInput{
		{name: "unknown job", old: `job = "solve"`, now: `job = "paint"`, parts: []string{"scale.toml: series.0.job", `"paint"`, "solve, train, emulate"}},
		{name: "unknown law", args: set("series.0.law=fast"), parts: []string{"series.0.law", "strong, weak"}},
		{name: "ranks beyond the launcher", args: set("series.0.ranks=[1,2]"), parts: []string{"series.0.ranks = 2", `beyond the ability of launcher.kind = "none"`}},
		{name: "no ranks", args: set("series.0.ranks=[0]"), parts: []string{"series.0.ranks.0", "from 1 to 1000000"}},
		{name: "ranks twice", args: set("series.0.threads=[2,1,2]"), parts: []string{"series.0.threads", "a number twice"}},
		{name: "absent launcher", args: set("launcher.kind=command", `launcher.command=["no-such-launcher"]`), parts: []string{"launcher", "no-such-launcher", "not found in $PATH"}},
		{name: "launcher without a command", args: set("launcher.kind=command"), parts: []string{"launcher.command"}},
		{name: "command without its kind", args: set(`launcher.command=["mpirun"]`), parts: []string{"launcher.command", `kind = "none"`}},
		{name: "no cells", old: "cells = [8]\n", parts: []string{"series.0.cells", `job = "solve" needs`}},
		{name: "batch of a solver", args: set("series.0.batch=[4]"), parts: []string{"series.0.batch", `given together with job = "solve"`}},
		{name: "weak emulation", old: "channels = [3]\n", args: set("series.0.law=weak", "series.0.job=emulate"), parts: []string{"series.0.law", "do not grow", "strong"}},
		{name: "emulation on ranks", old: "channels = [3]\n", args: set("series.0.ranks=[1,2]", "series.0.job=emulate", "launcher.kind=mpirun"), parts: []string{"series.0.ranks = 2", "over threads, not over ranks"}},
		{name: "mesh of a solver", args: set("series.0.mesh=tensor"), parts: []string{"series.0.mesh", `given together with job = "solve"`}},
		{name: "over nodes", args: set("series.0.over=nodes"), parts: []string{"series.0.over", "ranks, threads"}},
		{name: "two series of one name", args: set("series.1.name=tiny", "series.1.job=solve", "series.1.config=solve.toml", "series.1.cells=[8]", "series.1.channels=[3]"), parts: []string{"series.1.name", "also the name of another series"}},
		{name: "no configuration", args: set("series.0.config=none.toml"), parts: []string{"series.0.config", "none.toml", "no such file"}},
		{name: "a setting that the job does not have", args: set(`series.0.set=["solver.speed=2"]`), parts: []string{"series.0 (tiny), 1 rank", "solver.speed", "unknown key"}},
		{name: "no repeats", args: set("repeat.repeats=0"), parts: []string{"repeat.repeats", "from 1 to 100000"}},
		{name: "unknown class", line: []string{"scale", "--class", "XS"}, parts: []string{"--class", `"XS"`, "S, M, L, XL, XXL"}},
		{name: "class from elsewhere", line: []string{"scale", "--class", "S"}, parts: []string{"there is no configs/blueprint/s.toml"}},
		{name: "no file", line: []string{"scale"}, parts: []string{"0 given", "1: columen scale CONFIG.toml"}},
		{name: "report of nothing", line: []string{"report"}, parts: []string{"0 given", "1 to 100: columen report FILE"}},
		{name: "report of no file", line: []string{"report", "none.jsonl"}, code: 1, parts: []string{"none.jsonl", "no such file"}},
		{name: "report of a folder", line: []string{"report", "."}, code: 1, parts: []string{"is a directory"}},
		{name: "messages of one rank", line: []string{"messages"}, parts: []string{"ranks 1", "a message needs two"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newScaleFolder(t)
			if c.job == "" {
				c.job = "scale"
			}
			c.try(t, f, nil)
		})
	}
}
