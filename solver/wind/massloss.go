// SPDX-License-Identifier: BSD-3-Clause

package wind

import (
	"fmt"
	"math"

	"github.com/columen/columen/solver/si"
)

// Units of mass-loss rates.
const (
	SolarMassKg = 1.3271244e20 / 6.67430e-11 // GM☉ [IAU 2015 B3] over G [CODATA 2018], 1.98841e30 kg
	YearS       = 365.25 * 86400             // Julian year
)

// Gas says how CO follows the gas.
type Gas struct {
	MassPerH2AMU float64 // mass of gas per H₂ molecule [amu]; 2.8 with the helium of the Sun
	COPerH2      float64 // n(CO)/n(H₂)
}

// Validate returns an error that names the first number out of range.
func (g Gas) Validate() error {
	if !(g.MassPerH2AMU > 0) || !(g.COPerH2 > 0) || math.IsInf(g.MassPerH2AMU, 0) || math.IsInf(g.COPerH2, 0) {
		return fmt.Errorf("wind: mass_per_h2_amu = %g, co_per_h2 = %g: want positive finite numbers", g.MassPerH2AMU, g.COPerH2)
	}
	return nil
}

// massPerCO is the mass of gas for each molecule of CO [kg].
func (g Gas) massPerCO() float64 { return g.MassPerH2AMU * si.CODATA2018().AMU / g.COPerH2 }

// AngularMean returns the mean of 0.3 + C·arm over a sphere,
//
//	0.3 + C · (231/1024) · h √(π/2) erf(1/(h√2)),
//
// the first factor being the mean of [(1 + cos x)/2]⁶ over a turn, the second
// that of exp(−u²/2h²) over u = z/r. It does not depend on r.
func (p Parameters) AngularMean() float64 {
	const acrossMean = 231.0 / 1024 // C(12, 6)/2¹²
	heightMean := p.Thickness * math.Sqrt(math.Pi/2) * math.Erf(1/(p.Thickness*math.Sqrt2))
	return betweenArms + p.Contrast*acrossMean*heightMean
}

// MassLossKgS returns the mass that flows through any sphere outside r_in,
//
//	Ṁ = 4π (100 au)² n₀ · AngularMean · v_r · (mass of gas per CO)    [kg s⁻¹]
func (p Parameters) MassLossKgS(g Gas) float64 {
	return 4 * math.Pi * referenceM * referenceM * p.DensityM3 * p.AngularMean() * p.ExpansionMS * g.massPerCO()
}

// WithMassLoss returns the model with n₀ such that MassLossKgS is massLossKgS.
func (p Parameters) WithMassLoss(massLossKgS float64, g Gas) (Parameters, error) {
	if err := g.Validate(); err != nil {
		return p, err
	}
	p.DensityM3 = 1
	if p.DensityM3 = massLossKgS / p.MassLossKgS(g); !(p.DensityM3 > 0) || math.IsInf(p.DensityM3, 0) {
		return p, fmt.Errorf("wind: mass loss of %g kg/s at %g m/s: want positive finite numbers", massLossKgS, p.ExpansionMS)
	}
	return p, nil
}
