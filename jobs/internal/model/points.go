// SPDX-License-Identifier: BSD-3-Clause

package model

import (
	"errors"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// Points reads all of a snapshot as scattered points, and returns the box that
// it fills. Where the snapshot has no turbulence of its own, that of the points
// is nil.
func Points(m configs.Model, conv hydro.Conversion) (*hydro.Points, grid.Box, error) {
	u := m.AMRVAC
	snap, err := hydro.OpenAMRVAC(m.Snapshot, hydro.AMRVACUnits{
		LengthCm: u.LengthCM, DensityGcc: u.DensityGCC, VelocityCms: u.VelocityCMS, MeanMolWeight: u.MeanMolWeight,
		TemperatureK: u.TemperatureK, Gamma: u.Gamma, Geometry: u.Geometry, WNames: u.Variables,
	})
	if err != nil {
		return nil, grid.Box{}, err
	}
	p, err := hydro.Centres(snap, conv)
	return p, snap.Box(), errors.Join(err, snap.Close())
}
