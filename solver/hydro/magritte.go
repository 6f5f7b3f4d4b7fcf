// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"errors"
	"fmt"
	"slices"

	"github.com/columen/columen/internal/h5"
	"github.com/columen/columen/solver/si"
)

// speedOfLight is c [m s⁻¹], exact.
const speedOfLight = si.LightSpeed

// MagritteOptions is what a Magritte model leaves open. The TOML key of each
// field is given in brackets.
type MagritteOptions struct {
	Species           string  // the one to image, "CO" for "" [species]
	Column            *int    // of abundance, from 0, where the file does not name the species [species_column]
	KeepBoundary      bool    // keep the points of the boundary, which mostly are a hull that no gas fills [boundary_points]
	VTurb2Unit        string  // of vturb2: "c2", as Magritte writes it and the default, or "m2/s2" [vturb2_unit]
	VelocityUnit      string  // "c", as Magritte writes it and the default, or "m/s" [velocity_unit]
	TemperatureFloorK float64 // least temperature, ≥ 0 [temperature_floor_k]
}

// The datasets of a Magritte model that line transfer in LTE needs, and two
// more that it can do without.
const (
	magrittePosition    = "geometry/points/position"
	magritteVelocity    = "geometry/points/velocity"
	magritteAbundance   = "chemistry/species/abundance"
	magritteTemperature = "thermodynamics/temperature/gas"
	magritteVTurb2      = "thermodynamics/turbulence/vturb2"
	magritteSpecies     = "chemistry/species/species"
	magritteBoundary    = "geometry/boundary/boundary2point"
)

// Magritte is an open HDF5 model of the line transfer code Magritte. The form
// of storage, contiguous or chunked and compressed, in 4 or 8 bytes, is the
// business of the HDF5 library.
type Magritte struct {
	file    *h5.File
	data    map[string]*h5.Dataset
	points  int
	columns int      // of abundance
	species []string // nil where the file names none
}

