// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Submit is the configuration of columen submit: jobs for Slurm, one after the
// other. The configuration of another job, named JOB.toml or JOB-WHAT.toml, is
// taken as a chain of that job alone; a scaling study is followed by its report.
type Submit struct {
	Slurm  Batch   `toml:"slurm" doc:"The site, and what the steps need that do not say it themselves"`
	Steps  []Step  `toml:"step" doc:"Jobs in order; each begins when the one before has ended well"`
	Output Results `toml:"output" doc:"Where scripts, logs and the record of the jobs go"`
}

// Batch says where jobs run and what they need by default.
type Batch struct {
	Site        string   `toml:"site" unit:"-" default:"\"generic\"" doc:"Profile of the site: a name that columen knows, or the path of a profile"`
	Account     string   `toml:"account" unit:"-" need:"no" allow:"name" doc:"Account that pays; the site's environment variable when absent"`
	Partition   string   `toml:"partition" unit:"-" need:"no" allow:"name" doc:"Partition; the first of the site when absent"`
	QOS         string   `toml:"qos" unit:"-" need:"no" allow:"name" doc:"Quality of service; the partition's when absent"`
	Nodes       int      `toml:"nodes" unit:"-" default:"1" allow:"1..100000" doc:"Nodes of a step"`
	Tasks       int      `toml:"tasks" unit:"-" default:"1" allow:"1..10000000" doc:"Ranks of a step"`
	CPUsPerTask int      `toml:"cpus_per_task" unit:"-" default:"1" allow:"1..4096" doc:"Cores, and so threads, of a rank"`
	GPUsPerTask int      `toml:"gpus_per_task" unit:"-" default:"0" allow:"0..64" doc:"GPUs of a rank"`
	MemoryMB    int      `toml:"memory_mb" unit:"MB" default:"0" allow:">=0" doc:"Memory of a node; 0 leaves it to the site"`
	TimeMin     int      `toml:"time_min" unit:"min" default:"60" allow:"1..100000" doc:"Limit of the time of a step, between restarts"`
	Options     []string `toml:"options" unit:"-" need:"no" doc:"Further options of sbatch"`
	SignalS     int      `toml:"signal_s" unit:"s" default:"120" allow:"1..65535" doc:"The job is told so long before its limit; Slurm may be a minute early"`
	MarginS     int      `toml:"margin_s" unit:"s" default:"60" allow:"1..65535" doc:"The program stops by itself so long before the limit"`
	Restarts    int      `toml:"restarts" unit:"-" default:"10" allow:"0..1000" doc:"How often a step may queue itself again after its state was saved"`
	Program     string   `toml:"program" unit:"-" need:"no" doc:"Program on the compute nodes; the one that runs now when absent"`
	PollS       int      `toml:"poll_s" unit:"s" default:"15" allow:"1..3600" digest:"no" doc:"Time between two looks of --watch at the queue"`
}

// Step is one job of a chain. What is absent is that of [slurm].
type Step struct {
	Name        string   `toml:"name" unit:"-" need:"no" allow:"name" doc:"Name of the step; that of the job when absent"`
	Job         string   `toml:"job" unit:"-" allow:"name" doc:"Job of columen"`
	Config      string   `toml:"config" unit:"-" need:"no" path:"input" doc:"Its configuration; not for report, which has none"`
	Files       []string `toml:"files" unit:"-" need:"no" path:"input" doc:"What a report shows: files that exist or that earlier steps make. The page has the name of the first and lies beside it"`
	Set         []string `toml:"set" unit:"-" need:"no" doc:"Assignments to keys of its configuration, as after --set"`
	Array       int      `toml:"array" unit:"-" default:"0" allow:"0..10000" doc:"Array tasks that share the samples of generate; a further job then makes the data set of them. 0 is one job"`
	Partition   string   `toml:"partition" unit:"-" need:"no" allow:"name" doc:"Partition"`
	QOS         string   `toml:"qos" unit:"-" need:"no" allow:"name" doc:"Quality of service"`
	Nodes       int      `toml:"nodes" unit:"-" need:"no" allow:"1..100000" doc:"Nodes"`
	Tasks       int      `toml:"tasks" unit:"-" need:"no" allow:"1..10000000" doc:"Ranks"`
	CPUsPerTask int      `toml:"cpus_per_task" unit:"-" need:"no" allow:"1..4096" doc:"Cores, and so threads, of a rank"`
	GPUsPerTask int      `toml:"gpus_per_task" unit:"-" need:"no" allow:"1..64" doc:"GPUs of a rank"`
	MemoryMB    int      `toml:"memory_mb" unit:"MB" need:"no" allow:">0" doc:"Memory of a node"`
	TimeMin     int      `toml:"time_min" unit:"min" need:"no" allow:"1..100000" doc:"Limit of the time"`
	SignalS     int      `toml:"signal_s" unit:"s" need:"no" allow:"1..65535" doc:"The job is told so long before its limit"`
	MarginS     int      `toml:"margin_s" unit:"s" need:"no" allow:"1..65535" doc:"The program stops by itself so long before the limit"`
}

// Page is the path of the page that a report makes of the files of a step: in the
// folder of the first and with its name, as columen report does.
func (step Step) Page() string {
	return strings.TrimSuffix(step.Files[0], filepath.Ext(step.Files[0])) + ".html"
}

// JobName returns "submit".
func (s *Submit) JobName() string { return "submit" }

