// SPDX-License-Identifier: BSD-3-Clause

package model

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// hdf5Signature begins every HDF5 file.
const hdf5Signature = "\x89HDF\r\n\x1a\n"

// firstBytes returns what a file begins with.
func firstBytes(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 64)
	n, err := io.ReadFull(f, head)
	if err != nil && n == 0 && err != io.EOF {
		return nil, err
	}
	return head[:n], nil
}

// isHDF5 reports whether a file begins like HDF5.
func isHDF5(head []byte) bool {
	return len(head) >= len(hdf5Signature) && string(head[:len(hdf5Signature)]) == hdf5Signature
}

// openSnapshot opens a model that becomes a cube.
func openSnapshot(file string, m configs.Model, c *configs.Cubing) (*Source, error) {
	format := m.Format
	if format == "auto" {
		head, err := firstBytes(m.Snapshot)
		if err != nil {
			return nil, err
		}
		switch {
		case isHDF5(head):
			format = "magritte"
		case hydro.IsPhantom(head):
			format = "phantom"
		default:
			format = "amrvac"
		}
		if err := checkTables(file, m, format); err != nil {
			return nil, err
		}
	}
	s := &Source{Name: stem(m.Snapshot), Path: m.Snapshot}
	var err error
	switch format {
	case "phantom":
		err = s.openPhantom(m, c)
	case "magritte":
		err = s.openMagritte(file, m, c)
	default:
		err = s.openAMRVAC(m, c)
	}
	if err == nil {
		err = s.lay(file, c)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// checkTables refuses tables of another format than that of the file, and a
// missing table of a format that needs one.
func checkTables(file string, m configs.Model, format string) error {
	kind := map[string]string{"amrvac": "an AMRVAC snapshot", "phantom": "a Phantom dump", "magritte": "a Magritte model, for it is HDF5"}
	for table, given := range map[string]bool{"amrvac": m.AMRVAC != nil, "phantom": m.Phantom != nil, "magritte": m.Magritte != nil} {
		if given && table != format {
			return &configs.Error{Problems: []configs.Problem{{File: file, Field: "model." + table, Value: "a table", Reason: fmt.Sprintf("given, but %s is taken as %s", m.Snapshot, kind[format]),
				Allowed: "no [model." + table + "], or model.format = \"" + table + "\""}}}
		}
	}
	if format == "amrvac" && m.AMRVAC == nil || format == "phantom" && m.Phantom == nil {
		key := map[string]string{"amrvac": "model.amrvac.length_cm", "phantom": "model.phantom.mean_mol_weight"}[format]
		return &configs.Error{Problems: []configs.Problem{{File: file, Field: key, Reason: fmt.Sprintf("missing, and %s is taken as %s", m.Snapshot, kind[format]),
			Allowed: "[model." + format + "] with what the file does not hold, or another model.format"}}}
	}
	return nil
}

// conversionOf is what turns gas into CO. The configuration has checked that it
// is there.
func conversionOf(c *configs.Cubing) hydro.Conversion {
	conv := hydro.Conversion{MassPerH2AMU: c.MassPerH2AMU, COPerH2: c.COPerH2, TemperatureFloorK: c.TemperatureFloorK}
	if c.VTurbMS != nil {
		conv.VTurbMs = *c.VTurbMS
	}
	return conv
}

func (s *Source) openAMRVAC(m configs.Model, c *configs.Cubing) (err error) {
	u := m.AMRVAC
	s.snapshot, err = hydro.OpenAMRVAC(m.Snapshot, hydro.AMRVACUnits{
		LengthCm: u.LengthCM, DensityGcc: u.DensityGCC, VelocityCms: u.VelocityCMS, MeanMolWeight: u.MeanMolWeight,
		TemperatureK: u.TemperatureK, Gamma: u.Gamma, Geometry: u.Geometry, WNames: u.Variables,
	})
	if err != nil {
		return err
	}
	s.Reference = "Keppens et al. 2023, A&A 673, A66 (MPI-AMRVAC)"
	s.conversion = conversionOf(c)
	if err := s.conversion.Validate(); err != nil {
		return err
	}
	return s.place(s.snapshot.Box(), c)
}

func (s *Source) openPhantom(m configs.Model, c *configs.Cubing) error {
	p, err := hydro.OpenPhantom(m.Snapshot)
	if err != nil {
		return err
	}
	defer p.Close()
	s.conversion = conversionOf(c)
	s.points, err = p.Points(hydro.PhantomOptions{
		MeanMolWeight: m.Phantom.MeanMolWeight, TemperatureK: m.Phantom.TemperatureK, Boundary: m.Phantom.BoundaryParticles == "keep",
	}, s.conversion)
	if err != nil {
		return err
	}
	s.Reference = "Price et al. 2018, PASA 35, e031 (Phantom)"
	return s.place(boxAround(s.points), c)
}

func (s *Source) openMagritte(file string, m configs.Model, c *configs.Cubing) error {
	if err := NeedHDF5(file, "model.snapshot", strconv.Quote(m.Snapshot), "a snapshot of AMRVAC or Phantom"); err != nil {
		return err
	}
	p, err := hydro.OpenMagritte(m.Snapshot)
	if err != nil {
		return err
	}
	defer p.Close()
	s.conversion = conversionOf(c)
	o := hydro.MagritteOptions{TemperatureFloorK: c.TemperatureFloorK}
	if t := m.Magritte; t != nil {
		o.Species, o.Column, o.KeepBoundary, o.VTurb2Unit, o.VelocityUnit = t.Species, t.SpeciesColumn, t.Boundary == "keep", t.VTurb2Unit, t.VelocityUnit
		s.species = t.Species
	}
	if s.points, err = p.Points(o); err != nil {
		return err
	}
	if o.VTurb2Unit == "m2/s2" && slices.Max(s.points.Turbulence) < 1e-3 {
		s.Warning = `the turbulence is below 1 mm/s: vturb2_unit = "m2/s2", but vturb2 seems to be in c²`
	}
	s.Reference = "De Ceuster et al. 2020, MNRAS 492, 1812 (Magritte)"
	return s.place(boxAround(s.points), c)
}

// boxAround is the box of all points, by a trifle larger, so that none lies on
// its upper faces, which belong to the cells beyond.
func boxAround(p *hydro.Points) grid.Box {
	b := p.Box()
	for a, size := range b.Size() {
		b.Max[a] += 1e-9 * size
	}
	return b
}
