// SPDX-License-Identifier: BSD-3-Clause

package solve

import (
	"fmt"

	"github.com/columen/columen/solver/ray"
)

// memory is the bytes that a rank holds at the least.
type memory struct {
	points, tables float64 // of a model of points, and of mapping them to cells
	cube, volume   float64 // the block, and its fields as a camera needs them
	stretches      float64 // transmission and emission of the stretches of ray
	image          float64 // on rank 0
}

// peak is the most of it that is held at a time: tables are gone when rays are followed.
func (m memory) peak() float64 {
	return m.points + m.cube + max(m.tables, m.volume+m.stretches+m.image)
}

// memory returns what a rank holds. Of several views, the largest counts.
func (t *task) memory(rank int) memory {
	word := 8.0
	if t.cfg.Solver.Precision == "f32" {
		word = 4
	}
	b, n, channels := t.layout.Block(rank), t.source.Mesh.Cells, float64(len(t.frequencies))
	m := memory{points: t.source.PointBytes(), tables: t.source.TableBytes(b)}
	var needed [3]bool
	fields, points := 3.0, 0.0
	for _, v := range t.sights {
		for a, use := range v.velocities() {
			needed[a] = needed[a] || use
		}
		var rays, pixels, values float64
		if c := v.camera; c != nil {
			size := t.source.Mesh.CellSize()
			for a := range size {
				size[a] *= float64(b.Owned[a].Len())
			}
			rays, pixels, values = c.NumRays(size), float64(c.NX)*float64(c.NY), 4 // the stretches, and those on the way
			if t.cfg.Parallel.Mode == "fixed" {
				values *= 3 // a ray of tens of leaves is between three and four subtrees
			}
			points = ray.PointFields
		} else {
			x, y := v.view.ImageX.Axis, v.view.ImageY.Axis
			rays, pixels, values = float64(b.Owned[x].Len())*float64(b.Owned[y].Len()), float64(n[x])*float64(n[y]), 2
		}
		m.stretches = max(m.stretches, values*word*rays*channels)
		if rank == 0 {
			m.image = max(m.image, 8*pixels*channels)
		}
	}
	for _, use := range needed {
		if use {
			fields++
		}
	}
	s := b.StoredShape()
	cells := float64(s[0]) * float64(s[1]) * float64(s[2])
	m.cube, m.volume = word*fields*cells, word*points*cells
	return m
}

// checkMemory refuses what cannot fit, and names the larger cause.
func (t *task) checkMemory() error {
	m := t.memory(t.comm.Rank())
	field, value := "cube.cells", fmt.Sprint(t.source.Mesh.Cells)
	if t.cfg.Cube == nil {
		field, value = t.cfg.Model.Key(), fmt.Sprintf("%q with %v cells", t.source.Path, t.source.Mesh.Cells)
	}
	if m.stretches+m.image > m.cube+m.volume+m.points {
		field, value = "spectrum", fmt.Sprintf("%d channels of %v cells", len(t.frequencies), t.source.Mesh.Cells)
		for i, v := range t.sights {
			n := t.source.Mesh.Cells
			if c := v.camera; c != nil && t.cfg.Views[i].Oblique() && float64(c.NX)*float64(c.NY) > 4*float64(max(n[0]*n[1], n[1]*n[2], n[2]*n[0])) {
				field, value = fmt.Sprintf("view.%d.pixels", i), fmt.Sprintf("[%d, %d] in %d channels", c.NX, c.NY, len(t.frequencies))
			}
		}
	}
	if m.points > m.cube+m.volume+m.stretches+m.image {
		field, value = t.cfg.Model.Key(), fmt.Sprintf("%q", t.source.Path)
	}
	return t.env.CheckMemory(field, value, m.peak())
}

func megabytes(bytes float64) string { return fmt.Sprintf("%.3g", bytes/1e6) }
