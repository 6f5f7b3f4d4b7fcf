// SPDX-License-Identifier: BSD-3-Clause

package poison

import (
	"math"

	"github.com/columen/columen/emulator/device"
)

// Fuse prepares a pass from copies of the values, like a device that packs
// weights: what is written to the buffers afterwards does not arrive.
func (d sealed[T]) Fuse(c device.Conv, f device.Fusion[T]) device.FusedConv[T] {
	p := &pass[T]{dev: d.Device, conv: c}
	p.norm = device.BatchNorm{Channels: c.Out, Size: c.OutLen(1) / c.Out, Eps: f.Eps, ReLU: f.ReLU}
	p.weight, p.bias = copied(d.Device, f.Weight), copied(d.Device, f.Bias)
	p.state = device.NormState[T]{Mean: f.RunningMean, Variance: f.RunningVar, Scale: d.Alloc(c.Out), Shift: d.Alloc(c.Out)}
	d.BatchNormFold(p.norm, f.Gamma, f.Beta, p.state)
	p.state.Mean, p.state.Variance = nil, nil
	return p
}

// FusePool prepares a pass with a maximum at the end.
func (d sealed[T]) FusePool(c device.Conv, f device.Fusion[T]) device.FusedConv[T] {
	p := d.Fuse(c, f).(*pass[T])
	p.pool = &device.Pool{Size: c.OutSize(), Factor: [3]int{2, 2, 2}}
	return p
}

// pass is a prepared convolution.
type pass[T device.Float] struct {
	dev          device.Device[T]
	conv         device.Conv
	norm         device.BatchNorm
	weight, bias device.Buffer[T]
	state        device.NormState[T] // scale and shift only
	pool         *device.Pool        // the maximum at the end, if any
}

// Forward runs the pass.
func (p *pass[T]) Forward(batch int, x, residual, y device.Buffer[T]) {
	p.norm.Batch = batch
	if p.pool != nil {
		whole := p.dev.Alloc(p.conv.OutLen(batch))
		defer p.dev.Free(whole)
		pool := *p.pool
		pool.Planes = batch * p.conv.Out
		p.dev.ConvForward(p.conv, batch, x, p.weight, p.bias, whole)
		p.dev.BatchNormApply(p.norm, p.state, whole, residual, whole)
		p.dev.MaxPoolForward(pool, whole, y)
		return
	}
	p.dev.ConvForward(p.conv, batch, x, p.weight, p.bias, y)
	p.dev.BatchNormApply(p.norm, p.state, y, residual, y)
}

// Free forbids further use.
func (p *pass[T]) Free() {
	for _, b := range []device.Buffer[T]{p.weight, p.bias, p.state.Scale, p.state.Shift} {
		p.dev.Free(b)
	}
}

// PackLinear prepares a dense layer from copies of the values.
func (d sealed[T]) PackLinear(l device.Linear, w, bias device.Buffer[T]) device.PackedLinear[T] {
	return &dense[T]{dev: d.Device, shape: l, weight: copied(d.Device, w), bias: copied(d.Device, bias)}
}

// PackLinearBF16 prepares a dense layer from copies of the values, rounded.
func (d sealed[T]) PackLinearBF16(l device.Linear, w, bias device.Buffer[T]) device.PackedLinear[T] {
	values := make([]T, w.Len())
	d.Download(values, w)
	for i, v := range values {
		b := math.Float32bits(float32(v))
		values[i] = T(math.Float32frombits((b + 0x7fff + b>>16&1) &^ 0xffff))
	}
	return &dense[T]{dev: d.Device, shape: l, weight: d.Adopt(values), bias: copied(d.Device, bias)}
}

// AdoptLinearBF16 prepares a dense layer from a copy of the values.
func (d sealed[T]) AdoptLinearBF16(l device.Linear, w []uint16, bias device.Buffer[T]) device.PackedLinear[T] {
	values := make([]T, len(w))
	for i, v := range w {
		values[i] = T(math.Float32frombits(uint32(v) << 16))
	}
	return &dense[T]{dev: d.Device, shape: l, weight: d.Adopt(values), bias: copied(d.Device, bias)}
}

// dense is a prepared dense layer.
type dense[T device.Float] struct {
	dev          device.Device[T]
	shape        device.Linear
	weight, bias device.Buffer[T]
}

// Forward runs the layer.
func (p *dense[T]) Forward(batch int, x, y device.Buffer[T]) {
	p.dev.LinearForward(p.shape, batch, x, p.weight, p.bias, y)
}

// Free forbids further use.
func (p *dense[T]) Free() {
	p.dev.Free(p.weight)
	p.dev.Free(p.bias)
}

// copied returns a copy of a buffer.
func copied[T device.Float](dev device.Device[T], b device.Buffer[T]) device.Buffer[T] {
	c := dev.Alloc(b.Len())
	dev.Copy(c, b)
	return c
}
