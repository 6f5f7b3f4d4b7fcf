// SPDX-License-Identifier: BSD-3-Clause

package poison

import (
	"math"
	"testing"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/device/devicetest"
)

func TestConforms(t *testing.T) {
	devicetest.Run(t, func() device.Device[float32] { return New[float32](2) }, 2e-5)
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

// What a forgotten transfer looks like must not go unnoticed.
func TestForgottenTransfers(t *testing.T) {
	dev, other := New[float32](1), New[float32](1)
	host := []float32{1, 2, 3}
	out := make([]float32, 3)
	read := func(b device.Buffer[float32]) []float32 { dev.Download(out, b); return out }

	if !panics(func() { dev.Tanh(device.Host[float32](host), dev.Alloc(3)) }) {
		t.Error("an operation read the host's memory")
	}
	if !panics(func() { dev.Copy(dev.Alloc(3), other.Alloc(3)) }) {
		t.Error("an operation read another device's memory")
	}
	if v := read(dev.Alloc(3))[1]; !math.IsNaN(float64(v)) {
		t.Errorf("fresh memory reads %g", v)
	}
	b := dev.Adopt(host)
	host[0] = 9
	if v := read(b)[0]; v != 1 {
		t.Errorf("adopted memory follows the host's: %g", v)
	}
	part := b.Slice(1, 2)
	dev.Free(b)
	if !panics(func() { dev.Fill(part, 0) }) {
		t.Error("a slice of freed memory was used")
	}
	if _, ok := dev.(device.Store[float32]); ok {
		t.Error("the host can resolve buffers")
	}
}
