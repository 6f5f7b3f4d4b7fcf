// SPDX-License-Identifier: BSD-3-Clause

package samples

import (
	"math"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/solver/rotation"
	"github.com/columen/columen/solver/si"
	"github.com/columen/columen/solver/wind"
)

// winds makes cubes of winds by formula, evaluated at the centres of the cells.
type winds struct {
	s     *Set
	spans wind.Spans
	row   *wind.Points // scratch
}

func newWinds(s *Set) *winds { return &winds{s: s, spans: spansOf(s.Config)} }

// windOf returns the table that winds are drawn by.
func windOf(cfg *configs.Generate) *configs.Wind {
	if cfg.Wind != nil {
		return cfg.Wind
	}
	return configs.DefaultWind()
}

// spansOf returns what winds are drawn from, in SI.
func spansOf(cfg *configs.Generate) wind.Spans {
	w := windOf(cfg)
	span := func(x [2]float64, unit float64, law string) wind.Span {
		return wind.Span{Low: x[0] * unit, High: x[1] * unit, Law: wind.Law(law)}
	}
	const solarPerYear = wind.SolarMassKg / wind.YearS
	phase := [2]float64{w.PhaseDeg[0] / 180, w.PhaseDeg[1] / 180} // so that 360° is 2π to the last bit
	return wind.Spans{
		MassLossKgS: span(w.MassLossMsunYr, solarPerYear, w.MassLossLaw), COPerH2: span(w.COPerH2, 1, w.COPerH2Law),
		ExpansionMS: span(w.ExpansionMS, 1, w.ExpansionLaw), SpacingM: span(w.SpacingAU, si.AU, w.SpacingLaw),
		Contrast: span(w.Contrast, 1, w.ContrastLaw), Thickness: span(w.Thickness, 1, w.ThicknessLaw),
		TemperatureK: span(w.TemperatureK, 1, w.TemperatureLaw), TemperatureSlope: span(w.TemperatureSlope, 1, w.TemperatureSlopeLaw),
		PhaseRad:     span(phase, math.Pi, w.PhaseLaw),
		MassPerH2AMU: w.MassPerH2AMU, RotationMS: w.RotationMS, TemperatureFloorK: w.TemperatureFloorK, InnerRadiusM: w.InnerRadiusAU * si.AU,
	}
}

// Parameters describes for the manifest what winds were drawn from.
func Parameters(cfg *configs.Generate) map[string]dataset.Span {
	all := map[string]dataset.Span{}
	for _, p := range windOf(cfg).Parameters() {
		all[p.Key] = dataset.Span{Min: p.Low, Max: p.High, Law: p.Law}
	}
	return all
}

func (w *winds) fill(d Draw, c *cube) error {
	p, _, err := wind.Draw(d.Wind, w.spans)
	if err == nil {
		w.evaluate(p, w.s.rotation(d), c)
	}
	return err
}

// evaluate fills a cube with the rotated wind at the centres of the cells:
// scalars at Rᵀx, and the z component of R v(Rᵀx), a row of cells along z at a
// time.
func (w *winds) evaluate(p wind.Parameters, r rotation.Rotation, c *cube) {
	g, f, cell := w.s.Shape.Grid, p.Field(), w.s.CellSizeM()
	center := func(i int) float64 { return (float64(i) - 0.5*float64(g-1)) * cell }
	if w.row == nil {
		w.row = wind.NewPoints(g)
	}
	for i := range g {
		for j := range g {
			x, y := center(i), center(j)
			for k := range g {
				z := center(k)
				w.row.X[k], w.row.Y[k], w.row.Z[k] = r[0][0]*x+r[1][0]*y+r[2][0]*z, r[0][1]*x+r[1][1]*y+r[2][1]*z, r[0][2]*x+r[1][2]*y+r[2][2]*z
			}
			at := (i*g + j) * g
			w.row.Density, w.row.Temperature, w.row.Velocity = c.density[at:at+g], c.temperature[at:at+g], c.velocity[at:at+g]
			f.Evaluate(w.row, r[2])
		}
	}
	turbulence := turbulenceMS(w.s, w.s.Config.Data.VTurbMS)
	for i := range c.turbulence {
		c.turbulence[i] = turbulence
	}
	c.cellM = rayCellM(w.s, cell)
}

// turbulenceMS is what stands for a v_turb [m s⁻¹] in a cube. The published
// generator took v_turb/c for it.
func turbulenceMS(s *Set, vTurbMS float64) float64 {
	if s.Quirks.LostTurbulence {
		return vTurbMS / si.CODATA2018().C
	}
	return vTurbMS
}

// rayCellM is the length along a ray of a cell of edge cellM [m]. The published
// generator divided the box by half the number of its cells.
func rayCellM(s *Set, cellM float64) float64 {
	if s.Quirks.DoubledDX {
		return 2 * cellM
	}
	return cellM
}
