// SPDX-License-Identifier: BSD-3-Clause

// Package si holds the physical constants of line transfer in SI units, the
// Planck function, and the astronomical units that readers and writers convert.
//
// The constants are a value, not globals: line transfer is sensitive to them
// (an amu off by 0.7 per cent changes an image by 10⁻³ of its peak), so a
// comparison with another code has to run with that code's own numbers.
//
// References:
//
//	Tiesinga, E. et al. 2021, Rev. Mod. Phys. 93, 025010 (CODATA 2018),
//	    doi:10.1103/RevModPhys.93.025010
//	IAU 2012 Resolution B2 (astronomical unit); IAU 2015 Resolution B2 (parsec)
//	Rybicki, G. B. & Lightman, A. P. 1979, Radiative Processes in Astrophysics, Wiley
package si

import "math"

// Constants is a consistent set of the constants that line transfer uses.
type Constants struct {
	C   float64 // speed of light [m s⁻¹]
	H   float64 // Planck constant [J s]
	K   float64 // Boltzmann constant [J K⁻¹]
	AMU float64 // atomic mass constant [kg]
}

// The recommended values of CODATA 2018, for where no other set can be asked for.
const (
	LightSpeed = 299792458.0       // c [m s⁻¹], exact
	Boltzmann  = 1.380649e-23      // k [J K⁻¹], exact
	AtomicMass = 1.66053906660e-27 // m_u [kg]
)

// CODATA2018 returns the recommended values; C, H and K are exact by the
// definition of the SI [Tiesinga et al. 2021, table XXXI].
func CODATA2018() Constants {
	return Constants{C: LightSpeed, H: 6.62607015e-34, K: Boltzmann, AMU: AtomicMass}
}

// RADMC3D returns the values compiled into RADMC-3D 2.0, for comparison with
// that code only: its unit of molecular mass is the mass of the proton.
func RADMC3D() Constants {
	return Constants{C: 2.99792458e8, H: 6.6262e-34, K: 1.3807e-23, AMU: 1.6726e-27}
}

// Units that files and configurations use.
const (
	AU     = 149597870700.0        // astronomical unit [m]; IAU 2012 B2, exact
	Parsec = 648000 / math.Pi * AU // parsec [m]; IAU 2015 B2, exact
	Jansky = 1e-26                 // jansky [W m⁻² Hz⁻¹]; IAU style manual 1989
)

// Planck returns the intensity of a black body [W m⁻² Hz⁻¹ sr⁻¹]
//
//	B_ν(T) = (2 h ν³/c²) / (exp(hν/kT) − 1)
//
// at frequency nuHz > 0 [Hz] and temperature tK [K]
// [Rybicki & Lightman 1979, eq. 1.51]. It is zero for tK ≤ 0, the limit of an
// absent background. Expm1 keeps the Rayleigh–Jeans limit exact to rounding.
func Planck(c Constants, nuHz, tK float64) float64 {
	if tK <= 0 {
		return 0
	}
	return 2 * c.H * nuHz * nuHz * nuHz / (c.C * c.C) / math.Expm1(c.H*nuHz/(c.K*tK))
}
