// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"errors"
	"math"
	"testing"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/device/cpu"
)

// difference returns the largest and the rms difference of two outputs, and the rms of the first.
func difference(a, b []float32) (largest, rms, size float64) {
	for i, v := range a {
		d := math.Abs(float64(v) - float64(b[i]))
		largest = max(largest, d)
		rms += d * d
		size += float64(v) * float64(v)
	}
	n := float64(len(a))
	return largest, math.Sqrt(rms / n), math.Sqrt(size / n)
}

// TestHalfDense holds the images with dense weights in bfloat16 to those in
// float32. A weight is off by 2⁻⁹ of itself at most, by 2⁻⁹/√3 ≈ 1.1·10⁻³ in the
// rms; errors of the terms of a sum are independent, so two layers make about
// √2 of that, and the decoder little more. Outputs are normalised logarithms.
func TestHalfDense(t *testing.T) {
	c := Config{Variant: Net3D, Grid: 32, Frequencies: 3, Latent: 256}
	dev := cpu.Open(2)
	m, err := New[float32](dev, c)
	if err != nil {
		t.Fatal(err)
	}
	fill(dev.Scalar, m)
	x, _ := device.FromSlice(hashed[float32](1000, 2*device.Volume(c.InputShape()), 0, 1), 2, 3, 32, 32, 32)
	predict := func() []float32 {
		t.Helper()
		y, err := m.Predict(x)
		if err != nil {
			t.Fatal(err)
		}
		return y.Data
	}
	exact := predict()
	if err := m.HalfDense(true); err != nil {
		t.Fatal(err)
	}
	half := predict()
	largest, rms, size := difference(exact, half)
	t.Logf("largest difference %.2g, rms %.2g, rms of the output %.2g", largest, rms, size)
	if !(rms > 0 && rms < 2e-3*size && largest < 1e-2*size) {
		t.Errorf("largest difference %g, rms %g of an output of rms %g: want less than 2e-3 of it in the rms, 1e-2 at most", largest, rms, size)
	}
	if err := m.HalfDense(false); err != nil {
		t.Fatal(err)
	}
	if largest, _, _ := difference(exact, predict()); largest != 0 {
		t.Errorf("rounding the dense layers changed the values themselves, by %g", largest)
	}
	if m, _ := New[float32](device.NewScalar[float32](1), c); !errors.Is(m.HalfDense(true), device.ErrNoBF16) {
		t.Error("a device without bfloat16 promises it")
	}
}
