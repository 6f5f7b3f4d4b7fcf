// SPDX-License-Identifier: BSD-3-Clause

//go:build !mpi || !cgo

package main

import (
	"encoding/json"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/columen/columen/jobs/internal/series"
)

// scaleConfig is a small study on one rank without a launcher.
const scaleConfig = `[[series]]
name = "tiny"
job = "solve"
config = "solve.toml"
ranks = [1]
threads = [1, 2]
cells = [8]
channels = [3]
[repeat]
warmups = 1
repeats = 2
machine = "no"
[launcher]
kind = "none"
[output]
dir = "out"
name = "s"
`

func newScaleFolder(t *testing.T) folder {
	t.Helper()
	f := newFolder(t)
	f.write(t, "scale.toml", scaleConfig)
	return f
}

func rows(t *testing.T, f folder) []series.Row {
	t.Helper()
	file, err := series.Read(f.path("out/s.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return file.Rows
}

// TestScale runs a study, cuts its last line in half and goes on: what was
// complete is kept, what was not is run again, and more repeats are added.
func TestScale(t *testing.T) {
	t.Parallel()
	f := newScaleFolder(t)
	r := f.succeed(t, "scale", "scale.toml")
	all := rows(t, f)
	if len(all) != 2*3 {
		t.Fatalf("%d rows, want 2 points with a warm-up and 2 repeats", len(all))
	}
	for _, x := range all {
		if x.Kind != series.KindRun || !(x.Seconds > 0) || x.Check == nil || x.Check.Tolerance != 1e-12 || x.Work != 8*8*8*3*2 || len(x.Phases) != 3 || len(x.Places) != 1 ||
			x.ConfigDigest == "" || x.Commit == "" || x.Go == "" || len(x.Nodes) != 1 || x.Cores < 1 || x.Oversubscribed != (x.Point.Threads > x.Cores) || !strings.Contains(strings.Join(x.Command, " "), "cube.cells=[8,8,8]") {
			t.Errorf("row %+v", x)
		}
		sum := 0.0
		for _, p := range x.Phases {
			sum += p.SecondsMax
		}
		if sum > x.Seconds {
			t.Errorf("phases of %g s in %g s", sum, x.Seconds)
		}
	}
	for _, part := range []string{"strong scaling of solve over ranks, 2 threads per rank", "not enough points", "speed-up"} {
		if !strings.Contains(r.stdout, part) {
			t.Errorf("the page lacks %q:\n%s", part, r.stdout)
		}
	}
	if again := f.succeed(t, "scale", "scale.toml"); !strings.Contains(again.stderr, "already done") {
		t.Errorf("a finished study: %s", again.stderr)
	}

	text := f.read(t, "out/s.jsonl")
	f.write(t, "out/s.jsonl", text[:len(text)-100])
	if err := os.Remove(f.path("out/s.txt")); err != nil {
		t.Fatal(err)
	}
	r = f.succeed(t, "scale", "scale.toml", "--set", "repeat.repeats=3")
	if !strings.Contains(r.stderr, "cut off a half-written last line") {
		t.Errorf("nothing about the half line: %s", r.stderr)
	}
	if now := f.read(t, "out/s.jsonl"); !strings.HasPrefix(now, text[:strings.LastIndex(text[:len(text)-1], "\n")+1]) {
		t.Error("the lines before the half one are not what they were")
	}
	counted := map[series.Key]int{}
	for _, x := range rows(t, f) {
		if !x.Warmup {
			counted[x.Key()]++
		}
	}
	if len(counted) != 2*3 {
		t.Errorf("runs %v, want 3 of each point", counted)
	}
	for key, n := range counted {
		if n != 1 {
			t.Errorf("%d rows of %+v", n, key)
		}
	}
}

// TestScaleRefusesRuns: a result that differs, a launcher that starts other ranks
// than it was told, a run that takes too long and one that fails have rows without
// a time, and the exit status says so.
func TestScaleRefusesRuns(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script string
		sets   []string
		want   string
	}{
		"wrong result": {`case "$*" in *reference*) exec "$@";; *) exec "$@" --set background.kind=none;; esac`, nil, "the result fails its check: largest difference"},
		"wrong ranks":  {`exec "$@"`, []string{"series.0.ranks=[2]", "series.0.threads=[1]"}, "ran on 1 ranks: allowed: 2"},
		"no launcher":  {`echo "not enough slots for {$1}" >&2; exit 3`, nil, "exit status 3: not enough slots"},
		"too long":     {`case "$*" in *reference*) exec "$@";; *) exec sleep 60;; esac`, []string{"repeat.limit_s=1", "series.0.threads=[1]", "repeat.repeats=1", "repeat.warmups=0"}, "took longer than repeat.limit_s = 1"},
		"killed":       {`kill -9 $$`, nil, "ended by signal: killed"},
		"no result":    {`exec "$1" "$2" "$3" --dry-run --quiet`, nil, "0 manifests in"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newScaleFolder(t)
			f.write(t, "launch", "#!/bin/sh\n"+c.script+"\n")
			if err := os.Chmod(f.path("launch"), 0o755); err != nil {
				t.Fatal(err)
			}
			args := append([]string{"scale", "scale.toml", "--set", "launcher.kind=command", "--set", `launcher.command=["` + f.path("launch") + `"]`}, set(c.sets...)...)
			r := f.run(t, args...)
			if said := r.messages(); r.code != 1 || len(said) != 1 || !strings.Contains(said[0], "were refused and have no time") {
				t.Fatalf("exit status %d: %s", r.code, r.stderr)
			}
			refused := rows(t, f)
			if len(refused) == 0 {
				t.Fatal("no row")
			}
			for _, x := range refused {
				if x.Kind != series.KindRefused || x.Seconds != 0 || !strings.Contains(x.Refusal, c.want) {
					t.Errorf("row %s, %g s, %q: want %q", x.Kind, x.Seconds, x.Refusal, c.want)
				}
			}
			if _, err := os.Stat(f.path("out/s.txt")); err == nil {
				t.Error("the page of a study without times")
			}
			before := f.files(t)
			f.refuses(t, f.run(t, "report", "out/s.jsonl"), before, 1, "no run with a time")
		})
	}
}

