// SPDX-License-Identifier: BSD-3-Clause

package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestStopsBeforeTheEndOfTheBatchJob ends the context of a job that saves its
// state a margin before the end that Slurm tells, and of no other job.
func TestStopsBeforeTheEndOfTheBatchJob(t *testing.T) {
	t.Setenv("SLURM_JOB_ID", "7")
	for _, c := range []struct {
		name    string
		saves   bool
		leftS   int // until the end
		marginS int
		stops   bool
	}{
		{"in the margin", true, 30, 0, true},
		{"before the margin", true, 30, 20, false},
		{"at the margin", true, 30, 30, true},
		{"a job that saves nothing", false, 30, 0, false},
		{"the end of another job", true, -5, 0, false},
	} {
		t.Setenv("SLURM_JOB_END_TIME", fmt.Sprint(time.Now().Add(time.Duration(c.leftS)*time.Second).Unix()))
		s := &session{call: Call{Job: Job{Saves: c.saves}, Flags: Flags{Margin: c.marginS}}}
		ctx, stop := s.watchSignals()
		stopped := false
		select {
		case <-ctx.Done():
			stopped = true
		case <-time.After(100 * time.Millisecond):
		}
		var cause *TimeError
		if stopped != c.stops || stopped && !errors.As(context.Cause(ctx), &cause) {
			t.Errorf("%s: stopped %v, because of %v", c.name, stopped, context.Cause(ctx))
		}
		stop()
	}
}

// TestTasksThatDidNotJoin refuses to run under srun when MPI found one rank.
func TestTasksThatDidNotJoin(t *testing.T) {
	f := newFolder(t)
	for name, value := range map[string]string{"SLURM_JOB_ID": "7", "SLURM_STEP_NUM_TASKS": "2", "SLURM_PROCID": "0", "OMPI_COMM_WORLD_SIZE": "", "PMI_SIZE": ""} {
		t.Setenv(name, value)
	}
	work := func(context.Context, *Env) error { return nil }
	results, _ := execute(1, f.call(work), nil)
	if got := one(t, results, ExitUsage); !strings.Contains(got, "srun 2 tasks: MPI found one rank only") || !strings.Contains(got, "--mpi=pmix") {
		t.Errorf("said %q", got)
	}
	t.Setenv("PMI_SIZE", "1") // a launcher of this MPI
	results, _ = execute(1, f.call(work), nil)
	one(t, results, ExitDone)
}
