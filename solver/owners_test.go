// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"testing"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/ray"
)

// Every pixel has one owner, shares are equal, and of a box cut in two a rank owns most of what it has seen: at most
// a third of the rays travel, where a share of rows without regard to the cut has half of them travel.
func TestOwnersKeepTheirRays(t *testing.T) {
	m := meshOf(32, 32, 32)
	for axis := range 3 {
		for _, angles := range [][2]float64{{60, 30}, {117, 250}, {40, 100}} {
			cam := NewCamera(angles[0], angles[1], 0).Frame(m, 0, 0, 0)
			if o := cam.Observer[axis]; o*o > 0.5 {
				continue // seen along the cut the blocks lie behind each other
			}
			lattice := [3]int{1, 1, 1}
			lattice[axis] = 2
			d, err := grid.Decompose(m, lattice, 1)
			if err != nil {
				t.Fatal(err)
			}
			o := newOwners(d, &cam)
			if p, q := o.pixels(0), o.pixels(1); p+q != cam.NX*cam.NY || max(p, q)-min(p, q) > 2*ray.TilePixels*max(cam.NX, cam.NY) {
				t.Errorf("ranks own %d and %d of %d pixels", p, q, cam.NX*cam.NY)
			}
			travel, all := 0, 0
			for rank := range 2 {
				v := ray.NewVolume[float64](m, d.Block(rank), cam.Observer, false)
				_, pixels := v.Aim(o.tiles, 0, o.tiles.Len(), cam.starts(m))
				lo, hi := o.share(rank)
				for _, p := range pixels {
					all++
					if i := o.tiles.Of(p); i < lo || i >= hi {
						travel++
					}
				}
			}
			if travel*3 > all {
				t.Errorf("cut along %s, seen from %.3f: %d of %d rays travel", grid.AxisName(axis), cam.Observer, travel, all)
			}
		}
	}
}
