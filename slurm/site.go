// SPDX-License-Identifier: BSD-3-Clause

package slurm

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/columen/columen/configs"
)

// Site is a cluster as jobs see it.
type Site struct {
	Profile
	name string
}

// Profile is what a site's TOML file says, under the schema of its tags.
type Profile struct {
	About       About       `toml:"about" doc:"What is known of the site, and from where"`
	Header      Header      `toml:"header" doc:"What a job must say to the batch system"`
	Partitions  []Partition `toml:"partition" doc:"Kinds of nodes"`
	Software    Software    `toml:"software" doc:"What a job needs before it starts"`
	Launcher    Launcher    `toml:"launcher" doc:"How ranks are started"`
	Binding     Binding     `toml:"binding" doc:"Which cores and devices the ranks of a node get"`
	Environment Environment `toml:"environment" doc:"Variables of the job"`
}

// About says how far a profile can be trusted.
type About struct {
	Title  string `toml:"title" unit:"-" doc:"Name of the system"`
	Status string `toml:"status" unit:"-" allow:"run|from documentation, not run" doc:"Whether jobs were run with this profile"`
	Source string `toml:"source" unit:"-" doc:"Where its facts come from"`
	Date   string `toml:"date" unit:"-" doc:"Date of the source, year-month"`
}

// Header says what a job must say to the batch system.
type Header struct {
	Account         string   `toml:"account" unit:"-" default:"\"optional\"" allow:"required|optional|none" doc:"Whether a job names an account"`
	AccountVariable string   `toml:"account_variable" unit:"-" default:"\"SBATCH_ACCOUNT\"" doc:"Environment variable on the login node that names the account where nothing else does"`
	Options         []string `toml:"options" unit:"-" need:"no" doc:"Further options of sbatch, in every script"`
	PowersOfTwo     string   `toml:"powers_of_two" unit:"-" default:"\"no\"" allow:"yes|no" doc:"Whether the number of nodes must be a power of 2"`
}

// Partition is a kind of nodes. The first of a file is the default.
type Partition struct {
	Name       string   `toml:"name" unit:"-" doc:"Name of the partition"`
	QOS        string   `toml:"qos" unit:"-" need:"no" doc:"Quality of service that its jobs name"`
	Cores      int      `toml:"cores" unit:"-" allow:">0" doc:"Cores of a node that jobs may use"`
	GPUs       int      `toml:"gpus" unit:"-" default:"0" allow:">=0" doc:"GPUs of a node"`
	GPURequest string   `toml:"gpu_request" unit:"-" default:"\"gpus-per-node\"" allow:"gpus-per-node|gpus-per-task|gpus|gres" doc:"Option by which jobs ask for GPUs"`
	MaxNodes   int      `toml:"max_nodes" unit:"-" default:"0" allow:">=0" doc:"Nodes of a job at most; 0 when unknown"`
	MaxTimeMin int      `toml:"max_time_min" unit:"min" default:"0" allow:">=0" doc:"Time of a job at most; 0 when unknown"`
	Options    []string `toml:"options" unit:"-" need:"no" doc:"Further options of sbatch"`

	FullNodeTasks int `toml:"full_node_tasks" unit:"-" default:"0" allow:">=0" doc:"Where jobs must ask for whole nodes as so many tasks of one core each, whatever they start; 0 elsewhere"`
}

// Software says what a job needs before it starts.
type Software struct {
	Modules []string `toml:"modules" unit:"-" need:"no" doc:"Modules to load, in order"`
	Setup   []string `toml:"setup" unit:"-" need:"no" doc:"Further lines of shell before the start"`
	Scratch string   `toml:"scratch" unit:"-" need:"no" doc:"Value of TMPDIR, a folder on a node; shell variables are expanded"`
}

// Launcher says how ranks are started.
type Launcher struct {
	Kind      string   `toml:"kind" unit:"-" allow:"srun|mpirun" doc:"Program that starts the ranks"`
	Command   string   `toml:"command" unit:"-" need:"no" doc:"Its name, where it is another one, for example mpiexec"`
	MPI       string   `toml:"mpi" unit:"-" need:"no" doc:"Value of srun --mpi; absent leaves it to the site"`
	Options   []string `toml:"options" unit:"-" need:"no" doc:"Further options"`
	Container string   `toml:"container" unit:"-" need:"no" doc:"Command between launcher and program, for example apptainer exec columen.sif"`
}

