// SPDX-License-Identifier: BSD-3-Clause

package cpu

import "github.com/columen/columen/emulator/device"

// Device is the CPU as a device of the emulator: the kernels of this package
// where they have one for a shape, and the reference kernels for the rest. Its
// memory is the host's.
type Device struct {
	*device.Scalar[float32]
	pool *Pool
}

// Open returns a device of so many threads (0: as many as Go uses).
func Open(threads int) *Device {
	pool := NewPool(threads)
	return &Device{Scalar: device.NewScalar[float32](pool.Threads()), pool: pool}
}

// Name returns "cpu" and the kernels in use, such as "cpu avx2".
func (d *Device) Name() string { return "cpu " + d.pool.Variant() }

// at returns the values of a buffer; nil stays nil.
func (d *Device) at(b device.Buffer[float32]) []float32 {
	if b == nil {
		return nil
	}
	return d.Resolve(b)
}

// kernelFor returns the convolution in terms of this package, and whether there is a kernel for it.
func kernelFor(c device.Conv) (Conv, bool) {
	k := Conv(c)
	return k, k.Check() == nil
}

// ConvForward computes y = conv(x, w) + bias.
func (d *Device) ConvForward(c device.Conv, batch int, x, w, bias, y device.Buffer[float32]) {
	if k, ok := kernelFor(c); ok {
		ConvForward(d.pool, k, batch, d.at(x), d.at(w), d.at(bias), d.at(y))
		return
	}
	d.Scalar.ConvForward(c, batch, x, w, bias, y)
}

// ConvBackwardData computes dx from dy.
func (d *Device) ConvBackwardData(c device.Conv, batch int, dy, w, dx device.Buffer[float32]) {
	if k, ok := kernelFor(c); ok {
		ConvBackwardData(d.pool, k, batch, d.at(dy), d.at(w), d.at(dx))
		return
	}
	d.Scalar.ConvBackwardData(c, batch, dy, w, dx)
}

// ConvBackwardWeights adds to dw and db.
func (d *Device) ConvBackwardWeights(c device.Conv, batch int, x, dy, dw, db device.Buffer[float32]) {
	if k, ok := kernelFor(c); ok {
		ConvBackwardWeights(d.pool, k, batch, d.at(x), d.at(dy), d.at(dw), d.at(db))
		return
	}
	d.Scalar.ConvBackwardWeights(c, batch, x, dy, dw, db)
}

// BatchNormStats writes the mean and biased variance of each channel.
func (d *Device) BatchNormStats(n device.BatchNorm, x device.Buffer[float32], s device.NormState[float32]) {
	BatchNormStats(d.pool, n.Batch, n.Channels, n.Size, d.at(x), d.at(s.Mean), d.at(s.Variance))
}

// BatchNormApply writes y = f(Scale·x + Shift) + residual.
func (d *Device) BatchNormApply(n device.BatchNorm, s device.NormState[float32], x, residual, y device.Buffer[float32]) {
	BatchNormApply(d.pool, n.Batch, n.Channels, n.Size, d.at(x), d.at(s.Scale), d.at(s.Shift), d.at(y), After{ReLU: n.ReLU, Residual: d.at(residual)})
}

// Tanh writes y = tanh x.
func (d *Device) Tanh(x, y device.Buffer[float32]) { Tanh(d.pool, d.at(x), d.at(y)) }

// LinearForward writes y = x·wᵀ + bias.
func (d *Device) LinearForward(l device.Linear, batch int, x, w, bias, y device.Buffer[float32]) {
	if l.Fixed {
		LinearFixed(d.pool, batch, l.In, l.Out, d.at(x), d.at(w), d.at(bias), d.at(y))
		return
	}
	Linear(d.pool, batch, l.In, l.Out, false, d.at(x), d.at(w), d.at(bias), d.at(y))
}

// LinearBackwardData writes dx = dy·w.
func (d *Device) LinearBackwardData(l device.Linear, batch int, dy, w, dx device.Buffer[float32]) {
	LinearBackward(d.pool, batch, l.In, l.Out, nil, d.at(w), d.at(dy), d.at(dx), nil, nil)
}

// LinearBackwardWeights adds dyᵀ·x to dw and Σ dy to db.
func (d *Device) LinearBackwardWeights(l device.Linear, batch int, x, dy, dw, db device.Buffer[float32]) {
	LinearBackward(d.pool, batch, l.In, l.Out, d.at(x), nil, d.at(dy), nil, d.at(dw), d.at(db))
}

// Adam makes one step of values p with gradients g and moments m, v.
func (d *Device) Adam(a device.AdamStep, p, g, m, v device.Buffer[float32]) {
	rule := AdamRule{Rate: a.Rate, Beta1: a.Beta1, Beta2: a.Beta2, Eps: a.Eps, Decay: a.WeightDecay, Decoupled: a.Decoupled}
	Adam(d.pool, rule, a.Step, d.at(g), d.at(p), d.at(m), d.at(v))
}

// fusedConv is a convolution with its normalisation folded in.
type fusedConv struct {
	d      *Device
	shape  Conv
	packed []float32
	relu   bool
}

// Fuse prepares a convolution and the fixed normalisation that follows it as
// one pass. A shape without a kernel panics; the network has none.
func (d *Device) Fuse(c device.Conv, f device.Fusion[float32]) device.FusedConv[float32] {
	k, ok := kernelFor(c)
	if !ok {
		panic("cpu: no kernel for this convolution: " + k.Check().Error())
	}
	w, b := make([]float32, k.WeightLen()), make([]float32, k.Out)
	Fold(d.at(f.Weight), d.at(f.Bias), d.at(f.Gamma), d.at(f.Beta), d.at(f.RunningMean), d.at(f.RunningVar), f.Eps, w, b)
	packed := make([]float32, k.PackedLen())
	k.Pack(w, b, packed)
	return &fusedConv{d, k, packed, f.ReLU}
}

// Forward computes the pass.
func (f *fusedConv) Forward(batch int, x, residual, y device.Buffer[float32]) {
	ConvPacked(f.d.pool, f.shape, batch, f.d.at(x), f.packed, f.d.at(y), After{ReLU: f.relu, Residual: f.d.at(residual)})
}

// Free does nothing: the memory is the collector's.
func (f *fusedConv) Free() {}

// packedLinear is a dense layer on huge pages.
type packedLinear struct {
	d       *Device
	shape   device.Linear
	w, bias []float32
	free    func()
}

// PackLinear copies a dense layer to huge pages, from where it is read faster.
func (d *Device) PackLinear(l device.Linear, w, bias device.Buffer[float32]) device.PackedLinear[float32] {
	data, free := Alloc(l.In*l.Out + l.Out)
	copy(data, d.at(w))
	copy(data[l.In*l.Out:], d.at(bias))
	return &packedLinear{d, l, data[:l.In*l.Out], data[l.In*l.Out:], free}
}

// Forward writes y = x·wᵀ + bias.
func (p *packedLinear) Forward(batch int, x, y device.Buffer[float32]) {
	Linear(p.d.pool, batch, p.shape.In, p.shape.Out, false, p.d.at(x), p.w, p.bias, p.d.at(y))
}

// Free gives the pages back.
func (p *packedLinear) Free() { p.free() }
