// SPDX-License-Identifier: BSD-3-Clause

// Package scale is the job that measures how other jobs scale: it runs the
// program itself at many points, checks every result and records every run.
//
//	$ columen scale configs/scale-strong.toml
package scale

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/internal/series"
)

// Job returns the row of the job in the table.
func Job() run.Job {
	return run.Job{
		Name:  "scale",
		Short: "Measure strong and weak scaling of other jobs",
		Long: `Scale runs other jobs of this program at every point of one or more series,
over ranks, threads, cells, channels and batch, each as a program of its own
under mpirun, or under srun inside a Slurm job. It reads their manifests and
appends one line per run to DIR/NAME.jsonl, which columen report draws.

The points take turns, in another order in each repeat, after warm-ups that are
recorded and do not count. The result of every run is compared with that of one
rank: a run whose result differs by more than the tolerance has a line that says
so, and no time. Each line tells where the ranks ran, which processors each of
them was allowed to use, and whether they outnumber the processors.

A study that was stopped goes on: the same command does what is missing, and also
more repeats or more points of the same series. A last line that was not written
to its end is cut off, and said so. One file holds one study.`,
		Example: "  columen scale configs/scale-strong.toml\n  columen report out/scale/strong.jsonl\n" +
			"  columen scale configs/scale-strong.toml --set repeat.repeats=10\n  columen scale --class S",
		Config:  func() configs.Job { return new(configs.Scale) },
		Class:   true,
		Outputs: outputs,
		Plan:    plan,
		Resumes: resumes,
		Run:     execute,
	}
}

// outputs is the page for people; the lines grow outside of the output policy.
func outputs(cfg configs.Job) []string {
	dir, name := cfg.Destination()
	return []string{filepath.Join(dir, name+".txt")}
}

// recordPath is the file of lines.
func recordPath(cfg configs.Job) string {
	dir, name := cfg.Destination()
	return filepath.Join(dir, name+".jsonl")
}

// resumes reports whether lines of this study exist; whether they fit is for
// Continue to say.
func resumes(env *run.Env) bool {
	_, err := os.Stat(recordPath(env.Config))
	return err == nil
}

// plan lists the points on a dry run.
func plan(_ context.Context, env *run.Env) error {
	s, err := newStudy(env)
	if err != nil {
		return err
	}
	for _, x := range s.series {
		for _, p := range x.points {
			line := []any{"series", x.cfg.Name, "point", p, "warmups", s.cfg.Repeat.Warmups, "repeats", s.cfg.Repeat.Repeats}
			if x.cfg.Job == "solve" {
				line = append(line, "estimate", estimate(p))
			}
			env.Log.Info("would run", line...)
		}
	}
	return nil
}

func execute(ctx context.Context, env *run.Env) error {
	// 1. What to run, checked before anything is.
	s, err := newStudy(env)
	if err != nil {
		return err
	}
	if err := s.open(ctx); err != nil {
		return err
	}
	defer s.record.Close()

	// 2. The runs.
	refused, err := s.measure(ctx)
	if err != nil {
		return err
	}

	// 3. The page for people, and what went wrong.
	f, err := series.Read(s.path)
	if err != nil {
		return err
	}
	page := summary(f) + verdict(s.cfg.Class, f)
	fmt.Fprint(env.Stdout, page)
	if refused > 0 {
		return fmt.Errorf("%s: %d runs were refused and have no time; the lines say why, and the same command tries them again", s.path, refused)
	}
	final := env.Outputs.Paths()[0]
	if err := os.WriteFile(env.Outputs.Partial(final), []byte(page), 0o666); err != nil {
		return env.Outputs.NotWritten(final, err)
	}
	return os.RemoveAll(s.folder)
}

// open begins the file of the study, or goes on with it.
func (s *study) open(ctx context.Context) error {
	s.path = recordPath(s.cfg)
	dir, name := s.cfg.Destination()
	s.folder = filepath.Join(dir, name+".work")
	if s.env.Flags.Overwrite {
		for _, gone := range []func() error{func() error { return os.Remove(s.path) }, func() error { return os.RemoveAll(s.folder) }} {
			if err := gone(); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	record, f, cut, err := series.Continue(s.path, s.digest)
	if err == nil {
		s.record, s.head = record, f.Study
		if cut > 0 {
			s.env.Log.Warn("cut off a half-written last line", "file", s.path, "bytes", cut)
		}
		for _, r := range f.Rows {
			if r.Kind == series.KindRun && !r.Warmup {
				s.done[r.Key()] = true
			}
		}
		s.env.Log.Info("going on with a study", "file", s.path, "runs", len(s.done))
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if s.head, err = s.header(ctx); err != nil {
		return err
	}
	s.record, err = series.Create(s.path, s.head)
	return err
}
