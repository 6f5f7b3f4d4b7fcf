// SPDX-License-Identifier: BSD-3-Clause

package cube

import (
	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver/cubefile"
	"github.com/columen/columen/solver/grid"
)

// collect writes the slabs of all ranks on rank 0, which holds one of the others at a time.
// Ranks agree after each slab, so that a full disk ends all of them.
func collect[T grid.Float](comm *mpiutil.Comm, d grid.Decomposition, m grid.Mesh, mine *grid.Cube[T], path string, meta cubefile.Meta, tick func()) (err error) {
	root := comm.Rank() == 0
	var w *cubefile.Writer[T]
	if root {
		w, err = cubefile.NewWriter[T](path, m, [3]bool{true, true, true}, meta)
	}
	if err = mpiutil.Agree(comm, err); err != nil {
		return err
	}
	if root {
		defer w.Abort()
	}
	for r := 0; r < d.NumRanks(); r++ {
		slab := mine
		if root && r > 0 {
			slab = grid.NewCube[T](m, owned(d, r))
			err = exchange(slab, func(f []T, tag int) error { return mpiutil.Recv(comm, f, r, tag) })
		} else if !root && comm.Rank() == r {
			err = exchange(mine, func(f []T, tag int) error { return mpiutil.Send(comm, f, 0, tag) })
		}
		if root && err == nil {
			err = w.WriteSlab(slab)
		}
		if err = mpiutil.Agree(comm, err); err != nil {
			return err
		}
		tick()
	}
	if root {
		err = w.Close()
	}
	return mpiutil.Agree(comm, err)
}

// exchange calls move for each field of a slab, with a tag of its own.
func exchange[T grid.Float](c *grid.Cube[T], move func(field []T, tag int) error) error {
	for tag, f := range [][]T{c.Density, c.Temperature, c.Velocity[0], c.Velocity[1], c.Velocity[2], c.Turbulence} {
		if err := move(f, tag); err != nil {
			return err
		}
	}
	return nil
}
