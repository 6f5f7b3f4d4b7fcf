// SPDX-License-Identifier: BSD-3-Clause

package slurm

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// State is how far a job is. An array has one per task.
type State struct {
	ID       string // 7, or 8_3 of an array task
	JobID    int    // 7, or 8
	Word     string // PENDING, RUNNING, COMPLETED, FAILED, OUT_OF_MEMORY and so on
	Reason   string // why it waits, or why it ended
	Nodes    string // list of nodes
	Elapsed  string // D-HH:MM:SS, or shorter
	ExitCode string // status:signal, where Slurm tells
}

// Ended reports whether the job will not run again.
func (s State) Ended() bool {
	switch s.Word {
	case "PENDING", "RUNNING", "CONFIGURING", "COMPLETING", "SUSPENDED", "REQUEUED", "REQUEUE_HOLD", "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED", "PREEMPTED":
		return false
	}
	return true
}

// Good reports whether the job ended well.
func (s State) Good() bool { return s.Word == "COMPLETED" }

// States asks Slurm how far jobs are: the queue, and the accounting for what is
// no longer in it. A job that neither knows has the word UNKNOWN.
func (c Client) States(ctx context.Context, ids []int) ([]State, error) {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = strconv.Itoa(id)
	}
	all := strings.Join(list, ",")
	out, said, err := c.run(ctx, "", "squeue", "--noheader", "--array", "--states=all", "--jobs="+all, "--format=%i|%F|%T|%r|%N|%M")
	if err != nil && !strings.Contains(said, "Invalid job id") {
		return nil, fmt.Errorf("squeue: %s: %w", lastLine(said), err)
	}
	states := parseStates(out)
	known := map[int]bool{}
	for _, s := range states {
		known[s.JobID] = true
	}
	var missing []string
	for i, id := range ids {
		if !known[id] {
			missing = append(missing, list[i])
		}
	}
	if missing == nil {
		return states, nil
	}
	out, _, err = c.run(ctx, "", "sacct", "--noheader", "--allocations", "--parsable2", "--jobs="+strings.Join(missing, ","), "--format=JobID,JobIDRaw,State,ExitCode,NodeList,Elapsed")
	if err == nil { // a cluster without accounting has no sacct
		for _, s := range parseAccounts(out) {
			known[s.JobID] = true
			states = append(states, s)
		}
	}
	for i, id := range ids {
		if !known[id] {
			states = append(states, State{ID: list[i], JobID: id, Word: "UNKNOWN", Reason: "neither queue nor accounting knows it"})
		}
	}
	return states, nil
}

// parseStates reads what squeue prints in the format of States. Lines of another
// form are left out.
func parseStates(out string) []State {
	var states []State
	for _, line := range strings.Split(out, "\n") {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) != 6 {
			continue
		}
		id, err := strconv.Atoi(f[1])
		if err != nil {
			continue
		}
		states = append(states, State{ID: f[0], JobID: id, Word: f[2], Reason: f[3], Nodes: f[4], Elapsed: f[5]})
	}
	return states
}

// parseAccounts reads what sacct prints in the format of States.
func parseAccounts(out string) []State {
	var states []State
	for _, line := range strings.Split(out, "\n") {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) != 6 {
			continue
		}
		base, _, _ := strings.Cut(f[0], "_")
		id, err := strconv.Atoi(base)
		if err != nil {
			continue
		}
		word, _, _ := strings.Cut(f[2], " ") // CANCELLED by 0
		states = append(states, State{ID: f[0], JobID: id, Word: word, ExitCode: f[3], Nodes: f[4], Elapsed: f[5]})
	}
	return states
}

// OutOfMemory reports whether a job was killed because it used more memory than
// it had asked for: Slurm says so in its state, or in the end of its log.
func OutOfMemory(s State, log string) bool {
	if s.Word == "OUT_OF_MEMORY" || s.Reason == "OutOfMemory" {
		return true
	}
	return s.Ended() && !s.Good() && regexp.MustCompile(`(?i)oom[-_ ]?kill|out of memory|exceeded( job| step)? memory limit|memory limit.*being killed`).MatchString(log)
}
