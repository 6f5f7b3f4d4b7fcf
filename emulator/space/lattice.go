// SPDX-License-Identifier: BSD-3-Clause

package space

// Least is the number of cells along an axis below which a block is not cut any
// more: then fewer ranks own the layer, and the others none of it.
const Least = 4

// Lattice is the number of ranks along each axis. Rank (ix·py + iy)·pz + iz has
// the place (ix, iy, iz), as in the decompositions of the solver.
type Lattice [3]int

// Ranks returns the number of ranks.
func (l Lattice) Ranks() int { return l[0] * l[1] * l[2] }

// Place returns the place of a rank.
func (l Lattice) Place(rank int) [3]int {
	return [3]int{rank / (l[1] * l[2]), rank / l[2] % l[1], rank % l[2]}
}

// Cut returns the box of each rank in a layer of these extents: equal stretches
// along each axis, which fewer ranks share where they would be shorter than
// Least.
func (l Lattice) Cut(size [3]int) []Box {
	boxes := make([]Box, l.Ranks())
	for rank := range boxes {
		for a, c := range l.Place(rank) {
			boxes[rank][a] = stretch(size[a], l[a], c)
		}
	}
	return boxes
}

// stretch is that of place c of p in n cells. Of q < p stretches the j-th belongs
// to the first place at or after j·p/q.
func stretch(n, p, c int) Range {
	q := min(p, max(1, n/Least))
	j := c * q / p
	if (j*p+q-1)/q != c {
		return Range{}
	}
	return Range{n * j / q, n * (j + 1) / q}
}

// Window says which inputs an output of a layer depends on.
type Window struct{ Kernel, Stride, Pad [3]int }

// Needs returns the inputs that a box of outputs depends on. It reaches beyond
// the input by the padding. Nothing needs nothing.
func (w Window) Needs(out Box) Box {
	if out.Cells() == 0 {
		return Box{}
	}
	var in Box
	for a, r := range out {
		in[a] = Range{w.Stride[a]*r.Lo - w.Pad[a], w.Stride[a]*(r.Hi-1) - w.Pad[a] + w.Kernel[a]}
	}
	return in
}

// Feeds returns the outputs, of these extents, that depend on a box of inputs.
func (w Window) Feeds(in Box, outSize [3]int) Box {
	if in.Cells() == 0 {
		return Box{}
	}
	var out Box
	for a, r := range in {
		// s·o − p + k > lo and s·o − p < hi; what is rounded down is not negative
		// where it counts.
		first := r.Lo + w.Pad[a] - w.Kernel[a] + w.Stride[a]
		out[a] = Range{max(0, first) / w.Stride[a], (r.Hi-1+w.Pad[a])/w.Stride[a] + 1}
	}
	return out.Intersect(Whole(outSize))
}

// Inner returns the outputs of a box that depend on no other inputs than those
// of a box owned, of an input of these extents.
func (w Window) Inner(out, owned Box, size [3]int) Box {
	inner := out
	for a, r := range out {
		fits := func(o int) bool {
			need := Range{w.Stride[a]*o - w.Pad[a], w.Stride[a]*o - w.Pad[a] + w.Kernel[a]}.intersect(Range{0, size[a]})
			return need.intersect(owned[a]).Len() == need.Len()
		}
		for inner[a].Lo < r.Hi && !fits(inner[a].Lo) {
			inner[a].Lo++
		}
		for inner[a].Hi > inner[a].Lo && !fits(inner[a].Hi-1) {
			inner[a].Hi--
		}
	}
	return inner
}

// Piece is what one rank gives another.
type Piece struct {
	Rank int // the other one
	Part Part
}

// Sends returns the pieces that rank me gives to others, when rank r has the part
// have[r] and wants want[r]. What ranks have must not overlap, so that every cell
// comes from one of them.
func Sends(me int, have, want []Part) []Piece { return pieces(me, have[me], want) }

// Receives returns the pieces that rank me gets from others.
func Receives(me int, have, want []Part) []Piece { return pieces(me, want[me], have) }

func pieces(me int, mine Part, theirs []Part) []Piece {
	var out []Piece
	for r, p := range theirs {
		if both := mine.Intersect(p); r != me && both.Len() > 0 {
			out = append(out, Piece{r, both})
		}
	}
	return out
}
