// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"cmp"
	"math"
	"slices"

	"github.com/columen/columen/mpiutil"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/ray"
)

// order returns the place of a rank's block along the rays: whenever a ray
// passes from block to block it moves by one along one axis of the lattice,
// away from the observer, so the sum of the steps from the near corner grows.
func order(d grid.Decomposition, rank int, observer [3]float64) int {
	sum := 0
	for a, c := range d.Coords(rank) {
		if observer[a] > 0 {
			c = d.Ranks[a] - 1 - c
		}
		sum += c
	}
	return sum
}

// parcel is what one rank sends another: the stretches of its rays whose pixels that one owns, fields [field][channel][ray].
type parcel[T grid.Float] struct {
	pixels []int32
	data   []T
}

// pack makes a parcel for each rank. Pixels are shared out in order.
func pack[T grid.Float](b *bundle[T], ranks, pixels, channels int) []parcel[T] {
	if ranks == 1 {
		return []parcel[T]{{b.pixels, b.all}}
	}
	out := make([]parcel[T], ranks)
	index := make([][]int32, ranks)
	for r := range out {
		lo, hi := share(pixels, r, ranks)
		for i, p := range b.pixels {
			if int(p) >= lo && int(p) < hi {
				index[r] = append(index[r], int32(i))
				out[r].pixels = append(out[r].pixels, p)
			}
		}
		out[r].data = make([]T, 0, len(index[r])*channels*len(b.fields))
		for _, f := range b.fields {
			for c := range channels {
				row := f[c*len(b.pixels):][:len(b.pixels)]
				for _, i := range index[r] {
					out[r].data = append(out[r].data, row[i])
				}
			}
		}
	}
	return out
}

// deliver sends each rank its parcel and returns those for this one, by sender.
func deliver[T grid.Float](comm *mpiutil.Comm, out []parcel[T], perRay int) ([]parcel[T], error) {
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
			in[r] = parcel[T]{make([]int32, k), make([]T, k*perRay)}
			post(mpiutil.Irecv(comm, in[r].pixels, r, 0))
			post(mpiutil.Irecv(comm, in[r].data, r, 1))
		}
	}
	for r := range out {
		if r != me && len(out[r].pixels) > 0 {
			post(mpiutil.Isend(comm, out[r].pixels, r, 0))
			post(mpiutil.Isend(comm, out[r].data, r, 1))
		}
	}
	if err := mpiutil.Waitall(requests...); first == nil {
		first = err
	}
	return in, first
}

// compose puts the stretches of a rank's own pixels together, from the observer on: fields [field][channel][pixel].
func compose[T grid.Float](d grid.Decomposition, in []parcel[T], p *Problem, lo, hi int) [][]T {
	n, channels := hi-lo, len(p.FrequenciesHz)
	whole := make([][]T, p.numFields())
	for f := range whole {
		whole[f] = make([]T, n*channels)
	}
	for i := range whole[fieldTransmission] {
		whole[fieldTransmission][i] = 1
	}
	senders := make([]int, len(in))
	for r := range senders {
		senders[r] = r
	}
	slices.SortStableFunc(senders, func(a, b int) int { return cmp.Compare(order(d, a, p.Camera.Observer), order(d, b, p.Camera.Observer)) })
	distribute(make([]struct{}, p.threads()), channels, func(_ struct{}, c int) {
		for _, s := range senders {
			k := len(in[s].pixels)
			t := whole[fieldTransmission][c*n:][:n]
			for i, pixel := range in[s].pixels {
				q := int(pixel) - lo
				for f := fieldEmission; f < len(whole); f++ {
					x := in[s].data[(f*channels+c)*k+i]
					if f != fieldDepth {
						x *= t[q]
					}
					whole[f][c*n+q] += x
				}
				t[q] *= in[s].data[c*k+i]
			}
		}
	})
	return whole
}

// pixelsOf is what a rank owns of an image: intensities [channel][pixel], and the maps of Depths if asked for.
type pixelsOf[T grid.Float] struct {
	light  []T
	depths [][]float64
}

// exchangeBundles brings the stretches of all ranks to the owners of the pixels, which compose them.
func exchangeBundles[T grid.Float](comm *mpiutil.Comm, d grid.Decomposition, b *bundle[T], p *Problem) (*pixelsOf[T], error) {
	channels, pixels := len(p.FrequenciesHz), p.Camera.NX*p.Camera.NY
	in, err := deliver(comm, pack(b, comm.Size(), pixels, channels), channels*p.numFields())
	if err != nil {
		return nil, err
	}
	lo, hi := share(pixels, comm.Rank(), comm.Size())
	n, whole := hi-lo, compose(d, in, p, lo, hi)
	out := &pixelsOf[T]{light: whole[fieldEmission]}
	if p.Depths {
		out.depths = p.depthMaps(toFloat64(whole), d.Mesh, n)
	}
	if p.BackgroundSI != nil {
		for i, t := range whole[fieldTransmission] {
			out.light[i] += t * T(p.BackgroundSI[i/n])
		}
	}
	return out, nil
}

