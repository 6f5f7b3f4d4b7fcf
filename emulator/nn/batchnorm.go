// SPDX-License-Identifier: BSD-3-Clause

package nn

import "github.com/columen/columen/emulator/device"

// Eps is added to variances and Momentum moves running statistics, both as in
// PyTorch's default.
const (
	Eps      = 1e-5
	Momentum = 0.1
)

// BatchNorm normalises each channel, over the batch and space in training and
// with running statistics in inference. A rectifier may follow and a residual
// be added after it, in the same pass.
type BatchNorm[T device.Float] struct {
	env                   *Env[T]
	shape                 device.BatchNorm // Batch is that of the last Forward
	gamma, beta           *Entry[T]
	mean, variance, count *Entry[T]           // running
	state                 device.NormState[T] // of the batch
	used                  device.NormState[T] // by the last Forward in training: of the batch, or running
	dgamma, dbeta         device.Buffer[T]
	x                     device.Buffer[T] // input of the last Forward in training
	y                     slot[T]
}

// NewBatchNorm returns a normalisation of channels × size values per sample.
func NewBatchNorm[T device.Float](env *Env[T], name string, channels, size int, relu bool) *BatchNorm[T] {
	entry := func(suffix string, kind Kind) *Entry[T] {
		return &Entry[T]{Name: name + suffix, Shape: []int{channels}, Kind: kind}
	}
	return &BatchNorm[T]{
		env:      env,
		shape:    device.BatchNorm{Channels: channels, Size: size, Eps: Eps, ReLU: relu},
		gamma:    entry(".weight", NormWeight),
		beta:     entry(".bias", NormBias),
		mean:     entry(".running_mean", RunningMean),
		variance: entry(".running_var", RunningVar),
		count:    &Entry[T]{Name: name + ".num_batches_tracked", Shape: []int{}, Kind: Counter},
	}
}

// Forward normalises x. In inference it overwrites x.
func (l *BatchNorm[T]) Forward(x device.Buffer[T], batch int, train bool) device.Buffer[T] {
	return l.ForwardAdd(x, nil, batch, train)
}

// ForwardAdd normalises x and adds the residual, if not nil, to the result. In
// inference it overwrites x.
func (l *BatchNorm[T]) ForwardAdd(x, residual device.Buffer[T], batch int, train bool) device.Buffer[T] {
	dev := l.env.Device
	l.allocate()
	l.shape.Batch = batch
	running := device.NormState[T]{Mean: l.mean.Value, Variance: l.variance.Value, Scale: l.state.Scale, Shift: l.state.Shift}
	if !train {
		l.x = nil
		dev.BatchNormFold(l.shape, l.gamma.Value, l.beta.Value, running)
		dev.BatchNormApply(l.shape, running, x, residual, x)
		return x
	}
	l.x, l.used = x, running
	if !l.env.Frozen {
		l.used = l.state
		dev.BatchNormStats(l.shape, x, l.state)
		dev.BatchNormTrack(batch*l.shape.Size, Momentum, l.state, l.mean.Value, l.variance.Value)
		l.count.Count++
	}
	dev.BatchNormFold(l.shape, l.gamma.Value, l.beta.Value, l.used)
	y := l.y.get(dev, l.shape.Len())
	dev.BatchNormApply(l.shape, l.used, x, residual, y)
	return y
}

// Backward computes the derivatives, that of a residual excepted, which is dy
// itself. It panics if the last Forward was not in training mode.
func (l *BatchNorm[T]) Backward(dy device.Buffer[T]) device.Buffer[T] {
	if l.x == nil {
		panic("nn: Backward of a batch normalisation after a Forward in inference")
	}
	dev := l.env.Device
	dev.BatchNormSums(l.shape, l.used, l.x, dy, l.dgamma, l.dbeta)
	dev.Axpy(1, l.dgamma, l.gamma.Grad)
	dev.Axpy(1, l.dbeta, l.beta.Grad)
	if l.env.Frozen { // statistics that do not depend on x: no terms through them
		dev.Fill(l.dgamma, 0)
		dev.Fill(l.dbeta, 0)
	}
	dx := l.env.Take(l.shape.Len())
	dev.BatchNormBackward(l.shape, l.used, l.x, dy, l.dgamma, l.dbeta, dx)
	return dx
}

// Entries lists γ, β, the running statistics and their counter.
func (l *BatchNorm[T]) Entries() []*Entry[T] {
	return []*Entry[T]{l.gamma, l.beta, l.mean, l.variance, l.count}
}

// OutLen is the number of output values per sample.
func (l *BatchNorm[T]) OutLen() int { return l.shape.Channels * l.shape.Size }

// MACs is 0: normalisation is not counted.
func (l *BatchNorm[T]) MACs() int { return 0 }

// allocate makes the buffers per channel at first use.
func (l *BatchNorm[T]) allocate() {
	if l.dgamma != nil {
		return
	}
	for _, b := range []*device.Buffer[T]{&l.state.Mean, &l.state.Variance, &l.state.Scale, &l.state.Shift, &l.dgamma, &l.dbeta} {
		*b = l.env.Device.Alloc(l.shape.Channels)
	}
}
