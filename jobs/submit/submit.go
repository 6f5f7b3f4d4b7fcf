// SPDX-License-Identifier: BSD-3-Clause

// Package submit is the job that hands others to Slurm.
//
//	$ columen submit configs/submit-chain.toml --site archer2 --account e01 --dry-run
//	$ columen submit configs/solve.toml --site ./mysite.toml --nodes 2 --tasks 16 --time 30 --watch
//
// What is submitted is the script that a dry run shows, byte by byte.
package submit

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/slurm"
)

// Job returns the row of the job in the table. others are the jobs that it can
// submit.
func Job(others []run.Job) run.Job {
	s := submitter{jobs: others}
	return run.Job{
		Name:  "submit",
		Short: "Hand jobs to Slurm, one after the other",
		Long: `Submit makes a batch script of every step of a chain and hands the scripts to
sbatch, each to begin when the one before has ended well. The configuration of a
job, named JOB.toml or JOB-WHAT.toml, is a chain of that job alone.

A script starts the ranks as the profile of the site says (docs/slurm.md), passes
on the signal that comes before the time limit, and queues itself again when the
program has saved its state (exit status 75). An array shares the samples of a
data set; a further job then makes the data set of them. A step with
job = "report" has files in place of a configuration: the page is made of them.

All is checked before anything is submitted: the configuration of every step, its
inputs, which must exist or come from an earlier step, and the limits of the
site. When Slurm refuses a step, those before it are taken back. Scripts and ids
lie in DIR as NAME.1-STEP.sbatch and NAME.jobs.json. The same command again with
--watch looks how far the jobs are.`,
		Example: "  columen submit configs/submit-chain.toml --site archer2 --account e01 --dry-run\n" +
			"  columen submit configs/solve.toml --site ./mysite.toml --nodes 2 --tasks 16 --time 30 --watch",
		Config: func() configs.Job { return new(configs.Submit) },
		Alone:  true,
		Options: []run.Option{
			{Name: "site", Key: "slurm.site", Doc: "profile of the cluster, short for slurm.site; paths are relative to the configuration", Text: true},
			{Name: "account", Key: "slurm.account", Doc: "account, short for slurm.account", Text: true},
			{Name: "partition", Key: "slurm.partition", Doc: "partition, short for slurm.partition", Text: true},
			{Name: "qos", Key: "slurm.qos", Doc: "quality of service, short for slurm.qos", Text: true},
			{Name: "nodes", Key: "slurm.nodes", Doc: "nodes of steps that do not say, short for slurm.nodes"},
			{Name: "tasks", Key: "slurm.tasks", Doc: "ranks of steps that do not say, short for slurm.tasks"},
			{Name: "time", Key: "slurm.time_min", Doc: "minutes of steps that do not say, short for slurm.time_min"},
			{Name: "signal", Key: "slurm.signal_s", Doc: "seconds before the limit at which jobs are told, short for slurm.signal_s"},
			{Name: "watch", Doc: "look how far the jobs are until they end"},
		},
		Outputs: s.outputs,
		Plan:    s.plan,
		Run:     s.run,
		After:   s.watch,
	}
}

// submitter knows the jobs that can be submitted.
type submitter struct {
	jobs   []run.Job
	client slurm.Client
}

// Record is what NAME.jobs.json holds.
type Record struct {
	Schema    int       `json:"schema"` // 1
	Site      string    `json:"site"`
	Status    string    `json:"site_status"` // whether jobs were run with the profile
	Submitted time.Time `json:"submitted"`
	Jobs      []Entry   `json:"jobs"`
}

// Entry is a job of a chain.
type Entry struct {
	ID     int    `json:"id"`
	Name   string `json:"name"`
	Array  int    `json:"array,omitempty"`
	After  int    `json:"after,omitempty"` // id of the job that must end well before
	Script string `json:"script"`          // base name
	Log    string `json:"log"`             // path; Slurm has replaced %j, %A and %a
}

