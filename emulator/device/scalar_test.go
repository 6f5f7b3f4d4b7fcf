// SPDX-License-Identifier: BSD-3-Clause

package device_test

import (
	"testing"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/device/devicetest"
)

func TestScalarConforms(t *testing.T) {
	t.Run("float64", func(t *testing.T) {
		devicetest.Run(t, func() device.Device[float64] { return device.NewScalar[float64](2) }, 1e-12)
	})
	t.Run("float32", func(t *testing.T) {
		devicetest.Run(t, func() device.Device[float32] { return device.NewScalar[float32](2) }, 2e-5)
	})
}

func TestScalarIndependentOfThreads(t *testing.T) {
	devicetest.RunThreads(t, func(threads int) device.Device[float32] { return device.NewScalar[float32](threads) })
}

// The host's memory is adopted without a copy.
func TestHostAdoptsInPlace(t *testing.T) {
	dev, host := device.NewScalar[float32](1), []float32{1, 2}
	b := dev.Adopt(host)
	dev.Fill(b, 5)
	if host[0] != 5 {
		t.Error("Adopt copied")
	}
}

func TestTensor(t *testing.T) {
	if x := device.NewTensor[float32](2, 3); x.Len() != 6 {
		t.Errorf("%d values", x.Len())
	}
	if x, err := device.FromSlice(make([]float32, 6), 3, 2); err != nil || x.Shape[0] != 3 {
		t.Errorf("%v, %v", x, err)
	}
	for _, shape := range [][]int{{2, 2}, {-2, -3}} {
		if _, err := device.FromSlice(make([]float32, 6), shape...); err == nil {
			t.Errorf("6 values of shape %v were accepted", shape)
		}
	}
}

func TestConvValidate(t *testing.T) {
	good := device.Conv{In: 1, Out: 1, Size: [3]int{3, 3, 3}, Kernel: [3]int{3, 3, 3}, Stride: [3]int{1, 1, 1}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(c *device.Conv){
		"channels": func(c *device.Conv) { c.Out = 0 },
		"size":     func(c *device.Conv) { c.Size[1] = 2 },
		"stride":   func(c *device.Conv) { c.Stride[2] = 0 },
		"padding":  func(c *device.Conv) { c.Pad[0] = -1 },
	} {
		bad := good
		spoil(&bad)
		if bad.Validate() == nil {
			t.Errorf("bad %s was accepted", name)
		}
	}
}

// A buffer of the wrong length is a programmer's error and panics.
func TestWrongLengthPanics(t *testing.T) {
	dev := device.NewScalar[float32](1)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	dev.Tanh(dev.Alloc(3), dev.Alloc(4))
}
