// SPDX-License-Identifier: BSD-3-Clause

package samples

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/mapping"
	"github.com/columen/columen/solver/rotation"
	"github.com/columen/columen/solver/si"
)

// snapshots makes cubes of snapshots: their points turned, and mapped to cells.
type snapshots struct {
	s       *Set
	library *library
	haar    mapping.Haar
	turned  hydro.Points
	cells   grid.Cube[float64]
}

func newSnapshots(s *Set, l *library) *snapshots { return &snapshots{s: s, library: l} }

func (p *snapshots) fill(d Draw, c *cube) error {
	i, _ := p.s.Snapshot(d.Model)
	snap, err := p.library.model(i)
	if err != nil {
		return err
	}
	return p.cube(snap, p.s.rotation(d), c)
}

// cube maps a snapshot, turned by r, to the cells of a sample. v_z along the
// line of sight is that of the turned model.
func (p *snapshots) cube(snap snapshot, r rotation.Rotation, c *cube) error {
	about := snap.center
	if p.s.Quirks.OriginRotation {
		about = [3]float64{}
	}
	box := r.Points(&p.turned, snap.points, about, 1)
	crop := p.crop(box, snap.center)
	if err := p.spread(crop); err != nil {
		return err
	}
	copy(c.density, p.cells.Density)
	copy(c.temperature, p.cells.Temperature)
	copy(c.velocity, p.cells.Velocity[2])
	for i, v := range p.cells.Turbulence {
		c.turbulence[i] = turbulenceMS(p.s, v)
	}
	if p.s.Quirks.DoubledDX {
		crop = crop.DoubleCells()
	}
	c.cellM = crop.Mesh.CellSize()[2]
	return nil
}

// spread maps the turned points to cells.
func (p *snapshots) spread(crop mapping.Crop) error {
	cfg := p.s.Config
	opt := mapping.Options{TemperatureFloorK: cfg.Mapping.TemperatureFloorK, TurbulenceMs: cfg.Data.VTurbMS, Still: [3]bool{true, true, false}, Threads: 1}
	if cfg.Mapping.Method != "sph" {
		return mapping.MapInto(&p.haar, &p.cells, &p.turned, crop, crop.Mesh.Full(), opt)
	}
	cells, err := mapping.SPH[float64](&p.turned, crop.Mesh, crop.Mesh.Full(), opt)
	if err != nil {
		return err
	}
	p.cells = *cells
	if i := slices.Index(p.cells.Density, 0); i >= 0 {
		g := p.s.Shape.Grid
		return fmt.Errorf("no particle reaches cell [%d, %d, %d], and the network takes the logarithm of the density: want a coarser data.grid, or mapping.method = \"haar\"", i/(g*g), i/g%g, i%g)
	}
	return nil
}

// crop returns the cells of a sample: those of the fixed box about the middle of
// the model, or, as published, the middle half of the box of the turned points.
func (p *snapshots) crop(box grid.Box, center [3]float64) mapping.Crop {
	levels := bits.Len(uint(p.s.Shape.Grid)) // of g = 2^(levels−1) cells a side
	if p.s.Quirks.SampleBox {
		return mapping.Enclosing(box, levels+1).Center()
	}
	var l mapping.Lattice
	l.Levels = levels
	for a, x := range center {
		l.Size[a] = p.s.Config.Data.BoxAU * si.AU
		l.Min[a] = x - l.Size[a]/2
	}
	return l.Whole()
}
