// SPDX-License-Identifier: BSD-3-Clause

package model

import (
	"errors"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/hydro"
)

// Cloud is a snapshot as scattered points.
type Cloud struct {
	Points    *hydro.Points
	Box       grid.Box // that the gas fills [m]
	Species   string   // whose density the points have
	Reference string   // the publication of the code that made the model
}

// Points reads all of a snapshot as points: the particles or points of the
// model, or the centres of its cells. c says how gas becomes CO; its mesh is not
// used. Where the snapshot has no turbulence, that of the points is nil.
func Points(file string, m configs.Model, c *configs.Cubing) (Cloud, error) {
	s, err := openSnapshot(file, m, c)
	if err != nil {
		return Cloud{}, err
	}
	cloud := Cloud{Points: s.points, Species: s.Species(), Reference: s.Reference}
	if s.snapshot != nil {
		cloud.Points, err = hydro.Centres(s.snapshot, s.conversion)
		cloud.Box = s.snapshot.Box()
	} else {
		cloud.Box = s.points.Box()
	}
	return cloud, errors.Join(err, s.Close())
}
