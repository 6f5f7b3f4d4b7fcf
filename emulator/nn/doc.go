// SPDX-License-Identifier: BSD-3-Clause

// Package nn holds the layers of the emulator: convolution, batch
// normalisation with running statistics, rectifier, pooling, up-sampling,
// dense layer and hyperbolic tangent, forward and backward, on any device.
//
// # How layers are used
//
// A layer is built for one sample's shape and any batch. Forward keeps what
// Backward needs; Backward follows the Forward in training mode of the same
// batch, adds to the gradients of the layer's parameters and returns the
// derivative of the loss with respect to the layer's input. Buffers belong to
// the layers and the Env and are reused: the output of Forward is valid until
// the layer's next Forward. After the first step of a batch size no memory is
// allocated.
//
// In inference normalisation works in place: it overwrites its input.
//
// Names and shapes of parameters are those of PyTorch's state_dict, fixed when
// the layer is built.
package nn
