// SPDX-License-Identifier: BSD-3-Clause

package submit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/slurm"
)

// chain is a submit configuration, checked and made scripts of.
type chain struct {
	cfg  *configs.Submit
	site *slurm.Site
	jobs []built
}

// built is a job and its script.
type built struct {
	slurm.Job
	step   int    // its number in the configuration
	label  string // name of the step, in file names
	script string
}

// build checks all and makes the scripts. Every problem is reported at once.
func (s submitter) build(env *run.Env) (*chain, error) {
	cfg, file := env.Config.(*configs.Submit), env.Args[0]
	site, err := slurm.LoadSite(cfg.Slurm.Site)
	if err != nil {
		return nil, inFile(file, err)
	}
	c := &chain{cfg: cfg, site: site}
	program, err := programPath(cfg)
	if err != nil {
		return nil, err
	}
	var problems []configs.Problem
	made := map[string]bool{} // files that earlier steps make
	for i := range cfg.Steps {
		jobs, err := s.stepJobs(c, i, program, made)
		var bad *configs.Error
		switch {
		case errors.As(err, &bad):
			problems = append(problems, bad.Problems...)
			continue
		case err != nil:
			return nil, err
		}
		for _, j := range jobs {
			for _, p := range site.Check(j.Job) {
				p.Field = fieldOf(cfg, i, p.Field)
				problems = append(problems, p)
			}
			j.step = i
			c.jobs = append(c.jobs, j)
		}
	}
	for i := range problems {
		if problems[i].File == "" {
			problems[i].File = file
		}
	}
	if problems != nil {
		return nil, &configs.Error{Problems: slices.Compact(problems)}
	}
	return c, c.render(file, env.Manifest.Program)
}

// stepJobs checks a step and returns its jobs. What they make is added to made.
func (s submitter) stepJobs(c *chain, i int, program string, made map[string]bool) ([]built, error) {
	step := c.cfg.Steps[i]
	if step.Job == configs.Report {
		return c.reportOf(i, step, program, made)
	}
	job, cfg, err := s.check(i, step, made)
	if err != nil {
		return nil, err
	}
	note(made, job, cfg)
	if study, ok := cfg.(*configs.Scale); ok {
		return []built{c.studyOf(step, study, program)}, nil
	}
	return c.jobsOf(step, job, cfg, program), nil
}

// check loads the configuration of a step as its job would and looks for the
// inputs. Problems without a file are those of the chain.
func (s submitter) check(i int, step configs.Step, made map[string]bool) (run.Job, configs.Job, error) {
	problem := func(key, value, reason, allowed string) error {
		return &configs.Error{Problems: []configs.Problem{{Field: fmt.Sprintf("step.%d.%s", i, key), Value: value, Reason: reason, Allowed: allowed}}}
	}
	var names []string
	for _, j := range s.jobs {
		if j.Config != nil || j.Name == configs.Report {
			names = append(names, j.Name)
		}
	}
	at := slices.IndexFunc(s.jobs, func(j run.Job) bool { return j.Name == step.Job && j.Config != nil })
	if at < 0 {
		reason := "unknown job"
		if near := configs.Nearest(step.Job, names); near[0] == step.Job[0] {
			reason += ", did you mean " + strconv.Quote(near) + "?"
		}
		return run.Job{}, nil, problem("job", strconv.Quote(step.Job), reason, strings.Join(names, ", "))
	}
	cfg := s.jobs[at].Config()
	if err := configs.Load(step.Config, step.Set, cfg); err != nil {
		return run.Job{}, nil, err
	}
	ranks := step.Tasks
	if _, ok := cfg.(*configs.Scale); ok { // which starts its ranks itself
		ranks = 1
	}
	if err := cfg.CheckSize(step.Config, ranks); err != nil {
		return run.Job{}, nil, problem("tasks", strconv.Itoa(step.Tasks), err.Error(), "a number that the configuration of the step takes")
	}
	var problems []configs.Problem
	for _, in := range cfg.Inputs() {
		if _, err := os.Stat(in.Path); err != nil && !made[in.Path] {
			problems = append(problems, configs.Problem{File: step.Config, Field: in.Field, Value: strconv.Quote(in.Path),
				Reason: "does not exist, and no earlier step makes it", Allowed: "a readable file, or an output of an earlier step"})
		}
	}
	if problems != nil {
		return run.Job{}, nil, &configs.Error{Problems: problems}
	}
	return s.jobs[at], cfg, nil
}

// note adds what a job will make.
func note(made map[string]bool, job run.Job, cfg configs.Job) {
	for _, path := range job.Outputs(cfg) {
		made[path] = true
	}
	made[manifestOf(cfg)] = true
	if dir, name := cfg.Destination(); job.Name == "scale" { // lines are no output of one run
		made[filepath.Join(dir, name+".jsonl")] = true
	}
}

// manifestOf is the file that a job leaves last.
func manifestOf(cfg configs.Job) string {
	dir, name := cfg.Destination()
	return filepath.Join(dir, name+"."+cfg.JobName()+".json")
}

// base is what a step asks of Slurm, without a command.
func (c *chain) base(step configs.Step) slurm.Job {
	b := c.cfg.Slurm
	j := slurm.Job{
		Partition: step.Partition, QOS: step.QOS, Account: firstOf(b.Account, os.Getenv(c.site.Header.AccountVariable)),
		Nodes: step.Nodes, Tasks: step.Tasks, CPUsPerTask: step.CPUsPerTask, GPUsPerTask: step.GPUsPerTask,
		MemoryMB: step.MemoryMB, TimeMin: step.TimeMin, Options: b.Options,
		SignalS: step.SignalS, MarginS: step.MarginS, Restarts: b.Restarts, Dir: absolute("."),
	}
	if c.site.Header.Account == "none" {
		j.Account = b.Account // one that is given is refused
	}
	return j
}

