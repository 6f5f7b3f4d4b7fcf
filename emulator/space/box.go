// SPDX-License-Identifier: BSD-3-Clause

// Package space is the geometry of networks that ranks share by space: which
// cells of each layer a rank owns, which cells of the layer before it needs for
// them, and what moves between ranks so that it has them. It computes nothing
// and sends nothing.
//
// Ownership goes by index ranges of the output of a layer. An output range
// [lo, hi) of a layer with kernel k, stride s and padding p needs the inputs
// [s·lo − p, s·(hi − 1) − p + k); what of it lies outside the input is zero, and
// what another rank owns is halo. This holds for valid convolutions, odd extents,
// strides and poolings alike, and halos may differ between the two sides.
//
// Reference: Dryden, Maruyama et al. 2019, Improving strong-scaling of CNN
// training by exploiting finer-grained parallelism, IPDPS (halo exchange of
// convolutions).
package space

// Range is a half-open range of indices [Lo, Hi).
type Range struct{ Lo, Hi int }

// Len returns the number of indices, at least 0.
func (r Range) Len() int { return max(0, r.Hi-r.Lo) }

// intersect returns what both ranges have.
func (r Range) intersect(o Range) Range {
	both := Range{max(r.Lo, o.Lo), min(r.Hi, o.Hi)}
	if both.Hi <= both.Lo {
		return Range{both.Lo, both.Lo}
	}
	return both
}

// Box is a block of cells, a range along each axis.
type Box [3]Range

// Whole returns the box of all cells of these extents.
func Whole(size [3]int) Box {
	var b Box
	for a, n := range size {
		b[a] = Range{0, n}
	}
	return b
}

// Size returns the extents.
func (b Box) Size() [3]int { return [3]int{b[0].Len(), b[1].Len(), b[2].Len()} }

// Cells returns the number of cells.
func (b Box) Cells() int { return b[0].Len() * b[1].Len() * b[2].Len() }

// Intersect returns the cells that both boxes have.
func (b Box) Intersect(o Box) Box {
	for a := range b {
		b[a] = b[a].intersect(o[a])
	}
	return b
}

// Holds reports whether all cells of o are in b.
func (b Box) Holds(o Box) bool { return b.Intersect(o).Cells() == o.Cells() }

// Around returns the boxes, six at most, that together with inner are b. Inner
// must lie in b; an empty one leaves b whole.
func (b Box) Around(inner Box) []Box {
	if b.Cells() == 0 {
		return nil
	}
	if inner.Cells() == 0 {
		return []Box{b}
	}
	var out []Box
	rest := b
	for a := range b {
		for _, side := range []Range{{rest[a].Lo, inner[a].Lo}, {inner[a].Hi, rest[a].Hi}} {
			slab := rest
			if slab[a] = side; slab.Cells() > 0 {
				out = append(out, slab)
			}
		}
		rest[a] = inner[a]
	}
	return out
}

// Part is a block of cells of a range of samples.
type Part struct {
	Samples Range
	Box     Box
}

// Len returns the number of cells of all samples.
func (p Part) Len() int { return p.Samples.Len() * p.Box.Cells() }

// Intersect returns what both parts have.
func (p Part) Intersect(o Part) Part {
	return Part{p.Samples.intersect(o.Samples), p.Box.Intersect(o.Box)}
}
