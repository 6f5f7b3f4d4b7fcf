// SPDX-License-Identifier: BSD-3-Clause

package foreign

import (
	"errors"
	"fmt"
	"slices"

	"github.com/columen/columen/internal/h5"
	"github.com/columen/columen/solver/grid"
)

// COEmuNetOptions is what a sample of COEmuNet does not say. The TOML key of
// each field is given in brackets.
type COEmuNetOptions struct {
	Box     grid.Box // outer faces of the cube [m] [box_min_au, box_max_au]
	VTurbMs float64  // turbulent width everywhere [v_turb_ms]
}

// OpenCOEmuNet opens a raw sample of COEmuNet: datasets CO [m⁻³], temperature
// [K] and velocity_z [m/s] of one shape, [x, y, z]. There is no other component
// of the velocity, so that only views along z are possible, and neither box nor
// turbulence, which the options give.
func OpenCOEmuNet(path string, o COEmuNetOptions) (*Cube, error) {
	f, err := h5.Open(path)
	if err != nil {
		return nil, fmt.Errorf("COEmuNet sample: %w", err)
	}
	c := &Cube{path: path, species: "CO", absent: "a sample of COEmuNet has velocity_z only: allowed: views along z (axis +z or -z)"}
	c.closers = append(c.closers, f)
	c.header = []KeyValue{{"format", "sample of COEmuNet (HDF5)"}}
	for i, name := range map[int]string{density: "CO", temperature: "temperature", velocityZ: "velocity_z"} {
		if !f.Exists(name) {
			return nil, errors.Join(fmt.Errorf("%s: dataset %s is missing: want CO, temperature and velocity_z", path, name), c.Close())
		}
		ds, err := f.OpenDataset(name)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.fields[i] = dataset{ds}
	}
	c.fields[turbulence] = uniform(o.VTurbMs)
	shape := c.fields[density].(dataset).Shape()
	if len(shape) != 3 || !checkCells([3]int(shape)) {
		return nil, errors.Join(fmt.Errorf("%s: dataset CO: shape %v: want [nx, ny, nz] of 1 to %d each", path, shape, cellsMax), c.Close())
	}
	for _, i := range []int{density, temperature, velocityZ} {
		ds := c.fields[i].(dataset)
		if ds.Dtype() == h5.Other {
			return nil, errors.Join(fmt.Errorf("%s: dataset %s: element type is neither f4 nor f8", path, ds.Name()), c.Close())
		}
		if !slices.Equal(ds.Shape(), shape) {
			return nil, errors.Join(fmt.Errorf("%s: dataset %s: shape %v: want %v like dataset CO", path, ds.Name(), ds.Shape(), shape), c.Close())
		}
	}
	c.mesh = grid.Mesh{Box: o.Box, Cells: [3]int(shape)}
	if err := c.mesh.Validate(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), c.Close())
	}
	return c, nil
}

// IsCOEmuNet reports whether an HDF5 file has the fields of a sample of
// COEmuNet.
func IsCOEmuNet(f *h5.File) bool {
	return f.Exists("CO") && f.Exists("temperature") && f.Exists("velocity_z")
}

// dataset is a field in an HDF5 file, in C order.
type dataset struct{ *h5.Dataset }

func (d dataset) read(cells [3]grid.Range) ([]float64, error) {
	var offset, count [3]int
	n := 1
	for a, r := range cells {
		offset[a], count[a] = r.Lo, r.Len()
		n *= r.Len()
	}
	x := make([]float64, n)
	return x, h5.ReadSlab(d.Dataset, offset[:], count[:], x)
}
