// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/ray"
)

// bundle is what the rays of a camera have seen of one block: parcels for the
// owners of the pixels, one behind the other.
type bundle[T grid.Float] struct {
	pixels []int32 // of each ray
	data   []T
	cuts   []int   // first ray of each owner, in the order of their tiles, and the number of rays
	trees  []int32 // in fixed mode a ray appears once for each of these subtrees, see leaves.go
}

// parcel is the part of a bundle for one owner of pixels: chunks of at most
// raysPerTask rays, [chunk][field][channel][ray]; in fixed mode subtrees of rays,
// [subtree][field][channel].
type parcel[T grid.Float] struct {
	pixels, trees []int32
	data          []T
}

// parcel returns the parcel of the owner at a place; perRay is the number of values of a ray.
func (b *bundle[T]) parcel(place, perRay int) parcel[T] {
	lo, hi := b.cuts[place], b.cuts[place+1]
	p := parcel[T]{pixels: b.pixels[lo:hi], data: b.data[lo*perRay : hi*perRay]}
	if b.trees != nil {
		p.trees = b.trees[lo:hi]
	}
	return p
}

// The fields of a parcel.
const (
	fieldTransmission = iota
	fieldEmission
	fieldDepth
	fieldFirst
	fieldSecond
)

// numFields returns the fields of a parcel.
func (p *Problem) numFields() int {
	if p.Depths {
		return 5
	}
	return 2
}

// raysPerTask is what a thread takes at a time: its results stay in a cache that is near.
const raysPerTask = 128

// cross computes the stretches of this rank's block on all rays of the camera.
func cross[T grid.Float](c *grid.Cube[T], p *Problem, o *owners) (*bundle[T], ray.Light, string, error) {
	medium := ray.NewMedium(p.Line)
	offsets := medium.Offsets(p.FrequenciesHz)
	name := p.Kernel
	if name == "" {
		name = ray.Variants()[0]
	}
	kernels := make([]ray.Kernel[T], p.threads())
	for i := range kernels {
		var err error
		if kernels[i], err = ray.Named[T](name, medium, offsets, ray.Limits{MaxCells: 1}); err != nil {
			return nil, ray.Light{}, "", err
		}
	}

	// 1. The fields on the planes of the block.
	v := ray.NewVolume[T](c.Mesh, c.Block, p.Camera.Observer, p.AtCenters)
	failures := make([]error, v.Sheets())
	distribute(kernels, v.Sheets(), func(k ray.Kernel[T], i int) { failures[i] = v.Load(k, c, i) })
	for _, err := range failures {
		if err != nil {
			return nil, ray.Light{}, "", err
		}
	}
	v.Close(p.Line.Z.TMin, p.Line.Z.TMax)

	// 2. The rays that meet the block.
	beam, out := aim(v, kernels, c.Mesh, p, o)
	if p.Fixed {
		light := crossLeaves(kernels, beam, out, p, o)
		return out, light, name, nil
	}
	perRay := p.numFields() * len(offsets)
	out.data = make([]T, perRay*len(out.pixels))

	// 3. Their stretches.
	var tasks [][2]int
	for i := range out.cuts[1:] {
		for lo := out.cuts[i]; lo < out.cuts[i+1]; lo += raysPerTask {
			tasks = append(tasks, [2]int{lo, min(out.cuts[i+1], lo+raysPerTask)})
		}
	}
	lights := make([]ray.Light, len(tasks))
	var done atomic.Int64
	distribute(kernels, len(tasks), func(k ray.Kernel[T], i int) {
		lo, hi := tasks[i][0], tasks[i][1]
		lights[i], _ = k.Cross(beam.Part(lo, hi), passage(out.data[lo*perRay:hi*perRay], hi-lo, len(offsets)))
		if d := done.Add(1); p.Progress != nil {
			p.Progress(int(d), len(tasks))
		}
	})
	var light ray.Light
	for _, l := range lights {
		light.Total += l.Total
		light.Outside += l.Outside
	}
	return out, light, name, nil
}

// aim finds the rays that meet a block, in order of the tiles, and where those of each owner begin.
func aim[T grid.Float](v *ray.Volume[T], kernels []ray.Kernel[T], m grid.Mesh, p *Problem, o *owners) (*ray.Beam[T], *bundle[T]) {
	const tilesPerTask = 64
	n, start := o.tiles.Len(), p.Camera.starts(m)
	tasks := (n + tilesPerTask - 1) / tilesPerTask
	beams, pixels := make([]*ray.Beam[T], tasks), make([][]int32, tasks)
	distribute(kernels, tasks, func(_ ray.Kernel[T], i int) {
		beams[i], pixels[i] = v.Aim(o.tiles, i*tilesPerTask, min(n, (i+1)*tilesPerTask), start)
	})
	all, out := &ray.Beam[T]{Volume: v}, &bundle[T]{pixels: slices.Concat(pixels...)}
	for _, b := range beams {
		all.Join(b)
	}
	out.cut(o)
	return all, out
}

// cut finds where the rays of each owner begin.
func (b *bundle[T]) cut(o *owners) {
	b.cuts = b.cuts[:0]
	for place := range len(o.ranks) + 1 {
		first, _ := share(o.tiles.Len(), place, len(o.ranks))
		b.cuts = append(b.cuts, sort.Search(len(b.pixels), func(i int) bool { return o.tiles.Of(b.pixels[i]) >= first }))
	}
}

// passage lays the fields of a chunk of n rays out.
func passage[T grid.Float](data []T, n, channels int) *ray.Passage[T] {
	field := func(f int) []T { return data[f*channels*n:][:channels*n] }
	to := &ray.Passage[T]{Transmission: field(fieldTransmission), Emission: field(fieldEmission), Stride: n}
	if len(data) > 2*channels*n {
		to.Depth, to.First, to.Second = field(fieldDepth), field(fieldFirst), field(fieldSecond)
	}
	return to
}

// distribute has each worker do tasks until none is left.
func distribute[W any](workers []W, tasks int, do func(w W, task int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for _, w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := int(next.Add(1)) - 1; i < tasks; i = int(next.Add(1)) - 1 {
				do(w, i)
			}
		}()
	}
	wg.Wait()
}
