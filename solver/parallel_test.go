// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/si"
)

var lattices = [][3]int{{2, 1, 1}, {1, 2, 1}, {1, 1, 2}, {1, 1, 3}, {3, 1, 1}, {2, 2, 1}, {1, 2, 2}, {1, 3, 2}, {2, 2, 2}}

func cmb(l float64, f []float64) []float64 {
	bg := make([]float64, len(f))
	for i, nu := range f {
		bg[i] = si.Planck(si.CODATA2018(), nu, l)
	}
	return bg
}

// Uneven and prime blocks, every axis cut, every view: the image does not depend on the ranks.
func TestRanksAgree(t *testing.T) {
	l := coLine(t, 1)
	m := meshOf(13, 11, 17)
	for _, axis := range []string{"+z", "-z", "+x", "-x", "+y", "-y"} {
		for _, centers := range []bool{false, true} {
			p := Problem{Line: l, FrequenciesHz: channels(l, 5, 600), View: view(t, axis), AtCenters: centers, Threads: 2}
			p.BackgroundSI = cmb(2.725, p.FrequenciesHz)
			want := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
			for _, r := range lattices {
				got := solveRanks[float64](t, m, r, spiral, p)
				if d := difference(got, want); d > 1e-13 {
					t.Errorf("view %s on ranks %v: differs by %.1e of the peak, allowed 1e-13", axis, r, d)
				}
			}
		}
	}
}

// Blocks one cell thick: the halo alone must do.
func TestThinnestBlocks(t *testing.T) {
	l := coLine(t, 0)
	m := meshOf(3, 2, 5)
	for _, axis := range []string{"+z", "-z"} {
		p := Problem{Line: l, FrequenciesHz: channels(l, 3, 500), View: view(t, axis)}
		want := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
		for _, r := range [][3]int{{1, 1, 5}, {3, 1, 2}, {1, 2, 4}} {
			if d := difference(solveRanks[float64](t, m, r, spiral, p), want); d > 1e-13 {
				t.Errorf("view %s, ranks %v: differs by %.1e of the peak", axis, r, d)
			}
		}
	}
}

func TestFixedModeIsBitwise(t *testing.T) {
	l := coLine(t, 1)
	m := meshOf(27, 16, 37) // 4, 2 and 5 leaves, two of them short
	for _, axis := range []string{"+z", "-z", "-x", "+y"} {
		p := Problem{Line: l, FrequenciesHz: channels(l, 7, 400), View: view(t, axis), Fixed: true, Threads: 2}
		p.BackgroundSI = cmb(2.725, p.FrequenciesHz)
		want64 := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
		want32 := solveRanks[float32](t, m, [3]int{1, 1, 1}, spiral, p)
		for _, r := range [][3]int{{1, 1, 2}, {1, 1, 3}, {4, 1, 1}, {2, 1, 3}, {1, 2, 4}, {2, 2, 2}, {1, 1, 5}, {3, 2, 1}} {
			bitwise(t, fmt.Sprintf("f64 view %s ranks %v", axis, r), solveRanks[float64](t, m, r, spiral, p), want64)
			bitwise(t, fmt.Sprintf("f32 view %s ranks %v", axis, r), solveRanks[float32](t, m, r, spiral, p), want32)
		}
		p.Fixed = false
		if d := difference(solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p), want64); d > 1e-13 {
			t.Errorf("view %s: fast and fixed differ by %.1e of the peak", axis, d)
		}
	}
}

func bitwise(t *testing.T, what string, got, want []float64) {
	t.Helper()
	n := 0
	for i := range want {
		if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
			n++
		}
	}
	if n > 0 || len(got) != len(want) {
		t.Errorf("%s: %d of %d values differ in their bits", what, n, len(want))
	}
}