// Inputs returns the configurations of the steps, and the profile of the site
// when it is a file.
func (s *Submit) Inputs() []Input {
	var in []Input
	seen := map[string]bool{}
	for i, step := range s.Steps {
		if step.Config != "" && !seen[step.Config] {
			in = append(in, Input{fmt.Sprintf("step.%d.config", i), step.Config})
		}
		seen[step.Config] = true
	}
	if isSitePath(s.Slurm.Site) {
		in = append(in, Input{"slurm.site", s.Slurm.Site})
	}
	return in
}

// Destination returns the folder and the stem of the names of the outputs.
func (s *Submit) Destination() (dir, name string) { return s.Output.Dir, s.Output.Name }

// NumThreads returns 1.
func (s *Submit) NumThreads() int { return 1 }

// CheckSize returns nil: submit runs alone.
func (s *Submit) CheckSize(string, int) error { return nil }

// adapt makes a chain of the configuration of another job. It is called before
// the command line changes anything.
func (s *Submit) adapt(tree map[string]any, path string) map[string]any {
	if _, ok := tree["step"]; ok {
		return tree
	}
	base := filepath.Base(path)
	stem := strings.TrimSuffix(base, filepath.Ext(base))
	job, _, _ := strings.Cut(stem, "-")
	if job == s.JobName() || !isName(stem) || len(tree) == 0 { // a chain without steps, which is missing then
		return tree
	}
	steps := []map[string]any{{"job": job, "config": base}}
	if files := linesOf(tree); job == "scale" && files != "" {
		steps = append(steps, map[string]any{"job": Report, "files": []any{files}})
	}
	return map[string]any{"step": steps, "output": map[string]any{"name": stem}}
}

// linesOf is the file that a study writes, by its configuration, or "".
func linesOf(tree map[string]any) string {
	output, _ := tree["output"].(map[string]any)
	name, _ := output["name"].(string)
	dir, ok := output["dir"].(string)
	if !ok {
		dir = "../out"
	}
	if name == "" {
		return ""
	}
	return filepath.Join(dir, name+".jsonl")
}

func (s *Submit) validate(r *report) {
	if isSitePath(s.Slurm.Site) && !filepath.IsAbs(s.Slurm.Site) {
		s.Slurm.Site = filepath.Join(filepath.Dir(r.file), s.Slurm.Site)
	}
	names := map[string]int{}
	for i := range s.Steps {
		step := &s.Steps[i]
		field := fmt.Sprintf("step.%d.", i)
		step.validate(r, field)
		s.inherit(step)
		if first, ok := names[step.Name]; ok && step.Name != "" {
			r.add(field+"name", text(step.Name), fmt.Sprintf("also the name of step.%d", first), "names that all differ")
		}
		names[step.Name] = i
		if step.Array > 0 && step.Job != "generate" {
			r.add(field+"array", text(step.Array), "columen "+step.Job+" is not shared by array tasks", "0; arrays are for generate")
		}
	}
}

// Report is the job of a step that has files in place of a configuration.
const Report = "report"

// validate checks that a step has a configuration, or files when it is a report.
func (step *Step) validate(r *report, field string) {
	if step.Job != Report {
		if step.Config == "" {
			r.missing(field+"config", "the path of the configuration of the job")
		}
		if len(step.Files) > 0 {
			r.add(field+"files", text(step.Files), "columen "+step.Job+" has a configuration", "files only with job = \"report\"")
		}
		return
	}
	if len(step.Files) == 0 {
		r.missing(field+"files", "JSON Lines of columen scale or the evaluation.json of columen evaluate")
	}
	for i, path := range step.Files {
		if slices.Contains(step.Files[:i], path) {
			r.add(fmt.Sprintf("%sfiles.%d", field, i), text(path), "given twice", "files that all differ")
		}
	}
	if step.Config != "" {
		r.add(field+"config", text(step.Config), "columen report has no configuration", "files")
	}
	if len(step.Set) > 0 {
		r.add(field+"set", text(step.Set), "columen report has no configuration", "no assignments")
	}
	for key, n := range map[string]int{"nodes": step.Nodes, "tasks": step.Tasks} {
		if n > 1 {
			r.add(field+key, text(n), "one rank makes a report", "1")
		}
	}
	step.Nodes, step.Tasks = 1, 1 // whatever the others have
}

// inherit gives a step what it does not say itself.
func (s *Submit) inherit(step *Step) {
	preset := func(value *int, inherited int) {
		if *value == 0 {
			*value = inherited
		}
	}
	words := func(value *string, inherited string) {
		if *value == "" {
			*value = inherited
		}
	}
	b := s.Slurm
	words(&step.Name, step.Job)
	words(&step.Partition, b.Partition)
	words(&step.QOS, b.QOS)
	preset(&step.Nodes, b.Nodes)
	preset(&step.Tasks, b.Tasks)
	preset(&step.CPUsPerTask, b.CPUsPerTask)
	preset(&step.GPUsPerTask, b.GPUsPerTask)
	preset(&step.MemoryMB, b.MemoryMB)
	preset(&step.TimeMin, b.TimeMin)
	preset(&step.SignalS, b.SignalS)
	preset(&step.MarginS, b.MarginS)
}

// isSitePath reports whether a site is a file rather than a name.
func isSitePath(site string) bool {
	return strings.Contains(site, "/") || strings.HasSuffix(site, ".toml")
}
