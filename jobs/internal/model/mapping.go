// SPDX-License-Identifier: BSD-3-Clause

package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/mapping"
	"github.com/columen/columen/solver/rotation"
)

// plan is how a snapshot or points become cells.
type plan struct {
	method string        // average, haar, sph or nearest
	turn   *mapping.Turn // of leaves, while they are read; points are turned already
	floorK float64
}

// lay decides how the open model, with its mesh, becomes cells, and turns its
// points. file is the configuration, which errors name.
func (s *Source) lay(file string, c *configs.Cubing) error {
	method, err := s.method(file, c)
	if err != nil {
		return err
	}
	s.plan = plan{method: method, floorK: c.TemperatureFloorK}
	if method == "haar" {
		if _, err := mapping.OnMesh(s.Mesh); err != nil {
			return refuse(file, "cube.cells", fmt.Sprint(s.Mesh.Cells), `method = "haar" has nested cells`, "the same power of two along each axis, at most 1024")
		}
		if s.points == nil {
			if s.points, err = hydro.Centres(s.snapshot, s.conversion); err != nil {
				return err
			}
		}
	}
	if c.Rotation == nil {
		return nil
	}
	turn := turnOf(c.Rotation, s.Mesh.Box)
	if s.points == nil {
		s.plan.turn = &turn
		return nil
	}
	turn.Rotation.Points(s.points, s.points, turn.About, s.Threads)
	return nil
}

// method returns the configured method, or that of the kind of model.
func (s *Source) method(file string, c *configs.Cubing) (string, error) {
	kind, allowed := "a refined mesh", []string{"average", "haar", "nearest"}
	switch {
	case s.points != nil && s.points.Smoothing != nil && s.points.Mass != nil:
		kind, allowed = "particles", []string{"sph", "haar", "nearest"}
	case s.points != nil:
		kind, allowed = "points", []string{"nearest", "haar"}
	case c.Rotation != nil:
		kind, allowed = "a refined mesh that is turned", []string{"nearest", "haar"}
	}
	if c.Method == "" {
		return allowed[0], nil
	}
	if !slices.Contains(allowed, c.Method) {
		return "", refuse(file, "cube.method", strconv.Quote(c.Method), s.Path+" is a model of "+kind, "one of "+strings.Join(allowed, ", "))
	}
	return c.Method, nil
}

func refuse(file, field, value, reason, allowed string) error {
	return &configs.Error{Problems: []configs.Problem{{File: file, Field: field, Value: value, Reason: reason, Allowed: allowed}}}
}

// turnOf returns the configured rotation. A random one is that of generate's
// model 0 with the same seed and number.
func turnOf(t *configs.Turn, box grid.Box) mapping.Turn {
	random := dataset.NewRandom(uint64(t.Seed), dataset.PurposeView, uint64(t.Number), 0)
	var turn mapping.Turn
	switch t.Kind {
	case "uniform":
		turn.Rotation = rotation.Uniform(random)
	case "axis_angle":
		turn.Rotation = rotation.AxisAngle(random)
	default:
		turn.Rotation = rotation.Camera(t.AnglesDeg[0], t.AnglesDeg[1], t.AnglesDeg[2]).Inverse()
	}
	if t.About == "center" {
		turn.About = mapping.Midpoint(box)
	}
	return turn
}

// mapped makes the stored cells of a block of a model that is no cube yet.
func mapped[T grid.Float](s *Source, block grid.Block, velocities [3]bool, progress func(done, total int)) (*grid.Cube[T], error) {
	opt := mapping.Options{TemperatureFloorK: s.plan.floorK, TurbulenceMs: s.conversion.VTurbMs, Threads: s.Threads}
	for a, wanted := range velocities {
		opt.Still[a] = !wanted
	}
	if s.points == nil && s.plan.method == "nearest" {
		return mapping.Contain[T](s.snapshot, s.conversion, s.plan.turn, s.Mesh, block, opt, progress)
	}
	var c *grid.Cube[T]
	var err error
	switch s.plan.method {
	case "haar":
		var lattice mapping.Lattice
		if lattice, err = mapping.OnMesh(s.Mesh); err == nil {
			crop := lattice.Whole()
			crop.Mesh = s.Mesh // the same up to rounding
			c, err = mapping.Map[T](new(mapping.Haar), s.points, crop, block, opt)
		}
	case "sph":
		c, err = mapping.SPH[T](s.points, s.Mesh, block, opt)
	case "nearest":
		c, err = mapping.Nearest[T](s.points, s.Mesh, block, opt)
	default:
		return average[T](s, block, velocities, progress)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Path, err)
	}
	if progress != nil {
		progress(1, 1)
	}
	return c, nil
}

// average maps leaves conservatively, and drops the velocities not wanted.
func average[T grid.Float](s *Source, block grid.Block, velocities [3]bool, progress func(done, total int)) (*grid.Cube[T], error) {
	c, err := hydro.CellAverage[T](s.snapshot, s.Mesh, block, s.conversion, progress)
	if err != nil {
		return nil, err
	}
	for a, wanted := range velocities {
		if !wanted {
			c.Velocity[a] = nil
		}
	}
	return c, nil
}