// outputs are the scripts and the record.
func (s submitter) outputs(cfg configs.Job) []string {
	c := cfg.(*configs.Submit)
	var files []string
	for i, name := range jobNames(c) {
		files = append(files, scriptPath(c, i, name))
	}
	return append(files, recordPath(c))
}

// jobNames returns the names of all jobs: those of the steps, and that of the job
// that ends an array.
func jobNames(c *configs.Submit) []string {
	var names []string
	for _, step := range c.Steps {
		if step.Array > 0 {
			names = append(names, step.Name+"-parts")
		}
		names = append(names, step.Name)
	}
	return names
}

func scriptPath(c *configs.Submit, number int, name string) string {
	return filepath.Join(c.Output.Dir, fmt.Sprintf("%s.%d-%s.sbatch", c.Output.Name, number+1, name))
}

func recordPath(c *configs.Submit) string {
	return filepath.Join(c.Output.Dir, c.Output.Name+".jobs.json")
}

// plan prints the scripts.
func (s submitter) plan(_ context.Context, env *run.Env) error {
	chain, err := s.build(env)
	if err != nil {
		return err
	}
	for i, b := range chain.jobs {
		if _, err := fmt.Fprint(env.Stdout, b.script); err != nil {
			return err
		}
		after := []int{}
		if i > 0 {
			after = append(after, i) // the ids are not known yet
		}
		env.Log.Info("would submit", "job", b.Name, "sbatch", fmt.Sprint(slurm.SubmitArgs(after...)), "log", b.Log)
	}
	return nil
}

// run submits the chain.
func (s submitter) run(ctx context.Context, env *run.Env) error {
	// 1. All scripts before the first job.
	chain, err := s.build(env)
	if err != nil {
		return err
	}
	c := chain.cfg
	if chain.site.About.Status != "run" {
		env.Log.Warn("nobody has run jobs with this profile: look at the scripts with --dry-run first", "site", chain.site.Name(), "source", chain.site.About.Source, "date", chain.site.About.Date)
	}
	record := Record{Schema: 1, Site: chain.site.Name(), Status: chain.site.About.Status, Submitted: time.Now().UTC()}
	for i, b := range chain.jobs {
		path := scriptPath(c, i, b.label)
		if err := os.WriteFile(env.Outputs.Partial(path), []byte(b.script), 0o666); err != nil {
			return env.Outputs.NotWritten(path, err)
		}
	}

	// 2. The jobs, in order.
	var ids []int
	for i, b := range chain.jobs {
		var after []int
		if i > 0 {
			after = ids[i-1:]
		}
		id, err := s.client.Submit(ctx, b.script, after...)
		if err != nil {
			return s.takeBack(env, b, err, ids)
		}
		ids = append(ids, id)
		e := Entry{ID: id, Name: b.Name, Array: b.Array, Script: filepath.Base(scriptPath(c, i, b.label)), Log: b.Log}
		if i > 0 {
			e.After = ids[i-1]
		}
		record.Jobs = append(record.Jobs, e)
		env.Log.Info("submitted", "job", b.Name, "id", id, "log", b.Log)
	}

	// 3. The record, without which nobody finds the jobs: they go if it cannot be written.
	data, err := json.MarshalIndent(record, "", "  ")
	if err == nil {
		err = os.WriteFile(env.Outputs.Partial(recordPath(c)), append(data, '\n'), 0o666)
	}
	if err != nil {
		return s.takeBack(env, chain.jobs[0], env.Outputs.NotWritten(recordPath(c), err), ids)
	}
	return nil
}

// takeBack cancels what was submitted and says what went wrong with a step.
func (s submitter) takeBack(env *run.Env, b built, cause error, ids []int) error {
	err := refusal(env.Args[0], b, cause)
	if len(ids) == 0 {
		return err
	}
	if cancelErr := s.client.Cancel(context.Background(), ids...); cancelErr != nil {
		return fmt.Errorf("%w; and jobs %v, submitted before it, could not be cancelled: %v", err, ids, cancelErr)
	}
	env.Log.Warn("took back the jobs submitted before", "ids", fmt.Sprint(ids))
	return err
}
