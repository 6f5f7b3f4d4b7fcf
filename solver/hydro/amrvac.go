// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/columen/columen/solver/grid"
)

// AMRVACUnits is what a .dat file does not store. The TOML key of each field
// is given in brackets. The first four are always needed.
type AMRVACUnits struct {
	LengthCm      float64 // unit of length [length_cm]
	DensityGcc    float64 // unit of mass density, g cm⁻³ [density_gcc]
	VelocityCms   float64 // unit of velocity, cm s⁻¹ [velocity_cms]
	MeanMolWeight float64 // mean molecular weight μ of the gas in amu [mean_mol_weight]

	TemperatureK float64  // of an isothermal model; only for files without energy [temperature_k]
	Gamma        float64  // ratio of specific heats; only for headers without it, as of version 3 [gamma]
	Geometry     string   // cartesian_3d; only for versions 3 and 4 [geometry]
	WNames       []string // conserved variables in order; only for version 3 [variables]
}

// AMRVAC is an open MPI-AMRVAC .dat snapshot of versions 3 to 5. It holds
// header and tree; blocks are read on demand. It implements Leaves, and its
// methods may be called concurrently, ReadLeaf with different destinations.
//
// Only 3D Cartesian models of the hd and mhd modules are supported, and they
// must be unstretched and, as is AMRVAC's default, store the total energy: the
// header tells neither. Other variables, such as tracers, and face data of
// staggered fields are skipped.
type AMRVAC struct {
	file    *os.File
	src     *source
	header  *AMRVACHeader
	units   AMRVACUnits
	leaves  []amrvacLeaf
	columns amrvacColumns
	gamma   float64 // 0 for an isothermal model
}

// amrvacColumns is where the needed variables are in a record; -1: not there.
type amrvacColumns struct {
	rho, e int
	m, b   [3]int
}

// OpenAMRVAC opens a snapshot and reads and checks its header and its tree.
// The error names the file, the byte offset, what was found and what is
// allowed, or the TOML key of the unit that is missing or not wanted.
func OpenAMRVAC(path string, units AMRVACUnits) (*AMRVAC, error) {
	f, src, err := openSource(path)
	if err != nil {
		return nil, err
	}
	s, err := newAMRVAC(src, units)
	if err != nil {
		f.Close()
		return nil, err
	}
	s.file = f
	return s, nil
}

// newAMRVAC reads header and tree of src.
func newAMRVAC(src *source, units AMRVACUnits) (*AMRVAC, error) {
	h, err := parseAMRVACHeader(src)
	if err != nil {
		return nil, err
	}
	s := &AMRVAC{src: src, header: h, units: units}
	for _, check := range []func() error{s.checkUnits, s.checkGeometry, s.findColumns, s.findGamma} {
		if err := check(); err != nil {
			return nil, err
		}
	}
	if s.leaves, err = readAMRVACTree(src, h); err != nil {
		return nil, err
	}
	return s, nil
}

// Close closes the file.
func (s *AMRVAC) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

// Header returns the header, which must not be changed.
func (s *AMRVAC) Header() *AMRVACHeader { return s.header }

// NumLeaves is the number of blocks with data.
func (s *AMRVAC) NumLeaves() int { return len(s.leaves) }

// LeafCells is the number of cells of a leaf, the same for all.
func (s *AMRVAC) LeafCells(int) [3]int { return s.header.BlockCells }

// LeafLevel is the refinement level of leaf i, counted from 1.
func (s *AMRVAC) LeafLevel(i int) int { return int(s.leaves[i].place.level) + 1 }

// Box is the domain [m].
func (s *AMRVAC) Box() grid.Box {
	var b grid.Box
	for a := range b.Min {
		b.Min[a], b.Max[a] = s.coordinate(a, 0, 1), s.coordinate(a, 1, 1)
	}
	return b
}

// LeafBox is the box of leaf i [m].
func (s *AMRVAC) LeafBox(i int) grid.Box {
	var b grid.Box
	p := s.leaves[i].place
	for a, first := range p.index {
		n := int64(s.header.DomainCells[a]/s.header.BlockCells[a]) << p.level
		b.Min[a], b.Max[a] = s.coordinate(a, int64(first), n), s.coordinate(a, int64(first)+1, n)
	}
	return b
}

// coordinate is the point a fraction i/n along axis a of the domain [m]. Equal
// fractions of different levels give the same bits, for i/n is rounded once.
func (s *AMRVAC) coordinate(a int, i, n int64) float64 {
	t := float64(i) / float64(n)
	return (s.header.XMin[a]*(1-t) + s.header.XMax[a]*t) * s.units.LengthCm * 1e-2
}

// checkUnits makes sure that the four units are given and positive.
func (s *AMRVAC) checkUnits() error {
	u := s.units
	needed := []struct {
		key   string
		value float64
	}{
		{"length_cm", u.LengthCm}, {"density_gcc", u.DensityGcc}, {"velocity_cms", u.VelocityCms}, {"mean_mol_weight", u.MeanMolWeight},
	}
	for _, n := range needed {
		if err := s.wantPositive(n.key, n.value, "the file does not store its units"); err != nil {
			return err
		}
	}
	return nil
}

