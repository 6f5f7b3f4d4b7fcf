// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"math"

	"github.com/columen/columen/solver/grid"
)

// The maps of Depths.
const (
	mapPeak = iota
	mapCenter
	mapMean
	mapSpread
	numMaps
)

// depthMaps reduces the composed fields [field][channel][pixel] of n pixels to
// the maps of Depths, [map][pixel].
func (p *Problem) depthMaps(maps []float64, f [][]float64, m grid.Mesh, n int) {
	nearest := 0
	for c, nu := range p.FrequenciesHz {
		if math.Abs(nu-p.Line.RestFrequencyHz) < math.Abs(p.FrequenciesHz[nearest]-p.Line.RestFrequencyHz) {
			nearest = c
		}
	}
	h := m.CellSize()
	unit, origin := min(h[0], h[1], h[2]), dot(p.Camera.Observer, center(m))
	for q := range n {
		var peak, light, first, second float64
		for c := range p.FrequenciesHz {
			i, w := c*n+q, p.channelWidth(c)
			peak = max(peak, f[fieldDepth][i])
			light += w * f[fieldEmission][i]
			first += w * f[fieldFirst][i]
			second += w * f[fieldSecond][i]
		}
		mean := first / light // not a number where there is no light
		maps[mapPeak*n+q] = peak
		maps[mapCenter*n+q] = f[fieldDepth][nearest*n+q]
		maps[mapMean*n+q] = mean*unit + origin
		maps[mapSpread*n+q] = math.Sqrt(max(second/light-mean*mean, 0)) * unit
	}
}

// channelWidth is the weight of channel c in the trapezoidal rule over frequency [Hz].
func (p *Problem) channelWidth(c int) float64 {
	f := p.FrequenciesHz
	if len(f) == 1 {
		return 1
	}
	return (f[min(c+1, len(f)-1)] - f[max(c-1, 0)]) / 2
}
