// SPDX-License-Identifier: BSD-3-Clause

// Package cpu computes the layers of the emulator in float32 on the vector
// units of a CPU: convolutions, dense layers, batch normalisation, pooling,
// their gradients, and Adam.
//
// Tensors are slices in C order, [batch, channels, D, H, W]; weights are [out,
// in, kd, kh, kw] and [out, in]. A call is one C call per thread; the loops are
// in body_*.h, written once with vectors of the compiler and built for each
// kind of processor (Variants). Without cgo the scalar Go of twin.go and
// scalar.go serves; it is also what the tests compare with, in float64.
//
// A slice that is too short is a mistake of the caller and panics.
//
// References: Goto & van de Geijn 2008, ACM Trans. Math. Softw. 34, 12 (blocked
// matrix products); Ioffe & Szegedy 2015, ICML 37, 448 (batch normalisation);
// Kingma & Ba 2015, ICLR, arXiv:1412.6980 (Adam); Loshchilov & Hutter 2019,
// ICLR, arXiv:1711.05101 (AdamW).
package cpu
