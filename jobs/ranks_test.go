// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && cgo

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/columen/columen/mpiutil"
)

// The tests of this file start the ranks themselves.

// joinsMPI says that the program of this build joins MPI.
const joinsMPI = true

// environment is what the MPI library needs in tests. It is for Open MPI; other
// libraries ignore it.
func environment(t *testing.T) []string {
	t.Helper()
	// Programs that start at the same time must not share the folder of their
	// sockets, and names of sockets are short.
	tmp, err := os.MkdirTemp("", "c")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(tmp) })
	return []string{
		"TMPDIR=" + tmp,
		// Containers run as root, ranks outnumber cores and must not spin, and
		// copies between address spaces are forbidden with a warning.
		"OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1", "OMPI_MCA_rmaps_base_oversubscribe=1",
		"OMPI_MCA_hwloc_base_binding_policy=none", "OMPI_MCA_mpi_yield_when_idle=1", "OMPI_MCA_ess_singleton_isolated=1",
		"OMPI_MCA_btl_vader_single_copy_mechanism=none", "OMPI_MCA_btl_base_warn_component_unused=0",
		"PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe", "PRTE_MCA_hwloc_default_binding_policy=none",
	}
}

// ranks is the command that starts n ranks with the MPI of this binary: under
// its name in Debian, where two may be installed, or else as mpirun.
func ranks(t *testing.T, n int) []string {
	t.Helper()
	name := "mpirun.mpich"
	if strings.HasPrefix(mpiutil.Version(), "Open MPI") {
		name = "mpirun.openmpi"
	}
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath("mpirun")
	}
	if err != nil {
		t.Fatalf("tests with tag mpi need mpirun: %v", err)
	}
	return []string{path, "-n", strconv.Itoa(n)}
}

// TestSameImageOnRanks images the same on 1, 2 and 3 ranks: to rounding in fast
// mode, bit by bit in fixed mode.
func TestSameImageOnRanks(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	for _, mode := range []string{"fast", "fixed"} {
		for n := 1; n <= 3; n++ {
			out := fmt.Sprintf("%s%d", mode, n)
			args := append([]string{"solve", "solve.toml", "--out", out}, set("cube.cells=[24,20,28]", "parallel.mode="+mode, "output.unit=SI")...)
			if r := f.launch(t, ranks(t, n), args...); r.code != 0 || len(r.messages()) > 0 || strings.Count(r.stderr, "done  seconds=") != 1 {
				t.Fatalf("%s mode on %d ranks: exit status %d, %s", mode, n, r.code, r.stderr)
			}
			for _, view := range []string{"pole", "side"} {
				got, want := readFITS(t, f, out+"/w."+view+".fits"), readFITS(t, f, mode+"1/w."+view+".fits")
				near(t, got.Intensity, want.Intensity, 1e-13)
				if mode == "fixed" && !slices.Equal(got.Intensity, want.Intensity) {
					t.Errorf("%s: other bits on %d ranks than on one", view, n)
				}
			}
			if !strings.Contains(f.read(t, out+"/w.solve.json"), fmt.Sprintf("\"ranks\": %d,", n)) {
				t.Errorf("the manifest does not say that there were %d ranks", n)
			}
		}
	}
	args := append([]string{"solve", "solve.toml", "--out", "fixed1"}, set("cube.cells=[24,20,28]", "parallel.mode=fixed", "output.unit=SI")...)
	if r := f.launch(t, ranks(t, 2), args...); r.code != 0 || strings.Count(r.stderr, "already done") != 1 {
		t.Errorf("two ranks after one: exit status %d, %s", r.code, r.stderr)
	}
}

// TestBadInputsOnRanks makes mistakes of each kind on two ranks, of which one
// speaks.
func TestBadInputsOnRanks(t *testing.T) {
	t.Parallel()
	chosen := []string{
		"no arguments", "unknown job", "unknown flag", "negative threads", "set unknown key", "configuration missing", "configuration no TOML", "more cells than memory",
		"region outside the box", "snapshot missing", "snapshot half", "snapshot not a number", "gas hotter than the line data", "no such transition", "line data cut",
		"output below a file", "output exists", "output a folder", "inspect nothing", "manifest a folder",
		"cube without velocity", "cube without box", // where there is HDF5
	}
	tried := 0
	for _, c := range badInputs() {
		if slices.Contains(chosen, c.name) {
			tried++
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.try(t, newFolder(t), ranks(t, 2))
			})
		}
	}
	if tried < 20 {
		t.Errorf("tried %d of the mistakes", tried)
	}
	for _, c := range []badInput{
		{name: "ranks and processes", args: set("parallel.ranks=[3,1,1]"), parts: []string{"parallel.ranks = [3, 1, 1]", "3 ranks, but 2 were started", "product is 2"}},
		{name: "mesh of one cell", args: set("cube.cells=[1,1,1]"), parts: []string{"parallel.ranks = [0 0 0]", "1×1×1 cells", "allowed: "}},
		{name: "no leaves to divide", args: set("cube.cells=[8,8,8]", "parallel.mode=fixed"), parts: []string{"parallel.ranks", "8×8×8 cells", "multiples of 8 cells", "allowed: "}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.try(t, newFolder(t), ranks(t, 2))
		})
	}
}

