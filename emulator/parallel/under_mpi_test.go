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
		err = errors.Join(compareWithOneRank(c), compareShared(c))
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

// compareWithOneRank compares the meshes that the ranks of c can form with one
// rank: in fixed mode bit by bit, else to 1e-6 and in float64 to 1e-11.
func compareWithOneRank(c *mpiutil.Comm) error {
	fast, err1 := reference(openCPU, Options{}, 2, 3)
	fixed, err2 := reference(openCPU, Options{Fixed: true}, 4, 2)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	for tensor := 1; tensor <= c.Size(); tensor++ {
		if c.Size()%tensor != 0 {
			continue
		}
		o := Options{Mesh: Mesh{Tensor: tensor}}
		if err := equal(openCPU(), c, o, 2, fast, 1e-6); err != nil {
			return fmt.Errorf("tensor %d: %w", tensor, err)
		}
		if err := sameLate(c, o); err != nil {
			return fmt.Errorf("tensor %d: late update: %w", tensor, err)
		}
		if o.Fixed = true; Slots%c.Size() == 0 {
			if err := errors.Join(equal(openCPU(), c, o, 4, fixed, 0), sameLate(c, o)); err != nil {
				return fmt.Errorf("tensor %d, fixed mode: %w", tensor, err)
			}
		}
	}
	return nil
}

// compareShared compares the meshes of c that share cubes, or samples and dense
// layers, with one rank in both precisions.
func compareShared(c *mpiutil.Comm) error {
	shapes, known := map[int][3]int{2: {2, 1, 1}, 3: {1, 1, 3}, 4: {1, 2, 1}, 8: {2, 2, 2}}[c.Size()]
	if !known {
		return nil
	}
	fast, err1 := reference(openCPU, Options{}, 2, 3)
	double, err2 := reference(openScalar, Options{}, 1, 3)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	for _, m := range []Mesh{{Space: shapes}, {Tensor: c.Size() / 2}, {Tensor: c.Size()}} {
		if m.Tensor > 0 && c.Size()%m.Tensor != 0 {
			continue
		}
		err := errors.Join(equal(openCPU(), c, Options{Mesh: m}, 2, fast, 1e-6), equal(openScalar(), c, Options{Mesh: m}, 1, double, 1e-11))
		if err != nil {
			return fmt.Errorf("%v: %w", m, err)
		}
	}
	return nil
}

// sameLate compares the late update with the eager one.
func sameLate(c *mpiutil.Comm, o Options) error {
	late, _, _, err1 := steps(c, o, 0, 4, 2)
	o.Eager = true
	eager, _, _, err2 := steps(c, o, 0, 4, 2)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	return compare("value", late, eager, 0)
}
