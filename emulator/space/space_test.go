// SPDX-License-Identifier: BSD-3-Clause

package space

import (
	"fmt"
	"testing"
)

// layer is one of the layers of an encoder.
type layer struct {
	name string
	size int // of the input
	Window
}

func cubic(n int) [3]int { return [3]int{n, n, n} }

// encoder lists the layers of an encoder that change or widen boxes.
func encoder(grid int) []layer {
	all := []layer{{"conv1", grid, Window{cubic(3), cubic(1), cubic(0)}}, {"pool", grid - 2, Window{cubic(2), cubic(2), cubic(0)}}}
	n := grid/2 - 1
	for range 3 {
		all = append(all, layer{"stride 2", n, Window{cubic(3), cubic(2), cubic(1)}})
		n = (n + 1) / 2
		all = append(all, layer{"same", n, Window{cubic(3), cubic(1), cubic(1)}})
	}
	return all
}

// out returns the extent of the output.
func (l layer) out() int { return (l.size+2*l.Pad[0]-l.Kernel[0])/l.Stride[0] + 1 }

// TestCutCovers checks that every cell has one owner, that nobody owns a stretch
// shorter than Least where the layer is longer, and that whoever owns little
// layers owns something of the larger ones.
func TestCutCovers(t *testing.T) {
	for _, l := range []Lattice{{1, 1, 1}, {2, 1, 1}, {2, 2, 2}, {3, 1, 2}, {8, 4, 1}} {
		for _, n := range []int{1, 2, 3, 4, 8, 15, 16, 31, 62, 64, 128} {
			owners := map[[3]int]int{}
			for rank, b := range l.Cut([3]int{n, n, min(n, 9)}) {
				for a, r := range b {
					if r.Len() > 0 && r.Len() < min(n, Least) && a < 2 {
						t.Fatalf("%v of %d: rank %d owns %v", l, n, rank, b)
					}
				}
				for x := b[0].Lo; x < b[0].Hi; x++ {
					for y := b[1].Lo; y < b[1].Hi; y++ {
						for z := b[2].Lo; z < b[2].Hi; z++ {
							owners[[3]int{x, y, z}]++
						}
					}
				}
			}
			if len(owners) != n*n*min(n, 9) {
				t.Fatalf("%v: %d of %d cells have an owner", l, len(owners), n*n*min(n, 9))
			}
			for cell, k := range owners {
				if k != 1 {
					t.Fatalf("%v: cell %v of %d has %d owners", l, cell, n, k)
				}
			}
		}
	}
}

// TestHalosOfEncoder checks for every layer of the encoders that a rank has what
// it needs exactly once, by brute force over kernel and outputs, and that what
// Inner returns needs nothing from others.
func TestHalosOfEncoder(t *testing.T) {
	for _, grid := range []int{32, 64} {
		for _, lat := range []Lattice{{2, 1, 1}, {2, 2, 2}, {1, 3, 1}} {
			for _, l := range encoder(grid) {
				t.Run(fmt.Sprintf("%d/%v/%s of %d", grid, lat, l.name, l.size), func(t *testing.T) {
					in, out := lat.Cut(cubic(l.size)), lat.Cut(cubic(l.out()))
					var have, want []Part
					for r := range in {
						have = append(have, Part{Range{0, 1}, in[r]})
						want = append(want, Part{Range{0, 1}, l.Needs(out[r]).Intersect(Whole(cubic(l.size)))})
					}
					for me := range in {
						checkHalo(t, l, me, have, want, out[me])
					}
				})
			}
		}
	}
}

// checkHalo counts what arrives at a rank.
func checkHalo(t *testing.T, l layer, me int, have, want []Part, out Box) {
	t.Helper()
	for a := range 3 { // axes are alike, so each alone
		need := map[int]bool{}
		for o := out[a].Lo; out.Cells() > 0 && o < out[a].Hi; o++ {
			for k := range l.Kernel[a] {
				if i := o*l.Stride[a] + k - l.Pad[a]; i >= 0 && i < l.size {
					need[i] = true
				}
			}
		}
		if len(need) != want[me].Box[a].Len() {
			t.Fatalf("rank %d wants %v along axis %d, and needs %d cells", me, want[me].Box, a, len(need))
		}
	}
	got := have[me].Intersect(want[me]).Len()
	for _, p := range Receives(me, have, want) {
		got += p.Part.Len()
		found := false
		for _, s := range Sends(p.Rank, have, want) {
			found = found || s.Rank == me && s.Part == p.Part
		}
		if !found {
			t.Fatalf("rank %d does not send what rank %d receives", p.Rank, me)
		}
	}
	if got != want[me].Len() {
		t.Fatalf("rank %d gets %d of %d cells", me, got, want[me].Len())
	}
	feeds := l.Feeds(have[me].Box, cubic(l.out()))
	for a := range 3 {
		first, last := l.out(), -1
		for o := range l.out() {
			if both := (Range{o*l.Stride[a] - l.Pad[a], o*l.Stride[a] - l.Pad[a] + l.Kernel[a]}).intersect(have[me].Box[a]); both.Len() > 0 {
				first, last = min(first, o), max(last, o)
			}
		}
		if have[me].Len() > 0 && (feeds[a] != Range{first, last + 1}) {
			t.Fatalf("rank %d with %v feeds %v along axis %d, want %d to %d", me, have[me].Box, feeds, a, first, last)
		}
	}
	inner := l.Inner(out, have[me].Box, cubic(l.size))
	if !have[me].Box.Holds(l.Needs(inner).Intersect(Whole(cubic(l.size)))) || !out.Holds(inner) {
		t.Fatalf("rank %d: inner outputs %v of %v need %v", me, inner, out, l.Needs(inner))
	}
	cells := inner.Cells()
	for _, b := range out.Around(inner) {
		cells += b.Cells()
		if b.Intersect(inner).Cells() > 0 || !out.Holds(b) {
			t.Fatalf("slab %v of %v around %v", b, out, inner)
		}
	}
	if cells != out.Cells() {
		t.Fatalf("rank %d: %d of %d outputs", me, cells, out.Cells())
	}
}

// TestAgglomeration pins who owns the last layers of the network at 64³ on eight
// ranks: 4³ cells belong to one rank.
func TestAgglomeration(t *testing.T) {
	l := Lattice{2, 2, 2}
	for rank, b := range l.Cut(cubic(4)) {
		if want := map[bool]int{true: 64}[rank == 0]; b.Cells() != want {
			t.Errorf("rank %d owns %d of 4³ cells, want %d", rank, b.Cells(), want)
		}
	}
	if b := l.Cut(cubic(31))[7]; b != (Box{{15, 31}, {15, 31}, {15, 31}}) {
		t.Errorf("rank 7 owns %v of 31³ cells", b)
	}
}
