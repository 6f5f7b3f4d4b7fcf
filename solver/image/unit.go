// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"fmt"
	"math"

	"github.com/columen/columen/solver/si"
)

const (
	lightSpeed = si.LightSpeed              // c [m s⁻¹]
	boltzmann  = si.Boltzmann               // k [J K⁻¹]
	auM        = si.AU                      // astronomical unit [m]
	parsecM    = si.Parsec                  // parsec [m]
	janskySI   = si.Jansky                  // jansky [W m⁻² Hz⁻¹]
	degree     = 180 / math.Pi              // degrees per radian
	siUnit     = "W m-2 Hz-1 sr-1"          // I_ν as the FITS standard spells it
	siPretty   = "W m^{−2} Hz^{−1} sr^{−1}" // the same in the markup of sheets
)

// Unit is how intensities are expressed outside memory.
type Unit string

// The units. JyPerPixel needs a distance.
const (
	SI         Unit = "SI"       // specific intensity [W m⁻² Hz⁻¹ sr⁻¹]
	Kelvin     Unit = "K"        // Rayleigh–Jeans brightness temperature [K]
	JyPerPixel Unit = "Jy/pixel" // flux density of a pixel [Jy]
)

// fits returns the unit as the FITS standard spells it.
func (u Unit) fits() string {
	if u == SI {
		return siUnit
	}
	return string(u)
}

// Factor returns the number that turns I_ν of channel k [W m⁻² Hz⁻¹ sr⁻¹]
// into unit u:
//
//	K          c²/(2 k ν²)                [Rybicki & Lightman 1979, eq. 1.59]
//	Jy/pixel   Δx Δy / d² / 1e-26         (small angles)
//
// Only Jy/pixel uses the distance [pc].
func (im *Image) Factor(u Unit, k int, distancePc float64) (float64, error) {
	switch u {
	case SI:
		return 1, nil
	case Kelvin:
		r := lightSpeed / im.FrequenciesHz[k]
		return r * r / (2 * boltzmann), nil
	case JyPerPixel:
		if !positive(distancePc) {
			return 0, fmt.Errorf("image: unit Jy/pixel with distance %g pc: want a positive distance", distancePc)
		}
		d := distancePc * parsecM
		return im.PixelSizeM[0] / d * im.PixelSizeM[1] / d / janskySI, nil
	}
	return 0, fmt.Errorf("image: unit %q: want %q, %q or %q", string(u), SI, Kelvin, JyPerPixel)
}

// factors returns Factor of every channel.
func (im *Image) factors(u Unit, distancePc float64) ([]float64, error) {
	f := make([]float64, len(im.FrequenciesHz))
	for k := range f {
		var err error
		if f[k], err = im.Factor(u, k, distancePc); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// In returns the intensities [ν, y, x] in unit u. The background is part of
// them.
func (im *Image) In(u Unit, distancePc float64) ([]float64, error) {
	if err := im.Validate(); err != nil {
		return nil, err
	}
	f, err := im.factors(u, distancePc)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(im.Intensity))
	n := im.NX * im.NY
	for k := range f {
		for p, v := range im.Channel(k) {
			out[k*n+p] = v * f[k]
		}
	}
	return out, nil
}
