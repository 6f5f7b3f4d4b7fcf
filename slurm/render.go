// SPDX-License-Identifier: BSD-3-Clause

package slurm

import (
	_ "embed"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"text/template"
)

// maxScriptLines keeps scripts readable.
const maxScriptLines = 60

//go:embed templates/job.sbatch
var scriptText string

// script is what the template sees.
type script struct {
	Job
	Site   *Site
	Header []string // options of sbatch
	Launch string   // command line of the ranks, over several lines
	Relay  string   // command that passes the signal on

	Launcher string // name of what starts the ranks
}

// Render returns the batch script of a job at a site. It does not Check. A script
// of more than 60 lines, which only a long profile can cause, is an error.
func Render(j Job, s *Site) (string, error) {
	p, ok := s.partition(j)
	if !ok {
		return "", fmt.Errorf("site %s: partition %q: allowed: %s", s.name, j.Partition, s.partitionNames())
	}
	data := script{Job: j, Site: s, Header: header(j, s, p), Launch: launch(j, s, p), Launcher: firstOf(s.Launcher.Command, s.Launcher.Kind),
		Relay: `scancel --signal=USR1 "$SLURM_JOB_ID.0"`}
	if s.Launcher.Kind == "mpirun" || j.Alone { // which pass signals on themselves
		data.Relay = `kill -USR1 "$ranks"`
	}
	if j.Alone {
		data.Launcher = "the program"
	}
	t, err := template.New("job.sbatch").Funcs(template.FuncMap{"quote": Quote, "export": export, "proof": proof}).Parse(scriptText)
	if err != nil {
		panic("slurm: the template of scripts: " + err.Error())
	}
	for _, line := range append(append([]string(nil), data.Header...), j.About...) {
		if strings.ContainsAny(line, "\n\r") {
			return "", fmt.Errorf("site %s: a line of the header of the script has a line break: %q", s.name, line)
		}
	}
	var out strings.Builder
	out.WriteString("#!/bin/bash\n")
	if err := t.Execute(&out, data); err != nil {
		panic("slurm: the template of scripts: " + err.Error())
	}
	if lines := strings.Count(out.String(), "\n"); lines > maxScriptLines {
		return "", fmt.Errorf("site %s: the script has %d lines: allowed: %d, so that people can read it", s.name, lines, maxScriptLines)
	}
	return out.String(), nil
}

// header returns the options of sbatch, without "#SBATCH ".
func header(j Job, s *Site, p Partition) []string {
	h := []string{"--job-name=" + j.Name}
	add := func(format string, value any) { h = append(h, fmt.Sprintf(format, value)) }
	if j.Account != "" {
		add("--account=%s", j.Account)
	}
	add("--partition=%s", p.Name)
	if qos := firstOf(j.QOS, p.QOS); qos != "" {
		add("--qos=%s", qos)
	}
	add("--nodes=%d", j.Nodes)
	if p.FullNodeTasks > 0 {
		add("--ntasks-per-node=%d", p.FullNodeTasks)
		add("--cpus-per-task=%d", 1)
	} else {
		add("--ntasks=%d", j.Tasks)
		if j.Tasks%j.Nodes == 0 {
			add("--ntasks-per-node=%d", j.Tasks/j.Nodes)
		}
		add("--cpus-per-task=%d", j.CPUsPerTask)
	}
	if j.GPUsPerTask > 0 {
		perNode := tasksPerNode(j) * j.GPUsPerTask
		switch p.GPURequest {
		case "gpus-per-task":
			add("--gpus-per-task=%d", j.GPUsPerTask)
		case "gpus":
			add("--gpus=%d", j.Tasks*j.GPUsPerTask)
		case "gres":
			add("--gres=gpu:%d", perNode)
		default:
			add("--gpus-per-node=%d", perNode)
		}
	}
	if j.MemoryMB > 0 {
		add("--mem=%dM", j.MemoryMB)
	}
	add("--time=%s", fmt.Sprintf("%d-%02d:%02d:00", j.TimeMin/1440, j.TimeMin/60%24, j.TimeMin%60))
	if j.Array > 0 {
		add("--array=1-%d", j.Array)
	}
	if strings.Contains(j.Log, " ") {
		add("--output=%q", j.Log)
	} else {
		add("--output=%s", j.Log)
	}
	h = append(h, "--open-mode=append", "--requeue", fmt.Sprintf("--signal=B:USR1@%d", j.SignalS), "--kill-on-invalid-dep=yes")
	h = append(h, p.Options...)
	h = append(h, s.Header.Options...)
	return append(h, j.Options...)
}

