// SPDX-License-Identifier: BSD-3-Clause

package hydro

import "github.com/columen/columen/solver/grid"

// Points is a model as samples at scattered positions: the particles of an SPH
// code, the points of a Voronoi mesh, the cell centres of a refined mesh. Every
// field that is not nil has one value per point.
type Points struct {
	Position    [3][]float64 // x, y, z [m]
	Density     []float64    // number density of the species, as CO [m⁻³]
	Temperature []float64    // [K]
	Velocity    [3][]float64 // along x, y, z [m s⁻¹]
	Turbulence  []float64    // turbulent line width [m s⁻¹]
	Smoothing   []float64    // h of an SPH particle [m]; nil for other codes
	Mass        []float64    // of an SPH particle, in molecules of the species: n = Σ Mass·W; nil for other codes
}

// Len returns the number of points.
func (p *Points) Len() int { return len(p.Position[0]) }

// Box returns the smallest box that holds all points.
func (p *Points) Box() grid.Box {
	var b grid.Box
	for a, x := range p.Position {
		for i, v := range x {
			if i == 0 || v < b.Min[a] {
				b.Min[a] = v
			}
			if i == 0 || v > b.Max[a] {
				b.Max[a] = v
			}
		}
	}
	return b
}
