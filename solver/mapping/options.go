// SPDX-License-Identifier: BSD-3-Clause

package mapping

import (
	"fmt"
	"sync"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// Options is what the rules have in common. The zero value is valid.
type Options struct {
	TemperatureFloorK float64 // least temperature; that of empty cells
	TurbulenceMs      float64 // turbulent line width everywhere, for points without their own [m s⁻¹]
	Still             [3]bool // velocity components that are not wanted: nil in the cube
	Threads           int     // goroutines; 0 is one
}

// check returns an error unless p has what every rule needs and block is part
// of mesh.
func check(p *hydro.Points, mesh grid.Mesh, block grid.Block) error {
	n := p.Len()
	if n == 0 {
		return fmt.Errorf("the model has no points: want at least 1")
	}
	fields := map[string][]float64{"y": p.Position[1], "z": p.Position[2], "density": p.Density, "temperature": p.Temperature,
		"velocity_x": p.Velocity[0], "velocity_y": p.Velocity[1], "velocity_z": p.Velocity[2]}
	if p.Turbulence != nil {
		fields["v_turb"] = p.Turbulence
	}
	for name, f := range fields {
		if len(f) != n {
			return fmt.Errorf("%s: %d values for %d points: want one for each", name, len(f), n)
		}
	}
	return checkBlock(mesh, block)
}

// checkBlock returns an error unless block is part of mesh.
func checkBlock(mesh grid.Mesh, block grid.Block) error {
	if err := mesh.Validate(); err != nil {
		return err
	}
	for a, r := range block.Stored {
		if r.Lo < 0 || r.Hi > mesh.Cells[a] || r.Lo >= r.Hi {
			return fmt.Errorf("block: stored cells %d to %d along %s: want a part of 0 to %d", r.Lo, r.Hi, grid.AxisName(a), mesh.Cells[a])
		}
	}
	return nil
}

// newCube allocates the fields that opt asks for.
func newCube[T grid.Float](mesh grid.Mesh, block grid.Block, opt Options) *grid.Cube[T] {
	c := &grid.Cube[T]{Mesh: mesh, Block: block}
	refresh(c, opt)
	return c
}

// refresh makes the fields of c as long as its block has cells, using what is
// there, and drops those not asked for. Their values are undefined.
func refresh[T grid.Float](c *grid.Cube[T], opt Options) {
	n := c.Block.NumStored()
	c.Density, c.Temperature, c.Turbulence = room(c.Density, n), room(c.Temperature, n), room(c.Turbulence, n)
	for a, still := range opt.Still {
		if still {
			c.Velocity[a] = nil
			continue
		}
		c.Velocity[a] = room(c.Velocity[a], n)
	}
}

// room returns a slice of n elements, s itself where its capacity allows.
func room[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}

// share calls work for each of at most threads parts of r at the same time.
func share(r grid.Range, threads int, work func(part int, r grid.Range)) int {
	parts := max(1, min(threads, r.Len()))
	var wg sync.WaitGroup
	for p := range parts {
		cut := grid.Range{Lo: r.Lo + p*r.Len()/parts, Hi: r.Lo + (p+1)*r.Len()/parts}
		if p == parts-1 {
			work(p, cut)
			continue
		}
		wg.Go(func() { work(p, cut) })
	}
	wg.Wait()
	return parts
}
