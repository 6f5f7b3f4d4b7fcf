// SPDX-License-Identifier: BSD-3-Clause

// Package model opens what a configuration names as the model, a snapshot or a
// cube, in whatever format, and loads blocks of it.
//
// Of a cube, a rank reads the cells of its block and nothing else, unless it is
// text. Of an AMRVAC snapshot, every rank holds header and tree (24 bytes per
// leaf and more) and reads the leaves that overlap its block, one after the
// other. Of a model of points, every rank holds all points.
package model

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/solver/cubefile"
	"github.com/columen/columen/solver/foreign"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/si"
)

// Source is an open model. Close it.
type Source struct {
	Name      string // of the model, for titles: the file's name without its ending
	Path      string
	Mesh      grid.Mesh
	Reference string // the publication of the code that made the model; "" for cube files of our own
	Warning   string // of values that are allowed and look wrong; mostly ""

	Threads int // that map points to cells; 0 is one

	// One of these is set, or, of a snapshot mapped as points, the first two.
	snapshot *hydro.AMRVAC
	points   *hydro.Points
	cube     *cubefile.File
	foreign  *foreign.Cube

	conversion hydro.Conversion // with snapshot or particles
	plan       plan             // with snapshot or points
	species    string           // with points of CO
}

// Open opens the model and lays out its mesh. Errors name the file of the
// model, or file, that of the configuration.
func Open(file string, m configs.Model, c *configs.Cubing) (*Source, error) {
	switch {
	case m.Fields != nil:
		return openFields(m)
	case m.Cube != "":
		return openCube(file, m)
	}
	return openSnapshot(file, m, c)
}

// place lays out the mesh of a model that fills box: its region or all of it.
func (s *Source) place(box grid.Box, c *configs.Cubing) error {
	s.Mesh = grid.Mesh{Box: box, Cells: c.Cells}
	if c.RegionMinAU == nil {
		return nil
	}
	for a := range c.RegionMinAU {
		s.Mesh.Box.Min[a], s.Mesh.Box.Max[a] = c.RegionMinAU[a]*si.AU, c.RegionMaxAU[a]*si.AU
	}
	if !box.Contains(s.Mesh.Box, 1e-9) {
		return regionError(s.Path, box, c)
	}
	return nil
}

func regionError(path string, box grid.Box, c *configs.Cubing) error {
	var au [2][3]float64
	for a := range au[0] {
		au[0][a], au[1][a] = box.Min[a]/si.AU, box.Max[a]/si.AU
	}
	return &configs.Error{Problems: []configs.Problem{{
		File: path, Field: "cube.region_min_au, cube.region_max_au", Value: fmt.Sprintf("%v to %v", *c.RegionMinAU, *c.RegionMaxAU),
		Reason: "outside the model", Allowed: fmt.Sprintf("a region inside %v to %v au", au[0], au[1]),
	}}}
}

func stem(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// Species returns the molecule whose density the model gives: that of the cube
// or of the points, or CO, which is what [cube] makes of gas.
func (s *Source) Species() string {
	switch {
	case s.cube != nil:
		return s.cube.Meta().Species
	case s.foreign != nil:
		return s.foreign.Species()
	case s.species != "":
		return s.species
	}
	return cubefile.DefaultSpecies
}

// Close closes the file.
func (s *Source) Close() error {
	switch {
	case s.cube != nil:
		return s.cube.Close()
	case s.foreign != nil:
		return s.foreign.Close()
	case s.snapshot != nil:
		return s.snapshot.Close()
	}
	return nil
}

// Load reads the stored cells of a block, with the velocity components asked
// for. progress may be nil.
func Load[T grid.Float](s *Source, block grid.Block, velocities [3]bool, progress func(done, total int)) (*grid.Cube[T], error) {
	switch {
	case s.cube != nil:
		return cubefile.Read[T](s.cube, block, velocities)
	case s.foreign != nil:
		return foreign.Read[T](s.foreign, block, velocities)
	}
	return mapped[T](s, block, velocities, progress)
}
