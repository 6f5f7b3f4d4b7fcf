// SPDX-License-Identifier: BSD-3-Clause

// Package model opens what a configuration names as the model, a snapshot or a
// cube file, and loads blocks of it.
//
// Of a cube file, a rank reads the cells of its block and nothing else. Of an
// AMRVAC snapshot, every rank holds header and tree (24 bytes per leaf and
// more) and reads the leaves that overlap its block, one after the other. Of a
// model of points, every rank holds all points.
package model

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/solver/cubefile"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/si"
)

// Source is an open model. Close it.
type Source struct {
	Name string // of the model, for titles: the file's name without its ending
	Path string
	Mesh grid.Mesh

	Threads int // that map points to cells; 0 is one

	// One of these is set, or, of a snapshot mapped as points, the first two.
	snapshot *hydro.AMRVAC
	points   *hydro.Points
	cube     *cubefile.File

	conversion hydro.Conversion // with snapshot
	plan       plan             // with snapshot or points
}

// Open opens the model and lays out its mesh. Errors name the file of the
// model, or file, that of the configuration.
func Open(file string, m configs.Model, c *configs.Cubing) (*Source, error) {
	if m.Cube != "" {
		if err := NeedHDF5(file, "model.cube", strconv.Quote(m.Cube), "model.snapshot"); err != nil {
			return nil, err
		}
		f, err := cubefile.Open(m.Cube)
		if err != nil && strings.Contains(err.Error(), "file signature not found") {
			return nil, fmt.Errorf("%s: no HDF5 file: allowed: a cube file, as columen cube writes it", m.Cube)
		}
		if err != nil {
			return nil, err
		}
		return &Source{Name: stem(m.Cube), Mesh: f.Mesh(), Path: m.Cube, cube: f}, nil
	}
	u := m.AMRVAC
	snap, err := hydro.OpenAMRVAC(m.Snapshot, hydro.AMRVACUnits{
		LengthCm: u.LengthCM, DensityGcc: u.DensityGCC, VelocityCms: u.VelocityCMS, MeanMolWeight: u.MeanMolWeight,
		TemperatureK: u.TemperatureK, Gamma: u.Gamma, Geometry: u.Geometry, WNames: u.Variables,
	})
	if err != nil {
		return nil, err
	}
	s := &Source{Name: stem(m.Snapshot), Path: m.Snapshot, snapshot: snap}
	s.Mesh = grid.Mesh{Box: snap.Box(), Cells: c.Cells}
	if c.RegionMinAU != nil {
		for a := range c.RegionMinAU {
			s.Mesh.Box.Min[a], s.Mesh.Box.Max[a] = c.RegionMinAU[a]*si.AU, c.RegionMaxAU[a]*si.AU
		}
		if box := snap.Box(); !box.Contains(s.Mesh.Box, 1e-9) {
			snap.Close()
			return nil, regionError(m.Snapshot, box, c)
		}
	}
	s.conversion = hydro.Conversion{MassPerH2AMU: c.MassPerH2AMU, COPerH2: c.COPerH2, TemperatureFloorK: c.TemperatureFloorK, VTurbMs: c.VTurbMS}
	if err := s.conversion.Validate(); err != nil {
		snap.Close()
		return nil, err
	}
	if err := s.lay(file, c); err != nil {
		snap.Close()
		return nil, err
	}
	return s, nil
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
// file, or CO, which is what [cube] makes of a snapshot.
func (s *Source) Species() string {
	if s.cube != nil {
		return s.cube.Meta().Species
	}
	return cubefile.DefaultSpecies
}

// Close closes the file.
func (s *Source) Close() error {
	if s.cube != nil {
		return s.cube.Close()
	}
	return s.snapshot.Close()
}

// Load reads the stored cells of a block, with the velocity components asked
// for. progress may be nil.
func Load[T grid.Float](s *Source, block grid.Block, velocities [3]bool, progress func(done, total int)) (*grid.Cube[T], error) {
	if s.cube != nil {
		return cubefile.Read[T](s.cube, block, velocities)
	}
	return mapped[T](s, block, velocities, progress)
}
