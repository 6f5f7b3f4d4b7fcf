// SPDX-License-Identifier: BSD-3-Clause

package foreign

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/columen/columen/solver/grid"
)

// RADMC3DOptions says what to take from an input folder. The TOML key of each
// field is given in brackets.
type RADMC3DOptions struct {
	Molecule string   // the … of numberdens_….inp, "co" for "" [molecule]
	VTurbMs  *float64 // turbulent width everywhere, where there is no microturbulence.inp; nil is 0, as in RADMC-3D [v_turb_ms]
}

// OpenRADMC3D opens the input folder of RADMC-3D that holds amr_grid.inp or
// amr_grid.binp, which path names: a regular Cartesian grid of equal cells. The
// fields lie beside it, each as .inp (text) or .binp (binary):
//
//	numberdens_co      cm⁻³    gas_temperature   K
//	gas_velocity       cm/s    microturbulence   cm/s
//
// Without the last two the gas rests and has no turbulence, as in RADMC-3D,
// whose microturbulence enters the line width as our v_turb does [manual,
// section "Microturbulence"]: width² = 2kT/m + v_turb².
func OpenRADMC3D(path string, o RADMC3DOptions) (*Cube, error) {
	mesh, form, err := readAMRGrid(path)
	if err != nil {
		return nil, err
	}
	if o.Molecule == "" {
		o.Molecule = "co"
	}
	c := &Cube{path: path, species: strings.ToUpper(o.Molecule), mesh: mesh, header: []KeyValue{{"format", "RADMC-3D input, regular grid, " + form}}}
	if err := c.openRADMC3D(filepath.Dir(path), o); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cube) openRADMC3D(dir string, o RADMC3DOptions) error {
	for i, f := range []struct {
		stem     string
		scale    float64 // to SI
		width    int
		optional bool
	}{
		density:     {"numberdens_" + o.Molecule, 1e6, 1, false},
		temperature: {"gas_temperature", 1, 1, false},
		velocityX:   {"gas_velocity", 1e-2, 3, true},
		turbulence:  {"microturbulence", 1e-2, 1, true},
	} {
		if f.stem == "" { // the other velocities are in the file of the first
			continue
		}
		values, name, err := c.openValues(filepath.Join(dir, f.stem), f.width)
		if errors.Is(err, fs.ErrNotExist) && f.optional {
			c.restWithout(i, o)
			continue
		}
		if err != nil {
			return err
		}
		if i == turbulence && o.VTurbMs != nil {
			return fmt.Errorf("%s: v_turb_ms = %g: remove it, for there is %s", c.path, *o.VTurbMs, filepath.Base(name))
		}
		c.header = append(c.header, KeyValue{fieldName(i), name})
		for part := range f.width {
			c.fields[i+part] = strided{numbers: values, first: int64(part), stride: xFastest(c.mesh.Cells, int64(f.width)), scale: f.scale}
		}
	}
	return nil
}

// restWithout fills in what an absent file means.
func (c *Cube) restWithout(field int, o RADMC3DOptions) {
	if field == velocityX {
		for a := range 3 {
			c.fields[velocityX+a] = uniform(0)
		}
		return
	}
	var v float64
	if o.VTurbMs != nil {
		v = *o.VTurbMs
	}
	c.fields[turbulence] = uniform(v)
}

// openValues opens STEM.inp or STEM.binp, of width numbers per cell.
func (c *Cube) openValues(stem string, width int) (numbers, string, error) {
	text, binary := stem+".inp", stem+".binp"
	_, textErr := os.Stat(text)
	_, binaryErr := os.Stat(binary)
	want := c.mesh.NumCells() * width
	switch {
	case textErr == nil && binaryErr == nil:
		return nil, "", fmt.Errorf("%s: both %s and %s are there: want one of them", c.path, filepath.Base(text), filepath.Base(binary))
	case textErr == nil:
		x, err := readValuesText(text, c.mesh.NumCells(), want)
		return inMemory(x), text, err
	case binaryErr == nil:
		f, err := os.Open(binary)
		if err != nil {
			return nil, "", err
		}
		c.closers = append(c.closers, f)
		x, err := openValuesBinary(binary, f, c.mesh.NumCells(), want)
		return x, binary, err
	}
	return nil, "", fmt.Errorf("%s: neither %s nor %s is there: want one of them: %w", c.path, filepath.Base(text), filepath.Base(binary), fs.ErrNotExist)
}

// amrGrid are the numbers of amr_grid.inp in the order of the file.
type amrGrid struct {
	format, style, coordinates, info int64
	include                          [3]int64
	cells                            [3]int64
	edges                            [3][]float64 // [cm]
}

// mesh checks the grid; at names the place of a number for messages.
func (g *amrGrid) mesh(name string) (grid.Mesh, error) {
	bad := func(field string, found any, want string) (grid.Mesh, error) {
		return grid.Mesh{}, fmt.Errorf("%s: %s: found %v, want %s", name, field, found, want)
	}
	var m grid.Mesh
	for a, edges := range g.edges {
		m.Cells[a] = int(g.cells[a])
		lo, hi := edges[0], edges[len(edges)-1]
		step := (hi - lo) / float64(m.Cells[a])
		if !(step > 0) || math.IsInf(step, 0) {
			return bad("edges along "+grid.AxisName(a), fmt.Sprintf("%g to %g", lo, hi), "increasing numbers [cm]")
		}
		for i, x := range edges {
			if even := lo + step*float64(i); !(math.Abs(x-even) <= 1e-6*step) {
				return bad(fmt.Sprintf("edge %d along %s", i, grid.AxisName(a)), x, fmt.Sprintf("%g: equal cells, the only ones supported", even))
			}
		}
		m.Box.Min[a], m.Box.Max[a] = lo*1e-2, hi*1e-2
	}
	return m, m.Validate()
}

// checkStart refuses all but a regular 3D Cartesian grid.
func (g *amrGrid) checkStart(field int) (want string) {
	switch {
	case field == 0 && g.format != 1:
		return "1, the version of the format"
	case field == 1 && g.style != 0:
		return "0, a regular grid: refined and unstructured grids are not supported"
	case field == 2 && (g.coordinates < 0 || g.coordinates >= 100):
		return "0 to 99, Cartesian coordinates, the only ones supported"
	case field >= 4 && field < 7 && g.include[field-4] != 1:
		return "1: all three dimensions"
	case field >= 7 && (g.cells[field-7] < 1 || g.cells[field-7] > cellsMax):
		return fmt.Sprintf("1 to %d cells", cellsMax)
	}
	return ""
}

// start are the first ten numbers, integers.
func (g *amrGrid) start() [10]*int64 {
	return [10]*int64{&g.format, &g.style, &g.coordinates, &g.info, &g.include[0], &g.include[1], &g.include[2], &g.cells[0], &g.cells[1], &g.cells[2]}
}

// startName is the name of one of them in the manual.
func startName(i int) string {
	return strings.Fields("iformat grid_style coord_system grid_info incl_x incl_y incl_z nx ny nz")[i]
}
