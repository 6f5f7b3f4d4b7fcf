// SPDX-License-Identifier: BSD-3-Clause

package scale

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/internal/series"
)

// study is a scale job, built.
type study struct {
	env      *run.Env
	cfg      *configs.Scale
	series   []*list
	launcher launcher
	meter    *meter
	digest   string

	path   string // of the lines
	folder string // of the runs
	record *series.Writer
	head   series.Study
	done   map[series.Key]bool
	order  int // runs of this call so far

	references map[string]reference
}

// list is a series with its points.
type list struct {
	cfg     configs.Scaling
	subject subject
	points  []series.Point
}

// newStudy checks everything that can be checked before a run.
func newStudy(env *run.Env) (*study, error) {
	s := &study{env: env, cfg: env.Config.(*configs.Scale), done: map[series.Key]bool{}, references: map[string]reference{}}
	var err error
	if s.launcher, err = newLauncher(env.Args[0], s.cfg.Launcher, os.Getenv); err != nil {
		return nil, err
	}
	s.meter = newMeter(env.Manifest.Host, s.launcher, os.Getenv)
	h := sha256.New()
	fmt.Fprintf(h, "columen scale 1\n%s %s\n%s\n", env.Manifest.Program, env.Manifest.Commit, strings.Join(s.launcher.words, " "))
	for i, c := range s.cfg.Series {
		x := &list{cfg: c, subject: subjectOf(c)}
		x.points = points(c)
		// Every point must be a valid configuration of its job.
		for j, p := range x.points {
			job := x.subject.config()
			if err := configs.Load(c.Config, x.sets(p, p.Ranks), job); err != nil {
				return nil, fmt.Errorf("series.%d (%s), %s: %w", i, c.Name, p, err)
			}
			if x.cfg.Tolerance == 0 {
				x.cfg.Tolerance = x.subject.tolerance(job)
			}
			if j == 0 {
				fmt.Fprintf(h, "%s %s %s %s %s %g %g\n", c.Name, c.Law, c.Over, c.Mesh, configs.Digest(x.plain(job)), c.WindowMS, x.cfg.Tolerance)
			}
		}
		s.series = append(s.series, x)
	}
	s.digest = hex.EncodeToString(h.Sum(nil))
	return s, nil
}

// plain is the configuration of a job without what the points set, so that a
// study keeps its digest when it gets more points.
func (x *list) plain(job configs.Job) configs.Job {
	plain := x.subject.config()
	if configs.Load(x.cfg.Config, append(x.cfg.Set, x.subject.neutral...), plain) != nil {
		return job // the file is valid with the points only
	}
	return plain
}

// sets are the settings of a run of a problem on a number of ranks: those of its
// point, or one for the reference.
func (x *list) sets(p series.Point, ranks int) []string {
	return append(append([]string{}, x.cfg.Set...), x.subject.sets(x.cfg, p, ranks)...)
}

// points are all combinations of the lists.
func points(c configs.Scaling) []series.Point {
	or := func(list []int) []int {
		if len(list) == 0 {
			return []int{0}
		}
		return list
	}
	var out []series.Point
	for _, threads := range c.Threads {
		for _, cells := range or(c.Cells) {
			for _, channels := range or(c.Channels) {
				for _, batch := range or(c.Batch) {
					for _, ranks := range c.Ranks {
						out = append(out, point(c, series.Point{Ranks: ranks, Threads: threads, Cells: [3]int{cells, cells, cells}, Channels: channels, Batch: batch}))
					}
				}
			}
		}
	}
	return out
}

// point makes a weak problem as many times larger as there are ranks, or threads.
func point(c configs.Scaling, p series.Point) series.Point {
	if c.Law == series.Weak {
		grow := p.Along(c.Over)
		p.Cells[0] *= grow
		p.Batch *= grow
	}
	return p
}

// header is the first line: the machine, as it is now.
func (s *study) header(ctx context.Context) (series.Study, error) {
	file := s.env.Args[0]
	text, err := os.ReadFile(file)
	if err != nil {
		return series.Study{}, err
	}
	m := s.env.Manifest
	h := series.Study{
		Kind: series.KindStudy, Schema: series.Schema, Digest: s.digest, Name: s.cfg.Output.Name,
		Command: append([]string{filepath.Base(os.Args[0])}, os.Args[1:]...), TOML: string(text), Start: time.Now().UTC(),
		Host: m.Host, CPU: cpuModel("/proc/cpuinfo"), Cores: availableCores(),
		Program: m.Program, Commit: m.Commit, Go: m.Go, Modules: m.Modules, Energy: s.meter.source(),
	}
	if m.Commit == "unknown" {
		s.env.Log.Warn("the commit of this program is not known, so nobody can repeat the study: it was built without version information; make build in a clone of the repository puts it in")
	}
	if s.cfg.Repeat.Machine == "no" {
		return h, nil
	}
	s.env.Log.Info("measuring the machine")
	h.Bandwidth = triad(h.Cores)
	h.Peaks = peaks(h.Cores)
	h.Messages = s.messages(ctx)
	if h.Training, err = s.trained(); err != nil {
		return h, err
	}
	h.Kernels, err = kernels(h.Cores)
	return h, err
}

// measure does all runs that are missing: for each repeat all points in a random
// order, so that a slow hour of the machine falls on all of them alike.
func (s *study) measure(ctx context.Context) (refused int, err error) {
	type turn struct {
		list  *list
		point series.Point
	}
	said := map[string]bool{}
	bar := s.env.Progress("scale", int64(s.missing()))
	for repeat := -s.cfg.Repeat.Warmups; repeat < s.cfg.Repeat.Repeats; repeat++ {
		var turns []turn
		for _, x := range s.series {
			for _, p := range x.points {
				turns = append(turns, turn{x, p})
			}
		}
		random := rand.New(rand.NewPCG(uint64(s.cfg.Repeat.Seed), uint64(repeat+s.cfg.Repeat.Warmups)))
		random.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
		for _, t := range turns {
			key := series.Key{Series: t.list.cfg.Name, Point: t.point, Repeat: repeat}
			if repeat < 0 {
				key.Repeat, key.Warmup = repeat+s.cfg.Repeat.Warmups, true
			}
			if s.done[key] || key.Warmup && s.complete(t.list, t.point) {
				continue
			}
			row, err := s.run(ctx, t.list, key)
			if err != nil {
				return refused, err
			}
			if row.Kind == series.KindRefused {
				refused++
				if !said[row.Refusal] { // once, where it is the same for all
					s.env.Log.Warn("refused", "series", row.Series, "point", row.Point, "reason", row.Refusal)
				}
				said[row.Refusal] = true
			}
			if err := s.record.Append(row); err != nil {
				return refused, err
			}
			bar.Add(1)
		}
	}
	s.env.Manifest.AddPhase("scale", bar.Done())
	return refused, nil
}

// complete reports whether nothing of a point is missing.
func (s *study) complete(x *list, p series.Point) bool {
	for r := range s.cfg.Repeat.Repeats {
		if !s.done[series.Key{Series: x.cfg.Name, Point: p, Repeat: r}] {
			return false
		}
	}
	return true
}

// missing counts the runs to do.
func (s *study) missing() int {
	n := 0
	for _, x := range s.series {
		for _, p := range x.points {
			if s.complete(x, p) {
				continue
			}
			n += s.cfg.Repeat.Warmups
			for r := range s.cfg.Repeat.Repeats {
				if !s.done[series.Key{Series: x.cfg.Name, Point: p, Repeat: r}] {
					n++
				}
			}
		}
	}
	return n
}
