// SPDX-License-Identifier: BSD-3-Clause

package mpiutil

import (
	"fmt"
	"strconv"
)

// LauncherError says that a launcher started several processes which do not see
// each other, so that each would do the whole job by itself.
type LauncherError struct {
	Variable string // environment variable that gives the launcher away
	Value    string // its value
	Ranks    int    // number of ranks launched, at least
	Size     int    // size of the communicator of this process
}

// Error says what was found and what to do.
func (e *LauncherError) Error() string {
	return fmt.Sprintf("mpiutil: %s=%s says that %d or more ranks were launched, but this process sees %d (MPI of this program: %s): "+
		"rebuild with -tags mpi if that is \"in-process\", else start it with the mpirun of that library or with the matching srun --mpi=pmix or --mpi=pmi2 "+
		"(srun --mpi=list shows them); for independent one-rank jobs launch each with one task",
		e.Variable, e.Value, e.Ranks, e.Size, Version())
}

// ExitCode is 2: the job was started wrongly.
func (e *LauncherError) ExitCode() int { return 2 }

// CheckLauncher compares the number of ranks that the environment env tells of
// with the size of the communicator, and returns a *LauncherError if the launcher
// started several ranks where size is 1. Init calls it with os.Getenv.
//
// Variables of MPI launchers count first: OMPI_COMM_WORLD_SIZE (Open MPI),
// PMI_SIZE (Hydra, PALS, Slurm's pmi2), MV2_COMM_WORLD_SIZE (MVAPICH2),
// PMIX_SIZE and a positive PMIX_RANK. Without any of them, SLURM_STEP_NUM_TASKS
// or else SLURM_NTASKS counts inside a job step. A batch script and an
// interactive allocation are not job steps: one rank started there without srun
// is one rank.
func CheckLauncher(env func(string) string, size int) error {
	if size != 1 {
		return nil
	}
	known := false
	for _, name := range []string{"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE", "PMIX_SIZE"} {
		n, ok := positive(env(name))
		if n > 1 {
			return &LauncherError{name, env(name), n, size}
		}
		known = known || ok
	}
	if n, ok := positive(env("PMIX_RANK")); ok && !known {
		return &LauncherError{"PMIX_RANK", env("PMIX_RANK"), n + 1, size}
	}
	if known || !inSlurmStep(env) {
		return nil
	}
	for _, name := range []string{"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"} {
		n, ok := positive(env(name))
		if n > 1 {
			return &LauncherError{name, env(name), n, size}
		}
		if ok {
			return nil
		}
	}
	return nil
}

// inSlurmStep tells whether srun started this process. Slurm numbers its special
// steps (batch, extern, interactive, pending) from 0xfffffff0 up.
func inSlurmStep(env func(string) string) bool {
	for _, name := range []string{"SLURM_STEP_ID", "SLURM_STEPID"} {
		if id, err := strconv.ParseUint(env(name), 10, 64); err == nil {
			return id < 0xfffffff0
		}
	}
	return false
}

// positive reads a decimal number above zero.
func positive(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, false
	}
	return n, true
}
