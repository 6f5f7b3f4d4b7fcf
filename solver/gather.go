// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver/grid"
)

// gather brings the intensities of all ranks to rank 0, into their place in the image.
func gather[T grid.Float](comm *mpiutil.Comm, d grid.Decomposition, mine []T, img *Image, p *Problem) error {
	var err error
	if img.Light, err = sumLight(comm, img.Light); err != nil {
		return err
	}
	nf := len(p.FrequenciesHz)
	counts := make([]int, comm.Size())
	total := 0
	for r := range counts {
		s := shareOf(d, r, p, nf)
		counts[r] = s.hi - s.lo
		total += counts[r]
	}
	var all []T
	if comm.Rank() == 0 {
		all = make([]T, total)
	}
	if err = mpiutil.Gatherv(comm, mine, all, counts, 0); err != nil || comm.Rank() != 0 {
		return err
	}
	img.Intensity = make([]float64, total)
	at := 0
	for r := range counts {
		s := shareOf(d, r, p, nf)
		for i := s.lo; i < s.hi; i++ {
			f, y, x := i/(s.nx*s.ny), i/s.nx%s.ny, i%s.nx
			img.Intensity[(f*img.NY+s.y0+y)*img.NX+s.x0+x] = float64(all[at])
			at++
		}
	}
	return nil
}

// pixelShare is what a rank owns of the image: values [lo, hi) of a patch [ν][y][x].
type pixelShare struct {
	x0, nx, y0, ny, lo, hi int
}

func shareOf(d grid.Decomposition, rank int, p *Problem, nf int) pixelShare {
	own, los := d.Block(rank).Owned, p.View.Observer.Axis
	x, y := p.View.ImageX, p.View.ImageY
	var s pixelShare
	s.x0, s.nx = x.pixels(own[x.Axis], d.Mesh.Cells[x.Axis])
	s.y0, s.ny = y.pixels(own[y.Axis], d.Mesh.Cells[y.Axis])
	s.lo, s.hi = share(nf*s.nx*s.ny, d.Coords(rank)[los], d.Ranks[los])
	return s
}
