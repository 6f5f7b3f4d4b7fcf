// SPDX-License-Identifier: BSD-3-Clause

package slurm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// Client runs the commands of Slurm.
type Client struct {
	// Run runs a command with standard input and returns what it prints. The zero
	// value of Client runs it on this machine.
	Run func(ctx context.Context, stdin, name string, args ...string) (stdout, stderr string, err error)
}

// AbsentError says that a command of Slurm is not there.
type AbsentError struct {
	Command string
}

// Error says what to do.
func (e *AbsentError) Error() string {
	return e.Command + ": not found: Slurm is not on this machine: submit on a login node of the cluster, or look at the scripts with --dry-run"
}

// RefusedError says that sbatch did not take a script.
type RefusedError struct {
	Field string // key of the step that sbatch complains about, or ""
	Said  string // what sbatch said
}

// Error returns what sbatch said.
func (e *RefusedError) Error() string { return "sbatch refused the job: " + e.Said }

// SubmitArgs returns the arguments of sbatch for a job after others, which must
// end well; the script goes to its standard input.
func SubmitArgs(after ...int) []string {
	args := []string{"--parsable"}
	if len(after) > 0 {
		ids := make([]string, len(after))
		for i, id := range after {
			ids[i] = strconv.Itoa(id)
		}
		args = append(args, "--dependency=afterok:"+strings.Join(ids, ":"))
	}
	return args
}

// Submit hands a script to sbatch and returns the id of the job. The error is an
// *AbsentError, a *RefusedError, or of another kind when sbatch does not end.
func (c Client) Submit(ctx context.Context, script string, after ...int) (int, error) {
	stdout, stderr, err := c.run(ctx, script, "sbatch", SubmitArgs(after...)...)
	var exit *exec.ExitError
	if errors.As(err, &exit) || err == errRefused {
		said := strings.TrimPrefix(lastLine(stderr), "sbatch: error: ")
		return 0, &RefusedError{field(stderr), strings.TrimPrefix(said, "Batch job submission failed: ")}
	}
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(strings.TrimSpace(stdout), ";") // ID;CLUSTER
	id, err := strconv.Atoi(first)
	if err != nil {
		return 0, fmt.Errorf("sbatch: unexpected answer %q: allowed: the number of a job", strings.TrimSpace(stdout))
	}
	return id, nil
}

// Cancel takes jobs out of the queue.
func (c Client) Cancel(ctx context.Context, ids ...int) error {
	var args []string
	for _, id := range ids {
		args = append(args, strconv.Itoa(id))
	}
	_, _, err := c.run(ctx, "", "scancel", args...)
	return err
}

// errRefused stands for a command that ended with another status than 0, where
// Client.Run is not that of this machine.
var errRefused = errors.New("the command failed")

func (c Client) run(ctx context.Context, stdin, name string, args ...string) (stdout, stderr string, err error) {
	if c.Run != nil {
		return c.Run(ctx, stdin, name, args...)
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", "", &AbsentError{name}
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = cleanEnvironment(os.Environ())
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err = cmd.Run()
	return out.String(), complaints.String(), err
}

// cleanEnvironment leaves out the variables that would change what a script says
// of itself: options of sbatch, and the job that this process may run in. Those
// which only say where Slurm is stay.
func cleanEnvironment(all []string) []string {
	var kept []string
	for _, set := range all {
		if strings.HasPrefix(set, "SBATCH_") || strings.HasPrefix(set, "SRUN_") ||
			strings.HasPrefix(set, "SLURM_") && !strings.HasPrefix(set, "SLURM_CONF=") && !strings.HasPrefix(set, "SLURM_CLUSTERS=") {
			continue
		}
		kept = append(kept, set)
	}
	return kept
}

// field returns the key of a step that a complaint of sbatch is about.
func field(said string) string {
	said = strings.ToLower(said)
	for _, c := range []struct{ word, field string }{
		{"invalid account", "account"}, {"account", "account"}, {"qos", "qos"}, {"partition", "partition"}, {"time limit", "time_min"}, {"memory", "memory_mb"},
		{"gres", "gpus_per_task"}, {"gpu", "gpus_per_task"}, {"cpu count", "cpus_per_task"}, {"processors", "cpus_per_task"},
		{"node configuration", "cpus_per_task"}, {"node count", "nodes"}, {"array", "array"},
	} {
		if strings.Contains(said, c.word) {
			return c.field
		}
	}
	return ""
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