// A cell that cannot be solved lies in one rank only: all return the same error, which names it.
func TestOneRankFailingAlone(t *testing.T) {
	l := coLine(t, 0)
	m := meshOf(12, 12, 12)
	bad := func(x, y, z float64) (float64, float64, [3]float64, float64) {
		n, tk, v, w := spiral(x, y, z)
		if x > 0.9 && y < -0.9 && z > 0.9 {
			tk = math.NaN()
		}
		return n, tk, v, w
	}
	for _, axis := range []string{"+z", "-x", "+y"} {
		p := Problem{Line: l, FrequenciesHz: channels(l, 3, 500), View: view(t, axis)}
		agreed := make([]string, 4)
		err := mpiutil.InProcess(4, func(c *mpiutil.Comm) error {
			_, err := solveOn[float64](c, m, [3]int{2, 2, 1}, bad, p)
			var a *mpiutil.AgreedError
			if !errors.As(err, &a) {
				return fmt.Errorf("rank %d: %v is not agreed on", c.Rank(), err)
			}
			agreed[c.Rank()] = a.Message
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range agreed {
			if e != agreed[0] || !strings.Contains(e, "temperature = NaN in cell [11, 0, 11]") {
				t.Errorf("view %s: errors %q", axis, agreed)
			}
		}
	}
}

func TestSolveRefuses(t *testing.T) {
	l := coLine(t, 0)
	m := meshOf(9, 9, 9)
	good := Problem{Line: l, FrequenciesHz: channels(l, 3, 500), View: view(t, "+z")}
	for _, c := range []struct {
		name, want string
		change     func(*Problem)
	}{
		{"no line", "no line", func(p *Problem) { p.Line = nil }},
		{"no channels", "no channels", func(p *Problem) { p.FrequenciesHz = nil }},
		{"decreasing", "increasing", func(p *Problem) { p.FrequenciesHz = []float64{2e11, 1e11} }},
		{"background", "background", func(p *Problem) { p.BackgroundSI = []float64{1} }},
		{"kernel", "no kernel named", func(p *Problem) { p.Kernel = "abacus" }},
	} {
		p := good
		c.change(&p)
		d, _ := grid.Decompose(m, [3]int{1, 1, 1}, 1)
		err := mpiutil.InProcess(1, func(comm *mpiutil.Comm) error {
			_, err := Solve(comm, d, cubeOf[float64](m, d.Block(0), spiral), p)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
	if _, err := NewView("z"); err == nil {
		t.Error(`view "z": no error`)
	}
}

// TestUnderMPI repeats the comparison under a real launcher.
func TestUnderMPI(t *testing.T) {
	if mpi == nil {
		// Not under mpirun: a world of one rank, so that the test is never empty.
		if err := mpiutil.InProcess(1, func(c *mpiutil.Comm) error { return compareWithSerial(t, c) }); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := compareWithSerial(t, mpi); err != nil {
		t.Fatal(err)
	}
}

func compareWithSerial(t *testing.T, c *mpiutil.Comm) error {
	l := coLine(t, 1)
	m := meshOf(26, 19, 41)
	for _, fixed := range []bool{false, true} {
		for _, axis := range []string{"+z", "-y", "+x"} {
			p := Problem{Line: l, FrequenciesHz: channels(l, 7, 400), View: view(t, axis), Fixed: fixed, Threads: 1}
			p.BackgroundSI = cmb(2.725, p.FrequenciesHz)
			var want []float64
			if c.Rank() == 0 {
				want = solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
			}
			for a := 0; a < 3; a++ {
				ranks := [3]int{1, 1, 1}
				ranks[a] = c.Size()
				if fixed && ranks[a] > (m.Cells[a]+grid.LeafCells-1)/grid.LeafCells {
					continue
				}
				got, err := solveOn[float64](c, m, ranks, spiral, p)
				if err != nil {
					return err
				}
				if c.Rank() != 0 {
					continue
				}
				if fixed {
					bitwise(t, fmt.Sprintf("view %s ranks %v", axis, ranks), got, want)
				} else if d := difference(got, want); d > 1e-13 {
					t.Errorf("view %s ranks %v: differs by %.1e of the peak", axis, ranks, d)
				}
			}
		}
	}
	return obliqueWithSerial(t, c)
}
