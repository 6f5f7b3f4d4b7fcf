// SPDX-License-Identifier: BSD-3-Clause

package grid

// Range is a half-open range of cell indices [Lo, Hi).
type Range struct {
	Lo, Hi int
}

// Len returns the number of indices in the range.
func (r Range) Len() int { return r.Hi - r.Lo }

// Block is the part of a mesh that one rank holds: the cells it owns and the
// cells it stores, which are the owned ones and a halo that neighbours own.
type Block struct {
	Owned, Stored [3]Range
}

// StoredShape returns the number of stored cells along each axis.
func (b Block) StoredShape() [3]int {
	return [3]int{b.Stored[0].Len(), b.Stored[1].Len(), b.Stored[2].Len()}
}

// NumStored returns the number of stored cells.
func (b Block) NumStored() int {
	s := b.StoredShape()
	return s[0] * s[1] * s[2]
}

// Cube holds the fields that line transfer needs on a block of a mesh.
// Every field has Block.NumStored() elements in C order, z fastest, or is nil
// where the task at hand does not need it.
type Cube[T Float] struct {
	Mesh        Mesh
	Block       Block
	Density     []T    // n of the species [m⁻³]
	Temperature []T    // gas temperature [K]
	Velocity    [3][]T // velocity along x, y, z [m s⁻¹]
	Turbulence  []T    // turbulent line width v_turb [m s⁻¹]
}

// NewCube allocates all six fields for a block of mesh.
func NewCube[T Float](m Mesh, b Block) *Cube[T] {
	n := b.NumStored()
	c := &Cube[T]{Mesh: m, Block: b, Density: make([]T, n), Temperature: make([]T, n), Turbulence: make([]T, n)}
	for a := range c.Velocity {
		c.Velocity[a] = make([]T, n)
	}
	return c
}

// Index returns the offset in the fields of cell (i, j, k) of the whole mesh,
// which must be stored.
func (c *Cube[T]) Index(i, j, k int) int {
	s := c.Block.Stored
	return ((i-s[0].Lo)*s[1].Len()+(j-s[1].Lo))*s[2].Len() + (k - s[2].Lo)
}

// Strides returns the distance in elements between neighbours along each axis.
func (c *Cube[T]) Strides() [3]int {
	s := c.Block.StoredShape()
	return [3]int{s[1] * s[2], s[2], 1}
}
