// SPDX-License-Identifier: BSD-3-Clause

package cpu

import (
	"unsafe"

	"github.com/columen/columen/emulator/device"
)

// What the device has for inference: passes with the normalisation folded in,
// and dense layers that read their weights where they lie.

// fusedConv is a convolution with its normalisation folded in.
type fusedConv struct {
	d      *Device
	shape  Conv
	packed []float32
	relu   bool
	pool   bool // ends with a maximum over 2×2×2
}

// Fuse prepares a convolution and the fixed normalisation that follows it as
// one pass. A shape without a kernel panics; the network has none.
func (d *Device) Fuse(c device.Conv, f device.Fusion[float32]) device.FusedConv[float32] {
	k, ok := kernelFor(c)
	if !ok {
		panic("cpu: no kernel for this convolution: " + k.Check().Error())
	}
	w, b := make([]float32, k.WeightLen()), make([]float32, k.Out)
	Fold(d.at(f.Weight), d.at(f.Bias), d.at(f.Gamma), d.at(f.Beta), d.at(f.RunningMean), d.at(f.RunningVar), f.Eps, w, b)
	packed := make([]float32, k.PackedLen())
	k.Pack(w, b, packed)
	return &fusedConv{d: d, shape: k, packed: packed, relu: f.ReLU}
}

// FusePool is Fuse with a maximum over 2×2×2 at the end, for convolutions of
// stride 1.
func (d *Device) FusePool(c device.Conv, f device.Fusion[float32]) device.FusedConv[float32] {
	pass := d.Fuse(c, f).(*fusedConv)
	pass.pool = true
	return pass
}

// Forward computes the pass.
func (f *fusedConv) Forward(batch int, x, residual, y device.Buffer[float32]) {
	if f.pool {
		if residual != nil {
			panic("cpu: a pass that ends with a maximum adds no residual")
		}
		ConvPoolPacked(f.d.pool, f.shape, batch, f.d.at(x), f.packed, f.d.at(y), f.relu)
		return
	}
	ConvPacked(f.d.pool, f.shape, batch, f.d.at(x), f.packed, f.d.at(y), After{ReLU: f.relu, Residual: f.d.at(residual)})
}

// Free does nothing: the memory is the collector's.
func (f *fusedConv) Free() {}

// halfLinear is a dense layer in bfloat16.
type halfLinear struct {
	d     *Device
	shape device.Linear
	w     []uint16
	bias  []float32
	free  func()
}

// PackLinearBF16 rounds a dense layer to bfloat16, on huge pages.
func (d *Device) PackLinearBF16(l device.Linear, w, bias device.Buffer[float32]) device.PackedLinear[float32] {
	n := l.In * l.Out
	data, free := Alloc((n + 1) / 2)
	half := unsafe.Slice((*uint16)(unsafe.Pointer(unsafe.SliceData(data))), n)
	BF16(d.pool, d.at(w), half)
	return &halfLinear{d, l, half, append([]float32(nil), d.at(bias)...), free}
}

// AdoptLinearBF16 uses a dense layer that is in bfloat16 already where it lies.
func (d *Device) AdoptLinearBF16(l device.Linear, w []uint16, bias device.Buffer[float32]) device.PackedLinear[float32] {
	return &halfLinear{d, l, w, append([]float32(nil), d.at(bias)...), func() {}}
}

// Forward writes y = x·wᵀ + bias.
func (p *halfLinear) Forward(batch int, x, y device.Buffer[float32]) {
	LinearBF16(p.d.pool, batch, p.shape.In, p.shape.Out, false, p.d.at(x), p.w, p.bias, p.d.at(y))
}

// Free gives the pages back.
func (p *halfLinear) Free() { p.free() }
