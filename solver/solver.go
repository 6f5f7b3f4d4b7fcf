// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"fmt"
	"time"

	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver/grid"
)

// Solve computes an image of a cube that is divided over the ranks of comm as d
// says; cube is this rank's block, with its halo, and must hold the velocity
// along the axis of the view, or all components along which a camera looks. All ranks must call it. A failure of one rank is
// returned on all of them, as a *mpiutil.AgreedError.
func Solve[T grid.Float](comm *mpiutil.Comm, d grid.Decomposition, cube *grid.Cube[T], p Problem) (*Image, error) {
	// 1. What can be refused before any work.
	err := p.validate()
	if err == nil && d.NumRanks() != comm.Size() {
		err = fmt.Errorf("solver: decomposition over %v = %d ranks, but there are %d", d.Ranks, d.NumRanks(), comm.Size())
	}
	if err == nil && p.Fixed && d.Leaf%grid.LeafCells != 0 {
		err = fmt.Errorf("solver: fixed mode with cuts at multiples of %d cells: want multiples of %d", d.Leaf, grid.LeafCells)
	}
	if err = mpiutil.Agree(comm, err); err != nil {
		return nil, err
	}

	if p.Camera != nil {
		return look(comm, d, cube, &p)
	}

	// 2. This rank's stretch of each ray.
	start := time.Now()
	img := &Image{NX: cube.Mesh.Cells[p.View.ImageX.Axis], NY: cube.Mesh.Cells[p.View.ImageY.Axis]}
	g, own, light, kernel, err := integrate(cube, &p)
	img.Light, img.Kernel, img.Integration = light, kernel, time.Since(start)
	if err = mpiutil.Agree(comm, err); err != nil {
		return nil, err
	}

	// 3. Stretches of a column of ranks, composed along the ray and put before the background.
	start = time.Now()
	mine, err := exchange(comm, d, g, own, &p)
	img.Exchange = time.Since(start)
	if err = mpiutil.Agree(comm, err); err != nil {
		return nil, err
	}

	// 4. Pixels to rank 0.
	start = time.Now()
	err = gather(comm, d, mine, img, &p)
	img.Gathering = time.Since(start)
	if err = mpiutil.Agree(comm, err); err != nil {
		return nil, err
	}
	return img, nil
}

// look is Solve for a camera, after the same checks.
func look[T grid.Float](comm *mpiutil.Comm, d grid.Decomposition, cube *grid.Cube[T], p *Problem) (*Image, error) {
	// 2. This rank's stretch of each ray that meets its block.
	start := time.Now()
	img := &Image{NX: p.Camera.NX, NY: p.Camera.NY}
	var own *bundle[T]
	o := newOwners(d, p.Camera)
	err := p.Camera.needs(cube.Velocity[0] != nil, cube.Velocity[1] != nil, cube.Velocity[2] != nil)
	if err == nil {
		own, img.Light, img.Kernel, err = cross(cube, p, o)
	}
	img.Integration = time.Since(start)
	if err = mpiutil.Agree(comm, err); err != nil {
		return nil, err
	}

	// 3. Stretches to the owners of the pixels, composed along the ray and put before the background.
	start = time.Now()
	mine, err := exchangeBundles(comm, d, own, o, p)
	img.Exchange = time.Since(start)
	if err = mpiutil.Agree(comm, err); err != nil {
		return nil, err
	}

	// 4. Pixels to rank 0.
	start = time.Now()
	err = mine.gather(comm, img, o, p)
	img.Gathering = time.Since(start)
	if err = mpiutil.Agree(comm, err); err != nil {
		return nil, err
	}
	return img, nil
}
