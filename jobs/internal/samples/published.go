// SPDX-License-Identifier: BSD-3-Clause

package samples

import (
	"math"

	"github.com/columen/columen/solver/line"
)

// publishedSolution is the formal solution of the published generator in double
// precision, for data sets that are to have its errors. docs/compat.md has the
// formulas; package ray has the correct ones.
type publishedSolution struct {
	line        *line.Line
	frequencies []float64 // [Hz]
	grid        int
	image       []float64 // [channel, x, y] [W m⁻² Hz⁻¹ sr⁻¹]

	opacity, inverse, source []float64 // a·dx, 1/w and S at the cells of a ray
}

func newPublished(l *line.Line, frequenciesHz []float64, grid int) *publishedSolution {
	return &publishedSolution{
		line: l, frequencies: frequenciesHz, grid: grid, image: make([]float64, len(frequenciesHz)*grid*grid),
		opacity: make([]float64, grid), inverse: make([]float64, grid), source: make([]float64, grid),
	}
}

// solve computes the image of a cube. Rays begin and end at the centres of the
// outermost cells.
func (p *publishedSolution) solve(c *cube) {
	g := p.grid
	for ray := range g * g {
		for k := range g {
			at := ray*g + k
			w := p.line.DopplerWidth(c.temperature[at], c.turbulence[at])
			p.inverse[k] = 1 / w
			p.opacity[k] = 1 / math.Sqrt(math.Pi) / w * p.line.Opacity(c.temperature[at]) * c.density[at] * c.cellM
			p.source[k] = p.line.Source(c.temperature[at])
		}
		for f, nu := range p.frequencies {
			p.image[f*g*g+ray] = p.integrate(nu, c.velocity[ray*g:][:g])
		}
	}
}

// integrate returns |I| of a ray at frequency nu [Hz].
func (p *publishedSolution) integrate(nu float64, velocity []float64) float64 {
	offset := func(k int) float64 {
		return p.inverse[k] * (nu*(1+velocity[k]/p.line.Constants.C) - p.line.RestFrequencyHz)
	}
	tau, sum, b0, e0 := 0.0, 0.0, offset(0), 1.0
	for k := range len(velocity) - 1 {
		b1 := offset(k + 1)
		d := publishedDepth(p.opacity[k], p.opacity[k+1], b0, b1)
		s0, s1, e1 := p.source[k], p.source[k+1], math.Exp(-tau-d)
		if d < 1e-4 {
			h := d / 2
			q := h * d / 3
			w := q * d / 4
			sum += s0*e0*(h+q+w) + s1*e1*(h-q-w)
		} else {
			sum += (s0*(e1-e0*(1-d)) + s1*(e0-e1*(1+d))) / (d + 1e-30)
		}
		tau, b0, e0 = tau+d, b1, e1
	}
	return math.Abs(sum)
}

// publishedDepth is the optical depth between two cells, which may be negative.
func publishedDepth(a0, a1, b0, b1 float64) float64 {
	d := b1 - b0
	if math.Abs(d) < 1e-4 {
		g := math.Exp(-b0 * b0)
		return (a0+a1)/2*g - (a0+2*a1)/3*g*b0*d
	}
	return ((a1-a0)*(math.Exp(-b0*b0)-math.Exp(-b1*b1)) + math.Sqrt(math.Pi)*(a1*b0-a0*b1)*(math.Erf(b0)-math.Erf(b1))) * 0.5 / (d*d + 1e-30)
}
