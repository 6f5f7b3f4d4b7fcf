// SPDX-License-Identifier: BSD-3-Clause

// Package line describes one spectral line in local thermodynamic equilibrium:
// its Einstein coefficients, level populations, opacity, emissivity, source
// function and Doppler width, as functions of temperature alone. Multiplied by
// the number density and a profile they give the terms of the transfer equation
// dI_ν/ds = n (η̄ − χ̄ I_ν) φ(ν).
//
//	A, B_ul, B_lu   Einstein coefficients, B per intensity:  [RL79 eq. 1.72]
//	                B_ul = A c²/(2hν₀³),  B_lu = (g_u/g_l) B_ul
//	n_i             fraction of molecules in level i:        [RL79 section 9.5]
//	                n_i = g_i exp(−E_i/kT)/Z,  Z = Σ_j g_j exp(−E_j/kT)
//	η̄               emissivity (hν₀/4π) A n_u                [RL79 eq. 1.73]
//	χ̄               opacity (hν₀/4π)(B_lu n_l − B_ul n_u)    [RL79 eq. 1.74]
//	S               source function η̄/χ̄                      [RL79 eq. 1.77]
//	β               1/e half-width of the profile in velocity,
//	                β² = 2kT/m + v_turb²                     [RL79 section 10.6]
//	w               the same in frequency, w = ν₀ β/c
//	φ(ν)            profile exp(−((ν−ν₀)/w)²)/(w√π), ∫φ dν = 1
//
// Level energies count from the lowest level of the species: populations
// depend on differences only, and Z cannot underflow that way. The Boltzmann
// factor of a line is exp(−(E_u−E_l)/kT) from the levels, not exp(−hν₀/kT);
// the two differ by the error of the tabulated levels (4e-6 for CO 2–1), and
// S = B_ν(T) holds exactly only with RestFrequency FromLevels.
//
// References:
//
//	[RL79] Rybicki, G. B. & Lightman, A. P. 1979, Radiative Processes in
//	    Astrophysics, Wiley
//	[MH03] Mason, J. C. & Handscomb, D. C. 2003, Chebyshev Polynomials,
//	    Chapman & Hall/CRC
package line
