// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
)

// Placement says which part of the work on a batch is done here. The zero value
// means all of it.
type Placement[T device.Float] struct {
	Parts    nn.Parts[T] // this rank's samples of a batch that is in parts; nil for all
	Exchange Exchange[T] // this rank's shards of the dense layers; nil for whole layers

	Neighbours nn.Neighbours[T] // the ranks that share the cubes of samples in the encoders; nil for none
	InBlocks   bool             // inputs are this rank's blocks of the cubes of all neighbours, not its own cubes
}

// Exchange moves a batch between the ranks that share the dense layers: outside
// each of them holds its samples, inside all samples for its shards. Shard s of S
// is range device.Cut(n, s, S) of the inputs of to_lat and of the outputs of to_dec, so
// that only the latent layer is summed over ranks. Failures are kept by who
// implements it.
type Exchange[T device.Float] interface {
	// Shards returns the range of shards of this rank, and the number of all.
	Shards() (lo, hi, all int)
	// Slots returns the bounds of the slots in the samples of all these ranks.
	Slots() []int
	// ToShards sends x, rows of width values for this rank's samples, and fills
	// shards, one for each shard of this rank, with rows for all samples.
	ToShards(width int, x device.Buffer[T], shards []device.Buffer[T])
	// ToSamples does the reverse.
	ToSamples(width int, shards []device.Buffer[T], x device.Buffer[T])
	// Sum replaces x, the sum of this rank's shards, by that of all shards.
	Sum(x []float64)
}

// denseShards are this rank's shards of to_lat and to_dec, one after the other.
// The bias of to_lat belongs to shard 0.
type denseShards[T device.Float] struct {
	env          *nn.Env[T]
	exchange     Exchange[T]
	lat, dec     []shard[T]
	in, out      int // of the whole layers
	latent       int
	x, y         []device.Buffer[T] // by shard, of all samples
	sum          device.Buffer[T]   // latent values of all samples
	result       device.Buffer[T]   // [this rank's samples, out]
	group, batch int                // all samples, this rank's
}

// shard is one shard of a dense layer.
type shard[T device.Float] struct {
	shape        device.Linear
	weight, bias *nn.Entry[T]
}

// newDenseShards describes the shards that the exchange gives this rank.
func newDenseShards[T device.Float](env *nn.Env[T], exchange Exchange[T], in, latent, out int) *denseShards[T] {
	d := &denseShards[T]{env: env, exchange: exchange, in: in, latent: latent, out: out}
	lo, hi, all := exchange.Shards()
	entry := func(name string, kind nn.Kind, fan int, whole []int, axis, from, to, s int) *nn.Entry[T] {
		shape := append([]int(nil), whole...)
		shape[axis] = to - from
		return &nn.Entry[T]{Name: name, Shape: shape, Kind: kind, FanIn: fan, Late: true,
			Slice: &nn.Slice{Whole: whole, Axis: axis, Lo: from, Hi: to, Index: s, Of: all}}
	}
	for s := lo; s < hi; s++ {
		a, b := device.Cut(in, s, all)
		bias := 0
		if s == 0 {
			bias = latent
		}
		d.lat = append(d.lat, shard[T]{device.Linear{In: b - a, Out: latent},
			entry("to_lat.weight", nn.Weight, in, []int{latent, in}, 1, a, b, s),
			entry("to_lat.bias", nn.Bias, in, []int{latent}, 0, 0, bias, s)})
		a, b = device.Cut(out, s, all)
		d.dec = append(d.dec, shard[T]{device.Linear{In: latent, Out: b - a},
			entry("to_dec.weight", nn.Weight, latent, []int{out, latent}, 0, a, b, s),
			entry("to_dec.bias", nn.Bias, latent, []int{out}, 0, a, b, s)})
	}
	return d
}

// Forward computes to_dec(to_lat(x)) for this rank's samples.
func (d *denseShards[T]) Forward(x device.Buffer[T], batch int, _ bool) device.Buffer[T] {
	dev := d.env.Device
	d.reserve(batch)
	d.exchange.ToShards(d.in, x, d.x)
	for _, s := range d.lat {
		d.env.Await(s.weight, s.bias)
	}
	d.fold(d.sum, func(k int, to []float64) {
		s := d.lat[k]
		dev.LinearSums(s.shape, d.group, d.x[k], s.weight.Value, to)
		if s.bias.Len() == 0 {
			return
		}
		bias := make([]T, d.latent)
		dev.Download(bias, s.bias.Value)
		for i := range to {
			to[i] += float64(bias[i%d.latent])
		}
	})
	for k, s := range d.dec {
		d.env.Await(s.weight, s.bias)
		dev.LinearForward(s.shape, d.group, d.sum, s.weight.Value, s.bias.Value, d.y[k])
	}
	d.exchange.ToSamples(d.out, d.y, d.result)
	return d.result
}