// wantPositive returns an error unless the configured value is positive.
func (s *AMRVAC) wantPositive(key string, value float64, why string) error {
	if value > 0 && value <= math.MaxFloat64 {
		return nil
	}
	if value == 0 {
		return fmt.Errorf("%s: %s is missing: want a positive number, for %s", s.src.name, key, why)
	}
	return fmt.Errorf("%s: %s = %g: want a positive finite number", s.src.name, key, value)
}

// unwanted is the error for a configured value that the file stores itself.
func (s *AMRVAC) unwanted(key string, value any, stored string) error {
	return fmt.Errorf("%s: %s = %v: remove it, for the file says %s", s.src.name, key, value, stored)
}

// checkGeometry accepts unstretched 3D Cartesian coordinates only.
func (s *AMRVAC) checkGeometry() error {
	name := s.header.Geometry
	if s.header.Version < 5 {
		if name = s.units.Geometry; name == "" {
			return fmt.Errorf(`%s: geometry is missing: want "cartesian_3d", for a file of version %d does not store it`, s.src.name, s.header.Version)
		}
	} else if s.units.Geometry != "" && !strings.EqualFold(s.units.Geometry, name) {
		return s.unwanted("geometry", s.units.Geometry, name)
	}
	// set_coordinate_system takes "Cartesian" for the dimension compiled in.
	if !strings.EqualFold(name, "Cartesian_3D") && !strings.EqualFold(name, "Cartesian") {
		return fmt.Errorf("%s: geometry: found %q, want Cartesian_3D, the only one supported", s.src.name, name)
	}
	return nil
}

// findColumns finds the needed variables by name.
func (s *AMRVAC) findColumns() error {
	h := s.header
	names := h.Names
	switch {
	case h.Version < 4 && len(s.units.WNames) == 0:
		return fmt.Errorf(`%s: variables is missing: want the names of the %d variables, as in ["rho", "m1", "m2", "m3", "e"]: version 3 does not store them`,
			s.src.name, h.NumVars)
	case h.Version < 4 && len(s.units.WNames) != h.NumVars:
		return fmt.Errorf("%s: variables: found %d names, want %d, the nw of the file", s.src.name, len(s.units.WNames), h.NumVars)
	case h.Version < 4:
		names = s.units.WNames
	case len(s.units.WNames) != 0:
		return s.unwanted("variables", s.units.WNames, fmt.Sprint(names))
	case h.Physics != "hd" && h.Physics != "mhd":
		return fmt.Errorf("%s: physics_type: found %q, want hd or mhd", s.src.name, h.Physics)
	}
	var missing error
	column := func(name string, needed bool) int {
		i := slices.Index(names, name)
		if i < 0 && needed && missing == nil {
			missing = fmt.Errorf("%s: variables: found %q, want the conserved variables rho, m1, m2, m3 among them: %s is missing", s.src.name, names, name)
		}
		if i >= 0 && slices.Contains(names[i+1:], name) && missing == nil {
			missing = fmt.Errorf("%s: variables: found %q, want %s only once", s.src.name, names, name)
		}
		return i
	}
	c := &s.columns
	c.rho, c.e = column("rho", true), column("e", false)
	magnetic := c.e >= 0 && (h.Physics == "mhd" || h.Version < 4 && slices.Contains(names, "b1"))
	for a := range 3 {
		c.m[a] = column(fmt.Sprintf("m%d", a+1), true)
		c.b[a] = -1
		if magnetic {
			c.b[a] = column(fmt.Sprintf("b%d", a+1), true)
		}
	}
	return missing
}

// findGamma takes γ from the header or, where that has none, the units. A
// model without energy has a configured temperature instead.
func (s *AMRVAC) findGamma() error {
	u := s.units
	if s.columns.e < 0 {
		if u.Gamma != 0 {
			return s.unwanted("gamma", u.Gamma, "nothing of an energy e to use it with")
		}
		return s.wantPositive("temperature_k", u.TemperatureK, "the file has no energy e")
	}
	if u.TemperatureK != 0 {
		return s.unwanted("temperature_k", u.TemperatureK, "what the energy e is")
	}
	gamma, stored := s.header.Gamma()
	if stored && u.Gamma != 0 {
		return s.unwanted("gamma", u.Gamma, fmt.Sprintf("gamma = %g", gamma))
	}
	if !stored {
		gamma = u.Gamma
		if err := s.wantPositive("gamma", gamma, "the file does not store it"); err != nil {
			return err
		}
	}
	if !(gamma > 1) {
		return fmt.Errorf("%s: gamma: found %g, want more than 1", s.src.name, gamma)
	}
	s.gamma = gamma
	return nil
}
