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

// Alloc returns n zeros; large buffers lie on huge pages where the system grants
// them, which dense layers are read from 1.4 times as fast.
func (d *Device) Alloc(n int) device.Buffer[float32] {
	data := make([]float32, n)
	wishHugePages(data)
	return device.Host[float32](data)
}

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

// BatchNormMoments writes the sums of all channels and then Σ (x − μ)².
func (d *Device) BatchNormMoments(n device.BatchNorm, x device.Buffer[float32], moments []float64) {
	BatchNormMoments(d.pool, n.Batch, n.Channels, n.Size, d.at(x), moments)
}

// BatchNormPartSums writes the derivatives of γ and then of β by a part of a batch.
func (d *Device) BatchNormPartSums(n device.BatchNorm, s device.NormState[float32], x, dy device.Buffer[float32], sums []float64) {
	BatchNormPartSums(d.pool, n.Batch, n.Channels, n.Size, d.norm(n, s), d.at(x), d.at(dy), sums)
}

// BatchNormApply writes y = f(Scale·x + Shift) + residual.
func (d *Device) BatchNormApply(n device.BatchNorm, s device.NormState[float32], x, residual, y device.Buffer[float32]) {
	BatchNormApply(d.pool, n.Batch, n.Channels, n.Size, d.at(x), d.at(s.Scale), d.at(s.Shift), d.at(y), After{ReLU: n.ReLU, Residual: d.at(residual)})
}

// BatchNormSums writes the derivatives of γ and β of this batch.
func (d *Device) BatchNormSums(n device.BatchNorm, s device.NormState[float32], x, dy, dgamma, dbeta device.Buffer[float32]) {
	BatchNormSums(d.pool, n.Batch, n.Channels, n.Size, d.norm(n, s), d.at(x), d.at(dy), d.at(dgamma), d.at(dbeta))
}

// BatchNormBackward writes dx from the sums of the whole batch.
func (d *Device) BatchNormBackward(n device.BatchNorm, s device.NormState[float32], x, dy, dgamma, dbeta, dx device.Buffer[float32]) {
	BatchNormPartBackward(d.pool, n.Batch, n.Channels, n.Size, n.Values(), d.norm(n, s), d.at(x), d.at(dy), d.at(dgamma), d.at(dbeta), d.at(dx))
}

func (d *Device) norm(n device.BatchNorm, s device.NormState[float32]) Norm {
	return Norm{d.at(s.Mean), d.at(s.Variance), d.at(s.Scale), d.at(s.Shift), n.Eps, n.ReLU}
}

// pools reports whether there are kernels for a pooling, samples whether for an up-sampling.
func pools(p device.Pool) bool { return p.Factor == [3]int{2, 2, 2} }
func samples(p device.Pool) bool {
	return p.Factor == [3]int{1, 2, 2} && p.Size[1]%2 == 0 && p.Size[2]%2 == 0
}

// MaxPoolForward writes the largest value of each window.
func (d *Device) MaxPoolForward(p device.Pool, x, y device.Buffer[float32]) {
	if !pools(p) {
		d.Scalar.MaxPoolForward(p, x, y)
		return
	}
	MaxPool2(d.pool, p.Planes, p.Size, d.at(x), d.at(y))
}

// MaxPoolBackward sends dy to the first largest value of each window of x.
func (d *Device) MaxPoolBackward(p device.Pool, x, dy, dx device.Buffer[float32]) {
	if !pools(p) {
		d.Scalar.MaxPoolBackward(p, x, dy, dx)
		return
	}
	MaxPool2Backward(d.pool, p.Planes, p.Size, d.at(x), d.at(dy), d.at(dx))
}

// UpsampleForward repeats each value over its window.
func (d *Device) UpsampleForward(p device.Pool, x, y device.Buffer[float32]) {
	if !samples(p) {
		d.Scalar.UpsampleForward(p, x, y)
		return
	}
	Upsample2(d.pool, p.Planes*p.Size[0], p.Size[1]/2, p.Size[2]/2, d.at(x), d.at(y))
}

// UpsampleBackward sums dy over each window.
func (d *Device) UpsampleBackward(p device.Pool, dy, dx device.Buffer[float32]) {
	if !samples(p) {
		d.Scalar.UpsampleBackward(p, dy, dx)
		return
	}
	Upsample2Backward(d.pool, p.Planes*p.Size[0], p.Size[1]/2, p.Size[2]/2, d.at(dy), d.at(dx))
}

// Tanh writes y = tanh x.
func (d *Device) Tanh(x, y device.Buffer[float32]) { Tanh(d.pool, d.at(x), d.at(y)) }

// TanhBackward writes dx = dy·(1 − y²).
func (d *Device) TanhBackward(y, dy, dx device.Buffer[float32]) {
	TanhBackward(d.pool, d.at(y), d.at(dy), d.at(dx))
}

// ReLU writes y = max(x, 0).
func (d *Device) ReLU(x, y device.Buffer[float32]) { ReLU(d.pool, d.at(x), d.at(y)) }

// ReLUBackward writes dx = dy where y > 0, else 0.
func (d *Device) ReLUBackward(y, dy, dx device.Buffer[float32]) {
	ReLUBackward(d.pool, d.at(y), d.at(dy), d.at(dx))
}

// Axpy adds a·x to y.
func (d *Device) Axpy(a float32, x, y device.Buffer[float32]) { Axpy(d.pool, a, d.at(x), d.at(y)) }

// SumSquares writes Σ x² to out[0].
func (d *Device) SumSquares(x, out device.Buffer[float32]) {
	d.at(out)[0] = float32(SumSquares(d.pool, d.at(x)))
}

// LinearForward writes y = x·wᵀ + bias.
func (d *Device) LinearForward(l device.Linear, batch int, x, w, bias, y device.Buffer[float32]) {
	if l.CutIn {
		LinearExact(d.pool, batch, l.In, l.Out, d.at(x), d.at(w), d.at(bias), d.at(y))
		return
	}
	LinearAlike(d.pool, batch, l.In, l.Out, d.at(x), d.at(w), d.at(bias), d.at(y))
}

// LinearBackwardData writes dx = dy·w.
func (d *Device) LinearBackwardData(l device.Linear, batch int, dy, w, dx device.Buffer[float32]) {
	if l.CutOut {
		LinearBackwardExact(d.pool, batch, l.In, l.Out, d.at(w), d.at(dy), d.at(dx))
		return
	}
	LinearBackward(d.pool, l, batch, nil, d.at(w), d.at(dy), d.at(dx), nil, nil)
}

// LinearBackwardWeights adds dyᵀ·x to dw and Σ dy to db, or writes them.
func (d *Device) LinearBackwardWeights(l device.Linear, batch int, x, dy, dw, db device.Buffer[float32]) {
	LinearBackward(d.pool, l, batch, d.at(x), nil, d.at(dy), nil, d.at(dw), d.at(db))
}

// Adam makes one step of values p with gradients g and moments m, v.
func (d *Device) Adam(a device.AdamStep, p, g, m, v device.Buffer[float32]) {
	rule := AdamRule{Rate: a.Rate, Beta1: a.Beta1, Beta2: a.Beta2, Eps: a.Eps, Decay: a.WeightDecay, Decoupled: a.Decoupled}
	Adam(d.pool, rule, a.Step, d.at(g), d.at(p), d.at(m), d.at(v))
}
