// SPDX-License-Identifier: BSD-3-Clause

// Package wind makes models of AGB winds by formula, where no hydrodynamic
// snapshot is at hand: an expanding envelope with the spiral arm that a
// companion imprints on it. With r the distance from the star, φ the azimuth
// and z the height above the orbital plane:
//
//	arm = [(1 + cos(φ − φ₀ − 2π r/P))/2]⁶ · exp(−(z/r)²/(2h²))
//	n   = n₀ (r/100 au)⁻² (0.3 + C·arm)                            CO [m⁻³]
//	T   = max(T_floor, T₀ (r/100 au)^−β (1 + 0.3·arm))             [K]
//	v   = v_r r̂ + v_φ (r/100 au)^−1/2 sin θ φ̂                      [m s⁻¹]
//
// Inside r_in, n and T keep their values at r_in in the same direction and v
// rises from zero by the smooth step s²(3 − 2s), s = r/r_in.
//
// It is a stand-in. An arm of constant spacing P in a flow of constant speed is
// what a companion of period P/v_r makes [Mastrodemos & Morris 1999; Kim & Taam
// 2012]; the shape of the arm across and above the plane is chosen, not derived.
// The mass that flows through a sphere is the same at every r > r_in. Results
// must say which part of a data set is parametric.
//
// Everything here is a pure function of its arguments, SI throughout.
//
// References:
//
//	Mastrodemos, N. & Morris, M. 1999, ApJ 523, 357, doi:10.1086/307717
//	Kim, H. & Taam, R. E. 2012, ApJ 759, 59, doi:10.1088/0004-637X/759/1/59
//	Höfner, S. & Olofsson, H. 2018, A&ARv 26, 1, doi:10.1007/s00159-017-0106-5
//	    (mass-loss rates, speeds and abundances of AGB winds)
//	IAU 2015 Resolution B3 (nominal solar mass parameter)
package wind
