// SPDX-License-Identifier: BSD-3-Clause

package scale

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/internal/series"
)

// reference is the result of one rank, or why there is none.
type reference struct {
	files []string
	err   error
}

// run does one run and makes its row. An error ends the study; a run that gives
// no time is a row.
func (s *study) run(ctx context.Context, x *list, key series.Key) (series.Row, error) {
	s.order++
	row := series.Row{
		Kind: series.KindRefused, Study: s.digest, Series: x.cfg.Name, Law: x.cfg.Law, Over: x.cfg.Over, Job: x.cfg.Job, Point: key.Point, Repeat: key.Repeat, Warmup: key.Warmup,
		Order: s.order - 1, Start: time.Now().UTC(), BandwidthBytes: s.head.Bandwidth.PerSecond, Timed: x.subject.timed, SlurmJob: os.Getenv("SLURM_JOB_ID"),
	}
	if x.cfg.Job == "train" {
		row.Mesh = x.cfg.Mesh
	}
	err := s.fill(ctx, x, &row)
	if ctx.Err() != nil {
		return row, &run.RequeueError{Reason: fmt.Sprintf("%v: the lines so far are in %s", context.Cause(ctx), s.path)}
	}
	var full *os.PathError
	if errors.As(err, &full) && full.Op == "mkdir" {
		return row, err
	}
	if err != nil {
		row.Refusal, row.Seconds = err.Error(), 0
		return row, nil
	}
	row.Kind = series.KindRun
	return row, nil
}

// fill runs the job and the reference where it is missing, and compares.
func (s *study) fill(ctx context.Context, x *list, row *series.Row) error {
	ref := s.reference(ctx, x, row.Point)
	if ref.err != nil {
		return fmt.Errorf("reference run on one rank: %w", ref.err)
	}
	dir := filepath.Join(s.folder, "run")
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o777)); err != nil {
		return err
	}
	energy := s.meter.read()
	begin := time.Now()
	m, words, err := s.child(ctx, x, row.Point, row.Point.Ranks, dir)
	row.Command, row.WallSeconds = words, time.Since(begin).Seconds()
	if err != nil {
		return err
	}
	if err := describe(row, x, m); err != nil {
		return err
	}
	row.Energy = s.meter.spent(ctx, energy, row.Nodes)
	return judge(row, x, ref, m)
}

// child runs a job in a folder and reads its manifest.
func (s *study) child(ctx context.Context, x *list, p series.Point, ranks int, dir string) (*run.Manifest, []string, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	words := []string{program, x.cfg.Job, x.cfg.Config}
	for _, set := range x.sets(p, ranks) {
		words = append(words, "--set", set)
	}
	words = append(words, "--threads", strconv.Itoa(p.Threads), "--out", dir, "--quiet")
	words = s.launcher.command(ranks, p.Threads, words)
	if err := s.launcher.start(ctx, time.Duration(s.cfg.Repeat.LimitS)*time.Second, words, nil); err != nil {
		return nil, words, err
	}
	manifests, err := filepath.Glob(filepath.Join(dir, "*."+x.cfg.Job+".json"))
	if err != nil || len(manifests) != 1 {
		return nil, words, fmt.Errorf("%d manifests in %s: %w", len(manifests), dir, errors.Join(err, errors.New("allowed: the one of the run")))
	}
	m, err := run.ReadManifest(manifests[0], x.cfg.Job)
	if err != nil {
		return nil, words, err
	}
	if m.Ranks != ranks {
		return nil, words, fmt.Errorf("ran on %d ranks: allowed: %d, as the launcher was told", m.Ranks, ranks)
	}
	return m, words, nil
}

