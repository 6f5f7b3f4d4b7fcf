// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"sync"
	"sync/atomic"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/ray"
)

// bundle is what the rays of a camera have seen of one block: fields
// [channel][ray] and the pixel of each ray.
type bundle[T grid.Float] struct {
	pixels []int32
	all    []T   // the fields one after the other
	fields [][]T // transmission, emission and, if asked for, depth and the two moments
}

// The fields of a bundle.
const (
	fieldTransmission = iota
	fieldEmission
	fieldDepth
	fieldFirst
	fieldSecond
)

// numFields returns the fields of a bundle.
func (p *Problem) numFields() int {
	if p.Depths {
		return 5
	}
	return 2
}

// raysPerTask is what a thread takes at a time.
const raysPerTask = 128

// cross computes the stretches of this rank's block on all rays of the camera.
func cross[T grid.Float](c *grid.Cube[T], p *Problem) (*bundle[T], ray.Light, string, error) {
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
	beam, pixels := v.Aim(p.Camera.NX, p.Camera.NY, func(x, y int) [3]float64 { return p.Camera.start(c.Mesh, x, y) })
	n := len(pixels)
	out := &bundle[T]{pixels: pixels, all: make([]T, p.numFields()*n*len(offsets))}
	for i := range p.numFields() {
		out.fields = append(out.fields, out.all[i*n*len(offsets):][:n*len(offsets)])
	}

	// 3. Their stretches.
	tasks := (n + raysPerTask - 1) / raysPerTask
	lights := make([]ray.Light, tasks)
	var done atomic.Int64
	distribute(kernels, tasks, func(k ray.Kernel[T], i int) {
		lights[i] = task(k, beam, out, i*raysPerTask, min(n, (i+1)*raysPerTask))
		if d := done.Add(1); p.Progress != nil {
			p.Progress(int(d), tasks)
		}
	})
	var light ray.Light
	for _, l := range lights {
		light.Total += l.Total
		light.Outside += l.Outside
	}
	return out, light, name, nil
}

// task computes rays [lo, hi) of a beam.
func task[T grid.Float](k ray.Kernel[T], beam *ray.Beam[T], out *bundle[T], lo, hi int) ray.Light {
	part := ray.Beam[T]{Volume: beam.Volume}
	for a := range part.Start {
		part.Start[a] = beam.Start[a][lo:hi]
	}
	f := out.fields
	to := ray.Passage[T]{Transmission: f[fieldTransmission][lo:], Emission: f[fieldEmission][lo:], Stride: len(out.pixels)}
	if len(f) > 2 {
		to.Depth, to.First, to.Second = f[fieldDepth][lo:], f[fieldFirst][lo:], f[fieldSecond][lo:]
	}
	light, _ := k.Cross(&part, &to)
	return light
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
