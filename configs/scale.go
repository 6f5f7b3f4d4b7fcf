// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"fmt"
	"slices"
)

// Scale is the configuration of columen scale: a study of strong and weak
// scaling, whose points are runs of other jobs.
type Scale struct {
	Class    string    `toml:"class" unit:"-" need:"no" allow:"S|M|L|XL|XXL" doc:"Problem class of docs/blueprint.md; the page then says whether the result is valid"`
	Series   []Scaling `toml:"series" doc:"Each a job at many points"`
	Repeat   Repeating `toml:"repeat" doc:"How often each point is run"`
	Launcher Launcher  `toml:"launcher" doc:"How ranks are started"`
	Output   Results   `toml:"output" doc:"The files to write"`
}

// Scaling is a series: the points are all combinations of its lists.
type Scaling struct {
	Name      string   `toml:"name" unit:"-" allow:"name" doc:"Name of the series"`
	Law       string   `toml:"law" unit:"-" default:"\"strong\"" allow:"strong|weak" doc:"strong: the problem stays; weak: cells along x, or the batch and the epochs of a training, grow along with the ranks, or with the threads where the series is over them"`
	Over      string   `toml:"over" unit:"-" default:"\"ranks\"" allow:"ranks|threads" doc:"What grows along a line of the figures"`
	Job       string   `toml:"job" unit:"-" allow:"solve|train|emulate" doc:"Job to run"`
	Config    string   `toml:"config" unit:"-" path:"input" doc:"Configuration of the job; the lists below replace what it says"`
	Ranks     []int    `toml:"ranks" unit:"-" default:"[1]" allow:"1..1000000" doc:"Numbers of ranks"`
	Threads   []int    `toml:"threads" unit:"-" default:"[1]" allow:"1..4096" doc:"Threads per rank"`
	Cells     []int    `toml:"cells" unit:"-" need:"no" allow:"1..8192" doc:"Cells along an edge of the cube; in a weak series that of one rank. Not for train, whose cells are those of the data set"`
	Channels  []int    `toml:"channels" unit:"-" need:"no" allow:"1..100000" doc:"Numbers of channels, for solve"`
	WindowMS  float64  `toml:"window_ms" unit:"m s⁻¹" default:"40000.0" allow:">0" doc:"Width of the spectrum that the channels share, so that the line fills the same part of it at any number of them"`
	Batch     []int    `toml:"batch" unit:"-" need:"no" allow:"1..1000000" doc:"Samples of a step, for train, or images that the network makes at once, for emulate, which is then measured warm, without files; in a weak series those of one rank or thread"`
	Mesh      string   `toml:"mesh" unit:"-" default:"\"data\"" allow:"data|tensor|space" doc:"What the ranks of a training share: data the samples of a batch, tensor the dense layers, space the cubes along x"`
	Set       []string `toml:"set" unit:"-" need:"no" doc:"Further settings of the job, as for --set"`
	Tolerance float64  `toml:"tolerance" unit:"-" need:"no" allow:">0" doc:"Largest difference from the run on one rank that passes: of images relative to the brightest pixel, of the losses of a training relative to themselves. When absent 1e-12 for solve in f64, 1e-2 for train and 1e-5 otherwise"`
}

// Repeating says how often each point of a study is run, and how long it may take.
type Repeating struct {
	Warmups int    `toml:"warmups" unit:"-" default:"1" allow:"0..1000" doc:"Runs of each point before the first that counts"`
	Repeats int    `toml:"repeats" unit:"-" default:"5" allow:"1..100000" doc:"Runs of each point that count; a fit of a law needs 5"`
	LimitS  int    `toml:"limit_s" unit:"s" default:"3600" allow:">0" doc:"Longest time of a run; it is ended then, and refused"`
	Seed    int    `toml:"seed" unit:"-" default:"1" allow:">=0" doc:"Seed of the order of the points, another in each repeat"`
	Machine string `toml:"machine" unit:"-" default:"\"yes\"" allow:"yes|no" doc:"yes measures memory bandwidth, peak and the time of messages at the start"`
}

// Launcher says how ranks are started.
type Launcher struct {
	Kind          string   `toml:"kind" unit:"-" default:"\"auto\"" allow:"auto|mpirun|srun|command|none" doc:"auto is srun inside a Slurm job and else mpirun; command is what command says; none starts one rank without a launcher"`
	Command       []string `toml:"command" unit:"-" need:"no" doc:"Words before the program for kind = \"command\"; {ranks} and {threads} are replaced"`
	Options       []string `toml:"options" unit:"-" need:"no" doc:"Further words after mpirun -n N or srun -n N -c T"`
	Oversubscribe string   `toml:"oversubscribe" unit:"-" default:"\"yes\"" allow:"yes|no" doc:"yes lets ranks outnumber cores where the launcher is mpirun; such runs are marked and enter no fit"`
}

