// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/ray"
)

// pixelsOf is what a rank owns of an image: tiles [tile][channel][pixel] of
// intensities and, if asked for, tiles [tile][map][pixel] of the maps of Depths;
// on rank 0 the planes [ν][y][x] and [map][y][x] instead, with the own pixels.
type pixelsOf[T grid.Float] struct {
	tiles         []T
	depthTiles    []float64
	image, depths []float64
}

// composer puts the stretches of the tiles of a rank together.
type composer[T grid.Float] struct {
	p      *Problem
	mesh   grid.Mesh
	tiles  ray.Tiles
	lo, hi int         // the tiles
	in     []parcel[T] // in order from the observer
	firsts [][]int32   // per parcel: the first ray of each tile, and the number of rays
	out    *pixelsOf[T]
	root   bool
}

// bench is where one thread puts a tile together: [field][channel][pixel], and the depths [map][pixel].
type bench[T grid.Float] struct {
	fields [][]T
	places []int32
	depths []float64
	stack  ray.Stack[T]  // in fixed mode, and
	lists  [][]stretchAt // by pixel
}

// compose puts the stretches of a rank's own pixels together, from the observer on; in holds what each rank sent.
func compose[T grid.Float](d grid.Decomposition, in []parcel[T], o *owners, p *Problem, rank int) *pixelsOf[T] {
	c := &composer[T]{p: p, mesh: d.Mesh, tiles: o.tiles, out: &pixelsOf[T]{}, root: rank == 0}
	c.lo, c.hi = o.share(rank)
	channels, own := len(p.FrequenciesHz), o.pixels(rank)
	if c.root {
		c.out.image = make([]float64, channels*o.tiles.NX*o.tiles.NY)
	} else {
		c.out.tiles = make([]T, channels*own)
	}
	if p.Depths && c.root {
		c.out.depths = make([]float64, numMaps*o.tiles.NX*o.tiles.NY)
	} else if p.Depths {
		c.out.depthTiles = make([]float64, numMaps*own)
	}
	for _, r := range alongRays(d, p.Camera.Observer) {
		if len(in[r].pixels) > 0 {
			c.in = append(c.in, in[r])
			c.firsts = append(c.firsts, firstRays(in[r].pixels, o.tiles, c.lo, c.hi))
		}
	}
	benches := make([]*bench[T], p.threads())
	for i := range benches {
		benches[i] = &bench[T]{places: make([]int32, ray.TilePixels*ray.TilePixels), depths: make([]float64, numMaps*ray.TilePixels*ray.TilePixels)}
		for range p.numFields() {
			benches[i].fields = append(benches[i].fields, make([]T, channels*ray.TilePixels*ray.TilePixels))
		}
		if p.Fixed {
			benches[i].lists = make([][]stretchAt, ray.TilePixels*ray.TilePixels)
		}
	}
	distribute(benches, c.hi-c.lo, func(b *bench[T], i int) { c.tile(b, c.lo+i) })
	return c.out
}

// firstRays returns where the rays of each of tiles [lo, hi) begin among rays in order of tiles.
func firstRays(pixels []int32, tiles ray.Tiles, lo, hi int) []int32 {
	first, i := make([]int32, 0, hi-lo+1), 0
	for tile := lo; tile <= hi; tile++ {
		for i < len(pixels) && tiles.Of(pixels[i]) < tile {
			i++
		}
		first = append(first, int32(i))
	}
	return first
}

// tile composes a tile and stores it.
func (c *composer[T]) tile(b *bench[T], tile int) {
	x0, x1, y0, y1 := c.tiles.Bounds(tile)
	n, channels := (x1-x0)*(y1-y0), len(c.p.FrequenciesHz)
	for f := range b.fields {
		clear(b.fields[f])
	}
	for i := range b.fields[fieldTransmission] {
		b.fields[fieldTransmission][i] = 1
	}
	if c.p.Fixed {
		c.tileOfLeaves(b, tile, n, channels)
		c.store(b, tile, n, channels)
		return
	}
	for s := range c.in {
		first := c.firsts[s][tile-c.lo:]
		for lo, end := int(first[0]), int(first[1]); lo < end; {
			hi := min(end, (lo/raysPerTask+1)*raysPerTask) // of the same chunk
			for i, pixel := range c.in[s].pixels[lo:hi] {
				x, y := int(pixel)%c.tiles.NX, int(pixel)/c.tiles.NX
				b.places[i] = int32((y-y0)*(x1-x0) + x - x0)
			}
			b.behind(&c.in[s], lo, hi, n, channels)
			lo = hi
		}
	}
	c.store(b, tile, n, channels)
}

// store puts the background behind the n pixels of a tile and the tile where it belongs.
func (c *composer[T]) store(b *bench[T], tile, n, channels int) {
	if c.p.Depths {
		c.p.depthMaps(b.depths, toFloat64(b.fields), c.mesh, n)
	}
	light := b.fields[fieldEmission]
	if c.p.BackgroundSI != nil {
		for f, behind := range c.p.BackgroundSI {
			for i, t := range b.fields[fieldTransmission][f*n:][:n] {
				light[f*n+i] += T(t * T(behind))
			}
		}
	}
	if c.root {
		place(c.out.image, light, c.tiles, tile, channels)
		if c.p.Depths {
			place(c.out.depths, b.depths, c.tiles, tile, numMaps)
		}
		return
	}
	at := c.tiles.Before(tile) - c.tiles.Before(c.lo)
	copy(c.out.tiles[at*channels:], light[:n*channels])
	if c.p.Depths {
		copy(c.out.depthTiles[at*numMaps:], b.depths[:n*numMaps])
	}
}

// behind puts rays [lo, hi) of one chunk of a parcel behind what is there of their pixels: n per tile.
func (b *bench[T]) behind(in *parcel[T], lo, hi, n, channels int) {
	chunk := lo / raysPerTask * raysPerTask
	rays, perRay := min(raysPerTask, len(in.pixels)-chunk), channels*len(b.fields)
	data, places := in.data[chunk*perRay:][:rays*perRay], b.places[:hi-lo]
	for c := range channels {
		at := func(f int) []T { return data[(f*channels+c)*rays+lo-chunk:][:hi-lo] }
		t := b.fields[fieldTransmission][c*n:][:n]
		for f := fieldEmission; f < len(b.fields); f++ {
			sum, x := b.fields[f][c*n:][:n], at(f)
			if f == fieldDepth {
				for i, q := range places {
					sum[q] += x[i]
				}
				continue
			}
			for i, q := range places {
				sum[q] += T(t[q] * x[i])
			}
		}
		for i, x := range at(fieldTransmission) {
			t[places[i]] *= x
		}
	}
}

// toFloat64 copies fields for sums over channels.
func toFloat64[T grid.Float](fields [][]T) [][]float64 {
	out := make([][]float64, len(fields))
	for f, x := range fields {
		out[f] = make([]float64, len(x))
		for i, v := range x {
			out[f][i] = float64(v)
		}
	}
	return out
}
