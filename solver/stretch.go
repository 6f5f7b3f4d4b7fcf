// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/ray"
)

// patch is the geometry of one rank's part of the image.
type patch struct {
	x0, nx, y0, ny int // pixels
	channels       int
	rows           int           // of rays, each computed by one call of the kernel
	strideRow      int           // in the patch, to the next row
	strideRay      int           // and to the next ray of a row
	pieces         []ray.Subtree // what each ray is cut into before folding: leaves, or one piece
	ends           []int32       // ray.Row.Ends
	parts          []ray.Subtree // what is left after folding, in order from the observer
	fold           []ray.Step
	folded         []int // the piece that holds each part after folding
	leaves         int   // of a whole ray
}

func (g *patch) size() int { return g.channels * g.nx * g.ny }

// along returns the image direction along which neighbouring rays are nearest in memory, and the other one.
func along(v View) (rays, rows Direction) {
	if v.ImageY.Axis > v.ImageX.Axis {
		return v.ImageY, v.ImageX
	}
	return v.ImageX, v.ImageY
}

// row returns the fixed part of the rows of a patch; Origin is that of row 0, and step is the
// distance between rows.
func row[T grid.Float](c *grid.Cube[T], p *Problem) (r ray.Row[T], step int) {
	los, own := p.View.Observer, c.Block.Owned
	n := c.Mesh.Cells[los.Axis]
	strides := c.Strides()
	inward := Direction{los.Axis, -los.Sign}
	depth := own[los.Axis]
	nearEnd, farEnd := depth.Hi == n, depth.Lo == 0
	if los.Sign < 0 {
		nearEnd, farEnd = farEnd, nearEnd
	}
	at := [3]int{}
	at[los.Axis] = inward.first(depth)
	at[p.View.ImageX.Axis] = p.View.ImageX.first(own[p.View.ImageX.Axis])
	at[p.View.ImageY.Axis] = p.View.ImageY.first(own[p.View.ImageY.Axis])
	rays, rows := along(p.View)
	r = ray.Row[T]{
		Density: c.Density, Temperature: c.Temperature, Velocity: c.Velocity[los.Axis], Turbulence: c.Turbulence,
		Origin: c.Index(at[0], at[1], at[2]),
		Across: rays.Sign * strides[rays.Axis], Step: inward.Sign * strides[los.Axis],
		Rays: own[rays.Axis].Len(), Cells: depth.Len(),
		VelocitySign: -float64(los.Sign), CellLength: c.Mesh.CellSize()[los.Axis],
		NearFace: nearEnd && !p.AtCenters, FarFace: farEnd && !p.AtCenters, Single: n == 1,
	}
	if !farEnd {
		r.Cells++ // the halo cell, where the last segment ends
	}
	return r, rows.Sign * strides[rows.Axis]
}

// newPatch lays out this rank's part of the image and the pieces of its rays.
func newPatch[T grid.Float](c *grid.Cube[T], p *Problem, r *ray.Row[T]) (*patch, error) {
	own, los := c.Block.Owned, p.View.Observer
	g := &patch{channels: len(p.FrequenciesHz), leaves: 1}
	g.x0, g.nx = p.View.ImageX.pixels(own[p.View.ImageX.Axis], c.Mesh.Cells[p.View.ImageX.Axis])
	g.y0, g.ny = p.View.ImageY.pixels(own[p.View.ImageY.Axis], c.Mesh.Cells[p.View.ImageY.Axis])
	g.rows, g.strideRow, g.strideRay = g.ny, g.nx, 1
	if rays, _ := along(p.View); rays == p.View.ImageY {
		g.rows, g.strideRow, g.strideRay = g.nx, 1, g.nx
	}
	if !p.Fixed {
		g.ends = []int32{int32(r.Segments())}
		g.pieces, g.parts = []ray.Subtree{{}}, []ray.Subtree{{}}
		return g, nil
	}
	n, depth := c.Mesh.Cells[los.Axis], own[los.Axis]
	g.leaves = (n + grid.LeafCells - 1) / grid.LeafCells
	segment := 0
	if r.NearFace {
		segment++
	}
	for q := 0; q < depth.Len(); q++ {
		cell := depth.Lo + q
		leaf := cell / grid.LeafCells
		if los.Sign > 0 {
			cell = depth.Hi - 1 - q
			leaf = g.leaves - 1 - cell/grid.LeafCells
		}
		if q+1 < r.Cells || r.FarFace {
			segment++
		}
		if k := len(g.pieces); k == 0 || g.pieces[k-1].Index != leaf {
			g.pieces = append(g.pieces, ray.Subtree{Index: leaf})
			g.ends = append(g.ends, 0)
		}
		g.ends[len(g.ends)-1] = int32(segment)
	}
	lo, hi := g.pieces[0].Index, g.pieces[len(g.pieces)-1].Index+1
	for _, s := range ray.Subtrees(lo, hi, g.leaves) {
		steps, at, err := ray.Plan(s, g.leaves, g.pieces)
		if err != nil {
			return nil, err
		}
		g.fold = append(g.fold, steps...)
		g.parts = append(g.parts, s)
		g.folded = append(g.folded, at)
	}
	return g, nil
}

