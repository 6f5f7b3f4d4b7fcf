// SPDX-License-Identifier: BSD-3-Clause

package scale

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/columen/columen/configs"
)

// launcher starts ranks.
type launcher struct {
	words       []string // before the program, with {ranks}, {threads} and {nodes}
	environment []string
	onNode      int // cores of a node of the Slurm job, 0 where it is not known
}

// newLauncher finds the words before the program. env is os.Getenv.
func newLauncher(file string, c configs.Launcher, env func(string) string) (launcher, error) {
	kind := c.Kind
	if kind == "auto" {
		kind = "mpirun"
		if env("SLURM_JOB_ID") != "" {
			kind = "srun"
		}
	}
	var l launcher
	switch kind {
	case "none":
		return l, nil
	case "command":
		l.words = slices.Clone(c.Command)
	case "srun":
		// Slurm does not hand the cores of a task to a step by itself.
		l.words = []string{"srun", "-n", "{ranks}", "-c", "{threads}"}
		l.onNode = coresOnNode(env)
		own := slices.ContainsFunc(c.Options, func(o string) bool { return strings.HasPrefix(o, "-N") || strings.HasPrefix(o, "--nodes") })
		if l.onNode > 0 && !own { // as few nodes as hold the ranks: Slurm would spread them over all
			l.words = append(l.words, "-N", "{nodes}")
		}
	case "mpirun":
		l.words = []string{"mpirun", "-n", "{ranks}"}
		// A rank has several threads, which the binding to one core that is usual
		// for few ranks would forbid. Read by Open MPI 4 and 5; others ignore it.
		settings := []string{"OMPI_MCA_hwloc_base_binding_policy=none", "PRTE_MCA_hwloc_default_binding_policy=none"}
		if c.Oversubscribe == "yes" {
			settings = append(settings, "OMPI_MCA_rmaps_base_oversubscribe=1", "PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe")
		}
		for _, s := range settings {
			if name, _, _ := strings.Cut(s, "="); env(name) == "" {
				l.environment = append(l.environment, s)
			}
		}
	}
	l.words = append(l.words, c.Options...)
	if _, err := exec.LookPath(l.words[0]); err != nil {
		return l, &configs.Error{Problems: []configs.Problem{{File: file, Field: "launcher", Value: strconv.Quote(l.words[0]), Reason: err.Error(),
			Allowed: `a launcher that is in PATH; or launcher.kind = "none" for one rank`}}}
	}
	return l, nil
}

// coresOnNode is how many cores of a node a Slurm job has: as it asked for them, or
// else as Slurm counts them, which may count those of both hardware threads.
func coresOnNode(env func(string) string) int {
	number := func(name string) int {
		n, err := strconv.Atoi(env(name))
		if err != nil {
			return 0
		}
		return n
	}
	if n := number("SLURM_NTASKS_PER_NODE"); n > 0 {
		return n * max(1, number("SLURM_CPUS_PER_TASK"))
	}
	return number("SLURM_CPUS_ON_NODE")
}

// command is the whole command line of a run.
func (l launcher) command(ranks, threads int, program []string) []string {
	var out []string
	nodes := 1
	if l.onNode > 0 {
		perNode := max(1, l.onNode/threads)
		nodes = (ranks + perNode - 1) / perNode
	}
	replace := strings.NewReplacer("{ranks}", strconv.Itoa(ranks), "{threads}", strconv.Itoa(threads), "{nodes}", strconv.Itoa(nodes))
	for _, w := range l.words {
		out = append(out, replace.Replace(w))
	}
	return append(out, program...)
}

// lastWords is how much of what a program said is kept.
const lastWords = 1 << 16

// tail keeps the end of what is written to it.
type tail struct{ bytes.Buffer }

// Write takes all and keeps the last of it.
func (t *tail) Write(p []byte) (int, error) {
	n, err := t.Buffer.Write(p)
	if extra := t.Len() - lastWords; extra > 0 {
		t.Next(extra)
	}
	return n, err
}

// failure is why a program gave no result.
type failure struct{ reason string }

// Error returns the reason.
func (f *failure) Error() string { return f.reason }

// start runs a command to its end, with all processes that it starts in one
// group. A command that fails or takes longer than limit is a *failure; the end
// of ctx is ctx's cause.
func (l launcher) start(ctx context.Context, limit time.Duration, words []string, stdout *bytes.Buffer) error {
	cmd := exec.Command(words[0], words[1:]...)
	var said tail
	cmd.Stderr = &said
	if stdout != nil {
		cmd.Stdout = stdout
	}
	cmd.Env = append(os.Environ(), l.environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A launcher that was killed may leave ranks that hold the pipe.
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		return &failure{err.Error()}
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var cause error
	select {
	case err := <-ended:
		if err == nil {
			return nil
		}
		var exit *exec.ExitError
		if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled() {
			return &failure{fmt.Sprintf("ended by signal: %v%s", exit.Sys().(syscall.WaitStatus).Signal(), reasonIn(said.String()))}
		}
		return &failure{err.Error() + reasonIn(said.String())}
	case <-timer.C:
		cause = &failure{fmt.Sprintf("took longer than repeat.limit_s = %g", limit.Seconds())}
	case <-ctx.Done():
		cause = context.Cause(ctx)
	}
	group := -cmd.Process.Pid
	_ = syscall.Kill(group, syscall.SIGTERM) // it may have ended just now
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		_ = syscall.Kill(group, syscall.SIGKILL) // likewise
		<-ended
	}
	return cause
}

// reasonIn finds the lines in which the program says why, or else the first that
// the launcher says.
func reasonIn(said string) string {
	var ours, others []string
	for _, line := range strings.Split(said, "\n") {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "columen"):
			ours = append(ours, line)
		case line != "" && !strings.HasPrefix(line, "---"):
			others = append(others, line)
		}
	}
	if ours == nil {
		ours = others[:min(len(others), 3)]
	}
	if ours == nil {
		return ""
	}
	return ": " + strings.Join(ours[:min(len(ours), 4)], "; ")
}
