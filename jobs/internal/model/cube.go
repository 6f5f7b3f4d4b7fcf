// SPDX-License-Identifier: BSD-3-Clause

package model

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/internal/h5"
	"github.com/columen/columen/solver/cubefile"
	"github.com/columen/columen/solver/foreign"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/si"
)

// openCube opens a cube that is used as it is.
func openCube(file string, m configs.Model) (*Source, error) {
	format := m.Format
	if format == "auto" {
		head, err := firstBytes(m.Cube)
		if err != nil {
			return nil, err
		}
		switch {
		case foreign.IsAMRGrid(head):
			format = "radmc3d"
		case isHDF5(head):
			format = "" // the members decide
		default:
			if err := NeedHDF5(file, "model.cube", strconv.Quote(m.Cube), "model.snapshot"); err != nil {
				return nil, err
			}
			return nil, fmt.Errorf("%s: neither an HDF5 file nor a grid of RADMC-3D: allowed: a cube file, as columen cube writes it, amr_grid.inp, or a sample of COEmuNet", m.Cube)
		}
	}
	if format != "radmc3d" {
		if err := NeedHDF5(file, "model.cube", strconv.Quote(m.Cube), "model.snapshot, or a grid of RADMC-3D"); err != nil {
			return nil, err
		}
	}
	s := &Source{Name: stem(m.Cube), Path: m.Cube}
	var err error
	if format == "" {
		if format, err = hdf5Format(m.Cube); err != nil {
			return nil, err
		}
		if format == "coemunet" && m.COEmuNet == nil {
			return nil, &configs.Error{Problems: []configs.Problem{{File: file, Field: "model.coemunet.box_min_au", Reason: "missing, and " + m.Cube + " is taken as a sample of COEmuNet",
				Allowed: "[model.coemunet] with box and turbulence, which the sample does not hold"}}}
		}
	}
	switch format {
	case "radmc3d":
		o := foreign.RADMC3DOptions{}
		if t := m.RADMC3D; t != nil {
			o = foreign.RADMC3DOptions{Molecule: t.Molecule, VTurbMs: t.VTurbMS}
		}
		s.Reference = "Dullemond et al. 2012, ascl:1202.015 (RADMC-3D)"
		s.foreign, err = foreign.OpenRADMC3D(m.Cube, o)
	case "coemunet":
		s.Reference = "Su et al. 2025, arXiv:2507.11398 (COEmuNet)"
		s.foreign, err = foreign.OpenCOEmuNet(m.Cube, foreign.COEmuNetOptions{Box: boxOf(m.COEmuNet.BoxMinAU, m.COEmuNet.BoxMaxAU), VTurbMs: m.COEmuNet.VTurbMS})
	default:
		s.cube, err = cubefile.Open(m.Cube)
	}
	if err != nil {
		return nil, err
	}
	if s.cube != nil {
		s.Mesh = s.cube.Mesh()
	} else {
		s.Mesh = s.foreign.Mesh()
	}
	return s, nil
}

// hdf5Format finds out what an HDF5 file is. What is nothing known is left to
// the reader of cube files, which says why.
func hdf5Format(path string) (string, error) {
	f, err := h5.Open(path)
	if err != nil {
		return "", fmt.Errorf("cube file: %w", err)
	}
	defer f.Close()
	attributes, err := f.Attributes("/")
	if err != nil {
		return "", err
	}
	switch {
	case slices.Contains(attributes, "schema"):
		return "cube", nil
	case hydro.IsMagritte(f):
		return "", fmt.Errorf("%s: a model of Magritte, of points: allowed: a cube; give this file as model.snapshot, with [cube]", path)
	case foreign.IsCOEmuNet(f) && !f.Exists("velocity_x"):
		return "coemunet", nil
	}
	return "cube", nil
}

// openFields opens a cube of one file per field.
func openFields(m configs.Model) (*Source, error) {
	f := m.Fields
	o := foreign.FieldsOptions{Density: f.Density, Temperature: f.Temperature, Velocity: [3]string{f.VelocityX, f.VelocityY, f.VelocityZ}, Turbulence: f.VTurb,
		Species: f.Species, Box: boxOf(f.BoxMinAU, f.BoxMaxAU), DensityUnit: f.DensityUnit, VelocityUnit: f.VelocityUnit}
	if f.VTurbMS != nil {
		o.VTurbMs = *f.VTurbMS
	}
	if m.Format != "auto" {
		o.Format = m.Format
	}
	c, err := foreign.OpenFields(o)
	if err != nil {
		return nil, err
	}
	return &Source{Name: stem(f.Density), Path: f.Density, Mesh: c.Mesh(), foreign: c}, nil
}

func boxOf(lo, hi [3]float64) grid.Box {
	var b grid.Box
	for a := range lo {
		b.Min[a], b.Max[a] = lo[a]*si.AU, hi[a]*si.AU
	}
	return b
}
