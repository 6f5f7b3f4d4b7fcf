// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"fmt"
	"math"
)

// Moments are the velocity moments of the line in every pixel [y, x], the
// background subtracted.
type Moments struct {
	Unit       Unit      // of the intensities in M0
	Integrated []float64 // M₀ = ∫(I−I_bg) dv [unit m s⁻¹]
	Velocity   []float64 // M₁, the mean velocity [m s⁻¹]
	Dispersion []float64 // M₂^½, the standard deviation of velocity [m s⁻¹]
}

// Moments integrates by the trapezoidal rule over the channels,
//
//	M₀ = ∫(I−I_bg) dv
//	M₁ = ∫(I−I_bg) v dv / M₀
//	M₂ = ∫(I−I_bg) (v−M₁)² dv / M₀, returned as its square root.
//
// For a line that vanishes at both ends the rule converges faster than any
// power of the channel width. Velocity and Dispersion are NaN where M₀ is not
// above clip times its maximum, where they would only show noise or rounding;
// Dispersion is also NaN where absorption makes M₂ negative. A pixel with a
// blank channel is blank. At least two channels are needed.
func (im *Image) Moments(u Unit, distancePc, clip float64) (*Moments, error) {
	if err := im.Validate(); err != nil {
		return nil, err
	}
	if len(im.FrequenciesHz) < 2 {
		return nil, fmt.Errorf("image: moments of one channel: want at least two")
	}
	f, err := im.factors(u, distancePc)
	if err != nil {
		return nil, err
	}
	v := im.VelocitiesMS()
	w := trapezoid(v)
	n := im.NX * im.NY
	m := &Moments{Unit: u, Integrated: make([]float64, n), Velocity: make([]float64, n), Dispersion: make([]float64, n)}
	for k := range v {
		bg := im.background(k)
		for p, intensity := range im.Channel(k) {
			s := (intensity - bg) * f[k] * w[k]
			m.Integrated[p] += s
			m.Velocity[p] += s * v[k]
		}
	}
	floor := clip * maximum(m.Integrated)
	for p, m0 := range m.Integrated {
		if !(m0 > 0) || m0 <= floor {
			m.Velocity[p] = math.NaN()
		} else {
			m.Velocity[p] /= m0
		}
	}
	// A second pass: the one-pass formula M₂ = <v²> − M₁² loses all digits for
	// narrow lines at high velocity.
	for k := range v {
		bg := im.background(k)
		for p, intensity := range im.Channel(k) {
			d := v[k] - m.Velocity[p]
			m.Dispersion[p] += (intensity - bg) * f[k] * w[k] * d * d
		}
	}
	for p, m0 := range m.Integrated {
		m.Dispersion[p] = math.Sqrt(m.Dispersion[p] / m0)
	}
	return m, nil
}

// trapezoid returns the positive weights of the trapezoidal rule on nodes v.
func trapezoid(v []float64) []float64 {
	w := make([]float64, len(v))
	for k := 1; k < len(v); k++ {
		h := math.Abs(v[k]-v[k-1]) / 2
		w[k-1] += h
		w[k] += h
	}
	return w
}

// maximum returns the largest finite element, or 0 if all are less or none is
// finite.
func maximum(a []float64) float64 {
	top := 0.0
	for _, x := range a {
		if x > top && !math.IsInf(x, 1) {
			top = x
		}
	}
	return top
}

// Spectrum sums the background-subtracted intensity over the image. Its unit
// depends on u:
//
//	SI         ∫(I−I_bg) dA                     [W Hz⁻¹ sr⁻¹]
//	K          ∫(I−I_bg) dA / ∫dA as T_b        [K], the mean over the image
//	Jy/pixel   ∑(I−I_bg) Δx Δy / d²             [Jy], the flux density
//
// Blank pixels (NaN) are left out.
func (im *Image) Spectrum(u Unit, distancePc float64) ([]float64, error) {
	if err := im.Validate(); err != nil {
		return nil, err
	}
	f, err := im.factors(u, distancePc)
	if err != nil {
		return nil, err
	}
	s := make([]float64, len(f))
	for k := range s {
		sum, count := 0.0, 0
		bg := im.background(k)
		for _, v := range im.Channel(k) {
			if !math.IsNaN(v) {
				sum += v - bg
				count++
			}
		}
		switch u {
		case SI:
			sum *= im.PixelSizeM[0] * im.PixelSizeM[1]
		case Kelvin:
			sum /= math.Max(1, float64(count))
		}
		s[k] = sum * f[k]
	}
	return s, nil
}