// TestScaleStops: a signal ends the run that is going on, and the same command does
// what is missing.
func TestScaleStops(t *testing.T) {
	t.Parallel()
	f := newScaleFolder(t)
	f.write(t, "launch", "#!/bin/sh\ncase \"$*\" in *reference*) exec \"$@\";; esac\n[ -e second ] && exec sleep 60\n: > second\nexec \"$@\"\n")
	if err := os.Chmod(f.path("launch"), 0o755); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"scale", "scale.toml"}, set("launcher.kind=command", `launcher.command=["`+f.path("launch")+`"]`, "repeat.warmups=0")...)
	cmd := f.command(t.Context(), t, nil, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 2000 { // until the second run sleeps
		if text, err := os.ReadFile(f.path("out/s.jsonl")); err == nil && strings.Count(string(text), "\n") == 2 {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the state has the exit status
	if code := cmd.ProcessState.ExitCode(); code != 75 {
		t.Fatalf("exit status %d, want 75", code)
	}
	if got := rows(t, f); len(got) != 1 || got[0].Kind != series.KindRun {
		t.Fatalf("rows %+v, want the one that was complete", got)
	}
	f.write(t, "launch", "#!/bin/sh\nexec \"$@\"\n")
	if err := os.Chmod(f.path("launch"), 0o755); err != nil {
		t.Fatal(err)
	}
	f.succeed(t, args...)
	if got := rows(t, f); len(got) != 4 {
		t.Errorf("%d rows, want 2 points with 2 repeats", len(got))
	}
}

// TestScaleRefusesToMix: the lines of one study are not continued by another.
func TestScaleRefusesToMix(t *testing.T) {
	t.Parallel()
	f := newScaleFolder(t)
	f.succeed(t, "scale", "scale.toml", "--set", "series.0.threads=[1]", "--set", "repeat.repeats=1")
	text := f.read(t, "out/s.jsonl")
	for name, sets := range map[string][]string{
		"another job configuration": {`series.0.set=["background.kind=none"]`},
		"another name":              {"series.0.name=other"},
		"another law":               {"series.0.law=weak"},
		"another tolerance":         {"series.0.tolerance=1"},
	} {
		before := f.files(t)
		t.Log(name)
		r := f.run(t, append([]string{"scale", "scale.toml"}, set(sets...)...)...)
		f.refuses(t, r, without(before, "out/s.scale.json"), 1, "s.jsonl: holds study", "and this is", "another output.name, or --overwrite")
	}
	// Two files in one, and half a line.
	f.succeed(t, "scale", "scale.toml", "--set", "series.0.threads=[1]", "--set", "repeat.repeats=1", "--set", "output.name=b", "--set", "series.0.name=other")
	for name, c := range map[string]struct{ text, want string }{
		"mixed": {text + f.read(t, "out/b.jsonl"), "a second study begins"},
		"half":  {text + `{"kind":"run","st`, "half-written line of 17 bytes"},
		"empty": {"", "empty file"},
		"words": {"ranks seconds\n1 3\n", "no JSON object"},
		"other": {`{"schema":1,"job":"solve"}` + "\n", `kind ""`},
	} {
		f.write(t, "bad.jsonl", c.text)
		t.Log(name)
		f.refuses(t, f.run(t, "report", "bad.jsonl"), f.files(t), 1, "bad.jsonl", c.want, "allowed: ")
	}
}

// without leaves out a file that the program removes before it fails: the
// manifest of what is about to change.
func without(files []string, name string) []string {
	var out []string
	for _, f := range files {
		if !strings.HasPrefix(f, name+" ") {
			out = append(out, f)
		}
	}
	return out
}

// TestReport makes a page of a study and replaces it, but nothing else.
func TestReport(t *testing.T) {
	t.Parallel()
	f := newScaleFolder(t)
	f.succeed(t, "scale", "scale.toml", "--set", "repeat.repeats=1", "--set", "repeat.warmups=0")
	f.succeed(t, "report", "out/s.jsonl", "--out", "page")
	for _, name := range []string{"page/s.html", "page/s.csv"} {
		if len(f.read(t, name)) < 500 {
			t.Errorf("%s is short", name)
		}
	}
	f.succeed(t, "report", "out/s.jsonl", "--out", "page")
	f.write(t, "page/s.html", "<p>my own")
	f.refuses(t, f.run(t, "report", "out/s.jsonl", "--out", "page"), f.files(t), 2, "page/s.html", "no page of columen report")
	f.write(t, "eval.json", `{"weights":"w"}`)
	f.refuses(t, f.run(t, "report", "out/s.jsonl", "eval.json"), f.files(t), 1, "eval.json", "no comparison of four rows")
	var head series.Study
	line, _, _ := strings.Cut(f.read(t, "out/s.jsonl"), "\n")
	if err := json.Unmarshal([]byte(line), &head); err != nil || head.TOML != scaleConfig || head.Cores < 1 {
		t.Errorf("header %+v, %v", head, err)
	}
}