// Backward computes the derivatives of this rank's shards by all samples.
func (d *denseShards[T]) Backward(dy device.Buffer[T]) device.Buffer[T] {
	dev, bounds := d.env.Device, d.exchange.Slots()
	dys, dxs := make([]device.Buffer[T], len(d.dec)), make([]device.Buffer[T], len(d.lat))
	for k := range d.dec {
		dys[k], dxs[k] = d.env.Take(d.y[k].Len()), d.env.Take(d.x[k].Len())
	}
	d.exchange.ToShards(d.out, dy, dys)
	g := d.env.Take(d.group * d.latent)
	d.fold(g, func(k int, to []float64) {
		dev.LinearBackwardSums(d.dec[k].shape, d.group, dys[k], d.dec[k].weight.Value, to)
	})
	for k, s := range d.dec {
		d.weights(s, bounds, d.sum, dys[k], s.bias.Grad)
	}
	for k, s := range d.lat {
		dev.LinearBackwardData(s.shape, d.group, g, s.weight.Value, dxs[k])
		var bias device.Buffer[T]
		if s.bias.Len() > 0 {
			bias = s.bias.Grad
		}
		d.weights(s, bounds, d.x[k], g, bias)
	}
	dx := d.env.Take(d.batch * d.in)
	d.exchange.ToSamples(d.in, dxs, dx)
	for _, b := range append(append(dys, dxs...), g) {
		d.env.Give(b)
	}
	return dx
}

// weights adds the gradients of a shard; bias may be nil.
func (d *denseShards[T]) weights(s shard[T], bounds []int, x, dy, bias device.Buffer[T]) {
	dev, shape := d.env.Device, nn.Fresh(s.shape, s.weight, s.bias)
	switch {
	case len(bounds) > 2:
		dev.LinearBackwardSlots(shape, bounds, x, dy, s.weight.Grad, bias)
	case bias == nil:
		other := d.env.Take(s.shape.Out)
		dev.Fill(other, 0)
		dev.LinearBackwardWeights(shape, d.group, x, dy, s.weight.Grad, other)
		d.env.Give(other)
	default:
		dev.LinearBackwardWeights(shape, d.group, x, dy, s.weight.Grad, bias)
	}
	d.env.Complete(s.weight, s.bias)
}

// fold writes to sum the tree over all shards of what f computes for one of this
// rank's. It is made in float64 and rounded once: see device.Dense.LinearSums.
func (d *denseShards[T]) fold(sum device.Buffer[T], f func(k int, to []float64)) {
	total := device.Fold(len(d.lat), func(k int) []float64 {
		to := make([]float64, sum.Len())
		f(k, to)
		return to
	}, func(a, b []float64) []float64 {
		device.Axpy(1, b, a)
		return a
	})
	d.exchange.Sum(total)
	rounded := make([]T, len(total))
	for i, v := range total {
		rounded[i] = T(v)
	}
	d.env.Device.Upload(sum, rounded)
}

// Entries lists those of to_lat, shard by shard, and then those of to_dec.
func (d *denseShards[T]) Entries() []*nn.Entry[T] {
	var all []*nn.Entry[T]
	for _, list := range [][]shard[T]{d.lat, d.dec} {
		for _, s := range list {
			all = append(all, s.weight)
		}
		for _, s := range list {
			all = append(all, s.bias)
		}
	}
	return all
}

// OutLen is the number of output values per sample.
func (d *denseShards[T]) OutLen() int { return d.out }

// MACs is the number of multiplications of this rank per sample of all ranks.
func (d *denseShards[T]) MACs() int {
	n := 0
	for k := range d.lat {
		n += d.lat[k].shape.MACs() + d.dec[k].shape.MACs()
	}
	return n
}

// reserve makes the buffers of a batch unless they are there.
func (d *denseShards[T]) reserve(batch int) {
	bounds := d.exchange.Slots()
	group := bounds[len(bounds)-1]
	if d.sum != nil && d.group == group && d.batch == batch {
		return
	}
	dev := d.env.Device
	for _, b := range append(append([]device.Buffer[T]{d.sum, d.result}, d.x...), d.y...) {
		if b != nil {
			dev.Free(b)
		}
	}
	d.group, d.batch = group, batch
	d.sum, d.result = dev.Alloc(group*d.latent), dev.Alloc(batch*d.out)
	d.x, d.y = nil, nil
	for k := range d.lat {
		d.x = append(d.x, dev.Alloc(group*d.lat[k].shape.In))
		d.y = append(d.y, dev.Alloc(group*d.dec[k].shape.Out))
	}
}
