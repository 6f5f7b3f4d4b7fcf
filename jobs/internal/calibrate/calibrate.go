// SPDX-License-Identifier: BSD-3-Clause

// Package calibrate measures what the cost model of training needs: the passes of
// a network on one rank alone, and messages between ranks. It never runs a network
// on several ranks, so that what the model says of them is a prediction.
package calibrate

import (
	"fmt"
	"time"

	"github.com/columen/columen/emulator"
	"github.com/columen/columen/emulator/cost"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/loss"
	"github.com/columen/columen/emulator/optim"
)

// Plan says what is measured.
type Plan struct {
	Network cost.Network
	Batches [2]int // samples of the two batches, the smaller one first
	Steps   int    // of each, after one that warms up
	Threads int
}

// Limits of a plan that must be over in seconds.
const (
	mostWeights = 24e6 // of dense layers; more of them cost in proportion
	mostFLOPs   = 8e10
)

// Short returns a plan of a few seconds for a network whose ranks will have batches
// of own samples, and of all samples in the dense layers: a narrower latent layer
// and smaller batches where those are too large, since times per weight and per
// sample hardly depend on them.
func Short(n cost.Network, own, all, threads int) Plan {
	k, h, o := n.Dense()
	n.Latent = min(h, max(16, int(mostWeights)/(k+o)))
	encoder, dense, decoder := n.MACs()
	const passes = 2 * 2 * 3 // two kinds of rank, warm-up and measurement, forward and backward
	most := max(2, int(mostFLOPs/(passes*2*float64(encoder+dense+decoder))))
	more := max(2, min(all, most))
	return Plan{Network: n, Batches: [2]int{min(max(1, own), more/2), more}, Steps: 1, Threads: threads}
}

// Compute measures passes on this rank. It holds one network at a time.
func Compute(dev device.Device[float32], p Plan) (cost.Rates, error) {
	r := cost.Rates{Network: p.Network, Threads: p.Threads, Batches: p.Batches}
	for member, pass := range []*cost.Pass{&r.Alone, &r.Member} {
		parts, err := newProbe(dev, p, member == 1)
		if err != nil {
			return r, err
		}
		var times [2]times
		for i, batch := range p.Batches {
			if times[i], err = parts.usual(batch, p.Steps); err != nil {
				return r, err
			}
		}
		_, _, _, dense := p.Network.Parameters()
		line := func(part int, weights float64) cost.Line {
			return cost.Through(p.Batches[0], times[0][part]/weights, p.Batches[1], times[1][part]/weights)
		}
		*pass = cost.Pass{
			EncoderForward: line(encoderForward, 1), EncoderBackward: line(encoderBackward, 1),
			DecoderForward: line(decoderForward, 1), DecoderBackward: line(decoderBackward, 1),
			DenseForward: line(denseForward, float64(dense)), DenseBackward: line(denseBackward, float64(dense)),
		}
		r.UpdatePerParameter = min(times[0][update], times[1][update]) / float64(parts.net.Parameters().Len())
	}
	return r, r.Validate()
}

// times are the seconds of the parts of a step.
type times [7]float64

const (
	encoderForward = iota
	denseForward
	decoderForward // with the loss
	decoderBackward
	denseBackward
	encoderBackward
	update
)

// probe is a network that makes steps and takes their time.
type probe struct {
	dev          device.Device[float32]
	net          *emulator.Model[float32]
	adam         *optim.Adam[float32]
	loss         *loss.FreqMSE
	slots        *oneSlot
	x, dy        device.Buffer[float32]
	target, pred []float32
	grad         []float32

	encoded, joined time.Time   // when the encoders and the dense layers were done
	layers          []time.Time // when each layer since the encoders was done
	dense           int         // of these, dense ones
}

