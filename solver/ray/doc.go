// SPDX-License-Identifier: BSD-3-Clause

// Package ray is the formal solution of the transfer equation along parallel
// rays: from the fields of the cells a ray crosses to what the stretch does to
// light that passes through it, I → T·I + E, for every channel.
//
// # Nodes and segments
//
// The nodes of a ray are the centres of the cells it crosses and, where the
// ray ends at the boundary of the model, the outer cell faces. Fields at a
// face are extrapolated linearly by half a cell; density and temperature are
// not allowed to fall below a tenth of the cell's value. A segment joins two
// nodes. At each node, in local thermodynamic equilibrium,
//
//	β = √(2kT/m + v_turb²)                                  Doppler width [m/s]
//	b = [(ν-ν₀)c/ν₀·(1+v/c) + v]/β                          offset from the line centre, v receding
//	a = χ̄ n·c/(√π ν₀ β)                                     opacity at line centre [1/m]
//	S = (A/B_ul)/(e^{ΔE/kT} - 1)                            source function
//
// with χ̄ the opacity per molecule of package line.
//
// # Oblique rays
//
// A Volume holds n, T, v and v_turb on the planes through the cell centres and
// on the outer faces, the four beside each other so that one load fetches all.
// The rays of a Beam walk from plane to plane, W of them in the lanes of a
// vector; a node lies on a plane and its fields are bilinear between four points
// of it. Segments have the length between two crossings. Rays that are done wait
// for their neighbours with segments of no length; Volume.Aim puts rays beside
// each other that enter at like depth, so that few wait and that lanes see the
// line in like channels. A Passage can also hold, for E = ΣE_k of segments k seen
// through those before them, first and second moments Σd_k E_k and Σd_k²E_k of
// the depth d, which compose as E does, and the optical depth Στ_k.
//
// # Optical depth of a segment
//
// With a and b linear along a segment of length ℓ, d = b₁-b₀ [Rybicki &
// Lightman 1979, eq. 1.24, with the Gaussian profile of eq. 10.72],
//
//	Δτ = ℓ ∫₀¹ (a₀+(a₁-a₀)t) e^{-(b₀+td)²} dt
//	   = ℓ/d²·[ (a₀b₁-a₁b₀)·(√π/2)(erf b₁-erf b₀) + (a₁-a₀)/2·(e^{-b₀²}-e^{-b₁²}) ].
//
// The difference of error functions is taken between complementary functions
// of the same sign, so that it keeps its digits in the wings; for small |d| the
// closed form loses digits as 1/d² and a series of Hermite functions about the
// middle of the segment takes its place. Δτ ≥ 0 always.
//
// # Light from a segment
//
// With S linear in τ [Olson & Kunasz 1987, eq. 21], the light leaving the near
// end (node 0) is
//
//	S₀ w₀ + S₁ w₁,  w₀ = 1-(1-e^{-Δτ})/Δτ,  w₁ = (1-e^{-Δτ})/Δτ - e^{-Δτ}.
//
// # Composition
//
// A stretch passes light as I → T·I + E. The stretch 1 nearer to the observer
// and 2 behind it make (T₁T₂, E₁ + T₁E₂); this is associative, so stretches
// may be computed anywhere and composed in order [Heinemann et al. 2006].
// Associative but for rounding: fixed mode composes along one binary tree (Plan along
// an axis, Leaves and Stack in any direction).
//
// # Kernels
//
// The work is done in C with vector extensions (kernel_*.h), rays in the
// lanes, built for several targets and chosen at run time; twin.go is the same
// in scalar Go, the reference of the tests and the fallback without cgo. A
// segment is left out for a channel where its optical depth is below 1e-18
// (float32: 2.3e-10) times the smaller of 1 and its value at line centre. Every
// lane decides that for itself, so a ray's result does not depend on the
// rays it is grouped with.
//
// References:
//   - Rybicki, G. B. & Lightman, A. P. 1979, Radiative Processes in Astrophysics, Wiley
//   - Olson, G. L. & Kunasz, P. B. 1987, JQSRT 38, 325
//   - Heinemann, T., Dobler, W., Nordlund, Å. & Brandenburg, A. 2006, A&A 448, 731
//   - Shepherd, M. M. & Laframboise, J. G. 1981, Math. Comp. 36, 249
package ray
