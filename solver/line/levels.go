// SPDX-License-Identifier: BSD-3-Clause

package line

import (
	"math"

	"github.com/columen/columen/solver/lamda"
	"github.com/columen/columen/solver/si"
)

// levels are the energy levels of a species, energies counted from the lowest.
type levels struct {
	energiesJ []float64 // E_i [J]
	energiesK []float64 // E_i/k [K]
	weights   []float64 // g_i
}

// newLevels converts levels from cm⁻¹: E[J] = E[cm⁻¹]·(100 h c).
func newLevels(file []lamda.Level, c si.Constants) levels {
	lowest := math.Inf(1)
	for _, f := range file {
		lowest = min(lowest, f.EnergyCm1)
	}
	var l levels
	for _, f := range file {
		e := (f.EnergyCm1 - lowest) * (100 * c.H * c.C)
		l.energiesJ = append(l.energiesJ, e)
		l.energiesK = append(l.energiesK, e/c.K)
		l.weights = append(l.weights, f.Weight)
	}
	return l
}

// partition returns Z(T) = Σ g_i exp(−E_i/kT) over all levels.
func (l levels) partition(tK float64) float64 {
	z := 0.0
	for i, e := range l.energiesK {
		z += l.weights[i] * math.Exp(-e/tK)
	}
	return z
}
