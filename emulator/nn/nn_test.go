// SPDX-License-Identifier: BSD-3-Clause

package nn_test

import (
	"math"
	"slices"
	"testing"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/device/poison"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/nn/gradcheck"
)

func TestGradientsAgainstDifferences(t *testing.T) {
	env := nn.NewEnv[float64](poison.New[float64](2))
	one, three := [3]int{1, 1, 1}, [3]int{3, 3, 3}
	conv := func(c device.Conv) nn.Layer[float64] { return nn.NewConv(env, "conv", c, nn.ConvOptions{}) }
	for name, c := range map[string]struct {
		layer nn.Layer[float64]
		in    int
	}{
		"convolution":         {conv(device.Conv{In: 2, Out: 3, Size: [3]int{4, 5, 3}, Kernel: three, Stride: one, Pad: one}), 120},
		"strided convolution": {conv(device.Conv{In: 2, Out: 3, Size: [3]int{5, 4, 6}, Kernel: three, Stride: [3]int{2, 2, 2}, Pad: one}), 240},
		"bare convolution":    {conv(device.Conv{In: 1, Out: 4, Size: [3]int{5, 5, 4}, Kernel: three, Stride: one}), 100},
		"pointwise":           {conv(device.Conv{In: 3, Out: 2, Size: [3]int{2, 3, 4}, Kernel: one, Stride: one}), 72},
		"planar convolution":  {conv(device.Conv{In: 2, Out: 2, Size: [3]int{3, 4, 5}, Kernel: [3]int{1, 3, 3}, Stride: one, Pad: [3]int{0, 1, 1}}), 120},
		"normalisation":       {nn.NewBatchNorm(env, "norm", 3, 8, false), 24},
		"rectified":           {nn.NewBatchNorm(env, "norm", 3, 8, true), 24},
		"dense":               {nn.NewLinear(env, "dense", device.Linear{In: 7, Out: 5}), 7},
		"rectifier":           {nn.NewReLU(env, 20), 20},
		"tanh":                {nn.NewTanh(env, 20), 20},
		"pooling":             {nn.NewMaxPool(env, 2, [3]int{5, 4, 6}), 240},
		"up-sampling":         {nn.NewUpsample(env, 2, [3]int{3, 2, 4}), 48},
		"sequence of two":     {nn.NewSequential(env, nn.Item[float64]{Layer: nn.NewLinear(env, "a", device.Linear{In: 6, Out: 4, CutIn: true, CutOut: true})}, nn.Item[float64]{Layer: nn.NewTanh(env, 4)}), 6},
	} {
		t.Run(name, func(t *testing.T) { gradcheck.Check(t, env, c.layer, c.in, 3) })
	}
}

// With frozen statistics training differentiates what inference computes.
func TestFrozenStatistics(t *testing.T) {
	env := nn.NewEnv[float64](poison.New[float64](1))
	env.Frozen = true
	for _, rectified := range []bool{false, true} {
		gradcheck.Check(t, env, nn.NewBatchNorm(env, "norm", 3, 8, rectified), 24, 3)
	}
	env = nn.NewEnv[float64](device.NewScalar[float64](1))
	env.Frozen = true
	l := nn.NewBatchNorm(env, "norm", 1, 4, false)
	e := l.Entries()
	for i, v := range []float64{2, 1, 10, 4} {
		give(env, e[i], v)
	}
	trained, inferred := make([]float64, 4), make([]float64, 4)
	env.Device.Download(trained, l.Forward(env.Device.Adopt([]float64{1, 2, 3, 6}), 1, true))
	env.Device.Download(inferred, l.Forward(env.Device.Adopt([]float64{1, 2, 3, 6}), 1, false))
	if !slices.Equal(trained, inferred) {
		t.Errorf("training gives %v, inference %v", trained, inferred)
	}
	left := make([]float64, 1)
	if env.Device.Download(left, e[2].Value); left[0] != 10 || e[4].Count != 0 {
		t.Errorf("the running mean moved to %g, %d batches counted", left[0], e[4].Count)
	}
}

// give puts host values into an entry.
func give(env *nn.Env[float64], e *nn.Entry[float64], values ...float64) {
	e.Value = env.Device.Alloc(len(values))
	env.Device.Upload(e.Value, values)
}

// Running statistics move by a tenth towards the mean and the unbiased variance
// of the batch, and inference uses them.
func TestRunningStatistics(t *testing.T) {
	env := nn.NewEnv[float64](device.NewScalar[float64](1))
	l := nn.NewBatchNorm(env, "norm", 1, 4, false)
	e := l.Entries()
	give(env, e[0], 2)
	give(env, e[1], 1)
	give(env, e[2], 10)
	give(env, e[3], 4)
	x := env.Device.Adopt([]float64{1, 2, 3, 6})
	l.Forward(x, 1, true)
	got := make([]float64, 1)
	env.Device.Download(got, e[2].Value)
	if want := 0.9*10 + 0.1*3; math.Abs(got[0]-want) > 1e-14 {
		t.Errorf("running mean %g, want %g", got[0], want)
	}
	env.Device.Download(got, e[3].Value)
	want := 0.9*4 + 0.1*(4+1+0+9)/3.0
	if math.Abs(got[0]-want) > 1e-14 {
		t.Errorf("running variance %g, want %g", got[0], want)
	}
	if e[4].Count != 1 {
		t.Errorf("%d batches counted", e[4].Count)
	}
	y := make([]float64, 4)
	env.Device.Download(y, l.Forward(x, 1, false))
	if w := 2*(6-9.3)/math.Sqrt(want+nn.Eps) + 1; math.Abs(y[3]-w) > 1e-14 {
		t.Errorf("inference gives %g, want %g", y[3], w)
	}
	if e[4].Count != 1 {
		t.Error("inference was counted")
	}
}

func TestBackwardAfterInferencePanics(t *testing.T) {
	env := nn.NewEnv[float64](device.NewScalar[float64](1))
	l := nn.NewBatchNorm(env, "norm", 1, 2, false)
	for _, e := range l.Entries()[:4] {
		give(env, e, 1)
	}
	x := env.Device.Adopt([]float64{1, 2})
	l.Forward(x, 1, false)
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	l.Backward(x)
}

// After the first steps a layer takes no more memory from the device.
func TestScratchIsReused(t *testing.T) {
	env := nn.NewEnv[float64](device.NewScalar[float64](1))
	a := env.Take(5)
	env.Give(a)
	env.Give(nil)
	if b := env.Take(5); &b.(device.Host[float64])[0] != &a.(device.Host[float64])[0] {
		t.Error("scratch was made anew")
	}
	if env.Take(5).Len() != 5 {
		t.Error("scratch of the wrong length")
	}
}