// launch returns the command line that starts the ranks.
func launch(j Job, s *Site, p Partition) string {
	if j.Alone {
		return quoted(j.Command)
	}
	l := s.Launcher
	words := []string{firstOf(l.Command, l.Kind)}
	if l.Kind == "mpirun" {
		words = append(words, "-n", strconv.Itoa(j.Tasks))
	} else {
		if l.MPI != "" {
			words = append(words, "--mpi="+l.MPI)
		}
		words = append(words, fmt.Sprintf("--nodes=%d --ntasks=%d", j.Nodes, j.Tasks))
		if p.FullNodeTasks > 0 {
			words = append(words, fmt.Sprintf("--ntasks-per-node=%d -c %d", tasksPerNode(j), j.CPUsPerTask))
		} else {
			words = append(words, `-c "$SLURM_CPUS_PER_TASK"`)
		}
		if len(s.Binding.CPUs) > 0 {
			words = append(words, "--cpu-bind=mask_cpu:"+masks(s.Binding.CPUs[:min(len(s.Binding.CPUs), tasksPerNode(j))], j.CPUsPerTask))
		}
	}
	lines := []string{strings.Join(append(words, l.Options...), " ")}
	if len(s.Binding.GPUs) > 0 && j.GPUsPerTask > 0 {
		lines = append(lines, fmt.Sprintf(`bash -c 'gpus=(%s); export %s=${gpus[$SLURM_LOCALID]}; exec "$0" "$@"'`, numbers(s.Binding.GPUs, " "), s.Binding.GPUVariable))
	}
	if l.Container != "" {
		lines = append(lines, l.Container)
	}
	command := quoted(j.Command)
	if j.Array > 0 && j.ArraySet != "" {
		command += " --set " + j.ArraySet + `="$SLURM_ARRAY_TASK_ID"`
	}
	return strings.Join(append(lines, command), " \\\n    ")
}

// Starter returns how a site starts ranks, for a program that does it itself: the
// command, and the words between the numbers of ranks and threads and the program.
// Each rank is bound to the cores that the site gives it, as many as j says.
func Starter(j Job, s *Site) (command string, words []string) {
	l := s.Launcher
	if l.Kind == "srun" {
		if l.MPI != "" {
			words = append(words, "--mpi="+l.MPI)
		}
		if len(s.Binding.CPUs) > 0 {
			words = append(words, "--cpu-bind=mask_cpu:"+masks(s.Binding.CPUs[:min(len(s.Binding.CPUs), tasksPerNode(j))], j.CPUsPerTask))
		}
	}
	words = append(words, l.Options...)
	return firstOf(l.Command, l.Kind), append(words, strings.Fields(l.Container)...)
}

// quoted is a command line for the shell.
func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = Quote(w)
	}
	return strings.Join(out, " ")
}

// Quote returns a word as the shell reads it back.
func Quote(word string) string {
	if regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`).MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// proof returns the path of the manifest as the shell reads it.
func proof(s script) string {
	const task = "${SLURM_ARRAY_TASK_ID}"
	if before, after, ok := strings.Cut(s.Proof, "%a"); ok && s.Array > 0 {
		return Quote(before) + task + Quote(after)
	}
	return Quote(s.Proof)
}

// masks returns a mask of cores per rank: as many as the rank has, from its first
// core on.
func masks(first []int, cores int) string {
	out := make([]string, len(first))
	for i, cpu := range first {
		mask := new(big.Int).Lsh(big.NewInt(1), uint(cores))
		mask.Sub(mask, big.NewInt(1)).Lsh(mask, uint(cpu))
		out[i] = "0x" + mask.Text(16)
	}
	return strings.Join(out, ",")
}

// export returns an assignment NAME=value with the value in double quotes, so
// that variables in it are expanded.
func export(set string) string {
	name, value, _ := strings.Cut(set, "=")
	return "export " + name + `="` + strings.NewReplacer(`"`, `\"`, "`", "\\`").Replace(value) + `"`
}

func numbers(list []int, separator string) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = strconv.Itoa(n)
	}
	return strings.Join(out, separator)
}

func firstOf(words ...string) string {
	for _, w := range words {
		if w != "" {
			return w
		}
	}
	return ""
}
