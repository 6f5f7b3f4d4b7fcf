// SPDX-License-Identifier: BSD-3-Clause

package device

import "errors"

// ErrNoBF16 means that a device is no HalfPacker.
var ErrNoBF16 = errors.New("no dense layers in bfloat16")

// Fuser is offered by devices that can run a convolution with fixed weights,
// normalisation by fixed statistics, a rectifier and a residual in one pass, as
// inference does. It is optional: without it the passes are separate.
type Fuser[T Float] interface {
	// Fuse prepares a pass. Later changes of the buffers have no effect on it.
	Fuse(c Conv, f Fusion[T]) FusedConv[T]
}

// Fusion says what goes into one pass.
type Fusion[T Float] struct {
	Weight, Bias Buffer[T]
	Gamma, Beta  Buffer[T]
	RunningMean  Buffer[T]
	RunningVar   Buffer[T]
	Eps          float64
	ReLU         bool
}

// FusedConv is a prepared pass.
type FusedConv[T Float] interface {
	// Forward writes y = f(γ·(conv(x) − mean)/√(var + ε) + β) + residual, with f
	// the rectifier if asked for. The residual may be nil.
	Forward(batch int, x, residual, y Buffer[T])
	// Free gives the memory of the pass back.
	Free()
}

// PoolFuser is offered by devices whose passes can end with a maximum, so that
// the largest tensor of the network is never written. It is optional.
type PoolFuser[T Float] interface {
	// FusePool is Fuse with a maximum over 2×2×2 (floor) of each channel at the
	// end: Forward writes that, and its residual must be nil. The maximum of a
	// NaN and a number is either. The convolution has a stride of 1.
	FusePool(c Conv, f Fusion[T]) FusedConv[T]
}

// Packer is offered by devices that keep the weights of dense layers in a form
// of their own for inference. It is optional, and pointless where the form is
// that of the weights: mapped ones are then used where they lie.
type Packer[T Float] interface {
	// PackLinear prepares a layer. Later changes of the buffers have no effect.
	PackLinear(l Linear, w, bias Buffer[T]) PackedLinear[T]
}

// HalfPacker is offered by devices that can run dense layers with weights in
// bfloat16, the upper halves of float32, in inference: half the memory to read,
// and an error of 2⁻⁹ of each weight at most. Sums keep the precision of T. It
// is optional.
type HalfPacker[T Float] interface {
	// PackLinearBF16 prepares a layer from weights rounded to nearest, ties to
	// even. Later changes of the buffers have no effect.
	PackLinearBF16(l Linear, w, bias Buffer[T]) PackedLinear[T]
	// AdoptLinearBF16 is PackLinearBF16 for weights [Out, In] of the host that are
	// in bfloat16 already. A device that works in the host's memory uses them
	// where they lie; they must not change until Free.
	AdoptLinearBF16(l Linear, w []uint16, bias Buffer[T]) PackedLinear[T]
}

// PackedLinear is a prepared dense layer.
type PackedLinear[T Float] interface {
	// Forward writes y = x·wᵀ + bias.
	Forward(batch int, x, y Buffer[T])
	// Free gives the memory of the layer back.
	Free()
}
