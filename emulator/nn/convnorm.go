// SPDX-License-Identifier: BSD-3-Clause

package nn

import "github.com/columen/columen/emulator/device"

// ConvNorm is convolution, batch normalisation and rectifier, with a residual
// added after them where wanted. In inference a device that can (device.Fuser)
// runs it in one pass, prepared when the values have changed.
type ConvNorm[T device.Float] struct {
	env        *Env[T]
	conv       *Conv[T]
	norm       *BatchNorm[T]
	fused      device.FusedConv[T]
	generation int // of the values in fused
}

// NewConvNorm returns the three steps; convolution and normalisation have names
// of their own.
func NewConvNorm[T device.Float](env *Env[T], convName, normName string, shape device.Conv, opts ConvOptions) *ConvNorm[T] {
	conv := NewConv(env, convName, shape, opts)
	return &ConvNorm[T]{env: env, conv: conv, norm: newNorm(env, normName, conv)}
}

func newNorm[T device.Float](env *Env[T], name string, conv *Conv[T]) *BatchNorm[T] {
	size := conv.OutLen() / conv.shape.Out
	norm := NewBatchNorm(env, name, conv.shape.Out, max(1, size), true)
	norm.blocks, norm.empty = conv.cut != nil, size == 0
	return norm
}

// Forward applies the three steps.
func (l *ConvNorm[T]) Forward(x device.Buffer[T], batch int, train bool) device.Buffer[T] {
	return l.ForwardAdd(x, nil, batch, train)
}

// ForwardAdd applies the three steps and adds the residual, if not nil.
func (l *ConvNorm[T]) ForwardAdd(x, residual device.Buffer[T], batch int, train bool) device.Buffer[T] {
	fuser, ok := l.env.Device.(device.Fuser[T])
	if train || !ok || l.conv.cut != nil {
		return l.norm.ForwardAdd(l.conv.Forward(x, batch, train), residual, batch, train)
	}
	l.prepare(fuser.Fuse)
	y := l.conv.y.get(l.env.Device, l.conv.shape.OutLen(batch))
	l.fused.Forward(batch, x, residual, y)
	return y
}

// prepare makes the pass of the present values.
func (l *ConvNorm[T]) prepare(fuse func(c device.Conv, f device.Fusion[T]) device.FusedConv[T]) {
	if l.fused != nil && l.generation == l.env.generation {
		return
	}
	if l.fused != nil {
		l.fused.Free()
	}
	l.generation = l.env.generation
	l.fused = fuse(l.conv.shape, device.Fusion[T]{
		Weight: l.conv.weight.Value, Bias: l.conv.bias.Value,
		Gamma: l.norm.gamma.Value, Beta: l.norm.beta.Value,
		RunningMean: l.norm.mean.Value, RunningVar: l.norm.variance.Value,
		Eps: Eps, ReLU: true,
	})
}

// Backward computes the derivatives, that of a residual excepted, which is dy
// itself.
func (l *ConvNorm[T]) Backward(dy device.Buffer[T]) device.Buffer[T] {
	g := l.norm.Backward(dy)
	dx := l.conv.Backward(g)
	l.env.Give(g)
	return dx
}

// Entries lists those of the convolution and of the normalisation.
func (l *ConvNorm[T]) Entries() []*Entry[T] { return append(l.conv.Entries(), l.norm.Entries()...) }

// OutLen is the number of output values per sample.
func (l *ConvNorm[T]) OutLen() int { return l.conv.OutLen() }

// OutSize is the extents of the output.
func (l *ConvNorm[T]) OutSize() [3]int { return l.conv.OutSize() }

// MACs is the number of multiplications per sample.
func (l *ConvNorm[T]) MACs() int { return l.conv.MACs() }

// ConvNormPool is a ConvNorm and the maximum over 2×2×2 of its output. In
// inference a device that can (device.PoolFuser) runs both in one pass.
type ConvNormPool[T device.Float] struct {
	*ConvNorm[T]
	name string // of the output before the maximum, for Env.Observe
	pool *MaxPool[T]
}

// NewConvNormPool appends a maximum to l, whose output Env.Observe sees under
// this name where it exists.
func NewConvNormPool[T device.Float](l *ConvNorm[T], name string) *ConvNormPool[T] {
	return &ConvNormPool[T]{l, name, NewMaxPool(l.env, l.conv.shape.Out, l.OutSize())}
}

// Forward applies all steps.
func (l *ConvNormPool[T]) Forward(x device.Buffer[T], batch int, train bool) device.Buffer[T] {
	fuser, ok := l.env.Device.(device.PoolFuser[T])
	if train || !ok || l.conv.cut != nil {
		y := l.ConvNorm.Forward(x, batch, train)
		if l.env.Observe != nil {
			l.env.Observe(l.name, y)
		}
		return l.pool.Forward(y, batch, train)
	}
	l.prepare(fuser.FusePool)
	y := l.pool.y.get(l.env.Device, batch*l.OutLen())
	l.fused.Forward(batch, x, nil, y)
	return y
}

// Backward computes the derivatives.
func (l *ConvNormPool[T]) Backward(dy device.Buffer[T]) device.Buffer[T] {
	g := l.pool.Backward(dy)
	dx := l.ConvNorm.Backward(g)
	l.env.Give(g)
	return dx
}

// OutLen is the number of output values per sample.
func (l *ConvNormPool[T]) OutLen() int { return l.pool.OutLen() }

// OutSize is the extents of the output.
func (l *ConvNormPool[T]) OutSize() [3]int { return l.pool.OutSize() }
