// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && cgo

package mpiutil_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/columen/columen/mpiutil"
)

// jobLimit ends a test job that hangs.
const jobLimit = 60 * time.Second

// isOpenMPI tells which library this binary is linked with.
func isOpenMPI() bool { return strings.HasPrefix(mpiutil.Version(), "Open MPI") }

// mpirun finds the launcher of that library: under its Debian name, where both
// libraries may be installed, or else as mpirun.
func mpirun(t testing.TB) string {
	t.Helper()
	name := "mpirun.mpich"
	if isOpenMPI() {
		name = "mpirun.openmpi"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath("mpirun")
	}
	if err != nil {
		t.Fatalf("tests with tag mpi need mpirun: %v", err)
	}
	return path
}

// job runs this binary in a role on n ranks and returns its exit code and what
// it printed.
func job(t *testing.T, n int, role string) (code int, output string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), jobLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, mpirun(t), "-n", fmt.Sprint(n), os.Args[0])
	cmd.Env = launchEnvironment(role)
	cmd.WaitDelay = 5 * time.Second
	start := time.Now()
	out, err := cmd.CombinedOutput()
	t.Logf("%d ranks, %s: %.1f s, %v", n, role, time.Since(start).Seconds(), err)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("still running after %v:\n%s", jobLimit, out)
	case errors.As(err, &exit):
		return exit.ExitCode(), string(out)
	case err != nil:
		t.Fatal(err)
	}
	return 0, string(out)
}

// launchEnvironment is that of ranks in a role.
func launchEnvironment(role string) []string {
	return append(os.Environ(), roleVariable+"="+role,
		// Open MPI only: run as root and with more ranks than cores, say nothing
		// about missing networks, and do not copy between address spaces, which
		// containers forbid with a warning.
		"OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1",
		"OMPI_MCA_rmaps_base_oversubscribe=1", "OMPI_MCA_hwloc_base_binding_policy=none", "OMPI_MCA_mpi_yield_when_idle=1",
		"OMPI_MCA_btl=self,vader", "OMPI_MCA_btl_vader_single_copy_mechanism=none", "OMPI_MCA_btl_base_warn_component_unused=0")
}

// rankCounts are fewer on MPICH, whose Debian package is for single checks.
func rankCounts() []int {
	if isOpenMPI() {
		return []int{1, 2, 3, 4}
	}
	return []int{2}
}

func TestConformanceUnderMPI(t *testing.T) {
	for _, n := range rankCounts() {
		t.Run(fmt.Sprintf("ranks=%d", n), func(t *testing.T) {
			code, out := job(t, n, "conformance")
			if want := fmt.Sprintf("conformance passed on %d ranks of %s", n, mpiutil.Version()); code != 0 || !strings.Contains(out, want) {
				t.Errorf("exit code %d, want 0, and %q in:\n%s", code, want, out)
			}
		})
	}
}

// TestFailuresUnderMPI checks that no job hangs when one rank goes wrong, and
// that its exit code tells.
func TestFailuresUnderMPI(t *testing.T) {
	tests := []struct {
		role  string
		code  int // 0 for any but 0
		want  string
		count int // at least so often
	}{
		{"agree", 75, "rank 1 failed (1 of 2 ranks): trouble with code 75", 2},
		{"error", 9, "rank 1: trouble with code 9", 1},
		{"panic", 0, "rank lost", 1},
		{"exit", 5, "", 0},
		{"stuck", 0, "mpiutil: watchdog: rank 0 of 2 has been inside Barrier for 1.", 1},
		{"forgotten", 1, "Finalize: 1 requests have not been waited for", 1},
	}
	for _, tt := range tests {
		t.Run(tt.role, func(t *testing.T) {
			code, out := job(t, 2, tt.role)
			if code == 0 || tt.code != 0 && code != tt.code {
				t.Errorf("exit code %d, want %d (0: any failure)", code, tt.code)
			}
			if strings.Count(out, tt.want) < tt.count {
				t.Errorf("want %d of %q in:\n%s", tt.count, tt.want, out)
			}
		})
	}
}

// TestWrongLauncher starts one rank alone under the variables of the launcher of
// another MPI library.
func TestWrongLauncher(t *testing.T) {
	variable := "OMPI_COMM_WORLD_SIZE"
	if isOpenMPI() {
		variable = "MV2_COMM_WORLD_SIZE"
	}
	ctx, cancel := context.WithTimeout(t.Context(), jobLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"=conformance", variable+"=3")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), variable+"=3") {
		t.Errorf("ended with %v, want exit code 2 and a message on %s:\n%s", err, variable, out)
	}
}
