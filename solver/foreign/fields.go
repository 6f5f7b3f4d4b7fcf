// SPDX-License-Identifier: BSD-3-Clause

package foreign

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/columen/columen/solver/grid"
)

// FieldsOptions names one file per field. The TOML key of each field is given
// in brackets.
type FieldsOptions struct {
	Density      string    // number density of the species [density]
	Temperature  string    // K [temperature]
	Velocity     [3]string // "" for a component that no view needs [velocity_x, velocity_y, velocity_z]
	Turbulence   string    // turbulent width; or "" and VTurbMs [v_turb]
	VTurbMs      float64   // turbulent width everywhere [v_turb_ms]
	Species      string    // the molecule, "CO" for "" [species]
	Box          grid.Box  // outer faces of the cube [m] [box_min_au, box_max_au]
	DensityUnit  string    // "m-3", also for "", or "cm-3" [density_unit]
	VelocityUnit string    // of velocity and turbulence: "m/s", also for "", "cm/s" or "km/s" [velocity_unit]
	Format       string    // "npy", "fits", or "" for either, by the contents
}

// OpenFields opens a cube of one file per field. The arrays are of one shape,
// in .npy indexed [x, y, z], in FITS with x along NAXIS1. Each file may be of
// either format, in 4 or 8 bytes.
func OpenFields(o FieldsOptions) (*Cube, error) {
	c := &Cube{path: o.Density, species: o.Species, absent: "allowed: views along components that are given as files"}
	if c.species == "" {
		c.species = "CO"
	}
	if err := c.openFields(o); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Cube) openFields(o FieldsOptions) error {
	perCubic, ok := map[string]float64{"": 1, "m-3": 1, "cm-3": 1e6}[o.DensityUnit]
	if !ok {
		return fmt.Errorf(`density_unit = %q: want "m-3" or "cm-3"`, o.DensityUnit)
	}
	speed, ok := map[string]float64{"": 1, "m/s": 1, "cm/s": 1e-2, "km/s": 1e3}[o.VelocityUnit]
	if !ok {
		return fmt.Errorf(`velocity_unit = %q: want "m/s", "cm/s" or "km/s"`, o.VelocityUnit)
	}
	paths := [fieldCount]string{o.Density, o.Temperature, o.Velocity[0], o.Velocity[1], o.Velocity[2], o.Turbulence}
	scales := [fieldCount]float64{perCubic, 1, speed, speed, speed, speed}
	c.fields[turbulence] = uniform(o.VTurbMs)
	for i, path := range paths {
		if path == "" {
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		c.closers = append(c.closers, f)
		info, err := f.Stat()
		if err != nil {
			return err
		}
		a, err := parseArray(path, f, info.Size(), o.Format)
		if err != nil {
			return err
		}
		if i == density {
			c.mesh = grid.Mesh{Box: o.Box, Cells: a.cells}
			if err := c.mesh.Validate(); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		} else if a.cells != c.mesh.Cells {
			return fmt.Errorf("%s: %v cells, want %v like %s", path, a.cells, c.mesh.Cells, o.Density)
		}
		c.header = append(c.header, KeyValue{fieldName(i), path + ", " + a.form})
		c.fields[i] = strided{numbers: a.numbers, stride: a.stride, scale: scales[i]}
	}
	return nil
}

// arrayFile is the array of a .npy or FITS file.
type arrayFile struct {
	form    string // for descriptions
	cells   [3]int // along x, y, z
	stride  [3]int64
	numbers inFile
}

// parseArray finds the format by the first bytes.
func parseArray(name string, r io.ReaderAt, size int64, format string) (*arrayFile, error) {
	head := make([]byte, 10)
	n, err := r.ReadAt(head, 0)
	if n == 0 {
		return nil, fmt.Errorf("%s: byte 0: found the end of the file, want an .npy or FITS file: %w", name, err)
	}
	head = head[:n]
	found := ""
	for _, f := range []string{"npy", "fits"} {
		if len(head) >= 6 && string(head[:6]) == map[string]string{"npy": "\x93NUMPY", "fits": "SIMPLE"}[f] {
			found = f
		}
	}
	if found == "" || format != "" && format != found {
		if format == "" {
			format = "npy or fits"
		}
		return nil, fmt.Errorf("%s: byte 0: found %q, want a file of format %s", name, head, format)
	}
	if found == "npy" {
		return parseNPY(name, r, size)
	}
	return parseFITS(name, r, size)
}

// DescribeArray describes one .npy or FITS file of a cube: shape, type, order
// and range, in its own units.
func DescribeArray(path string) ([]KeyValue, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	a, err := parseArray(path, f, info.Size(), "")
	if err != nil {
		return nil, err
	}
	x, err := strided{numbers: a.numbers, stride: a.stride, scale: 1}.read(grid.Mesh{Cells: a.cells}.Full().Stored)
	if err != nil {
		return nil, err
	}
	return []KeyValue{{"format", a.form}, {"cells [x, y, z]", fmt.Sprintf("%d × %d × %d", a.cells[0], a.cells[1], a.cells[2])}, {"values", rangeOf(x)}}, nil
}