// stretches holds (T, E) of each part of a patch: [part][ν][y][x].
type stretches[T grid.Float] struct {
	transmission, emission [][]T
}

// integrate computes the stretches of this rank, rows of pixels shared out over goroutines.
func integrate[T grid.Float](c *grid.Cube[T], p *Problem) (*patch, *stretches[T], ray.Light, string, error) {
	r, rowStep := row(c, p)
	g, err := newPatch(c, p, &r)
	if err != nil {
		return nil, nil, ray.Light{}, "", err
	}
	out := &stretches[T]{}
	for range g.parts {
		out.transmission = append(out.transmission, make([]T, g.size()))
		out.emission = append(out.emission, make([]T, g.size()))
	}
	r.Ends = g.ends
	medium := ray.NewMedium(p.Line)
	offsets := medium.Offsets(p.FrequenciesHz)
	name := p.Kernel
	if name == "" {
		name = ray.Variants()[0]
	}
	var (
		next, done atomic.Int64
		wg         sync.WaitGroup
		mu         sync.Mutex
		light      ray.Light
		failures   []error
	)
	for range min(p.threads(), g.rows) {
		k, err := ray.Named[T](name, medium, offsets, ray.Limits{MaxCells: r.Cells})
		if err != nil {
			return nil, nil, light, "", err
		}
		wg.Add(1)
		go func() {
			defer wg.Done()
			l, err := integrateRows(k, g, r, rowStep, out, &next, func() {
				if n := done.Add(1); p.Progress != nil {
					p.Progress(int(n), g.rows)
				}
			})
			mu.Lock()
			defer mu.Unlock()
			light.Total += l.Total
			light.Outside += l.Outside
			if err != nil {
				failures = append(failures, err)
				next.Store(int64(g.rows)) // the others need not go on
			}
		}()
	}
	wg.Wait()
	if len(failures) > 0 {
		return nil, nil, light, "", locate(failures[0], c, p)
	}
	return g, out, light, name, nil
}

// rowError keeps the row in which a cell was refused.
type rowError struct {
	row   int
	cause error
}

func (e *rowError) Error() string { return e.cause.Error() }

// integrateRows computes rows until none is left.
func integrateRows[T grid.Float](k ray.Kernel[T], g *patch, r ray.Row[T], rowStep int, out *stretches[T], next *atomic.Int64, tick func()) (ray.Light, error) {
	var light ray.Light
	plane, origin := g.nx*g.ny, r.Origin
	// Without folding the kernel writes into the patch; else into scratch, from where the folded parts go to the patch.
	direct := len(g.pieces) == 1
	scratch := ray.Result[T]{StrideRay: 1, StrideChannel: r.Rays, StridePiece: r.Rays * g.channels}
	if !direct {
		scratch.Transmission = make([]T, len(g.pieces)*scratch.StridePiece)
		scratch.Emission = make([]T, len(g.pieces)*scratch.StridePiece)
	}
	result := scratch
	for {
		row := int(next.Add(1)) - 1
		if row >= g.rows {
			return light, nil
		}
		r.Origin = origin + row*rowStep
		if direct {
			at := row * g.strideRow
			result = ray.Result[T]{Transmission: out.transmission[0][at:], Emission: out.emission[0][at:], StrideRay: g.strideRay, StrideChannel: plane}
		}
		l, err := k.Integrate(&r, &result)
		if err != nil {
			return light, &rowError{row, err}
		}
		light.Total += l.Total
		light.Outside += l.Outside
		if !direct {
			for _, s := range g.fold {
				n := scratch.StridePiece
				ray.Compose(scratch.Transmission[s.Near*n:][:n], scratch.Emission[s.Near*n:][:n], scratch.Transmission[s.Far*n:][:n], scratch.Emission[s.Far*n:][:n])
			}
			for part, piece := range g.folded {
				for f := 0; f < g.channels; f++ {
					from, to := piece*scratch.StridePiece+f*r.Rays, f*plane+row*g.strideRow
					for i := 0; i < r.Rays; i++ {
						out.transmission[part][to+i*g.strideRay] = scratch.Transmission[from+i]
						out.emission[part][to+i*g.strideRay] = scratch.Emission[from+i]
					}
				}
			}
		}
		tick()
	}
}

// locate turns a refusal within a row into one that names the cell of the mesh.
func locate[T grid.Float](err error, c *grid.Cube[T], p *Problem) error {
	var re *rowError
	var ce *ray.CellError
	if !errors.As(err, &re) || !errors.As(re.cause, &ce) {
		return err
	}
	own := c.Block.Owned
	los := p.View.Observer
	rays, rows := along(p.View)
	var at [3]int
	at[los.Axis] = Direction{los.Axis, -los.Sign}.first(own[los.Axis]) - los.Sign*ce.Cell
	at[rays.Axis] = rays.first(own[rays.Axis]) + rays.Sign*ce.Ray
	at[rows.Axis] = rows.first(own[rows.Axis]) + rows.Sign*re.row
	return fmt.Errorf("%s = %g in cell [%d, %d, %d]: want %s", ce.Field, ce.Value, at[0], at[1], at[2], ce.Allowed)
}
