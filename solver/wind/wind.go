// SPDX-License-Identifier: BSD-3-Clause

package wind

import (
	"fmt"
	"math"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/si"
)

// Parameters are the numbers of one model; doc.go has the formulas.
type Parameters struct {
	DensityM3         float64 // n₀: CO at 100 au [m⁻³], where 0.3 + C·arm = 1
	ExpansionMS       float64 // v_r [m s⁻¹]
	RotationMS        float64 // v_φ at 100 au in the plane [m s⁻¹]; may be 0 or negative
	SpacingM          float64 // P: distance between windings of the arm [m]
	PhaseRad          float64 // φ₀: azimuth of the arm at r → 0
	Contrast          float64 // C ≥ 0
	Thickness         float64 // h: height over distance where the arm has faded by e^−1/2
	TemperatureK      float64 // T₀: at 100 au between the arms
	TemperatureSlope  float64 // β
	TemperatureFloorK float64
	InnerRadiusM      float64 // r_in
}

const (
	referenceM  = 100 * si.AU // where n₀, T₀ and v_φ are given
	betweenArms = 0.3         // share of n₀ between the arms
	armHeating  = 0.3         // relative rise of T on the arm
)

// Reference returns the model of the formulas' own numbers: a wind of 12 km/s,
// 300 K at 100 au, whose arm stands out ninefold.
func Reference() Parameters {
	return Parameters{
		DensityM3: 1e9, ExpansionMS: 12e3, SpacingM: 60 * si.AU, Contrast: 2.5, Thickness: 0.35,
		TemperatureK: 300, TemperatureSlope: 0.65, TemperatureFloorK: 15, InnerRadiusM: 3 * si.AU,
	}
}

// Validate returns an error that names the first parameter out of range.
func (p Parameters) Validate() error {
	for _, f := range []struct {
		name  string
		value float64
		least float64 // −Inf: any finite number; 0: not negative; tiny: positive
	}{
		{"density_m3", p.DensityM3, math.SmallestNonzeroFloat64}, {"expansion_ms", p.ExpansionMS, 0},
		{"rotation_ms", p.RotationMS, math.Inf(-1)}, {"spacing_m", p.SpacingM, math.SmallestNonzeroFloat64},
		{"phase_rad", p.PhaseRad, math.Inf(-1)}, {"contrast", p.Contrast, 0}, {"thickness", p.Thickness, math.SmallestNonzeroFloat64},
		{"temperature_k", p.TemperatureK, math.SmallestNonzeroFloat64}, {"temperature_slope", p.TemperatureSlope, math.Inf(-1)},
		{"temperature_floor_k", p.TemperatureFloorK, 0}, {"inner_radius_m", p.InnerRadiusM, math.SmallestNonzeroFloat64},
	} {
		if !(f.value >= f.least) || math.IsInf(f.value, 0) {
			want := map[float64]string{0: "a finite number ≥ 0", math.Inf(-1): "a finite number"}[f.least]
			if want == "" {
				want = "a positive finite number"
			}
			return fmt.Errorf("wind: %s = %g: want %s", f.name, f.value, want)
		}
	}
	return nil
}

// Arm returns how much of the arm is at the point (x, y, z) [m] from the star,
// between 0 and 1. Points inside r_in have what is at r_in in their direction;
// the star itself counts as lying towards +x.
func (p Parameters) Arm(x, y, z float64) float64 {
	f := p.Field()
	arm, _, _ := f.arm(x, y, z)
	return arm
}

// Field is a model made ready to be evaluated at many points.
type Field struct {
	p           Parameters
	turnPerM    float64 // 2π/P: azimuth of the arm with distance [rad m⁻¹]
	heightScale float64 // −1/(2h²)
}

// Field returns the model ready for many points.
func (p Parameters) Field() Field {
	return Field{p: p, turnPerM: 2 * math.Pi / p.SpacingM, heightScale: -1 / (2 * p.Thickness * p.Thickness)}
}

// arm returns Arm, the distance from the star, and that not below r_in. It takes
// the cosine of the azimuth from the arm without the azimuths themselves,
//
//	cos(φ − ψ) = (x cos ψ + y sin ψ)/√(x² + y²),
//
// for half of all time was spent in their arc tangents. Squares of lengths in
// metres are far from the ends of the exponent, so that they need none of the
// care of math.Hypot.
func (f *Field) arm(x, y, z float64) (arm, r, held float64) {
	plane := x*x + y*y
	square := plane + z*z
	r = math.Sqrt(square)
	held = max(r, f.p.InnerRadiusM)
	sin, cos := math.Sincos(f.p.PhaseRad + f.turnPerM*held)
	if plane > 0 {
		cos = (x*cos + y*sin) / math.Sqrt(plane)
	}
	c := (1 + cos) / 2
	across := c * c * c
	across *= across // the sixth power
	if square > 0 {
		across *= exp(f.heightScale * (z * z / square)) // z/r is the sine of the latitude
	}
	return max(across, 0), r, held
}

// At returns the density of CO [m⁻³], the temperature [K] and the velocity
// [m s⁻¹] at the point (x, y, z) [m] from the star.
func (p Parameters) At(x, y, z float64) (densityM3, temperatureK float64, velocityMS [3]float64) {
	f := p.Field()
	return f.At(x, y, z)
}

// At is Parameters.At.
func (f *Field) At(x, y, z float64) (densityM3, temperatureK float64, velocityMS [3]float64) {
	p := &f.p
	arm, r, held := f.arm(x, y, z)
	held /= referenceM
	densityM3 = p.DensityM3 / (held * held) * (betweenArms + p.Contrast*arm)
	temperatureK = max(p.TemperatureFloorK, p.TemperatureK*exp(-p.TemperatureSlope*math.Log(held))*(1+armHeating*arm))
	if r == 0 {
		return densityM3, temperatureK, velocityMS
	}
	ramp := 1 / r
	if r < p.InnerRadiusM {
		s := r / p.InnerRadiusM
		ramp *= s * s * (3 - 2*s)
	}
	out, around := ramp*p.ExpansionMS, 0.0
	if p.RotationMS != 0 {
		around = ramp * p.RotationMS / math.Sqrt(held)
	}
	return densityM3, temperatureK, [3]float64{out*x - around*y, out*y + around*x, out * z}
}

// Cube fills the stored cells of a block of mesh with the model at their
// centres; the star stands at the origin of the mesh. vTurbMS is the turbulent
// line width everywhere, which all models of a data set share.
func Cube[T grid.Float](p Parameters, mesh grid.Mesh, block grid.Block, vTurbMS float64) (*grid.Cube[T], error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if err := mesh.Validate(); err != nil {
		return nil, fmt.Errorf("wind: %w", err)
	}
	if !(vTurbMS >= 0) || math.IsInf(vTurbMS, 0) {
		return nil, fmt.Errorf("wind: v_turb_ms = %g: want a finite number ≥ 0", vTurbMS)
	}
	c := grid.NewCube[T](mesh, block)
	f, at := p.Field(), 0
	for i := block.Stored[0].Lo; i < block.Stored[0].Hi; i++ {
		for j := block.Stored[1].Lo; j < block.Stored[1].Hi; j++ {
			for k := block.Stored[2].Lo; k < block.Stored[2].Hi; k++ {
				n, temperature, v := f.At(mesh.Center(0, i), mesh.Center(1, j), mesh.Center(2, k))
				c.Density[at], c.Temperature[at], c.Turbulence[at] = T(n), T(temperature), T(vTurbMS)
				for a := range v {
					c.Velocity[a][at] = T(v[a])
				}
				at++
			}
		}
	}
	return c, nil
}
