// SPDX-License-Identifier: BSD-3-Clause

package cost

import (
	"fmt"

	"github.com/columen/columen/emulator/space"
)

// Mesh says how ranks share the work, with the fields of parallel.Mesh.
type Mesh struct {
	Data   int    // groups of ranks, each with its part of every batch
	Tensor int    // ranks of a group that share the dense layers
	Space  [3]int // ranks that share the cube of a sample, along its axes
}

// One is the mesh of one rank.
func One() Mesh { return Mesh{1, 1, [3]int{1, 1, 1}} }

// Group is the number of ranks that share the dense layers.
func (m Mesh) Group() int { return m.Tensor * m.volume() }

// Ranks is the number of all ranks.
func (m Mesh) Ranks() int { return m.Data * m.Group() }

// volume is the number of ranks that share the cube of a sample.
func (m Mesh) volume() int { return volume(m.Space) }

// String is such as "data 2 × tensor 4 × space [1 1 1]".
func (m Mesh) String() string {
	return fmt.Sprintf("data %d × tensor %d × space %v", m.Data, m.Tensor, m.Space)
}

// Meshes returns every mesh of so many ranks. Of lattices that differ in the order
// of their axes it has one, the longest axis first.
func Meshes(ranks int) []Mesh {
	var list []Mesh
	for v := 1; v <= ranks; v++ {
		if ranks%v != 0 {
			continue
		}
		for _, lattice := range lattices(v) {
			for tensor := 1; tensor <= ranks/v; tensor++ {
				if (ranks/v)%tensor == 0 {
					list = append(list, Mesh{ranks / v / tensor, tensor, lattice})
				}
			}
		}
	}
	return list
}

// lattices returns those of v ranks with x ≥ y ≥ z.
func lattices(v int) (list [][3]int) {
	for z := 1; z*z*z <= v; z++ {
		for y := z; y*y*z <= v; y++ {
			if v%(y*z) == 0 {
				list = append(list, [3]int{v / (y * z), y, z})
			}
		}
	}
	return list
}

// share is what the fullest rank has of the cubes of a layer.
type share struct {
	own, reach int // cells of its block, and with the halo that a window needs
	feeds      int // outputs that it takes part in and others own
}

// shareOf cuts a layer of this input among the ranks that share a cube.
func (m Mesh) shareOf(l layer) (in, out share) {
	lattice := space.Lattice(m.Space)
	ins, outs := lattice.Cut(l.size), lattice.Cut(l.outSize())
	w := l.window()
	for r, box := range outs {
		needs := w.Needs(box).Intersect(space.Whole(l.size))
		in.own, out.own = max(in.own, ins[r].Cells()), max(out.own, box.Cells())
		in.reach = max(in.reach, needs.Cells()-needs.Intersect(ins[r]).Cells())
		feeds := w.Feeds(ins[r], l.outSize())
		out.feeds = max(out.feeds, feeds.Cells()-feeds.Intersect(box).Cells())
	}
	return in, out
}

// load is the samples of the fullest rank for a batch: whole ones of the decoder,
// those of its group in the dense layers, and those whose cubes it shares.
func (m Mesh) load(batch int) (own, group, cubes int) {
	most := func(ranks int) int { // consecutive ranks, the first at a multiple of their number
		n := 0
		for first := 0; first < m.Ranks(); first += ranks {
			n = max(n, batch*(first+ranks)/m.Ranks()-batch*first/m.Ranks())
		}
		return n
	}
	return most(1), most(m.Group()), most(m.volume())
}