// jobsOf returns the jobs of a step: one, or an array and one that ends it.
func (c *chain) jobsOf(step configs.Step, job run.Job, cfg configs.Job, program string) []built {
	j := c.base(step)
	j.Proof = absolute(manifestOf(cfg))
	// The configuration by its absolute path: the job may start anywhere.
	j.Command = []string{program, step.Job, absolute(step.Config)}
	for _, set := range step.Set {
		j.Command = append(j.Command, "--set", set)
	}
	j.Command = append(j.Command, "--threads", strconv.Itoa(step.CPUsPerTask))
	if job.Saves {
		j.Command = append(j.Command, "--margin", strconv.Itoa(step.MarginS))
	}
	last := built{Job: j, label: step.Name}
	if step.Array == 0 {
		return []built{last}
	}
	first := built{Job: j, label: step.Name + "-parts"}
	first.Array, first.ArraySet = step.Array, "part.number"
	if g, ok := cfg.(*configs.Generate); ok {
		first.Proof = absolute(filepath.Join(g.WorkDir(), fmt.Sprintf("part-%%a-of-%d.generate.json", step.Array)))
	}
	first.Command = append(slices.Clone(j.Command), "--set", "part.of="+strconv.Itoa(step.Array))
	return []built{first, last}
}

// render makes the scripts.
func (c *chain) render(file, version string) error {
	for i := range c.jobs {
		b := &c.jobs[i]
		b.Name = c.cfg.Output.Name + "-" + b.label
		number := "%j"
		if b.Array > 0 {
			number = "%A_%a"
		}
		b.Log = absolute(filepath.Join(c.cfg.Output.Dir, fmt.Sprintf("%s.%d-%s.%s.log", c.cfg.Output.Name, i+1, b.label, number)))
		b.About = []string{
			fmt.Sprintf("Job %d of %d of the chain %q, for %s (profile %q: %s).", i+1, len(c.jobs), c.cfg.Output.Name, c.site.About.Title, c.site.Name(), c.site.About.Status),
			fmt.Sprintf("Made by columen %s submit from %s.", version, filepath.Base(file)),
		}
		var err error
		if b.script, err = slurm.Render(b.Job, c.site); err != nil {
			return inFile(file, err)
		}
	}
	return nil
}

// fieldOf returns where a value of a step stands: in the step, or in [slurm].
func fieldOf(c *configs.Submit, i int, key string) string {
	inherited := map[string]bool{"account": true, "site": true, "options": true}
	step := c.Steps[i]
	for name, same := range map[string]bool{
		"partition": step.Partition == c.Slurm.Partition, "qos": step.QOS == c.Slurm.QOS, "nodes": step.Nodes == c.Slurm.Nodes,
		"tasks": step.Tasks == c.Slurm.Tasks, "cpus_per_task": step.CPUsPerTask == c.Slurm.CPUsPerTask, "gpus_per_task": step.GPUsPerTask == c.Slurm.GPUsPerTask,
		"memory_mb": step.MemoryMB == c.Slurm.MemoryMB, "time_min": step.TimeMin == c.Slurm.TimeMin, "signal_s": step.SignalS == c.Slurm.SignalS, "margin_s": step.MarginS == c.Slurm.MarginS,
	} {
		inherited[name] = same
	}
	if inherited[key] {
		return "slurm." + key
	}
	return fmt.Sprintf("step.%d.%s", i, key)
}

// valueOf returns the value of a key of a step, as it was given to Slurm.
func valueOf(b built, key string) string {
	values := map[string]any{"account": b.Account, "partition": b.Partition, "qos": b.QOS, "nodes": b.Nodes, "tasks": b.Tasks,
		"cpus_per_task": b.CPUsPerTask, "gpus_per_task": b.GPUsPerTask, "memory_mb": b.MemoryMB, "time_min": b.TimeMin, "array": b.Array}
	switch v := values[key].(type) {
	case string:
		return strconv.Quote(v)
	case int:
		return strconv.Itoa(v)
	}
	return ""
}

// refusalError is what Slurm has against a job, with exit status 2 when it is a
// value of the configuration.
type refusalError struct {
	text string
	code int
}

// Error returns the text.
func (e *refusalError) Error() string { return e.text }

// ExitCode returns the exit status.
func (e *refusalError) ExitCode() int { return e.code }

// refusal names file, field, value and what Slurm said.
func refusal(file string, b built, err error) error {
	var refused *slurm.RefusedError
	if !errors.As(err, &refused) {
		return err
	}
	where := fmt.Sprintf("step.%d", b.step)
	if refused.Field != "" {
		where += "." + refused.Field + " = " + valueOf(b, refused.Field)
	}
	return &refusalError{fmt.Sprintf("%s: %s: sbatch refused job %s: %s: allowed: what sinfo and sacctmgr show for this cluster", file, where, b.Name, refused.Said), run.ExitUsage}
}

// inFile names the configuration in an error about a profile.
func inFile(file string, err error) error {
	var bad *configs.Error
	if errors.As(err, &bad) {
		return err
	}
	return &configs.Error{Problems: []configs.Problem{{File: file, Field: "slurm.site", Reason: err.Error(), Allowed: "another profile"}}}
}

// programPath is the program on the compute nodes.
func programPath(c *configs.Submit) (string, error) {
	if c.Slurm.Program != "" {
		return c.Slurm.Program, nil
	}
	return os.Executable()
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}
