// SPDX-License-Identifier: BSD-3-Clause

package device

// Buffer is a stretch of a device's memory. Only the device that made it can
// read or write it; the host sees its contents through Memory.Download.
type Buffer[T Float] interface {
	// Len is the number of values.
	Len() int
	// Slice is the part [lo, hi) of the buffer, sharing its memory.
	Slice(lo, hi int) Buffer[T]
}

// Memory makes, fills and empties buffers.
type Memory[T Float] interface {
	// Name tells devices apart in logs and reports, such as "scalar".
	Name() string
	// Alloc returns n values of unspecified content.
	Alloc(n int) Buffer[T]
	// Adopt returns a buffer with these contents. A device that works in the
	// host's memory uses the slice itself, without a copy, so that
	// memory-mapped weights need not be read twice; the caller must not write
	// to it any more, and the device's operations must only read it if it is
	// mapped read-only.
	Adopt(host []T) Buffer[T]
	// Free gives a buffer of Alloc or Adopt back. Slices of it die with it.
	Free(b Buffer[T])
	// Upload copies from the host; src may be reused on return.
	Upload(dst Buffer[T], src []T)
	// Download waits for the queued work and copies to the host.
	Download(dst []T, src Buffer[T])
	// Copy copies src to dst, of the same length.
	Copy(dst, src Buffer[T])
	// CopyRows copies a matrix between buffers of any length.
	CopyRows(r Rows, dst, src Buffer[T])
	// Fill sets every value to v.
	Fill(dst Buffer[T], v T)
	// Sync waits for the queued work and returns the first fault since the
	// device was made. A fault is final.
	Sync() error
}

// Convolver offers convolutions in two and three dimensions.
type Convolver[T Float] interface {
	ConvForward(c Conv, batch int, x, w, bias, y Buffer[T])
	ConvBackwardData(c Conv, batch int, dy, w, dx Buffer[T])
	// ConvBackwardWeights adds to dw and db.
	ConvBackwardWeights(c Conv, batch int, x, dy, dw, db Buffer[T])
}

// Normalizer offers batch normalisation in separate steps, so that statistics
// and sums can be combined between devices where wanted.
type Normalizer[T Float] interface {
	// BatchNormStats writes the mean and biased variance of each channel.
	BatchNormStats(n BatchNorm, x Buffer[T], s NormState[T])
	// BatchNormMoments writes to the host, for each channel, the sum of its values
	// and then, for each channel, Σ (value − mean)², and waits for them.
	BatchNormMoments(n BatchNorm, x Buffer[T], moments []float64)
	// BatchNormTrack moves running statistics towards s by the given momentum;
	// the variance is made unbiased with count values per channel.
	BatchNormTrack(count int, momentum float64, s NormState[T], runningMean, runningVar Buffer[T])
	// BatchNormFold writes Scale = γ/√(Variance+ε) and Shift = β − Mean·Scale.
	BatchNormFold(n BatchNorm, gamma, beta Buffer[T], s NormState[T])
	// BatchNormApply writes y = f(Scale·x + Shift) + residual, with f the
	// rectifier if n.ReLU. The residual may be nil; y may be x.
	BatchNormApply(n BatchNorm, s NormState[T], x, residual, y Buffer[T])
	// BatchNormSums writes the derivatives of γ and β of this batch.
	BatchNormSums(n BatchNorm, s NormState[T], x, dy, dgamma, dbeta Buffer[T])
	// BatchNormPartSums writes to the host what BatchNormSums does for a part of
	// a batch: dγ of all channels and then dβ, in float64, and waits for them.
	BatchNormPartSums(n BatchNorm, s NormState[T], x, dy Buffer[T], sums []float64)
	// BatchNormBackward writes dx from the sums of the whole batch.
	BatchNormBackward(n BatchNorm, s NormState[T], x, dy, dgamma, dbeta, dx Buffer[T])
}

// Resampler offers the poolings and up-samplings between resolutions.
type Resampler[T Float] interface {
	MaxPoolForward(p Pool, x, y Buffer[T])
	// MaxPoolBackward sends dy to the first largest value of each window of x.
	MaxPoolBackward(p Pool, x, dy, dx Buffer[T])
	UpsampleForward(p Pool, x, y Buffer[T])
	UpsampleBackward(p Pool, dy, dx Buffer[T])
}

// Elementwise offers functions of single values. Outputs may be inputs.
type Elementwise[T Float] interface {
	// ReLU writes y = max(x, 0).
	ReLU(x, y Buffer[T])
	// ReLUBackward writes dx = dy where y > 0, else 0.
	ReLUBackward(y, dy, dx Buffer[T])
	// Tanh writes y = tanh x.
	Tanh(x, y Buffer[T])
	// TanhBackward writes dx = dy·(1 − y²).
	TanhBackward(y, dy, dx Buffer[T])
	// Axpy adds a·x to y.
	Axpy(a T, x, y Buffer[T])
	// Scale multiplies x by a.
	Scale(a T, x Buffer[T])
	// SumSquares writes Σ x² to out[0].
	SumSquares(x, out Buffer[T])
}

// Dense offers fully connected layers. Results of a sample have the same bits
// whatever samples come along.
type Dense[T Float] interface {
	// LinearForward writes y[B,Out] = x[B,In]·wᵀ + bias.
	LinearForward(l Linear, batch int, x, w, bias, y Buffer[T])
	// LinearBackwardData writes dx = dy·w.
	LinearBackwardData(l Linear, batch int, dy, w, dx Buffer[T])
	// LinearSums writes x·wᵀ to the host in float64, and waits for it: sums over
	// shards of the inputs, cut at multiples of SumUnit, add up to those of the
	// whole layer but for the rounding of float64. Those of a whole layer with CutIn
	// plus the bias, rounded once, are what LinearForward gives.
	LinearSums(l Linear, batch int, x, w Buffer[T], sums []float64)
	// LinearBackwardSums does the same for dy·w and shards of the outputs.
	LinearBackwardSums(l Linear, batch int, dy, w Buffer[T], sums []float64)
	// LinearBackwardWeights adds dyᵀ·x to dw and Σ_b dy to db, or writes them (Linear.Write),
	// with the bits of adding to zeros.
	LinearBackwardWeights(l Linear, batch int, x, dy, dw, db Buffer[T])
	// LinearBackwardSlots is LinearBackwardWeights with sums made per slot and
	// folded in a binary tree; slot k holds samples bounds[k] to bounds[k+1]. db
	// may be nil.
	LinearBackwardSlots(l Linear, bounds []int, x, dy, dw, db Buffer[T])
}

// Stepper offers the update of parameters.
type Stepper[T Float] interface {
	// Adam makes one step of values p with gradients g and moments m, v.
	Adam(a AdamStep, p, g, m, v Buffer[T])
}

// Device is all that the emulator asks of a processor and its memory.
type Device[T Float] interface {
	Memory[T]
	Convolver[T]
	Normalizer[T]
	Resampler[T]
	Elementwise[T]
	Dense[T]
	Stepper[T]
}
