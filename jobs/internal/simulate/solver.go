// SPDX-License-Identifier: BSD-3-Clause

package simulate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/columen/columen/solver/grid"
)

// ErrNoFit says that a cube is too small for a number of ranks.
var ErrNoFit = errors.New("simulate: the cube is too small")

// Image is what the solver's time for one image depends on.
type Image struct {
	Cells           [3]int
	Channels        int
	Axis            int     // along which the rays go
	SecondsPerUnit  float64 // of integrating one cell in one channel on one rank, measured
	SecondsPerPixel float64 // of placing one value of the image on rank 0, measured
	BytesPerValue   float64 // of transmission, emission and intensity
}

// Predict returns the time of an image on a number of ranks [s], or ErrNoFit: each integrates
// its block, the ranks of a column along the rays exchange transmission and
// emission of their shares of the pixels, and all send their pixels to rank 0.
func (m Image) Predict(net Network, ranks int) (float64, error) {
	lattice, err := grid.AutoRanks(m.Cells, ranks, []int{m.Axis}, 1)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrNoFit, err)
	}
	side := [3]float64{float64(m.Cells[0]), float64(m.Cells[1]), float64(m.Cells[2])}
	d, err := grid.Decompose(grid.Mesh{Box: grid.Box{Max: side}, Cells: m.Cells}, lattice, 1)
	if err != nil {
		return 0, err
	}
	programs := make([][]Op, ranks)
	depth := lattice[m.Axis]
	for r := range programs {
		own := d.Block(r).Owned
		cells := float64(own[0].Len() * own[1].Len() * own[2].Len())
		face := cells / float64(own[m.Axis].Len()) * float64(m.Channels)
		steps := []Op{{Kind: Compute, Seconds: cells * float64(m.Channels) * m.SecondsPerUnit}}
		c := d.Coords(r)
		for k := 1; k < depth; k++ { // every rank begins with another neighbour
			to := c
			to[m.Axis] = (c[m.Axis] + k) % depth
			steps = append(steps, Op{Kind: Send, Peer: d.RankOf(to), Bytes: 2 * m.BytesPerValue * face / float64(depth)})
		}
		for k := 1; k < depth; k++ {
			from := c
			from[m.Axis] = (c[m.Axis] - k + depth) % depth
			steps = append(steps, Op{Kind: Recv, Peer: d.RankOf(from)})
		}
		if r > 0 {
			steps = append(steps, Op{Kind: Send, Peer: 0, Bytes: m.BytesPerValue * face / float64(depth)})
		}
		programs[r] = steps
	}
	for r := 1; r < ranks; r++ {
		programs[0] = append(programs[0], Op{Kind: Recv, Peer: r})
	}
	pixels := float64(m.Channels) * side[0] * side[1] * side[2] / side[m.Axis]
	programs[0] = append(programs[0], Op{Kind: Compute, Seconds: pixels * m.SecondsPerPixel})
	done, err := Run(net, programs)
	if err != nil {
		return 0, err
	}
	return slices.Max(done), nil
}
