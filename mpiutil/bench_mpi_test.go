// SPDX-License-Identifier: BSD-3-Clause

//go:build mpi && cgo

package mpiutil_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/columen/columen/mpiutil"
)

// reduceSizes are the lengths in float32 of BenchmarkAllreduce: a small message, a
// bucket of gradients, and all gradients of the published network at once.
func reduceSizes() []int { return []int{1 << 10, 25 << 18, 143_294_737} }

// BenchmarkAllreduce compares all-reduces of two ranks with the same in plain C
// over the same library, blocking and not, in turns, and prints the share of the
// rate in C that is reached:
//
//	go test -tags mpi -run '^$' -bench Allreduce -benchtime 1x ./mpiutil
//
// It needs mpicc, and 3 GB.
func BenchmarkAllreduce(b *testing.B) {
	name := "mpicc.mpich"
	if isOpenMPI() {
		name = "mpicc.openmpi"
	}
	compiler, err := exec.LookPath(name)
	if err != nil {
		compiler = "mpicc"
	}
	plain := filepath.Join(b.TempDir(), "allreduce")
	if out, err := exec.Command(compiler, "-O2", "-o", plain, filepath.Join("testdata", "allreduce.c")).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	here, there := map[string]float64{}, map[string]float64{}
	for b.Loop() {
		for range 2 { // by turns, since the machine is not always equally fast
			fastest(b, there, append([]string{plain}, strings.Fields(strings.Trim(fmt.Sprint(reduceSizes()), "[]"))...)...)
			fastest(b, here, os.Args[0])
		}
	}
	for _, n := range reduceSizes() {
		for _, how := range []string{"blocking", "non-blocking"} {
			key := fmt.Sprint(n, " ", how)
			b.ReportMetric(there[key]/here[key], fmt.Sprintf("%d-floats-%s-of-C", n, how))
			b.Logf("%d floats, %s: %.6f s, in C %.6f s", n, how, here[key], there[key])
		}
	}
}

// fastest runs a command on two ranks and keeps the least times that it prints.
func fastest(b *testing.B, best map[string]float64, command ...string) {
	cmd := exec.Command(mpirun(b), append([]string{"-n", "2"}, command...)...)
	cmd.Env = launchEnvironment("allreduce")
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("%v: %v\n%s", command, err, out)
	}
	for line := range strings.Lines(string(out)) {
		var n int
		var blocking, later float64
		if _, err := fmt.Sscanf(line, "seconds %d %f %f", &n, &blocking, &later); err != nil {
			continue
		}
		for how, s := range map[string]float64{"blocking": blocking, "non-blocking": later} {
			if key := fmt.Sprint(n, " ", how); best[key] == 0 || s < best[key] {
				best[key] = s
			}
		}
	}
	if len(best) == 0 {
		b.Fatalf("%v printed no times:\n%s", command, out)
	}
}

// reduceAll is what a rank of BenchmarkAllreduce does.
func reduceAll(c *mpiutil.Comm) error {
	for _, n := range reduceSizes() {
		x, best := make([]float32, n), [2]float64{}
		for k := range 16 {
			if err := c.Barrier(); err != nil {
				return err
			}
			start := time.Now()
			var err error
			if k < 8 {
				err = mpiutil.Allreduce(c, x, x, mpiutil.Sum)
			} else {
				var r *mpiutil.Request
				if r, err = mpiutil.Iallreduce(c, x, mpiutil.Sum); err == nil {
					err = r.Wait()
				}
			}
			if err != nil {
				return err
			}
			if s := time.Since(start).Seconds(); k%8 == 0 || s < best[k/8] {
				best[k/8] = s
			}
		}
		if c.Rank() == 0 {
			fmt.Printf("seconds %d %.9f %.9f\n", n, best[0], best[1])
		}
	}
	return nil
}
