// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/line"
)

// Leaf by leaf every kernel sees what its twin sees, at the same places, and leaves in a row make what the ray sees.
func TestLeavesEqualTheirTwin(t *testing.T) {
	l := coLine(t, 1, line.Options{})
	for _, kernel := range Variants() {
		rng := rand.New(rand.NewPCG(21, 22))
		for i := range 20 {
			cells := [3]int{1 + rng.IntN(30), 1 + rng.IntN(30), 1 + rng.IntN(30)}
			o, rays, centers := randomDirection(rng), 1+rng.IntN(40), i%4 == 0
			twinLeaves(t, kernel, l, randomCube[float64](rng, cells), o, centers, rays, rng, 1e-11)
			twinLeaves(t, kernel, l, randomCube[float32](rng, cells), o, centers, rays, rng, 3e-4)
		}
	}
}

func twinLeaves[T grid.Float](t *testing.T, kernel string, l *line.Line, c *grid.Cube[T], o [3]float64, centers bool, rays int, rng *rand.Rand, tol float64) {
	t.Helper()
	m := NewMedium(l)
	x := m.Offsets(referenceFrequencies(l))
	k, err := Named[T](kernel, m, x, Limits{1})
	if err != nil {
		t.Fatal(err)
	}
	twin, _ := Named[T]("twin", m, x, Limits{1})
	v := loaded(t, k, c, o, centers)
	b := randomBeam(rng, v, rays)
	whole, got, want := passage[T](rays, len(x)), v.NewLeaves(rays, len(x)), v.NewLeaves(rays, len(x))
	k.Cross(b, whole)
	k.CrossLeaves(b, got)
	twin.CrossLeaves(b, want)
	top := T(0)
	for _, e := range whole.Emission {
		top = max(top, e)
	}
	same := func(what string, r, f int, a, b, scale T) {
		if d := math.Abs(float64(a - b)); !(d <= tol*max(float64(scale), 1e-300)) {
			t.Fatalf("%s, cells %v from %.3f, ray %d channel %d, %s: %g and %g", kernel, c.Mesh.Cells, o, r, f, what, a, b)
		}
	}
	odd := 0 // rays along an edge in one precision and not in the other
	for r := range rays {
		if got.Count[r] != want.Count[r] || got.Last[r] != want.Last[r] {
			odd++
		} else {
			for i := range int(got.Count[r]) {
				p, q := got.Piece(r, i, len(x)), want.Piece(r, i, len(x))
				for f := range x {
					same("T of a leaf", r, f, p[f], q[f], 1)
					same("E of a leaf", r, f, p[len(x)+f], q[len(x)+f], top)
				}
			}
		}
		var s Stack[T]
		got.Fold(r, len(x), s.Put)
		if all := s.Take(); all != nil {
			for f := range x {
				same("T of the ray", r, f, all[f], whole.Transmission[f*rays+r], 1)
				same("E of the ray", r, f, all[len(x)+f], whole.Emission[f*rays+r], top)
			}
		} else if whole.Emission[r] != 0 || whole.Transmission[r] != 1 {
			t.Fatalf("%s: ray %d has no leaves, but light", kernel, r)
		}
	}
	if odd > 1+rays/10 {
		t.Fatalf("%s, cells %v from %.3f: %d of %d rays have other leaves than the twin's", kernel, c.Mesh.Cells, o, odd, rays)
	}
}

// Wherever a row of leaves is cut, and whichever are absent, the stack gives the same bits: those of the tree.
func TestStackIsTheTree(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		n, from := 1+rng.IntN(40), rng.IntN(20)
		pieces := make([]float64, 2*n)
		absent := make([]bool, n)
		for i := range n {
			pieces[2*i], pieces[2*i+1] = rng.Float64(), rng.Float64()
			if absent[i] = rng.IntN(8) == 0; absent[i] {
				pieces[2*i], pieces[2*i+1] = 1, 0
			}
		}
		want := treeOf(pieces, from, 0, 64)
		for range 5 {
			var s Stack[float64]
			for lo := 0; lo < n; {
				hi := lo + 1 + rng.IntN(n-lo)
				if absent[lo] && rng.IntN(2) == 0 {
					lo++
					continue
				}
				l := Leaves[float64]{Most: n, Pieces: slices.Clone(pieces[2*lo : 2*hi]), Count: []int32{int32(hi - lo)}, Last: []int32{int32(from + hi - 1)}}
				l.Fold(0, 1, s.Put)
				lo = hi
			}
			got := s.Take()
			if got == nil {
				got = []float64{1, 0}
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%d leaves from %d: %v, the tree gives %v", n, from, got, want)
			}
		}
	}
}

// treeOf composes leaves [lo, hi) of pieces, the first of which is leaf from, by halves.
func treeOf(pieces []float64, from, lo, hi int) []float64 {
	if hi-lo == 1 {
		if i := lo - from; i >= 0 && 2*i < len(pieces) {
			return slices.Clone(pieces[2*i : 2*i+2])
		}
		return []float64{1, 0}
	}
	near := treeOf(pieces, from, lo, (lo+hi)/2)
	composePieces(near, treeOf(pieces, from, (lo+hi)/2, hi))
	return near
}