func newProbe(dev device.Device[float32], p Plan, member bool) (*probe, error) {
	n := p.Network
	q := &probe{dev: dev, slots: &oneSlot{dev: dev}}
	var place emulator.Placement[float32]
	if member {
		place = emulator.Placement[float32]{Parts: q.slots, Exchange: oneShard{q.slots}}
	}
	var err error
	if q.net, err = emulator.NewPlaced(dev, emulator.Config{Variant: emulator.Variant(n.Variant), Grid: n.Grid, Frequencies: n.Frequencies, Latent: n.Latent}, place); err != nil {
		return nil, err
	}
	if err := q.net.Init(1); err != nil {
		return nil, err
	}
	if q.adam, err = optim.NewAdam(dev, q.net.Parameters(), q.net.Gradients(), optim.Options{}); err != nil {
		return nil, err
	}
	if q.loss, err = loss.NewFreqMSE(n.Grid, n.Grid, loss.Alpha, max(1, p.Threads)); err != nil {
		return nil, err
	}
	in, out := p.Batches[1]*n.Inputs(), p.Batches[1]*n.Outputs()
	values := make([]float32, in)
	state := uint32(1)
	for i := range values {
		state = state*1664525 + 1013904223
		values[i] = float32(state>>8) / (1 << 24)
	}
	q.x, q.dy = dev.Alloc(in), dev.Alloc(out)
	dev.Upload(q.x, values)
	q.target, q.pred, q.grad = make([]float32, out), make([]float32, out), make([]float32, out)
	q.net.Observe(func(name string, _ device.Buffer[float32]) {
		switch name {
		case "encoder2":
			q.encoded, q.layers = time.Now(), q.layers[:0]
		case "to_dec.relu":
			q.joined, q.dense = time.Now(), len(q.layers)+1
		}
	})
	q.net.Hooks(nil, nil, func() { q.layers = append(q.layers, time.Now()) })
	return q, nil
}

// usual returns the median time of each part over some steps, after one more.
func (q *probe) usual(batch, steps int) (times, error) {
	var all [len(times{})][]float64
	var t times
	for i := range steps + 1 {
		var err error
		if t, err = q.step(batch); err != nil {
			return t, err
		}
		for part := range t {
			if i > 0 {
				all[part] = append(all[part], t[part])
			}
		}
	}
	for part := range t {
		t[part] = median(all[part])
	}
	return t, nil
}

// step makes a step.
func (q *probe) step(batch int) (times, error) {
	var t times
	c := q.net.Config()
	out := batch * c.Frequencies * c.Grid * c.Grid
	x := q.x.Slice(0, batch*3*c.Grid*c.Grid*c.Grid)
	q.slots.batch = batch
	start := time.Now()
	q.dev.Download(q.pred[:out], q.net.Forward(x, batch, true))
	if _, err := loss.EvalPart(q.loss, q.pred[:out], q.target[:out], q.grad[:out], out); err != nil {
		return t, err
	}
	dy := q.dy.Slice(0, out)
	q.dev.Upload(dy, q.grad[:out])
	forward := time.Now()
	decoder := len(q.layers) - q.dense
	q.layers = q.layers[:0]
	q.net.Backward(dy)
	if err := q.dev.Sync(); err != nil {
		return t, err
	}
	backward := time.Now()
	if len(q.layers) < decoder+q.dense {
		return t, fmt.Errorf("calibrate: a pass back of %d layers, forward of %d", len(q.layers), decoder+q.dense)
	}
	q.adam.Step(1e-6)
	for _, e := range q.net.Entries() {
		e.Clear(q.dev)
	}
	if err := q.dev.Sync(); err != nil {
		return t, err
	}
	decoded, spread := q.layers[decoder-1], q.layers[decoder+q.dense-1]
	for part, pair := range [][2]time.Time{{start, q.encoded}, {q.encoded, q.joined}, {q.joined, forward}, {forward, decoded}, {decoded, spread}, {spread, backward}, {backward, time.Now()}} {
		t[part] = pair[1].Sub(pair[0]).Seconds()
	}
	return t, nil
}

// oneSlot is the nn.Parts of a rank that works as one of several does, without the
// others.
type oneSlot struct {
	dev   device.Device[float32]
	batch int
}

// Slots is one.
func (o *oneSlot) Slots() []int { return []int{0, o.batch} }

// Moments are those of the slot.
func (o *oneSlot) Moments(counts []int, slots [][]float64, total []float64) int {
	copy(total, slots[0])
	return counts[0]
}

// Sum is that of the slot.
func (o *oneSlot) Sum(slots [][]float64, total []float64) bool {
	copy(total, slots[0])
	return true
}

// oneShard is the emulator.Exchange of such a rank. What it moves is not counted
// here.
type oneShard struct{ slot *oneSlot }

// Shards is one.
func (oneShard) Shards() (lo, hi, all int) { return 0, 1, 1 }

// Slots is one.
func (o oneShard) Slots() []int { return o.slot.Slots() }

// ToShards copies to the shard.
func (o oneShard) ToShards(_ int, x device.Buffer[float32], shards []device.Buffer[float32]) {
	o.slot.dev.Copy(shards[0], x)
}

// ToSamples copies from the shard.
func (o oneShard) ToSamples(_ int, shards []device.Buffer[float32], x device.Buffer[float32]) {
	o.slot.dev.Copy(x, shards[0])
}

// Sum is that of the shard.
func (oneShard) Sum([]float64) {}
