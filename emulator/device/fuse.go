// SPDX-License-Identifier: BSD-3-Clause

package device

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

// Packer is offered by devices that keep the weights of dense layers in a form
// of their own for inference, such as with fewer bits. It is optional.
type Packer[T Float] interface {
	// PackLinear prepares a layer. Later changes of the buffers have no effect.
	PackLinear(l Linear, w, bias Buffer[T]) PackedLinear[T]
}

// PackedLinear is a prepared dense layer.
type PackedLinear[T Float] interface {
	// Forward writes y = x·wᵀ + bias.
	Forward(batch int, x, y Buffer[T])
	// Free gives the memory of the layer back.
	Free()
}
