// SPDX-License-Identifier: BSD-3-Clause

package grid

import (
	"math"
	"testing"
)

func mesh(nx, ny, nz int) Mesh {
	return Mesh{Box{[3]float64{-1, -2, 0}, [3]float64{1, 3, 7}}, [3]int{nx, ny, nz}}
}

func TestDecomposeOwnsEveryCellOnce(t *testing.T) {
	cases := []struct {
		cells, ranks [3]int
		leaf         int
	}{
		{[3]int{64, 64, 64}, [3]int{2, 2, 2}, 1},
		{[3]int{13, 7, 11}, [3]int{3, 2, 5}, 1},
		{[3]int{29, 1, 31}, [3]int{29, 1, 3}, 1},
		{[3]int{61, 64, 17}, [3]int{3, 8, 3}, 8},
	}
	for _, c := range cases {
		m := mesh(c.cells[0], c.cells[1], c.cells[2])
		d, err := Decompose(m, c.ranks, c.leaf)
		if err != nil {
			t.Fatal(err)
		}
		owner := make([]int, m.NumCells())
		for r := 0; r < d.NumRanks(); r++ {
			if d.RankOf(d.Coords(r)) != r {
				t.Errorf("rank %d is at %v, where rank %d is", r, d.Coords(r), d.RankOf(d.Coords(r)))
			}
			b := d.Block(r)
			for a := range b.Owned {
				o, s := b.Owned[a], b.Stored[a]
				if o.Len() < 1 || o.Lo%c.leaf != 0 {
					t.Errorf("%v: rank %d owns %v along %s", c, r, o, AxisName(a))
				}
				if s.Lo != max(0, o.Lo-1) || s.Hi != min(c.cells[a], o.Hi+1) {
					t.Errorf("%v: rank %d stores %v around %v", c, r, s, o)
				}
			}
			for i := b.Owned[0].Lo; i < b.Owned[0].Hi; i++ {
				for j := b.Owned[1].Lo; j < b.Owned[1].Hi; j++ {
					for k := b.Owned[2].Lo; k < b.Owned[2].Hi; k++ {
						owner[(i*c.cells[1]+j)*c.cells[2]+k]++
					}
				}
			}
		}
		for i, n := range owner {
			if n != 1 {
				t.Fatalf("%v: cell %d has %d owners", c, i, n)
			}
		}
	}
}

func TestDecomposeRefuses(t *testing.T) {
	for _, c := range []struct {
		m     Mesh
		ranks [3]int
		leaf  int
	}{
		{mesh(4, 4, 4), [3]int{5, 1, 1}, 1},
		{mesh(16, 16, 16), [3]int{1, 3, 1}, 8},
		{mesh(4, 4, 4), [3]int{0, 1, 1}, 1},
		{mesh(0, 4, 4), [3]int{1, 1, 1}, 1},
		{Mesh{Box{}, [3]int{4, 4, 4}}, [3]int{1, 1, 1}, 1},
		{Mesh{Box{Max: [3]float64{1, 1, math.NaN()}}, [3]int{4, 4, 4}}, [3]int{1, 1, 1}, 1},
	} {
		if _, err := Decompose(c.m, c.ranks, c.leaf); err == nil {
			t.Errorf("Decompose(%v, %v, %d) = nil error", c.m, c.ranks, c.leaf)
		}
	}
}

func TestAutoRanks(t *testing.T) {
	cases := []struct {
		cells [3]int
		n     int
		axes  []int
		leaf  int
		want  [3]int
	}{
		{[3]int{64, 64, 64}, 1, []int{2}, 1, [3]int{1, 1, 1}},
		{[3]int{64, 64, 64}, 4, []int{2}, 1, [3]int{2, 2, 1}},       // no cut along the rays
		{[3]int{128, 128, 128}, 2, []int{2, 1}, 1, [3]int{2, 1, 1}}, // the one axis along which nobody looks
		{[3]int{8, 8, 64}, 4, []int{2}, 8, [3]int{1, 1, 4}},
		{[3]int{13, 13, 13}, 7, []int{0}, 1, [3]int{1, 1, 7}},
	}
	for _, c := range cases {
		got, err := AutoRanks(c.cells, c.n, c.axes, c.leaf)
		if err != nil {
			t.Fatal(err)
		}
		if c.n == 7 {
			got, c.want = [3]int{got[0]}, [3]int{1} // 7 along y or z
		}
		if got != c.want {
			t.Errorf("AutoRanks(%v, %d, %v, %d) = %v, want %v", c.cells, c.n, c.axes, c.leaf, got, c.want)
		}
	}
	if _, err := AutoRanks([3]int{8, 8, 8}, 2, nil, 8); err == nil {
		t.Error("two ranks on one leaf: no error")
	}
}

func TestCubeIndex(t *testing.T) {
	m := mesh(4, 5, 6)
	d, _ := Decompose(m, [3]int{2, 2, 2}, 1)
	b := d.Block(7)
	c := NewCube[float32](m, b)
	seen := map[int]bool{}
	s := b.Stored
	st := c.Strides()
	for i := s[0].Lo; i < s[0].Hi; i++ {
		for j := s[1].Lo; j < s[1].Hi; j++ {
			for k := s[2].Lo; k < s[2].Hi; k++ {
				n := c.Index(i, j, k)
				if n < 0 || n >= len(c.Density) || seen[n] {
					t.Fatalf("Index(%d,%d,%d) = %d", i, j, k, n)
				}
				seen[n] = true
				if k+1 < s[2].Hi && c.Index(i, j, k+1)-n != st[2] || i+1 < s[0].Hi && c.Index(i+1, j, k)-n != st[0] {
					t.Fatal("Strides disagrees with Index")
				}
			}
		}
	}
	if x := m.Center(1, 2); math.Abs(x-0.5) > 1e-15 {
		t.Errorf("centre of cell 2 of 5 on [-2, 3] is %g, want 0.5", x)
	}
}