// JobName returns "scale".
func (s *Scale) JobName() string { return "scale" }

// Inputs returns the configurations of the jobs.
func (s *Scale) Inputs() []Input {
	var in []Input
	for i, x := range s.Series {
		in = append(in, Input{fmt.Sprintf("series.%d.config", i), x.Config})
	}
	return in
}

// Destination returns the folder and the stem of the names of the outputs.
func (s *Scale) Destination() (dir, name string) { return s.Output.Dir, s.Output.Name }

// NumThreads returns 1: the runs have the threads of their points.
func (s *Scale) NumThreads() int { return 1 }

// CheckSize returns an *Error when the study itself was started on several ranks.
func (s *Scale) CheckSize(file string, size int) error {
	if size == 1 {
		return nil
	}
	return &Error{Problems: []Problem{{File: file, Field: "launcher", Value: text(size), Reason: fmt.Sprintf("columen scale was started on %d ranks", size),
		Allowed: "one, without a launcher: it starts the ranks of its runs"}}}
}

func (s *Scale) validate(r *report) {
	names := map[string]bool{}
	for i, x := range s.Series {
		field := func(key string) string { return fmt.Sprintf("series.%d.%s", i, key) }
		if names[x.Name] && x.Name != "" {
			r.add(field("name"), text(x.Name), "also the name of another series", "names that all differ")
		}
		names[x.Name] = true
		x.validate(r, field)
		if most := slices.Max(append([]int{1}, x.Ranks...)); s.Launcher.Kind == "none" && most > 1 {
			r.add(field("ranks"), text(most), `beyond the ability of launcher.kind = "none"`, "1, or a launcher")
		}
	}
	switch l := s.Launcher; {
	case l.Kind == "command" && len(l.Command) == 0:
		r.missing("launcher.command", `words such as ["mpirun", "-n", "{ranks}"], which kind = "command" needs`)
	case l.Kind != "command" && len(l.Command) > 0:
		r.add("launcher.command", text(l.Command), fmt.Sprintf("given together with kind = %q", l.Kind), `a command only with kind = "command"`)
	}
}

func (x *Scaling) validate(r *report, field func(string) string) {
	for _, l := range []struct {
		key    string
		values []int
		need   []string // jobs that must have it
		may    []string
	}{
		{"ranks", x.Ranks, nil, []string{"solve", "train", "emulate"}}, {"threads", x.Threads, nil, []string{"solve", "train", "emulate"}},
		{"cells", x.Cells, []string{"solve"}, []string{"solve", "emulate"}}, {"channels", x.Channels, []string{"solve"}, []string{"solve"}},
		{"batch", x.Batch, []string{"train"}, []string{"train", "emulate"}},
	} {
		sorted := slices.Sorted(slices.Values(l.values))
		switch {
		case len(slices.Compact(sorted)) != len(l.values):
			r.add(field(l.key), text(l.values), "a number twice", "numbers that all differ")
		case len(l.values) == 0 && slices.Contains(l.need, x.Job):
			r.missing(field(l.key), fmt.Sprintf("a list, which job = %q needs", x.Job))
		case len(l.values) > 0 && x.Job != "" && !slices.Contains(l.may, x.Job):
			r.add(field(l.key), text(l.values), fmt.Sprintf("given together with job = %q", x.Job), "no list here")
		}
	}
	if x.Job == "emulate" {
		x.validateEmulate(r, field)
	}
	if x.Mesh != "data" && x.Job != "train" && x.Mesh != "" {
		r.add(field("mesh"), text(x.Mesh), fmt.Sprintf("given together with job = %q", x.Job), "none; a mesh is for train")
	}
}

// validateEmulate checks a series of inference, which has one rank.
func (x *Scaling) validateEmulate(r *report, field func(string) string) {
	if most := slices.Max(append([]int{1}, x.Ranks...)); most > 1 {
		r.add(field("ranks"), text(most), "columen emulate shares its work over threads, not over ranks", `[1], with a list of threads and over = "threads"`)
	}
	if x.Law == "weak" && (x.Over != "threads" || len(x.Batch) == 0) {
		r.add(field("law"), `"weak"`, "the cells of a network do not grow", `strong; or a list of batches with over = "threads"`)
	}
}