// gather brings the pixels of all ranks to rank 0.
func (mine *pixelsOf[T]) gather(comm *mpiutil.Comm, img *Image, p *Problem) error {
	var err error
	if img.Light, err = sumLight(comm, img.Light); err != nil {
		return err
	}
	pixels := p.Camera.NX * p.Camera.NY
	if img.Intensity, err = collectPixels(comm, mine.light, pixels, len(p.FrequenciesHz)); err != nil || !p.Depths {
		return err
	}
	img.Depths = &Depths{}
	for i, m := range []*[]float64{&img.Depths.TauPeak, &img.Depths.TauCenter, &img.Depths.MeanM, &img.Depths.SpreadM} {
		if *m, err = collectPixels(comm, mine.depths[i], pixels, 1); err != nil {
			return err
		}
	}
	return nil
}

// collectPixels brings the shares [channel][pixel] of all ranks to rank 0 as one [channel][pixel].
func collectPixels[T grid.Float](comm *mpiutil.Comm, mine []T, pixels, channels int) ([]float64, error) {
	ranks := comm.Size()
	if whole, same := any(mine).([]float64); same && ranks == 1 {
		return whole, nil
	}
	counts := make([]int, ranks)
	for r := range counts {
		lo, hi := share(pixels, r, ranks)
		counts[r] = (hi - lo) * channels
	}
	var all []T
	if comm.Rank() == 0 {
		all = make([]T, pixels*channels)
	}
	if err := mpiutil.Gatherv(comm, mine, all, counts, 0); err != nil || comm.Rank() != 0 {
		return nil, err
	}
	out, at := make([]float64, len(all)), 0
	for r := range counts {
		lo, hi := share(pixels, r, ranks)
		for c := range channels {
			to := out[c*pixels+lo : c*pixels+hi]
			for i, x := range all[at:][:len(to)] {
				to[i] = float64(x)
			}
			at += len(to)
		}
	}
	return out, nil
}

// toFloat64 copies fields for sums over channels.
func toFloat64[T grid.Float](fields [][]T) [][]float64 {
	out := make([][]float64, len(fields))
	for f, x := range fields {
		out[f] = make([]float64, len(x))
		for i, v := range x {
			out[f][i] = float64(v)
		}
	}
	return out
}

// sumLight adds up what all ranks know of the light.
func sumLight(comm *mpiutil.Comm, l ray.Light) (ray.Light, error) {
	sum := []float64{l.Total, l.Outside}
	err := mpiutil.Allreduce(comm, sum, sum, mpiutil.Sum)
	return ray.Light{Total: sum[0], Outside: sum[1]}, err
}

// depthMaps reduces the composed fields [field][channel][pixel] of n pixels to
// the maps of Depths.
func (p *Problem) depthMaps(f [][]float64, m grid.Mesh, n int) [][]float64 {
	nearest := 0
	for c, nu := range p.FrequenciesHz {
		if math.Abs(nu-p.Line.RestFrequencyHz) < math.Abs(p.FrequenciesHz[nearest]-p.Line.RestFrequencyHz) {
			nearest = c
		}
	}
	h := m.CellSize()
	unit, origin := min(h[0], h[1], h[2]), dot(p.Camera.Observer, center(m))
	maps := make([][]float64, 4)
	for i := range maps {
		maps[i] = make([]float64, n)
	}
	for q := range n {
		var light, first, second float64
		for c := range p.FrequenciesHz {
			i, w := c*n+q, p.channelWidth(c)
			maps[0][q] = max(maps[0][q], f[fieldDepth][i])
			light += w * f[fieldEmission][i]
			first += w * f[fieldFirst][i]
			second += w * f[fieldSecond][i]
		}
		maps[1][q] = f[fieldDepth][nearest*n+q]
		mean := first / light // not a number where there is no light
		maps[2][q] = mean*unit + origin
		maps[3][q] = math.Sqrt(max(second/light-mean*mean, 0)) * unit
	}
	return maps
}

// channelWidth is the weight of channel c in the trapezoidal rule over frequency [Hz].
func (p *Problem) channelWidth(c int) float64 {
	f := p.FrequenciesHz
	if len(f) == 1 {
		return 1
	}
	return (f[min(c+1, len(f)-1)] - f[max(c-1, 0)]) / 2
}
