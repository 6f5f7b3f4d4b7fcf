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
	blocks, empty         bool // of a layer of blocks; this rank has none
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
	if l.empty {
		batch = 0
	}
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
		l.statistics(x)
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
	l.sums(dy)
	l.env.Complete(l.gamma, l.beta)
	if l.env.Frozen { // statistics that do not depend on x: no terms through them
		dev.Fill(l.dgamma, 0)
		dev.Fill(l.dbeta, 0)
	}
	dx := l.env.Take(l.shape.Len())
	dev.BatchNormBackward(l.shape, l.used, l.x, dy, l.dgamma, l.dbeta, dx)
	return dx
}

// statistics computes those of the batch and moves the running ones.
func (l *BatchNorm[T]) statistics(x device.Buffer[T]) {
	dev, values := l.env.Device, l.shape.Batch*l.shape.Size
	if l.env.Parts == nil {
		dev.BatchNormStats(l.shape, x, l.state)
	} else {
		if values = l.merged(x); values == 0 {
			return
		}
		l.shape.Count = values
	}
	dev.BatchNormTrack(values, Momentum, l.state, l.mean.Value, l.variance.Value)
	l.count.Count++
}

// merged computes the statistics of a batch in parts and returns its number of
// values per channel.
func (l *BatchNorm[T]) merged(x device.Buffer[T]) int {
	bounds, c, per := l.slots(), l.shape.Channels, l.shape.Channels*l.shape.Size
	counts, moments := make([]int, len(bounds)-1), make([][]float64, len(bounds)-1)
	for k := range counts {
		part := l.shape
		part.Batch = bounds[k+1] - bounds[k]
		counts[k], moments[k] = part.Batch*part.Size, make([]float64, 2*c)
		l.env.Device.BatchNormMoments(part, x.Slice(bounds[k]*per, bounds[k+1]*per), moments[k])
	}
	total := make([]float64, 2*c)
	count := l.env.Parts.Moments(counts, moments, total)
	mean, variance := make([]T, c), make([]T, c)
	for k := range c {
		mean[k], variance[k] = T(total[k]/float64(max(1, count))), T(total[c+k]/float64(max(1, count)))
	}
	l.env.Device.Upload(l.state.Mean, mean)
	l.env.Device.Upload(l.state.Variance, variance)
	return count
}

// sums computes the derivatives of γ and β by the whole batch and adds them to
// the gradients of one rank.
func (l *BatchNorm[T]) sums(dy device.Buffer[T]) {
	dev := l.env.Device
	if l.env.Parts == nil {
		dev.BatchNormSums(l.shape, l.used, l.x, dy, l.dgamma, l.dbeta)
		dev.Axpy(1, l.dgamma, l.gamma.Grad)
		dev.Axpy(1, l.dbeta, l.beta.Grad)
		return
	}
	bounds, c, per := l.slots(), l.shape.Channels, l.shape.Channels*l.shape.Size
	slots, total := make([][]float64, len(bounds)-1), make([]float64, 2*c)
	for k := range slots {
		part := l.shape
		part.Batch, slots[k] = bounds[k+1]-bounds[k], make([]float64, 2*c)
		lo, hi := bounds[k]*per, bounds[k+1]*per
		dev.BatchNormPartSums(part, l.used, l.x.Slice(lo, hi), dy.Slice(lo, hi), slots[k])
	}
	keep := l.env.Parts.Sum(slots, total)
	host := make([]T, 2*c)
	for k, v := range total {
		host[k] = T(v)
	}
	dev.Upload(l.dgamma, host[:c])
	dev.Upload(l.dbeta, host[c:])
	if keep {
		dev.Axpy(1, l.dgamma, l.gamma.Grad)
		dev.Axpy(1, l.dbeta, l.beta.Grad)
	}
}

// slots are those of the batch; blocks of all samples are one.
func (l *BatchNorm[T]) slots() []int {
	if l.blocks {
		return []int{0, l.shape.Batch}
	}
	return l.env.slots(l.shape.Batch)
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
