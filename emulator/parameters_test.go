// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/nn"
)

// The law of the starting values: uniform on ±1/√fan_in, so with variance
// 1/(3·fan_in), and one for all: γ and variances 1, the rest 0.
func TestInitLaw(t *testing.T) {
	m := mustModel(t, device.NewScalar[float64](2), small(Net3D))
	if err := m.Init(1234); err != nil {
		t.Fatal(err)
	}
	for _, e := range m.Entries() {
		if e.Kind == nn.Counter {
			continue
		}
		v, err := m.Get(e.Name)
		if err != nil {
			t.Fatal(err)
		}
		switch e.Kind {
		case nn.Weight, nn.Bias:
			checkUniform(t, e.Name, v.Data, 1/math.Sqrt(float64(e.FanIn)))
		default:
			want := 0.0
			if e.Kind == nn.NormWeight || e.Kind == nn.RunningVar {
				want = 1
			}
			if slices.Min(v.Data) != want || slices.Max(v.Data) != want {
				t.Errorf("%s is not %g", e.Name, want)
			}
		}
	}
}

// checkUniform allows mean and variance four standard errors.
func checkUniform(t *testing.T, name string, v []float64, bound float64) {
	t.Helper()
	var sum, square float64
	for _, x := range v {
		if !(math.Abs(x) < bound) {
			t.Fatalf("%s: %g outside ±%g", name, x, bound)
		}
		sum += x / bound
		square += x * x / bound / bound
	}
	n := float64(len(v))
	if mean := sum / n; math.Abs(mean) > 4/math.Sqrt(3*n) {
		t.Errorf("%s: mean %g of the bound over %g values", name, mean, n)
	}
	// The variance of u² is 4/45.
	if dev := square/n - 1.0/3; math.Abs(dev) > 4*math.Sqrt(4.0/45/n) {
		t.Errorf("%s: variance off by %g over %g values", name, dev, n)
	}
}

// Values depend on seed and place only: they are the same in float32, and a
// tensor is the same in a network with another width elsewhere.
func TestInitIsReproducible(t *testing.T) {
	a := mustModel(t, device.NewScalar[float64](2), small(Net3D))
	wider := small(Net3D)
	wider.Latent = 9
	b := mustModel(t, device.NewScalar[float32](1), wider)
	c := mustModel(t, device.NewScalar[float64](1), small(Net3D))
	for seed, m := range []interface{ Init(uint64) error }{a, b, c} {
		if err := m.Init(uint64(seed) / 2); err != nil {
			t.Fatal(err)
		}
	}
	const name = "decoder3d.layers.30.weight"
	va, _ := a.Get(name)
	vb, _ := b.Get(name)
	vc, _ := c.Get(name)
	for i := range va.Data {
		if float32(va.Data[i]) != vb.Data[i] {
			t.Fatalf("value %d: %g and %g", i, va.Data[i], vb.Data[i])
		}
	}
	if slices.Equal(va.Data, vc.Data) {
		t.Error("another seed gives the same values")
	}
}

// Values of a checkpoint can be copied or adopted: the images are the same, and
// a host device uses adopted values without a copy.
func TestAdopt(t *testing.T) {
	source := mustModel(t, device.NewScalar[float32](2), small(Net))
	if err := source.Init(2); err != nil {
		t.Fatal(err)
	}
	reader := mustModel(t, device.NewScalar[float32](2), small(Net))
	x := sample(source.Config(), 1)
	if _, err := reader.Predict(x); err == nil || !strings.Contains(err.Error(), "encoder0.layers.0.layers.0.weight has no values") {
		t.Errorf("a network without values predicts: %v", err)
	}
	for _, e := range source.Entries() {
		if e.Kind == nn.Counter {
			continue
		}
		v, err := source.Get(e.Name)
		if err != nil {
			t.Fatal(err)
		}
		if err := reader.Adopt(e.Name, v.Data); err != nil {
			t.Fatal(err)
		}
	}
	want, err := source.Predict(x)
	if err != nil {
		t.Fatal(err)
	}
	got, err := reader.Predict(x)
	if err != nil || !slices.Equal(got.Data, want.Data) {
		t.Errorf("adopted values give another image (error %v)", err)
	}
	if reader.Set("to_lat.bias", make([]float32, 8)) == nil {
		t.Error("a value was set among adopted ones")
	}
	if source.Adopt("to_lat.bias", make([]float32, 8)) == nil {
		t.Error("a value was adopted by a network with memory of its own")
	}
}

func TestParameterErrors(t *testing.T) {
	m := mustModel(t, device.NewScalar[float32](1), small(Net))
	get := func(name string) error { _, err := m.Get(name); return err }
	predict := func(shape ...int) error { _, err := m.Predict(device.NewTensor[float32](shape...)); return err }
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"unknown":  {m.Set("module.to_lat.bias", nil), "no tensor of a net of grid 32"},
		"length":   {m.Set("to_lat.bias", make([]float32, 3)), "has shape [8], but 3 values"},
		"counter":  {m.Set("decoder.layers.1.num_batches_tracked", make([]float32, 1)), "set its Count"},
		"no value": {get("to_lat.bias"), "has no values"},
		"grid":     {predict(1, 3, 64, 64, 64), "takes [B 3 32 32 32]"},
		"rank":     {predict(3, 32, 32, 32), "takes [B 3 32 32 32]"},
		"empty":    {predict(0, 3, 32, 32, 32), "takes [B 3 32 32 32]"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, c.err, c.want)
		}
	}
}

// Gradients add up over passes, those without gradient have none, and the
// stretches of memory hold what they should.
func TestGradientMemory(t *testing.T) {
	dev := device.NewScalar[float64](2)
	m := mustModel(t, dev, small(Net))
	if err := m.Init(1); err != nil {
		t.Fatal(err)
	}
	all, without := m.ParameterCount()
	g := m.Gradients()
	if g.Len() != all-without || m.Parameters().Len() != g.Len() {
		t.Errorf("%d gradients of %d parameters, %d without", g.Len(), all, without)
	}
	x := dev.Adopt(hashed[float64](7, 2*device.Volume(m.Config().InputShape()), 0, 1))
	dy := dev.Adopt(hashed[float64](8, 2*device.Volume(m.Config().OutputShape()), 0, 1))
	pass := func() []float64 {
		m.Forward(x, 2, true)
		m.Backward(dy)
		v := make([]float64, g.Len())
		dev.Download(v, g)
		return v
	}
	once := pass()
	for i, v := range pass() {
		if math.Abs(v-2*once[i]) > 1e-12*(1+math.Abs(v)) {
			t.Fatalf("gradient %d is %g after one pass, %g after two", i, once[i], v)
		}
	}
	for _, e := range m.Entries() {
		if e.HasGradient() != (e.Grad != nil) {
			t.Errorf("%s: gradient %v", e.Name, e.Grad != nil)
		}
	}
}