// reference runs a problem on one rank, once. What an earlier call of the same
// study made is found done by the job itself.
func (s *study) reference(ctx context.Context, x *list, p series.Point) reference {
	if x.cfg.Job == "emulate" && p.Batch > 0 { // an image is the same in any batch
		p.Batch = 1
	}
	name := fmt.Sprintf("%s-%dx%dx%d-%d-%d", x.cfg.Name, p.Cells[0], p.Cells[1], p.Cells[2], p.Channels, p.Batch)
	if x.cfg.Law == series.Weak && x.cfg.Job == "train" { // whose epochs depend on the ranks
		name += "-" + strconv.Itoa(p.Along(x.cfg.Over))
	}
	if r, ok := s.references[name]; ok {
		return r
	}
	dir := filepath.Join(s.folder, "reference-"+name)
	p.Threads = slices.Min(x.cfg.Threads)
	var r reference
	if r.err = os.MkdirAll(dir, 0o777); r.err == nil {
		var m *run.Manifest
		if m, _, r.err = s.child(ctx, x, p, 1, dir); r.err == nil {
			r.files, r.err = results(x, m)
		}
	}
	if ctx.Err() == nil {
		s.references[name] = r
	}
	return r
}

// results are the files to compare.
func results(x *list, m *run.Manifest) ([]string, error) {
	var files []string
	for _, f := range m.Outputs {
		if slices.Contains(x.subject.endings, filepath.Ext(f.Path)) {
			files = append(files, f.Path)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("the manifest has no output to compare: allowed: %s", strings.Join(x.subject.endings, ", "))
	}
	return files, nil
}

// judge compares the results with those of the reference.
func judge(row *series.Row, x *list, ref reference, m *run.Manifest) error {
	files, err := results(x, m)
	if err != nil {
		return err
	}
	if len(files) != len(ref.files) {
		return fmt.Errorf("%d results, and %d of the reference run", len(files), len(ref.files))
	}
	c := &series.Check{Tolerance: x.cfg.Tolerance, Measure: x.subject.measure, Against: "the run of the same problem on one rank"}
	for i, f := range files {
		e, err := x.subject.compare(ref.files[i], f)
		if err != nil {
			return err
		}
		c.Error = max(c.Error, e)
	}
	row.Check = c
	if !(c.Error <= c.Tolerance) {
		return fmt.Errorf("the result fails its check: %s is %.3g: allowed: at most %.3g", c.Measure, c.Error, c.Tolerance)
	}
	return nil
}

// describe fills a row from the manifest of its run.
func describe(row *series.Row, x *list, m *run.Manifest) error {
	row.ConfigDigest, row.Commit, row.Go, row.MPI, row.CoreSeconds, row.Places = m.Digest, m.Commit, m.Go, m.MPI, m.CoreSeconds, m.Places
	for _, b := range m.PeakBytes {
		row.PeakBytes = max(row.PeakBytes, b)
	}
	for _, p := range m.Places {
		if !slices.Contains(row.Nodes, p.Host) {
			row.Nodes = append(row.Nodes, p.Host)
		}
	}
	row.Cores, row.SharedCores = cores(m.Places)
	row.Oversubscribed = row.Cores > 0 && row.Point.Ranks*row.Point.Threads > row.Cores
	for _, p := range m.Phases {
		wall, name := x.subject.part(p.Name, row.Point)
		if wall {
			row.Seconds += p.SecondsMax
		}
		if name == "" {
			if !wall {
				row.Others = append(row.Others, p)
			}
			continue
		}
		row.Phases = addPhase(row.Phases, name, p)
	}
	if !(row.Seconds > 0) {
		return errors.New("the manifest has no time of the timed part")
	}
	job := x.subject.config()
	if err := configs.Load(x.cfg.Config, x.sets(row.Point, row.Point.Ranks), job); err != nil {
		return err
	}
	w, err := x.subject.work(job, row.Point)
	row.Work, row.WorkUnit, row.FLOPs, row.Bytes, row.RayAxes = w.amount, w.unit, w.flop, w.bytes, w.axes
	return err
}

// addPhase adds the phases of several images.
func addPhase(phases []run.Phase, name string, p run.Phase) []run.Phase {
	p.Name = name
	i := slices.IndexFunc(phases, func(q run.Phase) bool { return q.Name == name })
	if i < 0 {
		return append(phases, p)
	}
	phases[i].SecondsMin += p.SecondsMin
	phases[i].SecondsMedian += p.SecondsMedian
	phases[i].SecondsMax += p.SecondsMax
	return phases
}
