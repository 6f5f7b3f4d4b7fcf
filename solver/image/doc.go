// SPDX-License-Identifier: BSD-3-Clause

// Package image is the product of the solver: a cube of specific intensity
// [ν, y, x] with its view, what astronomers derive from it, and its files.
//
// # Axes and signs
//
// Image x points right, y up (north), the line of sight z towards the
// observer. Frequencies increase along the first axis, so velocities decrease:
// the radio convention is used throughout,
//
//	v = c (ν₀ − ν)/ν₀,
//
// positive for receding gas [Greisen et al. 2006, table 1, VRAD].
//
// # Quantities
//
//	brightness temperature   T_b = c² I_ν / (2 k ν²)          (Rayleigh–Jeans, ν of the channel)
//	flux density of a pixel  F_ν = I_ν Δx Δy / d²             (1 Jy = 1e-26 W m⁻² Hz⁻¹)
//	moments                  M₀ = ∫(I−I_bg)dv, M₁ = ∫(I−I_bg) v dv / M₀, M₂ = [∫(I−I_bg)(v−M₁)² dv / M₀]^½
//
// # FITS
//
// Axes are x, y, ν. Without a distance the first two are linear offsets from
// the origin of the model in au or m (CTYPE OFFSETX, OFFSETY: names that no
// projection claims). With distance and position they are RA---TAN and
// DEC--TAN; right ascension grows to the left, against image x.
//
// The third axis is VRAD in m/s if channels are equidistant, with negative
// CDELT3 as the file keeps ν increasing. Channels that are not equidistant
// have no linear axis: CTYPE3 is CHANNEL and the velocities stand in the table.
// Every file has a binary table CHANNELS with the exact frequency, velocity
// and background of each channel, so nothing is lost either way. (A -TAB axis
// would say the same to the few readers that implement it and nothing to the
// others.)
//
// SPECSYS is SOURCE: velocities are relative to the model's own frame, which
// is what was computed. LSRK would claim a systemic velocity that a model does
// not have; whoever places it on the sky at v_sys adds that to CRVAL3.
//
// DATE and TELESCOP are left out: equal runs give equal bytes, and no telescope
// was involved. Checked with astropy 8.0.2 (wcslib in it): files open and
// astropy.wcs reads axes, units and values without warnings.
//
// # PNG
//
// WritePNG draws one sheet for a first look. Its scales are chosen by contrast
// and named in the titles: linear, square root or logarithmic on a colour map
// of even lightness, or symmetric about zero on a diverging one where a line
// absorbs the background. Blank pixels are grey.
//
// # Maps
//
// A Map is one number per pixel: moments, peak brightness temperature in two
// forms, and what the solver gives. WriteMapsFITS makes one image unit per map,
// named by EXTNAME, with the axes of the image; WriteMapsHDF5 one dataset;
// WriteMapsPNG one sheet.
//
// # HDF5
//
// WriteHDF5 keeps everything an Image holds; Schema describes the file. It
// needs a binary with the tag hdf5.
//
// # Files
//
// All files are written under a temporary name and renamed when complete.
//
// # References
//
//   - Greisen & Calabretta 2002, A&A 395, 1061, doi:10.1051/0004-6361:20021326 (WCS)
//   - Calabretta & Greisen 2002, A&A 395, 1077, doi:10.1051/0004-6361:20021327 (TAN)
//   - Greisen, Calabretta, Valdes & Allen 2006, A&A 446, 747, doi:10.1051/0004-6361:20053818 (VRAD, SPECSYS)
//   - Pence et al. 2010, A&A 524, A42, doi:10.1051/0004-6361/201015362 (FITS 3.0)
//   - Rybicki & Lightman 1979, Radiative Processes in Astrophysics, eq. 1.59 (brightness temperature)
package image
