// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"math"
	"slices"
)

// TilePixels is the number of pixels along each side of a tile.
const TilePixels = 8

// Tiles divides an image of NX by NY pixels into squares of TilePixels, smaller
// ones at its upper edges. Their numbers go row by row, or column by column.
type Tiles struct {
	NX, NY  int
	Columns bool
}

// shape returns the tiles along the direction in which numbers run, and the rows or columns of them.
func (t Tiles) shape() (along, lines int) {
	across, down := (t.NX+TilePixels-1)/TilePixels, (t.NY+TilePixels-1)/TilePixels
	if t.Columns {
		return down, across
	}
	return across, down
}

// Len returns the number of tiles.
func (t Tiles) Len() int {
	along, lines := t.shape()
	return along * lines
}

// Bounds returns the pixels [x0, x1) by [y0, y1) of tile i.
func (t Tiles) Bounds(i int) (x0, x1, y0, y1 int) {
	along, _ := t.shape()
	x0, y0 = i%along*TilePixels, i/along*TilePixels
	if t.Columns {
		x0, y0 = y0, x0
	}
	return x0, min(x0+TilePixels, t.NX), y0, min(y0+TilePixels, t.NY)
}

// Of returns the tile of pixel y·NX + x.
func (t Tiles) Of(pixel int32) int {
	along, _ := t.shape()
	x, y := int(pixel)%t.NX/TilePixels, int(pixel)/t.NX/TilePixels
	if t.Columns {
		x, y = y, x
	}
	return y*along + x
}

// Before returns the number of pixels in tiles [0, i).
func (t Tiles) Before(i int) int {
	along, _ := t.shape()
	n, m := t.NX, t.NY
	if t.Columns {
		n, m = m, n
	}
	line := i / along * TilePixels
	if line >= m {
		return n * m
	}
	return line*n + min(i%along*TilePixels, n)*min(TilePixels, m-line)
}

// entry tells when rays enter a volume.
type entry struct {
	lo, hi, e, inverse [3]float64
}

func (v *Volume[T]) entry() *entry {
	const slack = 1e-4 // cells, above the rounding of float32 in 1024 cells
	n := &entry{e: v.Along()}
	for a, e := range n.e {
		n.lo[a], n.hi[a] = v.coordinate(a, v.Lo[a])-slack, v.coordinate(a, v.Hi[a])+slack
		n.inverse[a] = 1 / e
		if e < 0 {
			n.lo[a], n.hi[a] = n.hi[a], n.lo[a]
		}
	}
	return n
}

// of returns t at which a ray that starts at g enters the volume, and whether it
// may have a segment there; rounding is on the side of yes.
func (n *entry) of(g [3]float64) (t float64, ok bool) {
	enter, leave := math.Inf(-1), math.Inf(1)
	for a := range g {
		if n.e[a] == 0 {
			if g[a] < n.lo[a] || g[a] > n.hi[a] {
				return 0, false
			}
			continue
		}
		enter, leave = max(enter, (n.lo[a]-g[a])*n.inverse[a]), min(leave, (n.hi[a]-g[a])*n.inverse[a])
	}
	return enter, enter < leave
}

// Aim returns the rays of tiles [lo, hi) of an image that may cross the volume,
// and the pixel y·NX + x of each, tile by tile; start is where the ray of a pixel
// is at t = 0. The rays of a tile are in the order in which they enter: kernels
// take neighbours together, which then see the line at like frequencies.
func (v *Volume[T]) Aim(tiles Tiles, lo, hi int, start func(x, y int) [3]float64) (*Beam[T], []int32) {
	b, pixels, enters := &Beam[T]{Volume: v}, []int32{}, v.entry()
	var keys [TilePixels * TilePixels]uint64 // when a ray enters, above its place in the tile: integers are sorted faster
	var starts [TilePixels * TilePixels][3]float64
	for i := lo; i < hi; i++ {
		x0, x1, y0, y1 := tiles.Bounds(i)
		list := keys[:0]
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				g := start(x, y)
				if t, ok := enters.of(g); ok {
					at := (y-y0)*TilePixels + x - x0
					starts[at] = g
					list = append(list, uint64(rising(float32(t)))<<32|uint64(at))
				}
			}
		}
		slices.Sort(list)
		for _, k := range list {
			at := int(uint32(k))
			pixels = append(pixels, int32((y0+at/TilePixels)*tiles.NX+x0+at%TilePixels))
			for a, g := range starts[at] {
				b.Start[a] = append(b.Start[a], T(g))
			}
		}
	}
	return b, pixels
}

// rising returns an integer that grows with x.
func rising(x float32) uint32 {
	bits := math.Float32bits(x)
	if bits>>31 == 1 {
		return ^bits
	}
	return bits | 1<<31
}

// Join puts rays in order behind those of b.
func (b *Beam[T]) Join(c *Beam[T]) {
	for a := range b.Start {
		b.Start[a] = append(b.Start[a], c.Start[a]...)
	}
}

// Part returns rays [lo, hi) of a beam.
func (b *Beam[T]) Part(lo, hi int) *Beam[T] {
	part := &Beam[T]{Volume: b.Volume}
	for a := range part.Start {
		part.Start[a] = b.Start[a][lo:hi]
	}
	return part
}
