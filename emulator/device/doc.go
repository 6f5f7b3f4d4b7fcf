// SPDX-License-Identifier: BSD-3-Clause

// Package device is where the emulator's arithmetic happens: host arrays
// (Tensor), memory of a device (Buffer), the operations every device offers
// (Device and the small interfaces it is made of), and the reference device
// (Scalar) of plain loops generic over float32 and float64.
//
// # Conventions
//
// Arrays are dense and C-ordered. Activations are [B, C, D, H, W] (images have
// D = 1), convolution weights [Co, Ci, kd, kh, kw], dense weights [out, in].
// Convolutions are cross-correlations and batch normalisation uses the biased
// variance, as PyTorch has it. Operations that yield gradients of parameters
// add to them; every other result is overwritten without being read.
//
// Operations are queued: they may return before the work is done, and a fault
// shows at the next Sync or Download. A device is used by one goroutine.
//
// # Devices
//
// Scalar is slow and right. Faster devices (package cpu, package cuda) live in
// folders of their own and must pass package devicetest, as must package
// poison, whose memory the host cannot read. Some offer more for inference
// (Fuser, PoolFuser, Packer, HalfPacker), which the layers use where they find it.
//
// Notation of the kernels: x input, y output, w weights, b bias; dx, dy, dw, db
// the derivatives of a scalar loss with respect to them.
package device