// TestOneRankFailsAlone has a value that is no number in the half of one rank.
func TestOneRankFailsAlone(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	model(put(lastEnergy, -1))(t, f)
	before := f.files(t)
	r := f.launch(t, ranks(t, 2), append([]string{"solve", "solve.toml"}, set("parallel.ranks=[2,1,1]")...)...)
	f.refuses(t, r, before, 1, "rank 1 failed (1 of 2 ranks): wind.dat: ", "leaf 119", "want a positive")
}

// largeJob takes a second or more on two ranks.
func largeJob() []string {
	return append([]string{"solve", "solve.toml"}, set("cube.cells=[96,96,96]", "spectrum.channels=300", "spectrum.spacing_ms=70", "parallel.watchdog_s=1")...)
}

// TestStuckRank stops one of two ranks: the watchdog of the other one ends both.
func TestStuckRank(t *testing.T) {
	for _, victim := range []int{0, 1} {
		t.Run(fmt.Sprintf("rank %d", victim), func(t *testing.T) {
			t.Parallel()
			f := newFolder(t)
			before := f.files(t)
			r := hurt(t, f, victim, syscall.SIGSTOP)
			f.refuses(t, r, before, 1, "columen solve: watchdog: ", fmt.Sprintf("rank %d of 2 has been inside", 1-victim), "the limit is 1.0 s")
		})
	}
}

// TestKilledRank kills one of two ranks: the launcher ends the other, and no
// file is left.
func TestKilledRank(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	before := f.files(t)
	r := hurt(t, f, 1, syscall.SIGKILL)
	if after := f.files(t); r.code == 0 || r.took > promise || !slices.Equal(before, after) {
		t.Errorf("exit status %d after %v, files %q:\n%s", r.code, r.took, after, r.stderr)
	}
}

// TestSignalToLauncher ends mpirun by SIGTERM, as batch systems do.
func TestSignalToLauncher(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	checkSignal(t, f, ranks(t, 2), "load", largeJob()[2:]...)
}

// hurt starts two ranks and sends a signal to one of them when both are at work.
func hurt(t *testing.T, f folder, victim int, signal syscall.Signal) result {
	t.Helper()
	cmd := f.command(t.Context(), t, ranks(t, 2), largeJob()...)
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var r result
	var sent time.Time
	for scanner := bufio.NewScanner(pipe); scanner.Scan(); {
		r.stderr += scanner.Text() + "\n"
		if sent.IsZero() && strings.Contains(scanner.Text(), " solve  line=") {
			sent = time.Now()
			pid := processOf(t, f, victim)
			if err := syscall.Kill(pid, signal); err != nil {
				t.Error(err)
			}
			defer syscall.Kill(pid, syscall.SIGKILL) // it may have ended; nobody waits for it
		}
	}
	err = cmd.Wait()
	r.took = time.Since(sent)
	if exit, ok := err.(*exec.ExitError); ok {
		r.code = exit.ExitCode()
	}
	return r
}

// processOf finds the process of a rank of the job in a folder.
func processOf(t *testing.T, f folder, rank int) int {
	t.Helper()
	pid := f.process(t, rank)
	if pid == 0 {
		t.Fatalf("no process of rank %d", rank)
	}
	return pid
}

// process returns the process of a rank of the job in a folder, 0 if there is none.
func (f folder) process(t *testing.T, rank int) int {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	processes, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range processes {
		exe, exeErr := os.Readlink(filepath.Join(p, "exe"))
		dir, dirErr := os.Readlink(filepath.Join(p, "cwd"))
		if exeErr != nil || dirErr != nil || exe != self || dir != f.dir {
			continue
		}
		environment, err := os.ReadFile(filepath.Join(p, "environ"))
		if err != nil {
			continue // it has just ended
		}
		for _, entry := range bytes.Split(environment, []byte{0}) {
			name, value, _ := strings.Cut(string(entry), "=")
			if (name == "OMPI_COMM_WORLD_RANK" || name == "PMI_RANK") && value == strconv.Itoa(rank) {
				pid, err := strconv.Atoi(filepath.Base(p))
				if err != nil {
					t.Fatal(err)
				}
				return pid
			}
		}
	}
	return 0
}
