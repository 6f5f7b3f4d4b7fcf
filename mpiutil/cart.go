// SPDX-License-Identifier: BSD-3-Clause

package mpiutil

import "fmt"

// NoRank is what Shift returns for a neighbour outside the mesh of ranks. It is
// not accepted by Send and Recv.
const NoRank = -1

// Cart lays the ranks of a communicator out on a Cartesian mesh without
// periodic boundaries: rank = (ix·py + iy)·pz + iz for Dims = {px, py, pz}.
type Cart struct {
	comm *Comm
	dims [3]int
}

// NewCart lays out the ranks of c, whose number must be the product of dims. It
// does not communicate and does not renumber.
func NewCart(c *Comm, dims [3]int) (*Cart, error) {
	product := 1
	for a, n := range dims {
		if n < 1 || n > c.size {
			return nil, fmt.Errorf("mpiutil: NewCart: %d ranks along axis %d, allowed are 1 to %d", n, a, c.size)
		}
		product *= n
	}
	if product != c.size {
		return nil, fmt.Errorf("mpiutil: NewCart: %d × %d × %d = %d ranks, but the communicator has %d",
			dims[0], dims[1], dims[2], product, c.size)
	}
	return &Cart{comm: c, dims: dims}, nil
}

// Comm is the communicator that is laid out.
func (t *Cart) Comm() *Comm { return t.comm }

// Dims is the number of ranks along each axis.
func (t *Cart) Dims() [3]int { return t.dims }

// Coords is the place of this rank.
func (t *Cart) Coords() [3]int { return t.CoordsOf(t.comm.rank) }

// CoordsOf is the place of rank r. It panics if there is no such rank.
func (t *Cart) CoordsOf(r int) [3]int {
	if r < 0 || r >= t.comm.size {
		panic(fmt.Sprintf("mpiutil: CoordsOf: no rank %d among %d", r, t.comm.size))
	}
	return [3]int{r / (t.dims[1] * t.dims[2]), r / t.dims[2] % t.dims[1], r % t.dims[2]}
}

// RankOf is the rank at coords, or NoRank outside the mesh.
func (t *Cart) RankOf(coords [3]int) int {
	for a, i := range coords {
		if i < 0 || i >= t.dims[a] {
			return NoRank
		}
	}
	return (coords[0]*t.dims[1]+coords[1])*t.dims[2] + coords[2]
}

// Shift returns the partners of this rank in a shift of data by disp places
// along axis: the rank that it receives from, disp places below, and the rank
// that it sends to, disp places above. Either is NoRank outside the mesh. It
// panics if axis is not 0, 1 or 2.
func (t *Cart) Shift(axis, disp int) (src, dst int) {
	if axis < 0 || axis > 2 {
		panic(fmt.Sprintf("mpiutil: Shift: no axis %d", axis))
	}
	below, above := t.Coords(), t.Coords()
	below[axis] -= disp
	above[axis] += disp
	return t.RankOf(below), t.RankOf(above)
}

// Axis makes the communicator of the ranks that differ from this one only in
// their place along axis, ordered by it: its Rank is Coords()[axis]. All ranks
// must call it; each call makes a new communicator.
func (t *Cart) Axis(axis int) (*Comm, error) {
	if axis < 0 || axis > 2 {
		return nil, fmt.Errorf("mpiutil: Axis: no axis %d, allowed are 0, 1 and 2", axis)
	}
	origin := t.Coords()
	key := origin[axis]
	origin[axis] = 0
	return t.comm.Split(t.RankOf(origin), key)
}
