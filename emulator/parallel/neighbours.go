// SPDX-License-Identifier: BSD-3-Clause

package parallel

import (
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/space"
	"github.com/columen/columen/mpiutil"
)

// haloTag marks messages between neighbours. One exchange is under way at a time,
// so that messages between two ranks come in their order.
const haloTag = 7

// neighbours is the nn.Neighbours of a team.
type neighbours[T device.Float] struct {
	t        *Team[T]
	recv     [][]T
	requests []*mpiutil.Request
}

// Neighbours is what the encoders need when cubes are shared; nil when they are
// not.
func (t *Team[T]) Neighbours() nn.Neighbours[T] {
	if t.space.Size() == 1 {
		return nil
	}
	return &neighbours[T]{t: t}
}

// Block is what this rank reads of samples on a grid where ranks share cubes, if
// each reads its own block; nil when they do not.
func (t *Team[T]) Block(grid int) *dataset.Block {
	if t.space.Size() == 1 {
		return nil
	}
	first := t.Rank() - t.space.Rank()
	return &dataset.Block{Box: space.Lattice(t.opts.Mesh.Space).Cut([3]int{grid, grid, grid})[t.space.Rank()], First: first, Last: first + t.space.Size()}
}

// Lattice is that of the mesh.
func (n *neighbours[T]) Lattice() space.Lattice { return n.t.opts.Mesh.Space }

// Rank is the place among the neighbours.
func (n *neighbours[T]) Rank() int { return n.t.space.Rank() }

// Samples returns the bounds of the samples of the neighbours.
func (n *neighbours[T]) Samples() []int {
	first := n.t.Rank() - n.t.space.Rank()
	origin, _ := n.t.samples(first)
	bounds := []int{0}
	for r := range n.t.space.Size() {
		_, hi := n.t.samples(first + r)
		bounds = append(bounds, hi-origin)
	}
	return bounds
}

// Start sends to the neighbours and receives from them.
func (n *neighbours[T]) Start(send, recv [][]T) {
	n.recv, n.requests = recv, n.requests[:0]
	n.t.communicate(func() error {
		for r, values := range recv {
			if len(values) > 0 {
				if err := n.begin(mpiutil.Irecv(n.t.space, values, r, haloTag)); err != nil {
					return err
				}
			}
		}
		for r, values := range send {
			if len(values) > 0 {
				n.t.traffic.Halo += int64(len(values)) * int64(sizeOf[T]())
				if err := n.begin(mpiutil.Isend(n.t.space, values, r, haloTag)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (n *neighbours[T]) begin(r *mpiutil.Request, err error) error {
	if err == nil {
		n.requests = append(n.requests, r)
	}
	return err
}

// Wait ends what Start began.
func (n *neighbours[T]) Wait() {
	n.t.during("the exchange of halos")
	n.t.communicate(func() error { return mpiutil.Waitall(n.requests...) })
	n.requests = n.requests[:0]
	if n.t.fault.halo != nil {
		for r, values := range n.recv {
			if len(values) > 0 {
				n.t.fault.halo(r, values)
			}
		}
	}
}
