// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/device/poison"
	"github.com/columen/columen/emulator/loss"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/nn/gradcheck"
	"github.com/columen/columen/emulator/optim"
)

func mustModel[T device.Float](t *testing.T, dev device.Device[T], c Config) *Model[T] {
	t.Helper()
	m, err := New(dev, c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// small is the least network: every layer, 300,000 parameters.
func small(v Variant) Config { return Config{Variant: v, Grid: 32, Latent: 8} }

// The published network has 143,303,809 parameters; the sums of its parts are
// those of its layers' shapes.
func TestParameterCounts(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   int
	}{
		{Config{Variant: Net3D}, 143_303_809},
		{Config{Variant: Net3D, Grid: 32}, 33_181_825},
		{Config{Variant: Net3D, Grid: 128}, 671_872_129},
		{Config{Variant: Net}, 42_591_409},
		{Config{Variant: Net, Grid: 32}, 7_985_329},
		{Config{Variant: Net, Grid: 128}, 269_096_113},
		// 3 · 205,248 + (6144 + 1)·4096 + (4096 + 1)·64·8²·31 + 48,961
		{Config{Variant: Net3D, Frequencies: 31}, 3*205_248 + 25_169_920 + 4097*64*64*31 + 48_961},
		{Config{Variant: Net3D, Grid: 32, Latent: 16}, 3*205_248 + 769*16 + 17*64*16*7 + 48_961},
	} {
		all, without := mustModel(t, device.NewScalar[float32](1), c.config).ParameterCount()
		if all != c.want || without != 9_072 {
			t.Errorf("%+v: %d parameters, %d without gradient; want %d and 9072", c.config, all, without, c.want)
		}
	}
}

func TestPartsOfThePublishedNetwork(t *testing.T) {
	sums := map[string]int{}
	for _, e := range mustModel(t, device.NewScalar[float32](1), Config{Variant: Net3D}).Entries() {
		if e.IsParameter() {
			part, _, _ := strings.Cut(e.Name, ".")
			sums[part] += e.Len()
		}
	}
	for part, want := range map[string]int{
		"encoder0": 205_248, "encoder1": 205_248, "encoder2": 205_248,
		"to_lat": 25_169_920, "to_dec": 117_469_184, "decoder3d": 48_961,
	} {
		if sums[part] != want {
			t.Errorf("%s: %d parameters, want %d", part, sums[part], want)
		}
	}
}

// 477.18 million multiplications and as many additions: 954.4 MFLOP.
func TestOperationCount(t *testing.T) {
	m := mustModel(t, device.NewScalar[float32](1), Config{Variant: Net3D})
	if got := m.FLOPs(); got != 954_368_960 {
		t.Errorf("%d operations, want 954,368,960", got)
	}
	if got := m.bottleneck.MACs(); got != 6144*4096+4096*28672 {
		t.Errorf("%d multiplications in the dense layers", got)
	}
}

func TestStatedict(t *testing.T) {
	kinds := map[nn.Kind]string{
		nn.Weight: "weight", nn.Bias: "bias", nn.NormWeight: "bn_weight", nn.NormBias: "bn_bias",
		nn.RunningMean: "running_mean", nn.RunningVar: "running_var", nn.Counter: "nbt",
	}
	for _, v := range []Variant{Net, Net3D} {
		want := readStatedict(t, filepath.Join("testdata", string(v)+"_statedict.json"))
		got := mustModel(t, device.NewScalar[float32](1), Config{Variant: v, Grid: 32}).Entries()
		if len(got) != len(want) {
			t.Fatalf("%s: %d entries, want %d", v, len(got), len(want))
		}
		for i, e := range got {
			w := want[i]
			if e.Name != w.Name || !slices.Equal(e.Shape, w.Shape) || kinds[e.Kind] != w.Kind || w.T != i {
				t.Errorf("%s: entry %d is %s %v (%s), want %s %v (%s)", v, i, e.Name, e.Shape, kinds[e.Kind], w.Name, w.Shape, w.Kind)
			}
		}
	}
}

func TestBlocksAgainstDifferences(t *testing.T) {
	env := nn.NewEnv[float64](device.NewScalar[float64](2))
	size := [3]int{3, 4, 3}
	gradcheck.Check(t, env, newResBlock(env, "skip", 2, 3, size, true), 2*36, 3)
	gradcheck.Check(t, env, newResBlock(env, "identity", 2, 2, size, false), 2*36, 3)
}

func TestConfigRefusals(t *testing.T) {
	for want, c := range map[string]Config{
		"variant":        {Variant: "net4d"},
		"32, 64 and 128": {Variant: Net, Grid: 48},
		"frequencies":    {Variant: Net3D, Frequencies: -1},
		"use \"net3d\"":  {Variant: Net, Frequencies: 7},
		"latent":         {Variant: Net, Latent: -5},
	} {
		if _, err := New(device.NewScalar[float32](1), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", c, err, want)
		}
	}
}

// sample returns inputs of a batch.
func sample(c Config, batch int) *device.Tensor[float32] {
	x, _ := device.FromSlice(hashed[float32](7, batch*device.Volume(c.InputShape()), 0, 1), append([]int{batch}, c.InputShape()...)...)
	return x
}

// train makes steps of training and shows the parameters and statistics after
// each.
func train(t *testing.T, dev device.Device[float32], steps int, after func(values []float32)) {
	t.Helper()
	c := small(Net3D).WithDefaults()
	c.Frequencies = 2
	m := mustModel(t, dev, c)
	if err := m.Init(3); err != nil {
		t.Fatal(err)
	}
	adam, err := optim.NewAdam(dev, m.Parameters(), m.Gradients(), optim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := loss.NewFreqMSE(c.Grid, c.Grid, loss.Alpha, 1)
	if err != nil {
		t.Fatal(err)
	}
	const batch = 2
	n := batch * device.Volume(c.OutputShape())
	out, grad := make([]float32, n), make([]float32, n)
	x, dy := dev.Alloc(batch*device.Volume(c.InputShape())), dev.Alloc(n)
	dev.Upload(x, sample(c, batch).Data)
	for range steps {
		dev.Fill(m.Gradients(), 0)
		dev.Download(out, m.Forward(x, batch, true))
		if _, err := loss.Eval(f, out, hashed[float32](8, n, 0.5, 0.4), grad); err != nil {
			t.Fatal(err)
		}
		dev.Upload(dy, grad)
		m.Backward(dy)
		adam.Step(1e-3)
		values := make([]float32, m.memory.values.Len())
		dev.Download(values, m.memory.values)
		after(values)
	}
}

// counting counts allocations.
type counting struct {
	device.Device[float32]
	allocs int
}

func (c *counting) Alloc(n int) device.Buffer[float32] {
	c.allocs++
	return c.Device.Alloc(n)
}

// Training touches no memory of a device behind its back, reads nothing it has
// not written, does not depend on the number of threads, and takes all its
// memory in the first step.
func TestTrainingOnAPoisonDevice(t *testing.T) {
	dev, first := &counting{Device: device.NewScalar[float32](2)}, 0
	var want []float32
	train(t, dev, 2, func(values []float32) {
		if want == nil {
			want, first = values, dev.allocs
		}
	})
	if dev.allocs != first {
		t.Errorf("%d allocations in the first step, %d in the second", first, dev.allocs-first)
	}
	train(t, poison.New[float32](1), 1, func(values []float32) {
		if !slices.Equal(values, want) {
			t.Error("the poison device gives another result")
		}
	})
}

// A device that prepares passes for inference gives the same images, also after
// values have changed by any way.
func TestFusedInference(t *testing.T) {
	plain, fused := device.NewScalar[float32](2), poison.New[float32](2)
	a, b := mustModel(t, plain, small(Net)), mustModel(t, fused, small(Net))
	x := sample(a.Config(), 1)
	var last []float32
	same := func(after string) {
		t.Helper()
		ya, err := a.Predict(x)
		if err != nil {
			t.Fatal(err)
		}
		yb, err := b.Predict(x)
		if err != nil || !slices.Equal(ya.Data, yb.Data) {
			t.Errorf("after %s the images differ (error %v)", after, err)
		}
		if slices.Equal(ya.Data, last) {
			t.Errorf("%s changed nothing", after)
		}
		last = ya.Data
	}
	for _, m := range []*Model[float32]{a, b} {
		if err := m.Init(4); err != nil {
			t.Fatal(err)
		}
	}
	same("Init")
	for _, m := range []*Model[float32]{a, b} {
		if err := m.Set("decoder.layers.1.weight", make([]float32, 32)); err != nil {
			t.Fatal(err)
		}
	}
	same("Set")
	for _, m := range []*Model[float32]{a, b} {
		m.Device().Scale(0.5, m.Parameters())
		m.Changed()
	}
	same("a step")
	for _, m := range []*Model[float32]{a, b} {
		in := m.Device().Alloc(x.Len())
		m.Device().Upload(in, x.Data)
		m.Forward(in, 1, true)
	}
	same("a pass in training mode")
}

// In inference samples do not see each other, whatever the batch.
func TestPredictInBatches(t *testing.T) {
	for _, v := range []Variant{Net, Net3D} {
		dev := poison.New[float32](2)
		m := mustModel(t, dev, small(v))
		if err := m.Init(5); err != nil {
			t.Fatal(err)
		}
		x := sample(m.Config(), 3)
		whole, err := m.Predict(x)
		if err != nil {
			t.Fatal(err)
		}
		if want := append([]int{3}, m.Config().OutputShape()...); !slices.Equal(whole.Shape, want) {
			t.Errorf("shape %v, want %v", whole.Shape, want)
		}
		n, k := x.Len()/3, whole.Len()/3
		for b := range 3 {
			part, err := device.FromSlice(x.Data[b*n:(b+1)*n], append([]int{1}, m.Config().InputShape()...)...)
			if err != nil {
				t.Fatal(err)
			}
			y, err := m.Predict(part)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(y.Data, whole.Data[b*k:(b+1)*k]) {
				t.Errorf("%s: sample %d differs from itself in a batch", v, b)
			}
		}
	}
}

// Frequencies do not mix in the decoder: with 31 of them the shapes follow.
func TestThirtyOneFrequencies(t *testing.T) {
	c := small(Net3D)
	c.Frequencies = 31
	m := mustModel(t, device.NewScalar[float32](2), c)
	if err := m.Init(1); err != nil {
		t.Fatal(err)
	}
	y, err := m.Predict(sample(m.Config(), 1))
	if err != nil || !slices.Equal(y.Shape, []int{1, 1, 31, 32, 32}) {
		t.Errorf("shape %v, error %v", y.Shape, err)
	}
}
