// SPDX-License-Identifier: BSD-3-Clause

package solve

import "fmt"

// memory returns the bytes that a rank holds at the least: its block of the
// cube, transmission and emission of its stretches of ray, and on rank 0 the
// image. Of several views, the largest counts.
func (t *task) memory(rank int) (cube, stretches, whole float64) {
	word := 8.0
	if t.cfg.Solver.Precision == "f32" {
		word = 4
	}
	b, n, channels := t.layout.Block(rank), t.source.Mesh.Cells, float64(len(t.frequencies))
	var needed [3]bool
	points := 0.0
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
			points = 4
		} else {
			x, y := v.view.ImageX.Axis, v.view.ImageY.Axis
			rays, pixels, values = float64(b.Owned[x].Len())*float64(b.Owned[y].Len()), float64(n[x])*float64(n[y]), 2
		}
		stretches = max(stretches, values*word*rays*channels)
		if rank == 0 {
			whole = max(whole, 8*pixels*channels)
		}
	}
	fields := 3 + points
	for _, use := range needed {
		if use {
			fields++
		}
	}
	s := b.StoredShape()
	cube = word * fields * float64(s[0]) * float64(s[1]) * float64(s[2])
	return cube, stretches, whole
}

// checkMemory refuses what cannot fit, and names the larger cause.
func (t *task) checkMemory() error {
	cube, stretches, whole := t.memory(t.comm.Rank())
	field, value := "cube.cells", fmt.Sprint(t.source.Mesh.Cells)
	if t.cfg.Cube == nil {
		field, value = t.cfg.Model.Key(), fmt.Sprintf("%q with %v cells", t.source.Path, t.source.Mesh.Cells)
	}
	if stretches+whole > cube {
		field, value = "spectrum", fmt.Sprintf("%d channels of %v cells", len(t.frequencies), t.source.Mesh.Cells)
		for i, v := range t.sights {
			n := t.source.Mesh.Cells
			if c := v.camera; c != nil && t.cfg.Views[i].Oblique() && float64(c.NX)*float64(c.NY) > 4*float64(max(n[0]*n[1], n[1]*n[2], n[2]*n[0])) {
				field, value = fmt.Sprintf("view.%d.pixels", i), fmt.Sprintf("[%d, %d] in %d channels", c.NX, c.NY, len(t.frequencies))
			}
		}
	}
	return t.env.CheckMemory(field, value, cube+stretches+whole)
}

func megabytes(bytes float64) string { return fmt.Sprintf("%.3g", bytes/1e6) }
