// SPDX-License-Identifier: BSD-3-Clause

// Package lamda reads molecular data files in the format of the Leiden Atomic
// and Molecular Database: energy levels, radiative transitions and collision
// rates of one species. The CO file is embedded.
//
// The format fixes the order of its lines; every second block is preceded by a
// comment line whose text does not matter:
//
//	comment, name
//	comment, molecular mass [amu]
//	comment, number of levels
//	comment, one line per level: number, energy [cm⁻¹], weight, label
//	comment, number of radiative transitions
//	comment, one line per transition: number, upper, lower, A [s⁻¹], ν [GHz], E_u [K]
//	comment, number of collision partners, then for each partner:
//	    comment, collider id and description
//	    comment, number of collisional transitions
//	    comment, number of temperatures
//	    comment, temperatures [K]
//	    comment, one line per transition: number, upper, lower, rates [cm³ s⁻¹]
//	notes
//
// Files in circulation stray from this, so the reader also takes CRLF line
// ends, text after the expected columns, labels with spaces or none at all, a
// missing E_u, Fortran D exponents, and a missing collision part. Numbers that
// make no physical sense are errors.
//
// References:
//
//	Schöier, F. L., van der Tak, F. F. S., van Dishoeck, E. F. & Black, J. H.
//	    2005, A&A 432, 369, doi:10.1051/0004-6361:20041729
//	van der Tak, F. F. S., Lique, F., Faure, A., Black, J. H. & van Dishoeck,
//	    E. F. 2020, Atoms 8, 15, doi:10.3390/atoms8020015
package lamda
