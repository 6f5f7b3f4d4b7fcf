// SPDX-License-Identifier: BSD-3-Clause

// Package solver is the reference line transfer: it turns a cube of physical
// fields, divided over ranks, into the spectral image that an observer at
// infinity sees.
//
// # Equation
//
// Along a ray, with s increasing away from the observer [Rybicki & Lightman
// 1979, eq. 1.23],
//
//	dI/ds = χ (I - S),   τ(s) = ∫₀ˢ χ ds',
//	I(0) = I_bg e^{-τ(∞)} + ∫ S e^{-τ} dτ.
//
// Package ray solves it along stretches of rays, package line gives χ and S in
// local thermodynamic equilibrium.
//
// # Symbols and units
//
// Everything is SI.
//
//	χ  opacity [m⁻¹]                     Opacity
//	η  emissivity [W m⁻³ Hz⁻¹ sr⁻¹]      Emissivity
//	S  source function, η/χ              Source
//	I  intensity [W m⁻² Hz⁻¹ sr⁻¹]       Intensity
//	τ  optical depth                     OpticalDepth
//	T  e^{-τ} of a stretch               Transmission
//	E  light a stretch adds              Emission
//	n  number density [m⁻³], T temperature [K], v velocity, v_turb, β Doppler width [m s⁻¹]
//
// # Signs and axes
//
// Cubes are [x, y, z], z fastest. An image is [ν, y, x], ν increasing. A view is
// named by the direction towards the observer, o: "+z" is an observer at
// z → +∞. v_los = -v·o, positive for gas that recedes, and the frequency in the
// frame of the gas is ν(1 + v_los/c). Velocities of channels follow the radio
// convention, v = c(ν₀-ν)/ν₀.
//
// The image axes are those of a camera that starts at +z with x to the right
// and y up, is tilted by the inclination i about x and then turned by the azimuth φ
// about z: e = R e₀, R first (y,z) → (cos i·y - sin i·z, sin i·y + cos i·z), then
// (x,y) → (cos φ·x + sin φ·y, -sin φ·x + cos φ·y). Hence
//
//	view  i    φ    image x  image y
//	+z    0    0    +x       +y
//	-z    180  0    +x       -y
//	-y    90   0    +x       +z
//	-x    90   90   -y       +z
//	+y    90   180  -x       +z
//	+x    90   270  +y       +z
//
// A position angle θ then turns what is seen from north (image y) through east,
// which is left. A Camera looks from any i, φ and θ, without perspective.
//
// # Rays of any direction
//
// Between the cell centres fields are trilinear, in the outer half cell they
// are extrapolated as along an axis. A ray is cut at every plane through cell
// centres, of all three axes, and at the faces of the box; fields at the nodes
// are interpolated, and between nodes the segments of package ray apply. Seen
// along an axis, with the cells as pixels, that is the same image.
//
// # Parallel
//
// Every rank integrates the stretch of each ray that lies in its block, once and
// without waiting. Where a cut lies across the rays, the ranks of a column share
// out the pixels and channels, send each other their (T, E) and compose them in
// order along the ray. In fixed mode the pieces are leaves of grid.LeafCells
// cells composed in one binary tree: the image is then the same to the last
// bit for any number of ranks.
//
// An oblique ray crosses many blocks. The intervals between planes are shared
// out over the blocks, each to one; a ray crosses planes in the order of
// (distance, axis), where the distance comes from the numbers of plane and ray
// alone, so that all ranks agree to which block a segment belongs, also where a
// ray meets edges and corners. Pixels are shared out over all ranks; their owner
// composes the stretches in the order of the blocks along the ray, which is that
// of the sum of their steps through the lattice of ranks. In fixed mode the rays
// are cut where they pass from one leaf of the model, grid.LeafCells along each
// axis, to the next. The place of a leaf on a ray is the sum of its steps through the
// lattice of leaves, which neither depends on the blocks nor leaves gaps; the tree
// is over these places. Light passes absent ones unchanged, to the last bit. Maps
// of Depths are made in fast mode only.
package solver
