// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"fmt"

	"github.com/columen/columen/emulator/space"
)

// Symmetry is one of the 16 transformations of a sample under which the
// transfer equation gives exactly the transformed image:
//
//   - rotations by quarter turns about the line of sight and mirrors across
//     planes that hold it: rays are moved as a whole;
//   - v → −v with the order of the channels reversed: the profile is even about
//     the line centre, so the light of a ray at ν₀ + δ becomes that at ν₀ − δ
//     (to first order in v/c; the channels must be symmetric about ν₀).
//
// A mirror along the line of sight is none: what absorbs would stand behind
// what emits.
//
// Bits 0 and 1 count quarter turns, bit 2 is a mirror x → −x that is applied
// first, bit 3 reverses the velocities. Zero is the identity.
type Symmetry uint8

// Symmetries is the number of transformations.
const Symmetries = 16

// RandomSymmetry draws one with equal probabilities.
func RandomSymmetry(r *Random) Symmetry { return Symmetry(r.Uint32() >> 28) }

func (s Symmetry) turns() int     { return int(s & 3) }
func (s Symmetry) mirrored() bool { return s&4 != 0 }

// Reverses reports whether velocities change their sign.
func (s Symmetry) Reverses() bool { return s&8 != 0 }

// Then returns the symmetry that applies s first and next after it.
func (s Symmetry) Then(next Symmetry) Symmetry {
	turns := s.turns()
	if next.mirrored() { // a mirror turns the sense of the rotation before it
		turns = -turns
	}
	return Symmetry((turns+next.turns())&3) | (s^next)&12
}

// Inverse returns the symmetry that undoes s.
func (s Symmetry) Inverse() Symmetry {
	if s.mirrored() {
		return s // a reflection
	}
	return Symmetry(-s.turns()&3) | s&8
}

// source returns where cell (x, y) of the result comes from on a g × g grid.
func (s Symmetry) source(x, y, g int) (int, int) {
	for range s.turns() { // undo a quarter turn (x, y) → (−y, x)
		x, y = y, g-1-x
	}
	if s.mirrored() {
		x = g - 1 - x
	}
	return x, y
}

// ApplyInput transforms a normalised input [3, g, g, g] from src to dst. The
// normalisation says which number v = 0 has.
func (s Symmetry) ApplyInput(nm Normalization, dst, src []float32, g int) {
	s.ApplyBlock(nm, space.Whole([3]int{g, g, g}), dst, src, g)
}

// ApplyBlock is ApplyInput for a block of the result: dst is [3, box] and src
// [3, Source(box)].
func (s Symmetry) ApplyBlock(nm Normalization, box space.Box, dst, src []float32, g int) {
	cells := box.Cells()
	if len(dst) != 3*cells || len(src) != 3*cells {
		panic(fmt.Sprintf("dataset: symmetry of inputs of %d and %d values in a block of %d cells", len(dst), len(src), cells))
	}
	for f := range 3 {
		s.moveColumns(dst[f*cells:(f+1)*cells], src[f*cells:(f+1)*cells], box, g)
	}
	if s.Reverses() {
		// (−v − mean)/std = −(v − mean)/std − 2·mean/std
		shift := float32(2 * nm.VelocityMeanMS / nm.VelocityStdMS)
		for i, v := range dst[:cells] {
			dst[i] = -v - shift
		}
	}
}

// Source returns the box of cells of a g × g × g grid that a box of the result
// comes from.
func (s Symmetry) Source(box space.Box, g int) space.Box {
	if box.Cells() == 0 {
		return box
	}
	x0, y0 := s.source(box[0].Lo, box[1].Lo, g)
	x1, y1 := s.source(box[0].Hi-1, box[1].Hi-1, g)
	return space.Box{{Lo: min(x0, x1), Hi: max(x0, x1) + 1}, {Lo: min(y0, y1), Hi: max(y0, y1) + 1}, box[2]}
}

// ApplyOutput transforms an output [channels, g, g] from src to dst.
func (s Symmetry) ApplyOutput(dst, src []float32, channels, g int) {
	pixels := g * g
	if len(dst) != channels*pixels || len(src) != channels*pixels {
		panic(fmt.Sprintf("dataset: symmetry of outputs of %d and %d values in %d channels on a grid of %d", len(dst), len(src), channels, g))
	}
	for f := range channels {
		from := f
		if s.Reverses() {
			from = channels - 1 - f
		}
		s.moveColumns(dst[f*pixels:(f+1)*pixels], src[from*pixels:(from+1)*pixels], space.Whole([3]int{g, g, 1}), g)
	}
}

// moveColumns moves columns along z to a box from where they come from.
func (s Symmetry) moveColumns(dst, src []float32, box space.Box, g int) {
	from, depth := s.Source(box, g), box[2].Len()
	for x := box[0].Lo; x < box[0].Hi; x++ {
		for y := box[1].Lo; y < box[1].Hi; y++ {
			sx, sy := s.source(x, y, g)
			to, at := (x-box[0].Lo)*box[1].Len()+y-box[1].Lo, (sx-from[0].Lo)*from[1].Len()+sy-from[1].Lo
			copy(dst[to*depth:(to+1)*depth], src[at*depth:(at+1)*depth])
		}
	}
}
