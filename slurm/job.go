// SPDX-License-Identifier: BSD-3-Clause

package slurm

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"github.com/columen/columen/configs"
)

// Job is one job for Slurm: what it runs and what it needs. Render makes its
// script.
type Job struct {
	Name    string   // shown by squeue
	About   []string // comments at the top of the script
	Command []string // words of the command that every rank runs
	// Alone runs the command in the batch shell, without a launcher: it starts ranks
	// of its own. Starter has the words for that.
	Alone bool
	Dir   string // folder in which it runs
	Log   string // path of the log; Slurm replaces %j, %A and %a

	Partition   string // the site's first when empty
	QOS         string // the partition's when empty
	Account     string
	Nodes       int
	Tasks       int
	CPUsPerTask int
	GPUsPerTask int
	MemoryMB    int // per node; 0 leaves it to the site
	TimeMin     int
	Options     []string // further options of sbatch

	// Array starts so many array tasks, from 1. Each gets ArraySet with its number,
	// --set ArraySet=number, behind the command. 0 is no array.
	Array    int
	ArraySet string

	// Proof is the path of the file that a run which ended well has left; of an array
	// task with %a for its number. Without one, the status of the launcher counts.
	Proof string

	SignalS  int // the batch shell is told so long before the limit [s]
	MarginS  int // the program stops by itself so long before the limit [s]
	Restarts int // how often the job may queue itself again
}

// partition returns the partition of a job: the one with its name, and with its
// QOS where the job names one.
func (s *Site) partition(j Job) (Partition, bool) {
	for _, p := range s.Partitions {
		if (j.Partition == "" || p.Name == j.Partition) && (j.QOS == "" || p.QOS == "" || p.QOS == j.QOS) {
			return p, true
		}
	}
	return Partition{}, false
}

// Check compares a job with what the site allows, before Slurm is asked. Fields
// of the problems are keys of a step of a submit configuration.
func (s *Site) Check(j Job) []configs.Problem {
	var problems []configs.Problem
	add := func(field, value, reason, allowed string) {
		problems = append(problems, configs.Problem{Field: field, Value: value, Reason: reason, Allowed: allowed})
	}
	if j.Account == "" && s.Header.Account == "required" {
		add("account", "", "missing: jobs at "+s.About.Title+" name an account", "--account, or the environment variable "+s.Header.AccountVariable)
	}
	if j.Account != "" && s.Header.Account == "none" {
		add("account", strconv.Quote(j.Account), "jobs at "+s.About.Title+" name none", "no account")
	}
	p, ok := s.partition(j)
	if !ok {
		add("partition", strconv.Quote(strings.TrimSpace(j.Partition+" "+j.QOS)), "unknown at "+s.About.Title, s.partitionNames())
		return problems
	}
	if s.Header.PowersOfTwo == "yes" && bits.OnesCount(uint(j.Nodes)) != 1 {
		add("nodes", strconv.Itoa(j.Nodes), s.About.Title+" takes powers of 2", "1, 2, 4, 8 and so on")
	}
	if p.MaxNodes > 0 && j.Nodes > p.MaxNodes {
		add("nodes", strconv.Itoa(j.Nodes), "more than partition "+p.Name+" allows", fmt.Sprintf("an integer from 1 to %d", p.MaxNodes))
	}
	if j.Tasks < j.Nodes {
		add("tasks", strconv.Itoa(j.Tasks), fmt.Sprintf("fewer than the %d nodes", j.Nodes), "at least one task on each node")
	}
	perNode := tasksPerNode(j)
	if cores := perNode * j.CPUsPerTask; cores > p.Cores {
		add("cpus_per_task", strconv.Itoa(j.CPUsPerTask), fmt.Sprintf("%d tasks on a node need %d cores, and partition %s has %d", perNode, cores, p.Name, p.Cores),
			fmt.Sprintf("at most %d with so many tasks on a node, or more nodes", p.Cores/perNode))
	}
	if gpus := perNode * j.GPUsPerTask; gpus > p.GPUs {
		add("gpus_per_task", strconv.Itoa(j.GPUsPerTask), fmt.Sprintf("%d tasks on a node need %d GPUs, and partition %s has %d", perNode, gpus, p.Name, p.GPUs),
			fmt.Sprintf("at most %d on a node", p.GPUs))
	}
	if p.MaxTimeMin > 0 && j.TimeMin > p.MaxTimeMin {
		add("time_min", strconv.Itoa(j.TimeMin), "longer than partition "+p.Name+" allows", fmt.Sprintf("an integer from 1 to %d [min]", p.MaxTimeMin))
	}
	if limit := 60 * j.TimeMin; j.SignalS+60 >= limit {
		add("signal_s", strconv.Itoa(j.SignalS), fmt.Sprintf("the job has %d s, and the signal may come a minute early", limit), "less than time_min without a minute")
	} else if j.MarginS >= limit {
		add("margin_s", strconv.Itoa(j.MarginS), fmt.Sprintf("the job has %d s", limit), "less than time_min")
	}
	if n := len(s.Binding.CPUs); n > 0 && perNode > n {
		add("tasks", strconv.Itoa(j.Tasks), fmt.Sprintf("%d on a node, and binding.cpus of the site has %d", perNode, n), fmt.Sprintf("at most %d on a node", n))
	}
	return problems
}

func (s *Site) partitionNames() string {
	names := make([]string, len(s.Partitions))
	for i, p := range s.Partitions {
		names[i] = strings.TrimSpace(p.Name + " " + p.QOS)
	}
	return strings.Join(names, ", ")
}

func tasksPerNode(j Job) int { return (j.Tasks + j.Nodes - 1) / j.Nodes }