// OpenMagritte opens a model and checks the datasets and their shapes. The
// error names the file, the dataset, what was found and what is wanted.
func OpenMagritte(path string) (*Magritte, error) {
	f, err := h5.Open(path)
	if err != nil {
		return nil, fmt.Errorf("Magritte model: %w", err)
	}
	m := &Magritte{file: f, data: map[string]*h5.Dataset{}}
	if err := m.inspect(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return m, nil
}

// Close closes the file.
func (m *Magritte) Close() error { return m.file.Close() }

// has reports whether a dataset is there; HDF5 can only be asked for one whose
// groups exist.
func has(f *h5.File, name string) bool {
	for i, c := range name {
		if c == '/' && !f.Exists(name[:i]) {
			return false
		}
	}
	return f.Exists(name)
}

// IsMagritte reports whether an HDF5 file has the points of a Magritte model.
func IsMagritte(f *h5.File) bool { return has(f, magrittePosition) }

func (m *Magritte) inspect() error {
	path := m.file.Path()
	for _, name := range []string{magrittePosition, magritteVelocity, magritteAbundance, magritteTemperature, magritteVTurb2} {
		if !has(m.file, name) {
			return fmt.Errorf("%s: dataset %s is missing: want it, as in every model of Magritte", path, name)
		}
		ds, err := m.file.OpenDataset(name)
		if err != nil {
			return err
		}
		shape := ds.Shape()
		if name == magrittePosition && len(shape) == 2 {
			m.points = shape[0]
		}
		want := map[string][]int{
			magrittePosition: {m.points, 3}, magritteVelocity: {m.points, 3}, magritteTemperature: {m.points}, magritteVTurb2: {m.points},
		}[name]
		words := fmt.Sprint(want)
		if name == magritteAbundance {
			words = fmt.Sprintf("[%d, number of species]", m.points)
			if len(shape) == 2 && shape[0] == m.points {
				want, m.columns = shape, shape[1]
			}
		}
		if name == magrittePosition && m.points == 0 {
			words = "[number of points, 3]"
		}
		if !slices.Equal(shape, want) {
			return fmt.Errorf("%s: dataset %s: shape %v: want %s", path, name, shape, words)
		}
		if ds.Dtype() == h5.Other {
			return fmt.Errorf("%s: dataset %s: element type is neither f4 nor f8", path, name)
		}
		m.data[name] = ds
	}
	return m.readSpecies()
}

// readSpecies reads the names of the columns of abundance, where they are
// given.
func (m *Magritte) readSpecies() error {
	if !has(m.file, magritteSpecies) {
		return nil
	}
	names, err := m.file.Strings(magritteSpecies)
	if err != nil {
		return err
	}
	if len(names) != m.columns {
		return fmt.Errorf("%s: dataset %s: %d names %q: want %d, the columns of abundance", m.file.Path(), magritteSpecies, len(names), names, m.columns)
	}
	m.species = names
	return nil
}

// column finds the species by its name or, failing that, takes the configured
// column. Where both are there, the name counts.
func (m *Magritte) column(o MagritteOptions) (int, error) {
	path := m.file.Path()
	name := o.Species
	if name == "" {
		name = "CO"
	}
	if i := slices.Index(m.species, name); i >= 0 {
		if slices.Contains(m.species[i+1:], name) {
			return 0, fmt.Errorf("%s: dataset %s: found %q: want %s only once", path, magritteSpecies, m.species, name)
		}
		return i, nil
	}
	found := "is missing"
	if m.species != nil {
		found = fmt.Sprintf("found %q", m.species)
	}
	if o.Column == nil {
		return 0, fmt.Errorf("%s: dataset %s: %s: want %s among the names, or species_column, the column of %s in abundance, from 0 to %d",
			path, magritteSpecies, found, name, name, m.columns-1)
	}
	if *o.Column < 0 || *o.Column >= m.columns {
		return 0, fmt.Errorf("%s: species_column = %d: want 0 to %d, the columns of %s", path, *o.Column, m.columns-1, magritteAbundance)
	}
	return *o.Column, nil
}

// Describe lists species and attributes, and for every dataset that line
// transfer uses its type, shape and range, in the units of the file.
func (m *Magritte) Describe() ([]Line, error) {
	lines := []Line{{"format", "Magritte model (HDF5)"}, {"points", fmt.Sprint(m.points)}, {"species", fmt.Sprintf("%q", m.species)}}
	for _, name := range []string{magrittePosition, magritteVelocity, magritteAbundance, magritteTemperature, magritteVTurb2} {
		ds := m.data[name]
		width := 1
		if len(ds.Shape()) == 2 {
			width = ds.Shape()[1]
		}
		for c := range width {
			x, err := m.read(name, c)
			if err != nil {
				return nil, err
			}
			key := name
			if len(ds.Shape()) == 2 {
				key = fmt.Sprintf("%s[:,%d]", name, c)
			}
			lines = append(lines, Line{key, fmt.Sprintf("%v, %s", ds.Dtype(), rangeOf(x))})
		}
	}
	if has(m.file, magritteBoundary) {
		b, err := m.file.Ints(magritteBoundary)
		if err != nil {
			return nil, err
		}
		lines = append(lines, Line{"boundary points", fmt.Sprint(len(b))})
	}
	attributes, err := m.file.Attributes("/")
	if err != nil {
		return nil, err
	}
	for _, a := range attributes {
		v, err := m.file.Attribute("/", a)
		if err != nil {
			return nil, err
		}
		lines = append(lines, Line{a, fmt.Sprint(v)})
	}
	return lines, nil
}

// read reads one column of a dataset, or all of a dataset without columns.
func (m *Magritte) read(name string, column int) ([]float64, error) {
	ds := m.data[name]
	x := make([]float64, m.points)
	offset, count := []int{0}, []int{m.points}
	if len(ds.Shape()) == 2 {
		offset, count = []int{0, column}, []int{m.points, 1}
	}
	return x, h5.ReadSlab(ds, offset, count, x)
}
