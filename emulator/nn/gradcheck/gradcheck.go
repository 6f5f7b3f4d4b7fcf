// SPDX-License-Identifier: BSD-3-Clause

// Package gradcheck compares the derivatives a layer computes with central
// differences, in float64.
package gradcheck

import (
	"math"
	"testing"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
)

// step is the half-width of the differences: the error of truncation, ~step²,
// and that of rounding, ~1e-16/step, are both below Tolerance.
const step = 1e-5

// Tolerance is the deviation allowed, relative to the largest derivative of the
// tensor.
const Tolerance = 1e-7

// samples is the largest number of derivatives compared per tensor.
const samples = 150

// Check gives the layer values and requires that the derivatives of a weighted
// sum of its output, in training mode, are right with respect to each of its
// trained parameters and to its input of n values per sample.
func Check(t *testing.T, env *nn.Env[float64], layer nn.Layer[float64], n, batch int) {
	t.Helper()
	c := &checker{env: env, layer: layer, batch: batch}
	for k, e := range layer.Entries() {
		if e.Kind == nn.Counter {
			continue
		}
		offset := 0.0
		if e.Kind == nn.NormWeight || e.Kind == nn.RunningVar {
			offset = 1
		}
		e.Value = c.values(e.Len(), uint32(k), offset)
		if e.HasGradient() {
			e.Grad = env.Device.Alloc(e.Len())
			env.Device.Fill(e.Grad, 0)
		}
	}
	c.x = c.values(batch*n, 1000, 0)
	c.weights = c.values(batch*layer.OutLen(), 1001, 0)

	c.loss()
	dx := layer.Backward(c.weights)
	if dx != nil {
		c.compare(t, "the input", c.x, c.host(dx))
	}
	for _, e := range layer.Entries() {
		if e.HasGradient() {
			c.compare(t, e.Name, e.Value, c.host(e.Grad))
		}
	}
}

type checker struct {
	env        *nn.Env[float64]
	layer      nn.Layer[float64]
	batch      int
	x, weights device.Buffer[float64]
}

// values returns n numbers on offset ± 0.5.
func (c *checker) values(n int, seed uint32, offset float64) device.Buffer[float64] {
	v, state := make([]float64, n), seed*0x9E3779B9+12345
	for i := range v {
		state = state*1664525 + 1013904223
		v[i] = offset + float64(state>>8)/(1<<24) - 0.5
	}
	b := c.env.Device.Alloc(n)
	c.env.Device.Upload(b, v)
	return b
}

func (c *checker) host(b device.Buffer[float64]) []float64 {
	v := make([]float64, b.Len())
	c.env.Device.Download(v, b)
	return v
}

// loss is the weighted sum of the layer's output.
func (c *checker) loss() float64 {
	y, w := c.host(c.layer.Forward(c.x, c.batch, true)), c.host(c.weights)
	var sum float64
	for i, v := range y {
		sum += v * w[i]
	}
	return sum
}

// compare moves values of a tensor one by one.
func (c *checker) compare(t *testing.T, name string, at device.Buffer[float64], got []float64) {
	t.Helper()
	var scale float64
	for _, g := range got {
		scale = max(scale, math.Abs(g))
	}
	host := c.host(at)
	for i := 0; i < len(host); i += 1 + len(host)/samples {
		keep := host[i]
		moved := func(x float64) float64 {
			host[i] = x
			c.env.Device.Upload(at, host)
			return c.loss()
		}
		want := (moved(keep+step) - moved(keep-step)) / (2 * step)
		moved(keep)
		if !(math.Abs(got[i]-want) <= Tolerance*max(scale, 1)) {
			t.Errorf("derivative with respect to %s[%d] = %.10g, differences give %.10g", name, i, got[i], want)
			return
		}
	}
}
