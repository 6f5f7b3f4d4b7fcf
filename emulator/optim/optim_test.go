// SPDX-License-Identifier: BSD-3-Clause

package optim

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"github.com/columen/columen/emulator/device"
)

func reference[E float32 | float64](t *testing.T, name string) []E {
	t.Helper()
	f, err := npz.Open(filepath.Join("testdata", "adam_lr.npz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var v []E
	if err := f.Read(name+".npy", &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

// hashed returns f32(scale·u(tensor,i)) of testdata/README.md.
func hashed[T device.Float](tensor, n int, scale float64) []T {
	v := make([]T, n)
	for i := range v {
		h := uint32(i)*0x9E3779B1 + (uint32(tensor)*0x85EBCA77 + 0x165667B1)
		h ^= h >> 16
		h *= 0x85EBCA6B
		h ^= h >> 13
		h *= 0xC2B2AE35
		h ^= h >> 16
		v[i] = T(float32(scale * (float64(h>>8)*0x1p-23 - 1)))
	}
	return v
}

func near[T device.Float](t *testing.T, what string, got, want []T, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= tol) {
			t.Fatalf("%s[%d] = %.17g, want %.17g within %g", what, i, got[i], want[i], tol)
		}
	}
}

// run makes ten steps and returns the values after each and the optimiser.
func run[T device.Float](t *testing.T, o Options) ([]T, *Adam[T]) {
	t.Helper()
	const n = 1000
	dev := device.NewScalar[T](2)
	p, g := dev.Alloc(n), dev.Alloc(n)
	dev.Upload(p, hashed[T](3000, n, 1))
	a, err := NewAdam[T](dev, p, g, o)
	if err != nil {
		t.Fatal(err)
	}
	var history []T
	for k := range 10 {
		dev.Upload(g, hashed[T](3001+k, n, 0.01))
		a.Step(4e-4)
		after := make([]T, n)
		dev.Download(after, p)
		history = append(history, after...)
	}
	return history, a
}

func checkAdam[T device.Float](t *testing.T, suffix string, tol float64) {
	history, a := run[T](t, Options{})
	near(t, "values", history, reference[T](t, "adam_p_after_"+suffix), tol)
	first, second := a.Moments()
	dev, v := device.NewScalar[T](1), make([]T, first.Len())
	dev.Download(v, first)
	near(t, "first moment", v, reference[T](t, "adam_m_"+suffix), tol)
	dev.Download(v, second)
	near(t, "second moment", v, reference[T](t, "adam_v_"+suffix), tol)
	history, _ = run[T](t, Options{WeightDecay: 0.01})
	near(t, "values with decay", history[len(history)-first.Len():], reference[T](t, "adam_wd0p01_p_after10_"+suffix), tol)
}

func TestGoldenAdam(t *testing.T) {
	t.Run("float32", func(t *testing.T) { checkAdam[float32](t, "f32", 2e-7) })
	t.Run("float64", func(t *testing.T) { checkAdam[float64](t, "f64", 1e-14) })
}

// AdamW is Adam on values shrunk by 1 − ηλ before each step: with gradients that
// do not depend on the values, the difference of the two runs is the sum of the
// shrinkages.
func TestDecoupledDecay(t *testing.T) {
	const rate, decay = 4e-4, 0.1
	plain, _ := run[float64](t, Options{})
	decayed, _ := run[float64](t, Options{WeightDecay: decay, Decoupled: true})
	start := hashed[float64](3000, 1000, 1)
	for i := range 1000 {
		before, want := start[i], start[i]
		for k := range 10 {
			want = want*(1-rate*decay) + plain[1000*k+i] - before
			before = plain[1000*k+i]
		}
		if got := decayed[9000+i]; math.Abs(got-want) > 1e-14 {
			t.Fatalf("value %d = %.17g, want %.17g", i, got, want)
		}
	}
}

// A run resumed with the moments and the number of steps goes on bit by bit.
func TestResume(t *testing.T) {
	const n = 100
	dev := device.NewScalar[float32](1)
	gradient := func(k int) device.Buffer[float32] { return dev.Adopt(hashed[float32](k, n, 1)) }
	whole := dev.Adopt(hashed[float32](1, n, 1))
	g := dev.Alloc(n)
	a, _ := NewAdam[float32](dev, whole, g, Options{})
	var b *Adam[float32]
	part := dev.Alloc(n)
	for k := range 6 {
		if k == 3 {
			dev.Copy(part, whole)
			b, _ = NewAdam[float32](dev, part, g, Options{})
			m, v := a.Moments()
			bm, bv := b.Moments()
			dev.Copy(bm, m)
			dev.Copy(bv, v)
			if err := b.Resume(a.Steps()); err != nil {
				t.Fatal(err)
			}
		}
		dev.Copy(g, gradient(k))
		a.Step(1e-3)
		if b != nil {
			b.Step(1e-3)
		}
	}
	x, y := make([]float32, n), make([]float32, n)
	dev.Download(x, whole)
	dev.Download(y, part)
	near(t, "resumed", y, x, 0)
}

func TestClip(t *testing.T) {
	dev := device.NewScalar[float64](1)
	for _, c := range []struct {
		max  float64
		want []float64
	}{{10, []float64{3, 4}}, {1, []float64{3 / (5 + 1e-6), 4 / (5 + 1e-6)}}} {
		clip, err := NewClipper[float64](dev, c.max)
		if err != nil {
			t.Fatal(err)
		}
		g := []float64{3, 4}
		norm, err := clip.Clip(dev.Adopt(g))
		if err != nil || norm != 5 {
			t.Errorf("norm %g, error %v", norm, err)
		}
		near(t, "clipped", g, c.want, 1e-15)
		if _, err := clip.Clip(dev.Adopt([]float64{1, math.NaN()})); err == nil {
			t.Error("gradients with NaN were accepted")
		}
	}
}

func TestGoldenSchedules(t *testing.T) {
	const base = 4e-4
	for name, s := range map[string]Schedule{
		"lr_step40_0p1": Step{Base: base, Gamma: 0.1, Size: 40},
		"lr_step50_0p1": Step{Base: base, Gamma: 0.1, Size: 50},
		"lr_cos50_1e-3": Cosine{Base: base, Min: 1e-3, Period: 50},
		"lr_cos20_1e-3": Cosine{Base: base, Min: 1e-3, Period: 20},
	} {
		want := reference[float64](t, name)
		got := make([]float64, len(want))
		for epoch := range got {
			got[epoch] = s.Rate(epoch)
		}
		near(t, name, got, want, 1e-12)
	}
}

func TestWarmup(t *testing.T) {
	s, err := NewSchedule(ScheduleOptions{Kind: "step", Base: 1, StepSize: 2, Gamma: 0.5, WarmupLength: 4, WarmupStart: 0.2})
	if err != nil {
		t.Fatal(err)
	}
	var got []float64
	for k := range 8 {
		got = append(got, s.Rate(k))
	}
	near(t, "warm-up", got, []float64{0.2, 0.4, 0.6, 0.8, 1, 1, 0.5, 0.5}, 1e-15)
	if c, err := NewSchedule(ScheduleOptions{Kind: "constant", Base: 3}); err != nil || c.Rate(1000) != 3 {
		t.Errorf("constant schedule: %v, %v", c, err)
	}
}

func TestRefusals(t *testing.T) {
	schedule := func(o ScheduleOptions) error { _, err := NewSchedule(o); return err }
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"kind":    {schedule(ScheduleOptions{Kind: "cosin", Base: 1}), "constant, step and cosine"},
		"rate":    {schedule(ScheduleOptions{Kind: "constant"}), "learning rate 0"},
		"step":    {schedule(ScheduleOptions{Kind: "step", Base: 1, Gamma: 1}), "size 0"},
		"cosine":  {schedule(ScheduleOptions{Kind: "cosine", Base: 1, Period: -1}), "period -1"},
		"warm-up": {schedule(ScheduleOptions{Kind: "constant", Base: 1, WarmupStart: 2}), "fraction 2"},
		"beta":    {Options{Beta1: 1}.Validate(), "beta1 = 1"},
		"decay":   {Options{WeightDecay: -1}.Validate(), "weight decay = -1"},
		"norm":    {func() error { _, err := NewClipper[float64](device.NewScalar[float64](1), 0); return err }(), "norm 0"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, c.err, c.want)
		}
	}
}
