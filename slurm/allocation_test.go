// SPDX-License-Identifier: BSD-3-Clause

package slurm

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// env makes a getenv of assignments.
func env(assignments string) func(string) string {
	m := map[string]string{}
	for _, a := range strings.Fields(assignments) {
		name, value, _ := strings.Cut(a, "=")
		m[name] = value
	}
	return func(name string) string { return m[name] }
}

// TestFromEnv reads environments of a batch shell, of tasks and of none.
func TestFromEnv(t *testing.T) {
	for name, c := range map[string]struct {
		env  string
		want Allocation
	}{
		"batch shell": {"SLURM_JOB_ID=7 SLURM_JOB_NODELIST=n[1-2] SLURM_NTASKS=4 SLURM_CPUS_PER_TASK=2 SLURM_PROCID=0 SLURM_LOCALID=0",
			Allocation{JobID: 7, ArrayTask: -1, Nodes: []string{"n1", "n2"}, Tasks: 4, CPUsPerTask: 2}},
		"task": {"SLURM_JOB_ID=7 SLURM_JOB_NODELIST=n[1-4] SLURM_STEP_NODELIST=n[3-4] SLURM_NTASKS=8 SLURM_STEP_NUM_TASKS=4 SLURM_PROCID=3 SLURM_LOCALID=1 SLURM_NODEID=1 SLURM_RESTART_COUNT=2 SLURM_JOB_END_TIME=1790000000 CUDA_VISIBLE_DEVICES=2,3",
			Allocation{JobID: 7, ArrayTask: -1, Nodes: []string{"n3", "n4"}, Tasks: 4, Rank: 3, LocalRank: 1, NodeRank: 1, CPUsPerTask: 1, Restarts: 2, GPUs: []string{"2", "3"}, End: time.Unix(1790000000, 0), InStep: true}},
		"array on AMD": {"SLURM_JOB_ID=9 SLURM_ARRAY_TASK_ID=3 ROCR_VISIBLE_DEVICES=5 CUDA_VISIBLE_DEVICES=",
			Allocation{JobID: 9, ArrayTask: 3, Tasks: 1, CPUsPerTask: 1, GPUs: []string{"5"}}},
	} {
		got, found, err := FromEnv(env(c.env))
		if !found || err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: found %v, %v\n%+v, want\n%+v", name, found, err, got, c.want)
		}
	}
	if _, found, err := FromEnv(env("SLURM_CONF=x HOME=y")); found || err != nil {
		t.Errorf("outside a job: found %v, %v", found, err)
	}
}

// TestDevice spreads local ranks over the devices that are seen.
func TestDevice(t *testing.T) {
	for _, c := range []struct {
		gpus, want string
		local      int
	}{{"", "", 3}, {"0,1,2,3", "2", 2}, {"3", "3", 2}, {"4,6", "6", 3}} {
		a := Allocation{LocalRank: c.local}
		if c.gpus != "" {
			a.GPUs = strings.Split(c.gpus, ",")
		}
		if got := a.Device(); got != c.want {
			t.Errorf("local rank %d of %q: %q, want %q", c.local, c.gpus, got, c.want)
		}
	}
}

// TestFromEnvRefuses names the variable that has no sense.
func TestFromEnvRefuses(t *testing.T) {
	for assignments, part := range map[string]string{
		"SLURM_JOB_ID=x":                        `SLURM_JOB_ID = "x"`,
		"SLURM_JOB_ID=1 SLURM_LOCALID=-1":       `SLURM_LOCALID = "-1"`,
		"SLURM_JOB_ID=1 SLURM_NTASKS=2(x3)":     `SLURM_NTASKS = "2(x3)"`,
		"SLURM_JOB_ID=1 SLURM_JOB_NODELIST=n[1": "no closing bracket",
	} {
		if _, found, err := FromEnv(env(assignments)); !found || err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: found %v, %v: want %s", assignments, found, err, part)
		}
	}
}
