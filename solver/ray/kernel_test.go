// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/line"
)

// randomRow returns rays through gas with jumps of everything: empty cells, shocks, masers' neighbours.
func randomRow[T grid.Float](rng *rand.Rand, rays, cells int, faces bool) Row[T] {
	n := rays * cells
	r := Row[T]{Across: cells, Step: 1, Rays: rays, Cells: cells, VelocitySign: 1, CellLength: 1e12, NearFace: faces, FarFace: faces, Single: cells == 1}
	calm := math.Pow(10, -4*rng.Float64()) // some rows have hardly any gradient
	for range n {
		den := math.Pow(10, 2+10*rng.Float64())
		if rng.IntN(10) == 0 {
			den = 0
		}
		r.Density = append(r.Density, T(den))
		r.Temperature = append(r.Temperature, T(3*math.Pow(1000, rng.Float64())))
		r.Velocity = append(r.Velocity, T(calm*20000*(rng.Float64()-0.5)))
		r.Turbulence = append(r.Turbulence, T(300*rng.Float64()))
	}
	r.Ends = []int32{int32(r.Segments())}
	return r
}

func run[T grid.Float](t testing.TB, kernel string, m Medium, x []float64, row *Row[T]) Result[T] {
	t.Helper()
	k, err := Named[T](kernel, m, x, Limits{row.Cells})
	if err != nil {
		t.Fatal(err)
	}
	n := len(x) * row.Rays
	out := Result[T]{Transmission: make([]T, len(row.Ends)*n), Emission: make([]T, len(row.Ends)*n), StrideChannel: row.Rays, StridePiece: n}
	if _, err := k.Integrate(row, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Every kernel does what its scalar twin does, for any gas.
func TestKernelsEqualTheirTwin(t *testing.T) {
	l := coLine(t, 1, line.Options{})
	m := NewMedium(l)
	x := m.Offsets(referenceFrequencies(l))
	for _, kernel := range Variants() {
		rng := rand.New(rand.NewPCG(3, 4))
		for i := range 60 {
			rays, cells := 1+rng.IntN(19), 1+rng.IntN(40)
			row := randomRow[float64](rng, rays, cells, i%2 == 0)
			same(t, kernel+" f64", run(t, kernel, m, x, &row), run(t, "twin", m, x, &row), 2e-13)
			row32 := randomRow[float32](rng, rays, cells, i%2 == 0)
			same(t, kernel+" f32", run(t, kernel, m, x, &row32), run(t, "twin", m, x, &row32), 3e-5)
		}
	}
}

func same[T grid.Float](t *testing.T, what string, got, want Result[T], tol float64) {
	t.Helper()
	top := 0.0
	for _, e := range want.Emission {
		top = max(top, float64(e))
	}
	for i := range want.Emission {
		dt := math.Abs(float64(got.Transmission[i]) - float64(want.Transmission[i]))
		de := math.Abs(float64(got.Emission[i])-float64(want.Emission[i])) / max(top, 1e-300)
		if !(dt <= tol) || !(de <= tol) {
			t.Fatalf("%s: T = %v, E = %v; the twin has %v, %v (off by %.1e and %.1e of the peak, allowed %.0e)", what,
				got.Transmission[i], got.Emission[i], want.Transmission[i], want.Emission[i], dt, de, tol)
		}
	}
}

// A ray's result has the same bits whatever rays it is grouped with, and however its row is laid out in memory.
func TestGroupingLeavesNoTrace(t *testing.T) {
	l := coLine(t, 0, line.Options{})
	m := NewMedium(l)
	x := m.Offsets(referenceFrequencies(l))
	for _, kernel := range Variants() {
		for _, faces := range []bool{true, false} {
			grouped[float64](t, kernel, m, x, faces)
			grouped[float32](t, kernel, m, x, faces)
		}
	}
}

func grouped[T grid.Float](t *testing.T, kernel string, m Medium, x []float64, faces bool) {
	t.Helper()
	row := randomRow[T](rand.New(rand.NewPCG(5, 6)), 21, 17, faces)
	all := run(t, kernel, m, x, &row)
	turned := row // the same rays, neighbours adjacent in memory
	turned.Across, turned.Step = 1, row.Rays
	for _, f := range []*[]T{&turned.Density, &turned.Temperature, &turned.Velocity, &turned.Turbulence} {
		g := make([]T, len(*f))
		for r := range row.Rays {
			for c := range row.Cells {
				g[c*row.Rays+r] = (*f)[r*row.Cells+c]
			}
		}
		*f = g
	}
	flat := run(t, kernel, m, x, &turned)
	for r := range row.Rays {
		one := row
		one.Origin, one.Rays = r*row.Across, 1
		single := run(t, kernel, m, x, &one)
		for f := range x {
			i := f*row.Rays + r
			if single.Emission[f] != all.Emission[i] || single.Transmission[f] != all.Transmission[i] {
				t.Fatalf("%s: ray %d channel %d alone gives %v, in its row %v", kernel, r, f, single.Emission[f], all.Emission[i])
			}
			if flat.Emission[i] != all.Emission[i] {
				t.Fatalf("%s: ray %d channel %d gives %v in one layout, %v in the other", kernel, r, f, flat.Emission[i], all.Emission[i])
			}
		}
	}
}

// Pieces composed in order are the whole ray.
func TestPiecesCompose(t *testing.T) {
	l := coLine(t, 1, line.Options{})
	m := NewMedium(l)
	x := m.Offsets(referenceFrequencies(l))
	for _, kernel := range Variants() {
		rng := rand.New(rand.NewPCG(7, 8))
		for range 10 {
			row := randomRow[float64](rng, 5, 33, true)
			whole := run(t, kernel, m, x, &row)
			row.Ends = []int32{1, 9, 9, 20, int32(row.Segments())} // one piece is empty
			p := run(t, kernel, m, x, &row)
			n := p.StridePiece
			for k := 1; k < len(row.Ends); k++ {
				Compose(p.Transmission[:n], p.Emission[:n], p.Transmission[k*n:][:n], p.Emission[k*n:][:n])
			}
			same(t, kernel, Result[float64]{Transmission: p.Transmission[:n], Emission: p.Emission[:n]}, whole, 1e-14)
		}
	}
}

func TestImpossibleCellsAreNamed(t *testing.T) {
	l := coLine(t, 0, line.Options{})
	m := NewMedium(l)
	x := m.Offsets(referenceFrequencies(l))
	nan := math.NaN()
	for _, c := range []struct {
		field string
		value float64
	}{
		{"density", -1}, {"density", nan}, {"density", math.Inf(1)},
		{"temperature", 0}, {"temperature", -20}, {"temperature", nan}, {"temperature", 1e6}, {"temperature", math.Inf(1)},
		{"velocity", nan}, {"velocity", 1e8}, {"velocity", math.Inf(-1)},
		{"v_turb", -1}, {"v_turb", nan}, {"v_turb", 1e9},
	} {
		for _, kernel := range Variants() {
			row := randomRow[float64](rand.New(rand.NewPCG(1, 1)), 13, 9, true)
			at := 10*row.Across + 4
			switch c.field {
			case "density":
				row.Density[at] = c.value
			case "temperature":
				row.Temperature[at] = c.value
			case "velocity":
				row.Velocity[at] = c.value
			default:
				row.Turbulence[at] = c.value
			}
			k, _ := Named[float64](kernel, m, x, Limits{row.Cells})
			out := Result[float64]{Transmission: make([]float64, 13*31), Emission: make([]float64, 13*31), StrideChannel: 13}
			_, err := k.Integrate(&row, &out)
			var ce *CellError
			if !errors.As(err, &ce) || ce.Field != c.field || ce.Ray != 10 || ce.Cell != 4 || !strings.Contains(err.Error(), "want") {
				t.Errorf("%s: %s = %g: error %v", kernel, c.field, c.value, err)
			}
		}
	}
}

// No allocation in the steady state, and a line that is far away costs next to nothing.
func TestNoAllocation(t *testing.T) {
	l := coLine(t, 0, line.Options{})
	m := NewMedium(l)
	x := m.Offsets(referenceFrequencies(l))
	for _, kernel := range Variants() {
		row := randomRow[float64](rand.New(rand.NewPCG(1, 1)), 16, 16, true)
		k, _ := Named[float64](kernel, m, x, Limits{row.Cells})
		out := Result[float64]{Transmission: make([]float64, 16*31), Emission: make([]float64, 16*31), StrideChannel: 16}
		if n := testing.AllocsPerRun(10, func() {
			if _, err := k.Integrate(&row, &out); err != nil {
				t.Fatal(err)
			}
		}); n != 0 {
			t.Errorf("%s: %g allocations per row", kernel, n)
		}
	}
}

func TestUnknownKernel(t *testing.T) {
	m := NewMedium(coLine(t, 0, line.Options{}))
	for name, call := range map[string]func() error{
		"name":     func() error { _, err := Named[float64]("gpu", m, []float64{0}, Limits{4}); return err },
		"channels": func() error { _, err := New[float64](m, nil, Limits{4}); return err },
		"cells":    func() error { _, err := New[float32](m, []float64{0}, Limits{}); return err },
	} {
		if call() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// The channels see all the light or none of it, and Light tells.
func TestLightOutsideTheWindow(t *testing.T) {
	l := coLine(t, 0, line.Options{})
	m := NewMedium(l)
	for _, kernel := range Variants() {
		for _, c := range []struct{ v, outside float64 }{{0, 0}, {4400, 0}, {5500, 1}, {-9000, 1}} {
			p := sample(12, 1e14, func(float64) (float64, float64, float64, float64) { return 1e7, 30, c.v, 150 })
			k, _ := Named[float64](kernel, m, m.Offsets(referenceFrequencies(l)), Limits{12})
			row := Row[float64]{Density: p.n, Temperature: p.t, Velocity: p.v, Turbulence: p.w, Step: 1, Rays: 1, Cells: 12, VelocitySign: 1,
				CellLength: 1e13, NearFace: true, FarFace: true, Ends: []int32{13}}
			out := Result[float64]{Transmission: make([]float64, 31), Emission: make([]float64, 31), StrideChannel: 1}
			light, err := k.Integrate(&row, &out)
			if err != nil {
				t.Fatal(err)
			}
			if light.Total <= 0 || math.Abs(light.Outside/light.Total-c.outside) > 1e-12 {
				t.Errorf("%s: gas at %g m/s: %g of the light outside, want %g", kernel, c.v, light.Outside/light.Total, c.outside)
			}
		}
	}
}

func TestSubtrees(t *testing.T) {
	for leaves := 1; leaves <= 40; leaves++ {
		for lo := 0; lo < leaves; lo++ {
			for hi := lo + 1; hi <= leaves; hi++ {
				next := lo
				for _, s := range Subtrees(lo, hi, leaves) {
					if s.first() != next {
						t.Fatalf("Subtrees(%d, %d, %d): %v does not start at %d", lo, hi, leaves, s, next)
					}
					next = min(leaves, s.first()+1<<s.Level)
				}
				if next != hi {
					t.Fatalf("Subtrees(%d, %d, %d) end at %d", lo, hi, leaves, next)
				}
			}
		}
	}
	if _, _, err := Plan(Root(5), 5, Subtrees(0, 4, 5)); err == nil {
		t.Error("Plan with a missing leaf: no error")
	}
}

// However the leaves are split, the tree composes them in the same order: names of the steps as brackets.
func TestPlanIsTheSameTree(t *testing.T) {
	bracket := func(leaves int, cuts []int) string {
		var parts []Subtree
		var names []string
		bounds := append(append([]int{0}, cuts...), leaves)
		for i := 0; i+1 < len(bounds); i++ {
			for _, s := range Subtrees(bounds[i], bounds[i+1], leaves) {
				var leafParts []Subtree
				var leafNames []string
				for l := s.first(); l < min(leaves, s.first()+1<<s.Level); l++ {
					leafParts, leafNames = append(leafParts, Subtree{0, l}), append(leafNames, fmt.Sprint(l))
				}
				steps, at, err := Plan(s, leaves, leafParts)
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range steps {
					leafNames[p.Near] = "(" + leafNames[p.Near] + leafNames[p.Far] + ")"
				}
				parts, names = append(parts, s), append(names, leafNames[at])
			}
		}
		steps, at, err := Plan(Root(leaves), leaves, parts)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range steps {
			names[p.Near] = "(" + names[p.Near] + names[p.Far] + ")"
		}
		return names[at]
	}
	for leaves := 1; leaves <= 17; leaves++ {
		want := bracket(leaves, nil)
		for a := 1; a < leaves; a++ {
			for b := a + 1; b < leaves; b++ {
				if got := bracket(leaves, []int{a, b}); got != want {
					t.Fatalf("%d leaves cut at %d and %d: %s, uncut %s", leaves, a, b, got, want)
				}
			}
		}
	}
}
