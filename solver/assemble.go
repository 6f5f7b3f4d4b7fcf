// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/ray"
)

// deliver sends each rank its parcel and returns those for this one, by sender.
func deliver[T grid.Float](comm *mpiutil.Comm, out []parcel[T], perRay int, fixed bool) ([]parcel[T], error) {
	n, me := comm.Size(), comm.Rank()
	counts, all := make([]int64, n), make([]int64, n*n)
	for r := range out {
		counts[r] = int64(len(out[r].pixels))
	}
	if err := mpiutil.Allgather(comm, counts, all); err != nil {
		return nil, err
	}
	in := make([]parcel[T], n)
	var requests []*mpiutil.Request
	var first error
	post := func(r *mpiutil.Request, err error) {
		if err == nil {
			requests = append(requests, r)
		} else if first == nil {
			first = err
		}
	}
	for r := range in {
		k := int(all[r*n+me])
		if r == me {
			in[r] = out[r]
		} else if k > 0 {
			in[r] = parcel[T]{pixels: make([]int32, k), data: make([]T, k*perRay)}
			if fixed {
				in[r].trees = make([]int32, k)
				post(mpiutil.Irecv(comm, in[r].trees, r, 2))
			}
			post(mpiutil.Irecv(comm, in[r].pixels, r, 0))
			post(mpiutil.Irecv(comm, in[r].data, r, 1))
		}
	}
	for r := range out {
		if r != me && len(out[r].pixels) > 0 {
			if fixed {
				post(mpiutil.Isend(comm, out[r].trees, r, 2))
			}
			post(mpiutil.Isend(comm, out[r].pixels, r, 0))
			post(mpiutil.Isend(comm, out[r].data, r, 1))
		}
	}
	if err := mpiutil.Waitall(requests...); first == nil {
		first = err
	}
	return in, first
}

// exchangeBundles brings the stretches of all ranks to the owners of the pixels, which compose them.
func exchangeBundles[T grid.Float](comm *mpiutil.Comm, d grid.Decomposition, b *bundle[T], o *owners, p *Problem) (*pixelsOf[T], error) {
	perRay := len(p.FrequenciesHz) * p.numFields()
	out := make([]parcel[T], comm.Size())
	for r := range out {
		out[r] = b.parcel(o.place[r], perRay)
	}
	in, err := deliver(comm, out, perRay, p.Fixed)
	if err != nil {
		return nil, err
	}
	return compose(d, in, o, p, comm.Rank()), nil
}

// gather brings the pixels of all ranks to rank 0.
func (mine *pixelsOf[T]) gather(comm *mpiutil.Comm, img *Image, o *owners, p *Problem) error {
	var err error
	if img.Light, err = sumLight(comm, img.Light); err != nil {
		return err
	}
	channels := len(p.FrequenciesHz)
	if err := collectTiles(comm, mine.tiles, mine.image, channels, o, p); err != nil {
		return err
	}
	if p.Depths {
		if err := collectTiles(comm, mine.depthTiles, mine.depths, numMaps, o, p); err != nil {
			return err
		}
	}
	if comm.Rank() != 0 {
		return nil
	}
	img.Intensity = mine.image
	if p.Depths {
		n := o.tiles.NX * o.tiles.NY
		m := func(i int) []float64 { return mine.depths[i*n:][:n:n] }
		img.Depths = &Depths{TauPeak: m(mapPeak), TauCenter: m(mapCenter), MeanM: m(mapMean), SpreadM: m(mapSpread)}
	}
	return nil
}

// collectTiles brings the tiles [tile][plane][pixel] of the other ranks to the
// planes [plane][y][x] of rank 0, where its own are already.
func collectTiles[T grid.Float](comm *mpiutil.Comm, tiles []T, image []float64, planes int, o *owners, p *Problem) error {
	if comm.Size() == 1 {
		return nil
	}
	counts, total := make([]int, comm.Size()), 0
	for r := range counts[1:] {
		counts[r+1] = o.pixels(r+1) * planes
		total += counts[r+1]
	}
	var all []T
	if comm.Rank() == 0 {
		all = make([]T, total)
	}
	if err := mpiutil.Gatherv(comm, tiles, all, counts, 0); err != nil || comm.Rank() != 0 {
		return err
	}
	workers := make([]struct{}, p.threads())
	for r, n := range counts {
		if r == 0 || n == 0 {
			continue
		}
		lo, hi := o.share(r)
		part := all[:n]
		all = all[n:]
		distribute(workers, hi-lo, func(_ struct{}, i int) {
			at := o.tiles.Before(lo+i) - o.tiles.Before(lo)
			place(image, part[at*planes:], o.tiles, lo+i, planes)
		})
	}
	return nil
}

// place writes a tile [plane][pixel] into planes [plane][y][x].
func place[T grid.Float](image []float64, from []T, tiles ray.Tiles, tile, planes int) {
	x0, x1, y0, y1 := tiles.Bounds(tile)
	for f := range planes {
		for y := y0; y < y1; y++ {
			to := image[(f*tiles.NY+y)*tiles.NX+x0:][:x1-x0]
			for i, x := range from[:x1-x0] {
				to[i] = float64(x)
			}
			from = from[x1-x0:]
		}
	}
}

// sumLight adds up what all ranks know of the light.
func sumLight(comm *mpiutil.Comm, l ray.Light) (ray.Light, error) {
	sum := []float64{l.Total, l.Outside}
	err := mpiutil.Allreduce(comm, sum, sum, mpiutil.Sum)
	return ray.Light{Total: sum[0], Outside: sum[1]}, err
}
