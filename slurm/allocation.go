// SPDX-License-Identifier: BSD-3-Clause

package slurm

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Allocation is what the environment of a process says about its Slurm job.
type Allocation struct {
	JobID       int
	ArrayTask   int       // number of the array task, or -1
	Nodes       []string  // names
	Tasks       int       // of the step, or of the job outside a step
	Rank        int       // of this process in the step
	LocalRank   int       // of this process on its node
	NodeRank    int       // of the node in the step
	CPUsPerTask int       // at least 1
	GPUs        []string  // devices that this process sees, as the site names them
	End         time.Time // of the job at the latest; zero when Slurm does not say
	Restarts    int       // how often the job was queued again
	InStep      bool      // started by srun, or by mpirun through it
}

// EnvError is a variable of the environment that has no sense.
type EnvError struct {
	Name, Value, Allowed string
}

// Error names the variable, its value and what is allowed.
func (e *EnvError) Error() string {
	return fmt.Sprintf("environment: %s = %q: allowed: %s", e.Name, e.Value, e.Allowed)
}

// FromEnv reads the environment through getenv, such as os.Getenv. found is
// false outside a Slurm job. The error is an *EnvError or a *NodeListError.
func FromEnv(getenv func(string) string) (a Allocation, found bool, err error) {
	r := envReader{getenv: getenv}
	if getenv("SLURM_JOB_ID") == "" {
		return Allocation{ArrayTask: -1}, false, nil
	}
	a = Allocation{
		JobID:       r.number(-1, "SLURM_JOB_ID"),
		ArrayTask:   r.number(-1, "SLURM_ARRAY_TASK_ID"),
		Tasks:       r.number(1, "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"),
		Rank:        r.number(0, "SLURM_PROCID"),
		LocalRank:   r.number(0, "SLURM_LOCALID"),
		NodeRank:    r.number(0, "SLURM_NODEID"),
		CPUsPerTask: max(1, r.number(1, "SLURM_CPUS_PER_TASK", "SRUN_CPUS_PER_TASK")),
		Restarts:    r.number(0, "SLURM_RESTART_COUNT"),
		InStep:      getenv("SLURM_STEP_NUM_TASKS") != "" && getenv("SLURM_PROCID") != "",
	}
	if end := r.number(0, "SLURM_JOB_END_TIME"); end > 0 {
		a.End = time.Unix(int64(end), 0)
	}
	for _, name := range []string{"CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ZE_AFFINITY_MASK"} {
		if list := getenv(name); list != "" && list != "NoDevFiles" {
			a.GPUs = strings.Split(list, ",")
			break
		}
	}
	if r.err == nil {
		for _, name := range []string{"SLURM_STEP_NODELIST", "SLURM_JOB_NODELIST", "SLURM_NODELIST"} {
			if list := getenv(name); list != "" {
				a.Nodes, r.err = ParseNodes(list)
				break
			}
		}
	}
	return a, true, r.err
}

// Device returns the device of this process, or "" without GPUs. Some sites show
// a process its own device alone, others all devices of the node: the local rank
// counts among those that are seen.
func (a Allocation) Device() string {
	if len(a.GPUs) == 0 {
		return ""
	}
	return a.GPUs[a.LocalRank%len(a.GPUs)]
}

// envReader keeps the first error.
type envReader struct {
	getenv func(string) string
	err    error
}

// number returns the first variable that is set, or preset.
func (r *envReader) number(preset int, names ...string) int {
	for _, name := range names {
		value := r.getenv(name)
		if value == "" {
			continue
		}
		n, err := strconv.Atoi(value)
		if (err != nil || n < 0) && r.err == nil {
			r.err = &EnvError{name, value, "an integer of at least 0"}
		}
		return n
	}
	return preset
}
