// SPDX-License-Identifier: BSD-3-Clause

package poison

import "github.com/columen/columen/emulator/device"

// Fuse prepares a pass from copies of the values, like a device that packs
// weights: what is written to the buffers afterwards does not arrive.
func (d sealed[T]) Fuse(c device.Conv, f device.Fusion[T]) device.FusedConv[T] {
	p := &pass[T]{dev: d.Device, conv: c}
	p.norm = device.BatchNorm{Channels: c.Out, Size: c.OutLen(1) / c.Out, Eps: f.Eps, ReLU: f.ReLU}
	p.weight, p.bias = p.copied(f.Weight), p.copied(f.Bias)
	p.state = device.NormState[T]{Mean: f.RunningMean, Variance: f.RunningVar, Scale: d.Alloc(c.Out), Shift: d.Alloc(c.Out)}
	d.BatchNormFold(p.norm, f.Gamma, f.Beta, p.state)
	p.state.Mean, p.state.Variance = nil, nil
	return p
}

// pass is a prepared convolution.
type pass[T device.Float] struct {
	dev          device.Device[T]
	conv         device.Conv
	norm         device.BatchNorm
	weight, bias device.Buffer[T]
	state        device.NormState[T] // scale and shift only
}

func (p *pass[T]) copied(b device.Buffer[T]) device.Buffer[T] {
	c := p.dev.Alloc(b.Len())
	p.dev.Copy(c, b)
	return c
}

// Forward runs the pass.
func (p *pass[T]) Forward(batch int, x, residual, y device.Buffer[T]) {
	p.norm.Batch = batch
	p.dev.ConvForward(p.conv, batch, x, p.weight, p.bias, y)
	p.dev.BatchNormApply(p.norm, p.state, y, residual, y)
}

// Free forbids further use.
func (p *pass[T]) Free() {
	for _, b := range []device.Buffer[T]{p.weight, p.bias, p.state.Scale, p.state.Shift} {
		p.dev.Free(b)
	}
}
