// SPDX-License-Identifier: BSD-3-Clause

package mpiutil_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/columen/columen/mpiutil"
)

func TestCheckLauncher(t *testing.T) {
	tests := []struct {
		name     string
		env      map[string]string
		size     int
		variable string // "" where one rank is right
		ranks    int
	}{
		{"nothing", nil, 1, "", 0},
		{"Open MPI", map[string]string{"OMPI_COMM_WORLD_SIZE": "3"}, 1, "OMPI_COMM_WORLD_SIZE", 3},
		{"Open MPI seen", map[string]string{"OMPI_COMM_WORLD_SIZE": "3"}, 3, "", 0},
		{"Open MPI with one rank", map[string]string{"OMPI_COMM_WORLD_SIZE": "1", "PMIX_RANK": "0"}, 1, "", 0},
		{"Hydra", map[string]string{"PMI_SIZE": "2", "PMI_RANK": "0"}, 1, "PMI_SIZE", 2},
		{"MVAPICH2", map[string]string{"MV2_COMM_WORLD_SIZE": "16"}, 1, "MV2_COMM_WORLD_SIZE", 16},
		{"PMIx rank 4", map[string]string{"PMIX_RANK": "4"}, 1, "PMIX_RANK", 5},
		{"PMIx rank 0", map[string]string{"PMIX_RANK": "0"}, 1, "", 0},
		{"srun", map[string]string{"SLURM_NTASKS": "8", "SLURM_STEP_ID": "0", "SLURM_PROCID": "0"}, 1, "SLURM_NTASKS", 8},
		{"srun seen", map[string]string{"SLURM_NTASKS": "8", "SLURM_STEP_ID": "0"}, 8, "", 0},
		{"srun -n 1", map[string]string{"SLURM_NTASKS": "8", "SLURM_STEP_NUM_TASKS": "1", "SLURM_STEP_ID": "2"}, 1, "", 0},
		{"old step variable", map[string]string{"SLURM_STEP_NUM_TASKS": "4", "SLURM_STEPID": "2"}, 1, "SLURM_STEP_NUM_TASKS", 4},
		{"batch script", map[string]string{"SLURM_NTASKS": "8", "SLURM_PROCID": "0"}, 1, "", 0},
		{"interactive step", map[string]string{"SLURM_NTASKS": "8", "SLURM_STEP_ID": "4294967290"}, 1, "", 0},
		{"mpirun -n 1 through srun", map[string]string{"OMPI_COMM_WORLD_SIZE": "1", "SLURM_NTASKS": "2", "SLURM_STEP_ID": "0"}, 1, "", 0},
		{"nonsense", map[string]string{"PMI_SIZE": "many", "SLURM_STEP_ID": "0", "SLURM_NTASKS": "-2"}, 1, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := mpiutil.CheckLauncher(func(name string) string { return tt.env[name] }, tt.size)
			if tt.variable == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			var launcher *mpiutil.LauncherError
			if !errors.As(err, &launcher) {
				t.Fatalf("error %v, want a LauncherError", err)
			}
			if launcher.Variable != tt.variable || launcher.Ranks != tt.ranks || mpiutil.ExitCode(err) != 2 {
				t.Errorf("variable %s, %d ranks, code %d; want %s, %d, 2", launcher.Variable, launcher.Ranks, mpiutil.ExitCode(err), tt.variable, tt.ranks)
			}
			for _, want := range []string{tt.variable + "=" + tt.env[tt.variable], "-tags mpi", "srun --mpi=", fmt.Sprint(tt.ranks)} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("message %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestExitCode(t *testing.T) {
	tests := []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("plain"), 1},
		{fmt.Errorf("deep: %w", &mpiutil.AgreedError{Code: 75}), 75},
		{&mpiutil.AgreedError{Code: 0}, 1},
		{&mpiutil.AgreedError{Code: 256}, 1},
		{&mpiutil.LauncherError{}, 2},
	}
	for _, tt := range tests {
		if got := mpiutil.ExitCode(tt.err); got != tt.want {
			t.Errorf("ExitCode(%v) = %d, want %d", tt.err, got, tt.want)
		}
	}
}
