// SPDX-License-Identifier: BSD-3-Clause

package submit

import (
	"slices"
	"strconv"
	"strings"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/slurm"
)

// studyOf returns the job of a scaling study. It runs in the batch shell and starts
// the ranks of its runs itself, in the way of the site unless its configuration
// says how. A study asks for the cores of its largest point, whatever the step says.
func (c *chain) studyOf(step configs.Step, study *configs.Scale, program string) built {
	cores := 1
	for _, x := range study.Series {
		cores = max(cores, slices.Max(append([]int{1}, x.Ranks...))*slices.Max(append([]int{1}, x.Threads...)))
	}
	j := c.base(step)
	j.Tasks = max(j.Tasks, (cores+j.CPUsPerTask-1)/j.CPUsPerTask)
	if onNode := c.coresOf(j) / j.CPUsPerTask; onNode > 0 {
		j.Nodes = max(j.Nodes, (j.Tasks+onNode-1)/onNode)
	}
	j.Alone, j.Proof = true, absolute(manifestOf(study))
	j.Command = []string{program, step.Job, absolute(step.Config)}
	for _, set := range append(starter(j, c.site, study.Launcher), step.Set...) {
		j.Command = append(j.Command, "--set", set)
	}
	return built{Job: j, label: step.Name}
}

// coresOf is the number of cores of a node that a job may use, or 0.
func (c *chain) coresOf(j slurm.Job) int {
	for _, p := range c.site.Partitions {
		if j.Partition == "" || p.Name == j.Partition {
			return p.Cores
		}
	}
	return 0
}

// starter are the settings of a study that make it start ranks as the site does.
func starter(j slurm.Job, site *slurm.Site, own configs.Launcher) []string {
	if own.Kind != "auto" {
		return nil
	}
	command, words := slurm.Starter(j, site)
	if command != site.Launcher.Kind { // another program that takes the words of mpirun or srun
		words = slices.Concat([]string{command, "-n", "{ranks}"}, map[string][]string{"srun": {"-c", "{threads}"}}[site.Launcher.Kind], words)
		return []string{"launcher.kind=command", "launcher.command=" + list(words), "launcher.options=" + list(own.Options)}
	}
	return []string{"launcher.kind=" + command, "launcher.options=" + list(append(words, own.Options...))}
}

// list writes words as TOML does.
func list(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strconv.Quote(w)
	}
	return "[" + strings.Join(out, ",") + "]"
}
