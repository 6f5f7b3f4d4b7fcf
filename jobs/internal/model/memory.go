// SPDX-License-Identifier: BSD-3-Clause

package model

import (
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/mapping"
)

// PointBytes returns what the points of the model hold on every rank, for as
// long as the model is open; 0 of a model that has none.
func (s *Source) PointBytes() float64 {
	if s.points == nil {
		return 0
	}
	p, numbers := s.points, 0
	for _, f := range [][]float64{p.Position[0], p.Position[1], p.Position[2], p.Density, p.Temperature, p.Velocity[0], p.Velocity[1], p.Velocity[2],
		p.Turbulence, p.Smoothing, p.Mass} {
		numbers += len(f)
	}
	return 8 * float64(numbers)
}

// TableBytes returns what Load holds, at the least, while it makes a block of
// points into cells.
func (s *Source) TableBytes(block grid.Block) float64 {
	if s.points == nil {
		return 0
	}
	switch n := s.points.Len(); s.plan.method {
	case "haar":
		return mapping.HaarBytes(n, block.NumStored())
	case "sph":
		return mapping.SPHBytes(n, block.NumStored())
	default:
		return mapping.NearestBytes(n)
	}
}
