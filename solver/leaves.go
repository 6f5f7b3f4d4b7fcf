// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"slices"
	"sync/atomic"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/ray"
)

// Fixed mode of a camera: rays are cut at leaves of the model, a rank composes
// what it can without knowing the rest, and the owner of a pixel composes what ranks
// send. The order is that of ray.Stack, whatever the blocks are.

// raysOfLeaves returns how many rays a thread takes at a time in fixed mode, a few
// vectors of them: fewer than raysPerTask, since each has its leaves.
func raysOfLeaves[T grid.Float](v *ray.Volume[T], channels int) int {
	const few, many, near = 8, 32, 1 << 17 // the last: values in a cache that is near
	return min(max(near/(2*channels*v.MostLeaves())/few*few, few), many)
}

// packed and unpacked are the same subtree; there are fewer than 2^26 leaves along a ray.
func packed(s ray.Subtree) int32   { return int32(s.Index<<5 | s.Level) }
func unpacked(s int32) ray.Subtree { return ray.Subtree{Level: int(s & 31), Index: int(s >> 5)} }

// crossLeaves computes the stretches of a beam leaf by leaf and composes them; out holds the
// pixels of its rays, and afterwards those of the subtrees.
func crossLeaves[T grid.Float](kernels []ray.Kernel[T], beam *ray.Beam[T], out *bundle[T], p *Problem, o *owners) ray.Light {
	rays, channels := len(out.pixels), len(p.FrequenciesHz)
	perTask := raysOfLeaves(beam.Volume, channels)
	workers := make([]leafWorker[T], len(kernels))
	for i, k := range kernels {
		workers[i] = leafWorker[T]{k, beam.Volume.NewLeaves(perTask, channels)}
	}
	parts := make([]bundle[T], (rays+perTask-1)/perTask)
	lights := make([]ray.Light, len(parts))
	var done atomic.Int64
	distribute(workers, len(parts), func(w leafWorker[T], i int) {
		lo, hi := i*perTask, min(rays, (i+1)*perTask)
		lights[i] = w.cross(&parts[i], beam.Part(lo, hi), out.pixels[lo:hi], channels)
		if d := done.Add(1); p.Progress != nil {
			p.Progress(int(d), len(parts))
		}
	})
	out.join(parts)
	out.cut(o)
	var light ray.Light
	for _, l := range lights {
		light.Total += l.Total
		light.Outside += l.Outside
	}
	return light
}

// leafWorker is what a thread computes leaves with.
type leafWorker[T grid.Float] struct {
	kernel ray.Kernel[T]
	leaves *ray.Leaves[T]
}

// cross fills a part with the subtrees of some rays.
func (w leafWorker[T]) cross(part *bundle[T], beam *ray.Beam[T], pixels []int32, channels int) ray.Light {
	light, _ := w.kernel.CrossLeaves(beam, w.leaves)
	for r, pixel := range pixels {
		w.leaves.Fold(r, channels, func(s ray.Subtree, piece []T) {
			part.pixels = append(part.pixels, pixel)
			part.trees = append(part.trees, packed(s))
			part.data = append(part.data, piece...)
		})
	}
	return light
}

// join puts parts one behind the other.
func (b *bundle[T]) join(parts []bundle[T]) {
	var pixels, trees [][]int32
	var data [][]T
	for i := range parts {
		pixels, trees, data = append(pixels, parts[i].pixels), append(trees, parts[i].trees), append(data, parts[i].data)
	}
	b.pixels, b.trees, b.data = slices.Concat(pixels...), slices.Concat(trees...), slices.Concat(data...)
}

// stretchAt is one subtree of a pixel: which of a parcel.
type stretchAt struct{ parcel, at int32 }

// tileOfLeaves composes the n pixels of a tile in fixed mode; there is T = 1 and E = 0 of each already.
func (c *composer[T]) tileOfLeaves(b *bench[T], tile, n, channels int) {
	x0, x1, y0, _ := c.tiles.Bounds(tile)
	for i := range b.lists {
		b.lists[i] = b.lists[i][:0]
	}
	for s := range c.in {
		first := c.firsts[s][tile-c.lo:]
		for i := first[0]; i < first[1]; i++ {
			pixel := int(c.in[s].pixels[i])
			at := (pixel/c.tiles.NX-y0)*(x1-x0) + pixel%c.tiles.NX - x0
			b.lists[at] = append(b.lists[at], stretchAt{int32(s), i})
		}
	}
	perRay := 2 * channels
	for q, list := range b.lists[:n] {
		for _, l := range list {
			in, at := &c.in[l.parcel], int(l.at)
			b.stack.Put(unpacked(in.trees[at]), in.data[at*perRay:][:perRay])
		}
		if len(list) == 0 {
			continue
		}
		all := b.stack.Take()
		for f := range channels {
			b.fields[fieldTransmission][f*n+q] = all[f]
			b.fields[fieldEmission][f*n+q] = all[channels+f]
		}
	}
}