// Binding says which cores and devices the ranks of a node get.
type Binding struct {
	CPUs        []int  `toml:"cpus" unit:"-" need:"no" allow:">=0" doc:"First core of each rank of a node, in order, for srun --cpu-bind=mask_cpu"`
	GPUs        []int  `toml:"gpus" unit:"-" need:"no" allow:">=0" doc:"Device of each rank of a node, in order, set in gpu_variable"`
	GPUVariable string `toml:"gpu_variable" unit:"-" need:"no" doc:"Variable that says which devices a rank sees; absent leaves that to Slurm and to columen"`
}

// Environment holds the variables of a job.
type Environment struct {
	Set []string `toml:"set" unit:"-" need:"no" doc:"NAME=value, exported before the start; shell variables are expanded"`
}

//go:embed sites/*.toml
var profiles embed.FS

// Name returns the name of the profile: that of its file, without ending.
func (s *Site) Name() string { return s.name }

// SiteNames returns the names of the profiles that come with the program.
func SiteNames() []string {
	entries, err := profiles.ReadDir("sites")
	if err != nil {
		panic("slurm: no embedded profiles: " + err.Error())
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".toml")
	}
	return names
}

// LoadSite reads a profile: one of SiteNames, or the user's own by its path,
// which contains a slash or ends with .toml. The error is a *configs.Error.
func LoadSite(name string) (*Site, error) {
	var data []byte
	var err error
	if strings.Contains(name, "/") || strings.HasSuffix(name, ".toml") {
		data, err = os.ReadFile(name)
	} else {
		data, err = profiles.ReadFile("sites/" + name + ".toml")
	}
	if err != nil {
		reason := "unknown site"
		if near := configs.Nearest(name, SiteNames()); strings.HasPrefix(name, near[:1]) {
			reason += ", did you mean " + strconv.Quote(near) + "?"
		}
		return nil, &configs.Error{Problems: []configs.Problem{{File: "--site", Field: "site", Value: strconv.Quote(name), Reason: reason,
			Allowed: strings.Join(SiteNames(), ", ") + ", or the path of a readable profile (docs/slurm.md)"}}}
	}
	s := &Site{name: strings.TrimSuffix(filepath.Base(name), ".toml")}
	file := name
	if !strings.HasSuffix(file, ".toml") {
		file += ".toml"
	}
	if err := configs.DecodeTable(data, file, &s.Profile); err != nil {
		return nil, err
	}
	return s, s.validate(file)
}

// validate checks what concerns more than one key.
func (s *Site) validate(file string) error {
	var problems []configs.Problem
	add := func(field, value, reason, allowed string) {
		problems = append(problems, configs.Problem{File: file, Field: field, Value: value, Reason: reason, Allowed: allowed})
	}
	seen := map[string]bool{}
	for i, p := range s.Partitions {
		if seen[p.Name+" "+p.QOS] {
			add(fmt.Sprintf("partition.%d.name", i), strconv.Quote(p.Name), "given twice with this qos", "partitions that differ in name or qos")
		}
		seen[p.Name+" "+p.QOS] = true
	}
	if s.Launcher.Kind == "mpirun" && (s.Launcher.MPI != "" || s.Binding.CPUs != nil) {
		add("launcher.kind", `"mpirun"`, "launcher.mpi and binding.cpus are options of srun", "srun, or neither of them")
	}
	if (s.Binding.GPUs != nil) != (s.Binding.GPUVariable != "") {
		add("binding.gpus", "", "binding.gpus and binding.gpu_variable belong together", "both or none")
	}
	for i, set := range s.Environment.Set {
		if name, _, ok := strings.Cut(set, "="); !ok || !isVariable(name) {
			add(fmt.Sprintf("environment.set.%d", i), strconv.Quote(set), "not an assignment", "NAME=value")
		}
	}
	for i, option := range append(append([]string(nil), s.Header.Options...), s.Launcher.Options...) {
		if !strings.HasPrefix(option, "-") || strings.ContainsAny(option, "\n\r") {
			add(fmt.Sprintf("header.options.%d", i), strconv.Quote(option), "not an option", "options on one line that begin with a hyphen")
		}
	}
	if problems != nil {
		return &configs.Error{Problems: problems}
	}
	return nil
}

func isVariable(name string) bool {
	for i, c := range name {
		if c != '_' && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}
