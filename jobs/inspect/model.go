// SPDX-License-Identifier: BSD-3-Clause

package inspect

import (
	"fmt"

	"github.com/columen/columen/internal/h5"
	"github.com/columen/columen/solver/foreign"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/image"
)

// entries makes lines of a description by another package.
func entries[L image.KeyValue | hydro.Line | foreign.KeyValue](from []L, err error) ([]image.KeyValue, error) {
	var out []image.KeyValue
	for _, l := range from {
		out = append(out, image.KeyValue(l))
	}
	return out, err
}

// describePhantom lists header and arrays of a dump.
func describePhantom(path string) ([]image.KeyValue, error) {
	p, err := hydro.OpenPhantom(path)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return entries(p.Describe())
}

// isMagritte reports whether an HDF5 file is a model of Magritte.
func isMagritte(path string) (bool, error) {
	f, err := h5.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return hydro.IsMagritte(f), nil
}

// describeMagritte lists what line transfer uses of a model, and its attributes.
func describeMagritte(path string) ([]image.KeyValue, error) {
	m, err := hydro.OpenMagritte(path)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return entries(m.Describe())
}

// describeRADMC3D describes a grid and the fields beside it. Of which molecule
// they are, only a configuration says; here it is CO.
func describeRADMC3D(path string) ([]image.KeyValue, error) {
	c, err := foreign.OpenRADMC3D(path, foreign.RADMC3DOptions{})
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return entries(c.Describe())
}

// describeArray describes one field of a cube.
func describeArray(path string) ([]image.KeyValue, error) {
	return entries(foreign.DescribeArray(path))
}

// describeFITS describes an image of ours or a field of a cube.
func describeFITS(path string) ([]image.KeyValue, error) {
	lines, imageErr := image.DescribeFITS(path)
	if imageErr == nil {
		return lines, nil
	}
	lines, err := describeArray(path)
	if err != nil {
		return nil, fmt.Errorf("no image file: %w; and no array of a cube: %w", imageErr, err)
	}
	return lines, nil
}
