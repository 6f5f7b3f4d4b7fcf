// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"math"
	"slices"
	"testing"

	"github.com/columen/columen/solver/grid"
)

// Every pixel is in one tile, the one that Of names, and Before counts those in front.
func TestTilesHoldEveryPixelOnce(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {8, 8}, {9, 7}, {40, 30}, {17, 64}} {
		for _, columns := range []bool{false, true} {
			tiles := Tiles{NX: size[0], NY: size[1], Columns: columns}
			seen, count := make([]int, size[0]*size[1]), 0
			for i := range tiles.Len() {
				if got := tiles.Before(i); got != count {
					t.Errorf("%+v: %d pixels before tile %d, want %d", tiles, got, i, count)
				}
				x0, x1, y0, y1 := tiles.Bounds(i)
				for y := y0; y < y1; y++ {
					for x := x0; x < x1; x++ {
						seen[y*size[0]+x]++
						count++
						if got := tiles.Of(int32(y*size[0] + x)); got != i {
							t.Fatalf("%+v: pixel %d, %d is of tile %d, want %d", tiles, x, y, got, i)
						}
					}
				}
			}
			if got := tiles.Before(tiles.Len()); got != len(seen) || slices.Max(seen) != 1 || slices.Min(seen) != 1 {
				t.Errorf("%+v: %d pixels in all, want %d, each once", tiles, got, len(seen))
			}
		}
	}
}

// Rays come tile by tile, in each by when they enter, and ranges of tiles join to the whole.
func TestAimGoesTileByTile(t *testing.T) {
	m := grid.Mesh{Box: grid.Box{Max: [3]float64{20, 20, 20}}, Cells: [3]int{20, 20, 20}}
	_, _, o := camera(60, 30)
	x, y, _ := camera(60, 30)
	v := NewVolume[float64](m, m.Full(), o, false)
	start := func(i, j int) (g [3]float64) {
		for a := range g {
			g[a] = 9.5 + x[a]*(float64(i)-18) + y[a]*(float64(j)-18)
		}
		return g
	}
	tiles := Tiles{NX: 37, NY: 37, Columns: true}
	beam, pixels := v.Aim(tiles, 0, tiles.Len(), start)
	tile, enter, enters := 0, math.Inf(-1), v.entry()
	for i, p := range pixels {
		at := [3]float64{beam.Start[0][i], beam.Start[1][i], beam.Start[2][i]}
		e, ok := enters.of(at)
		if now := tiles.Of(p); now != tile {
			if now < tile {
				t.Fatalf("ray %d of tile %d comes behind tile %d", i, now, tile)
			}
			tile, enter = now, math.Inf(-1)
		}
		if !ok || e < enter-1e-5 || at != start(int(p)%37, int(p)/37) {
			t.Fatalf("ray %d enters at %g, the one before it at %g", i, e, enter)
		}
		enter = e
	}
	joined, all := &Beam[float64]{Volume: v}, []int32{}
	for lo := 0; lo < tiles.Len(); lo += 7 {
		b, p := v.Aim(tiles, lo, min(tiles.Len(), lo+7), start)
		joined.Join(b)
		all = append(all, p...)
	}
	if !slices.Equal(all, pixels) || !slices.Equal(joined.Start[1], beam.Start[1]) {
		t.Error("ranges of tiles do not join to the rays of all")
	}
	if n := len(pixels); n < 500 || n > 37*37*3/4 {
		t.Errorf("%d of %d rays meet the box", n, 37*37)
	}
}
