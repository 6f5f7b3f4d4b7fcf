// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"bytes"
	"encoding/json"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestLogForms(t *testing.T) {
	var text bytes.Buffer
	log := newLogger(&text, Flags{})
	log.With("rank", 0).WithGroup("ray").Info("solved", "count", 7, "why", "two words")
	log.Warn("outside")
	want := regexp.MustCompile(`^\d\d:\d\d:\d\d solved  rank=0  ray.count=7  ray.why="two words"\n\d\d:\d\d:\d\d warn: outside\n$`)
	if !want.MatchString(text.String()) {
		t.Errorf("text log %q", text.String())
	}

	var structured bytes.Buffer
	newLogger(&structured, Flags{Log: "json"}).Info("solved", "count", 7)
	var record map[string]any
	if err := json.Unmarshal(structured.Bytes(), &record); err != nil || record["msg"] != "solved" || record["count"] != 7.0 {
		t.Errorf("JSON log %q: %v", structured.String(), err)
	}

	for _, form := range []string{"text", "json"} {
		var quiet bytes.Buffer
		log := newLogger(&quiet, Flags{Log: form, Quiet: true})
		log.Info("solved")
		log.Warn("outside")
		if s := quiet.String(); strings.Contains(s, "solved") || !strings.Contains(s, "outside") {
			t.Errorf("quiet %s log %q", form, s)
		}
	}
}

// TestProgressLines checks the lines where there is no terminal: none before
// the interval, and a remaining time that follows from the pace.
func TestProgressLines(t *testing.T) {
	var out bytes.Buffer
	clock := time.Unix(0, 0)
	e := &Env{Log: newLogger(&out, Flags{})}
	p := e.Progress("rays", 100)
	p.now = func() time.Time { return clock }
	p.start, p.last = clock, clock
	for range 50 {
		clock = clock.Add(time.Second)
		p.Add(1)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 5 || !strings.HasSuffix(lines[1], "rays  done=20%  elapsed=20s  left=1m20s") {
		t.Errorf("progress lines:\n%s", out.String())
	}
	if seconds := p.Rates("rays", 3e6).Done(); seconds != 50 {
		t.Errorf("%g seconds, want 50", seconds)
	}
	if !strings.HasSuffix(out.String(), "rays  seconds=50.000  rays_per_s=1.0  MB_per_s=3.0\n") {
		t.Errorf("rates:\n%s", out.String())
	}
}

// TestProgressBar checks that a bar is drawn where there is a terminal.
func TestProgressBar(t *testing.T) {
	var out, bar bytes.Buffer
	e := &Env{Log: newLogger(&out, Flags{}), terminal: &bar}
	p := e.Progress("rays", 4)
	for range 4 {
		p.Add(1)
	}
	p.Done()
	if !strings.Contains(bar.String(), "rays") || strings.Contains(out.String(), "done=") {
		t.Errorf("bar %q, log %q", bar.String(), out.String())
	}
}

func TestCountRanges(t *testing.T) {
	for list, want := range map[string]int{"0": 1, "0-3": 4, "0-3,8,10-11": 7, "": 0, "3-1": 0, "a-b": 0} {
		if got := countRanges(list); got != want {
			t.Errorf("%q: %d processors, want %d", list, got, want)
		}
	}
}

func TestThreads(t *testing.T) {
	if got := threads(5); got != 5 {
		t.Errorf("%d threads, want the 5 that were asked for", got)
	}
	t.Setenv("OMPI_COMM_WORLD_LOCAL_SIZE", "1000")
	want := 1 // unbound ranks share the machine
	if runtime.NumCPU() != onlineCPUs() {
		want = runtime.GOMAXPROCS(0) // bound ranks have their cores
	}
	if got := threads(0); got != want {
		t.Errorf("%d threads, want %d", got, want)
	}
}
