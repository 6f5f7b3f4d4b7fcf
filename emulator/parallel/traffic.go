// SPDX-License-Identifier: BSD-3-Clause

package parallel

import "unsafe"

// Traffic counts the bytes that this rank has sent.
type Traffic struct {
	Exchange  int64 // samples to shards and back
	Latent    int64 // sums of the latent layer and of its derivative
	Gradients int64
	Norm      int64 // statistics of batch normalisation
	Halo      int64 // cubes, halos and features between ranks that share cubes
}

// Total is the sum of all.
func (a Traffic) Total() int64 { return a.Exchange + a.Latent + a.Gradients + a.Norm + a.Halo }

// Traffic returns what this rank has sent since the last call.
func (t *Team[T]) Traffic() Traffic {
	was := t.traffic
	t.traffic = Traffic{}
	return was
}

// reduceBytes is what a rank sends in an all-reduce of n values over p ranks; see
// the package documentation.
func reduceBytes(p, n, size int) int64 { return 2 * int64(p-1) * int64(n) * int64(size) / int64(p) }

// Expect returns what a rank sends in one step with b samples on each rank, by
// the formulas of the package documentation: for inputs, latent values and
// outputs of the dense layers, and convolutions of so many parameters.
func (m Mesh) Expect(b, inputs, latent, outputs, convolutions, size int) Traffic {
	p := m.Group()
	dense := inputs*latent + latent + latent*outputs + outputs
	t := Traffic{Gradients: reduceBytes(m.Ranks(), convolutions, size) + reduceBytes(m.Data, dense/p, size)}
	if p > 1 {
		t.Exchange = 2 * int64(p-1) * int64(b) * int64(inputs+outputs) * int64(size) / int64(p)
		t.Latent = 2 * reduceBytes(p, p*b*latent, 8) // summed in float64
	}
	return t
}

// sizeOf is the bytes of a value.
func sizeOf[T ~float32 | ~float64]() int {
	var v T
	return int(unsafe.Sizeof(v))
}
