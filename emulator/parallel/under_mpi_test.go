// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/columen/columen/mpiutil"
)

// TestMain runs the comparison of TestUnderMPI on the main goroutine when a
// launcher has started this binary: MPI is called from its thread alone.
func TestMain(m *testing.M) {
	if os.Getenv("COLUMEN_MPI_TEST") == "" {
		os.Exit(m.Run())
	}
	runtime.LockOSThread()
	c, err := mpiutil.Init()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if role := os.Getenv("COLUMEN_MPI_TEST"); strings.HasPrefix(role, "bench ") {
		err = benchRole(c, role)
	} else {
		err = compareWithOneRank(c)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "rank %d: %v\n", c.Rank(), err)
		c.Abort(1)
	}
	if c.Rank() == 0 {
		fmt.Printf("%d ranks equal one\n", c.Size())
	}
	if err := c.Finalize(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// TestUnderMPI is the comparison without a launcher; TestMain runs it under one.
func TestUnderMPI(t *testing.T) { inProcess(t, 2, compareWithOneRank) }

// compareWithOneRank compares every mesh that the ranks of c can form with one
// rank, in both modes, and the late update with the eager one.
func compareWithOneRank(c *mpiutil.Comm) error {
	const batch = 4
	for _, fixed := range []bool{true, false} {
		tolerance := 1e-6
		if fixed {
			tolerance = 0
		}
		if fixed && Slots%c.Size() != 0 {
			continue
		}
		want, err := reference(openCPU, Options{Fixed: fixed}, batch, 3)
		if err != nil {
			return err
		}
		if !fixed {
			if err := rounding(want, batch); err != nil {
				return err
			}
		}
		for tensor := 1; tensor <= c.Size(); tensor++ {
			if c.Size()%tensor != 0 {
				continue
			}
			o := Options{Mesh: Mesh{Tensor: tensor}, Fixed: fixed}
			if err := equal(openCPU(), c, o, batch, want, tolerance); err != nil {
				return fmt.Errorf("tensor %d, fixed %v: %w", tensor, fixed, err)
			}
			late, _, _, err1 := steps(c, o, 0, batch, 2)
			o.Eager = true
			eager, _, _, err2 := steps(c, o, 0, batch, 2)
			if err := errors.Join(err1, err2); err != nil {
				return err
			}
			if err := compare("value", late, eager, 0, nil); err != nil {
				return fmt.Errorf("tensor %d, fixed %v: late update: %w", tensor, fixed, err)
			}
		}
	}
	return nil
}
