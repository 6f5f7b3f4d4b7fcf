// SPDX-License-Identifier: BSD-3-Clause

package slurm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestSubmit reads what sbatch says, in the words of Slurm 22.05.
func TestSubmit(t *testing.T) {
	var given []string
	answer := func(stdout, stderr string, err error) Client {
		return Client{Run: func(_ context.Context, stdin, name string, args ...string) (string, string, error) {
			given = append([]string{stdin, name}, args...)
			return stdout, stderr, err
		}}
	}
	id, err := answer("42;cluster\n", "", nil).Submit(t.Context(), "script", 7, 8)
	if id != 42 || err != nil || !slices.Equal(given, []string{"script", "sbatch", "--parsable", "--dependency=afterok:7:8"}) {
		t.Errorf("job %d, %v, %q", id, err, given)
	}
	if _, err := answer("Submitted\n", "", nil).Submit(t.Context(), ""); err == nil || !strings.Contains(err.Error(), `"Submitted"`) {
		t.Errorf("an answer without a number: %v", err)
	}
	for said, field := range map[string]string{
		"Invalid account or account/partition combination specified":      "account",
		"invalid partition specified: nowhere":                            "partition",
		"Requested node configuration is not available":                   "cpus_per_task",
		"CPU count per node can not be satisfied":                         "cpus_per_task",
		"Requested time limit is invalid (missing or exceeds some limit)": "time_min",
		"Invalid qos specification":                                       "qos",
		"Memory specification can not be satisfied":                       "memory_mb",
		"Invalid generic resource (gres) specification":                   "gpus_per_task",
		"Node count specification invalid":                                "nodes",
		"Unable to contact slurm controller (connect failure)":            "",
	} {
		_, err := answer("", "sbatch: error: Batch job submission failed: "+said+"\n", errRefused).Submit(t.Context(), "")
		var refused *RefusedError
		if !errors.As(err, &refused) || refused.Field != field || refused.Said != said {
			t.Errorf("%s: %#v, want field %q", said, err, field)
		}
	}
}

// TestAbsent says that there is no Slurm.
func TestAbsent(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var absent *AbsentError
	if _, err := (Client{}).Submit(t.Context(), ""); !errors.As(err, &absent) || !strings.Contains(err.Error(), "--dry-run") {
		t.Errorf("without sbatch: %v", err)
	}
}

// TestStates asks the queue, then the accounting, for jobs in every state.
func TestStates(t *testing.T) {
	queue := "7|7|RUNNING|None|n1|1:05\n8_1|8|COMPLETED|None|n1|0:10\n8_2|8|PENDING|BeginTime||0:00\nnonsense\n9|x|RUNNING|None|n1|0:01\n"
	accounts := "5|5|CANCELLED by 0|0:15|n1|00:01:00\n6|6|OUT_OF_MEMORY|0:125|n[1-2]|00:02:00\n6.batch|x\n"
	c := Client{Run: func(_ context.Context, _, name string, args ...string) (string, string, error) {
		switch {
		case name == "squeue" && slices.Contains(args, "--jobs=5,6,7,8,99"):
			return queue, "", nil
		case name == "sacct" && slices.Contains(args, "--jobs=5,6,99"):
			return accounts, "", nil
		}
		return "", "", fmt.Errorf("unexpected %s %q", name, args)
	}}
	states, err := c.States(t.Context(), []int{5, 6, 7, 8, 99})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range states {
		got = append(got, fmt.Sprintf("%s %d %s %v %v %v", s.ID, s.JobID, s.Word, s.Ended(), s.Good(), OutOfMemory(s, "")))
	}
	want := []string{"7 7 RUNNING false false false", "8_1 8 COMPLETED true true false", "8_2 8 PENDING false false false",
		"5 5 CANCELLED true false false", "6 6 OUT_OF_MEMORY true false true", "99 99 UNKNOWN true false false"}
	if !slices.Equal(got, want) {
		t.Errorf("states %q, want %q", got, want)
	}
}

// TestOutOfMemory reads the ends of logs.
func TestOutOfMemory(t *testing.T) {
	for log, want := range map[string]bool{
		"slurmstepd: error: Detected 1 oom-kill event(s) in StepId=5.0":                   true,
		"slurmstepd-n1: error: StepId=7.0 exceeded memory limit (60 > 8), being killed":   true,
		"slurmstepd: error: Step 7.0 memory limit exceeded: memory limit 8, being killed": true,
		"columen train: data.manifest: no such file":                                      false,
	} {
		if got := OutOfMemory(State{Word: "FAILED"}, log); got != want {
			t.Errorf("%s: %v", log, got)
		}
		if OutOfMemory(State{Word: "COMPLETED"}, log) {
			t.Errorf("a job that ended well: %s", log)
		}
	}
}
