// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"errors"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/device/cpu"
	"github.com/columen/columen/emulator/loss"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/optim"
)

// scalar is the reference device, fast the one with kernels in C.
func scalar[T device.Float]() on[T] {
	d := device.NewScalar[T](2)
	return on[T]{d, d}
}

func fast() on[float32] {
	d := cpu.Open(2)
	return on[float32]{d, d.Scalar}
}

// session is a network, its reference data and what training needs.
type session[T device.Float] struct {
	t      *testing.T
	dev    *device.Scalar[T] // the host's memory, which the device uses
	m      *Model[T]
	ref    archive
	suffix string // of the arrays: f64 or f32
	x, dy  device.Buffer[T]
	target []T
	out    []T
	loss   *loss.FreqMSE
	adam   *optim.Adam[T]
}

// on is a device in the host's memory, and the memory.
type on[T device.Float] struct {
	device device.Device[T]
	memory *device.Scalar[T]
}

func newSession[T device.Float](t *testing.T, where on[T], c Config, ref archive, suffix string) *session[T] {
	t.Helper()
	dev := where.memory
	m, err := New(where.device, c)
	if err != nil {
		t.Fatal(err)
	}
	fill(dev, m)
	in, out := 2*device.Volume(m.config.InputShape()), 2*device.Volume(m.config.OutputShape())
	s := &session[T]{t: t, dev: dev, m: m, ref: ref, suffix: suffix, x: dev.Alloc(in), dy: dev.Alloc(out)}
	dev.Upload(s.x, hashed[T](1000, in, 0, 1))
	s.target, s.out = hashed[T](1001, out, 0.5, 0.4), make([]T, out)
	if s.loss, err = loss.NewFreqMSE(c.Grid, c.Grid, loss.Alpha, 2); err != nil {
		t.Fatal(err)
	}
	return s
}

// step changes the parameters by the gradients.
func (s *session[T]) step() {
	s.t.Helper()
	if s.adam == nil {
		var err error
		if s.adam, err = optim.NewAdam(s.m.Device(), s.m.Parameters(), s.m.Gradients(), optim.Options{}); err != nil {
			s.t.Fatal(err)
		}
	}
	s.adam.Step(4e-4)
}

// infer returns the images of sample 0.
func (s *session[T]) infer() []float64 {
	y := s.m.Forward(s.x.Slice(0, s.x.Len()/2), 1, false)
	out := make([]T, y.Len())
	s.m.Device().Download(out, y)
	return widen(out)
}

// gradients makes a training pass: loss and gradients.
func (s *session[T]) gradients() loss.Terms {
	s.t.Helper()
	dev := s.m.Device()
	dev.Fill(s.m.Gradients(), 0)
	y := s.m.Forward(s.x, 2, true)
	dev.Download(s.out, y)
	grad := make([]T, len(s.out))
	terms, err := loss.Eval(s.loss, s.out, s.target, grad)
	if err != nil {
		s.t.Fatal(err)
	}
	dev.Upload(s.dy, grad)
	s.m.Backward(s.dy)
	return terms
}

// checkLosses compares the terms of a step with the reference.
func (s *session[T]) checkLosses(step int, got loss.Terms, tolerance float64) {
	s.t.Helper()
	want := s.ref.get("losses_" + s.suffix)[3*step : 3*step+3]
	for i, v := range []float64{got.Total(), got.MSE, got.Fourier} {
		near(s.t, "loss", math.Abs(v-want[i])/want[i], tolerance)
	}
}

// parameters lists the entries that are parameters.
func (s *session[T]) parameters() []*nn.Entry[T] {
	var p []*nn.Entry[T]
	for _, e := range s.m.Entries() {
		if e.IsParameter() {
			p = append(p, e)
		}
	}
	return p
}

// values returns the present contents of a buffer, without a copy.
func (s *session[T]) values(b device.Buffer[T]) []T { return s.dev.Resolve(b) }

// gradientErrors returns the relative L2 deviation of each gradient that does
// not vanish in exact arithmetic.
func (s *session[T]) gradientErrors() map[string]float64 {
	s.t.Helper()
	all, has, errs := s.ref.get("grad_f64"), s.ref.get("has_grad"), map[string]float64{}
	for i, e := range s.parameters() {
		if e.HasGradient() != (has[i] == 1) {
			s.t.Errorf("%s: gradient %v, in the original %v", e.Name, e.HasGradient(), has[i] == 1)
		}
		want := all[74*i : 74*i+74]
		if !e.HasGradient() || want[1] < 1e-9 {
			continue
		}
		g := s.values(e.Grad)
		got := summary(g)
		sum := math.Abs(got[0]-want[0]) / want[1] / math.Sqrt(float64(len(g)))
		errs[e.Name] = max(sum, math.Abs(got[1]/want[1]-1), relative(s.t, got[2:], want[2:]))
		if whole := "grad64/" + e.Name; s.ref.has(whole) {
			errs[e.Name] = relative(s.t, widen(g), s.ref.get(whole))
			if len(g) > 2048 { // kept as float32
				errs[e.Name] = max(0, errs[e.Name]-6e-8)
			}
		}
	}
	return errs
}

// checkSession64 compares everything with the float64 reference, within 1e-8.
func checkSession64(t *testing.T, c Config, path, actNames string) {
	const tol = 1e-8
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the reference data %s is missing", path)
	}
	s := newSession(t, scalar[float64](), c, openArchive(t, path), "f64")

	seen := map[string][]float64{}
	s.m.Observe(func(name string, y device.Buffer[float64]) { seen[name] = summary(s.values(y)) })
	near(t, "output in inference", farthest(t, s.infer(), s.ref.get("eval_out_f64")), tol)
	s.m.Observe(nil)
	checkActivations(t, seen, lines(t, actNames), s.ref.get("eval_act_f64"))

	s.checkLosses(0, s.gradients(), tol)
	near(t, "output in training", farthest(t, widen(s.out), s.ref.get("train_out_f64")), tol)
	for name, e := range s.gradientErrors() {
		near(t, "gradient of "+name, e, tol)
	}
	near(t, "running statistics", farthest(t, s.statistics(), s.ref.get("bn1_f64")), tol)

	s.step()
	s.checkLosses(1, s.gradients(), tol)
	s.step()
	s.checkLosses(2, s.gradients(), tol)
	s.step()
	s.checkParameters(tol)
	near(t, "output after three steps", farthest(t, s.infer(), s.ref.get("eval_out_after3_f64")), tol)
}

// checkActivations compares the outputs of modules. The decoder's convolutions
// and normalisations are one layer with their rectifiers and not seen by
// themselves.
func checkActivations(t *testing.T, seen map[string][]float64, names []string, want []float64) {
	t.Helper()
	unseen := 0
	for i, name := range names {
		got, ok := seen[name]
		if !ok {
			unseen++
			continue
		}
		w := want[74*i : 74*i+74]
		near(t, "activation of "+name, relative(t, got, w), 1e-8)
	}
	if fused := 2 * 9; unseen > fused {
		t.Errorf("%d of %d modules were not seen; at most %d are fused", unseen, len(names), fused)
	}
}

// statistics returns the running statistics in the order of the state_dict.
func (s *session[T]) statistics() []float64 {
	var all []float64
	for _, e := range s.m.Entries() {
		if e.Kind == nn.RunningMean || e.Kind == nn.RunningVar {
			all = append(all, widen(s.values(e.Value))...)
		}
	}
	return all
}

// checkParameters compares parameters and counters after three steps. A
// gradient that vanishes in exact arithmetic is noise n, which three steps of
// Adam turn into up to 3·rate·n/ε: so much is allowed in addition, for ten times
// the noise of the reference.
func (s *session[T]) checkParameters(tol float64) {
	s.t.Helper()
	want, gradients := s.ref.get("adam3_f64"), s.ref.get("grad_f64")
	for i, e := range s.parameters() {
		w, allowed := want[74*i:74*i+74], tol
		if g := gradients[74*i+1]; g < 1e-9 {
			allowed += 3 * 4e-4 * 10 * g / 1e-8 / w[1]
		}
		got := summary(s.values(e.Value))
		near(s.t, e.Name+" after three steps", relative(s.t, got[1:], w[1:]), allowed)
	}
	counters := s.ref.get("nbt_after3")
	for _, e := range s.m.Entries() {
		if e.Kind == nn.Counter {
			if float64(e.Count) != counters[0] {
				s.t.Errorf("%s = %d, want %g", e.Name, e.Count, counters[0])
			}
			counters = counters[1:]
		}
	}
}

// checkSession32 compares with the float32 reference, as far as that agrees
// with itself, for up to three steps.
func checkSession32(t *testing.T, where on[float32], c Config, path string, steps int) {
	s := newSession(t, where, c, openArchive(t, path), "f32")
	// The original's float32 output is itself 1.2e-5 from its float64 output (Net at grid 64): two roundings would add up.
	near(t, "output in inference", farthest(t, s.infer(), s.ref.get("eval_out_f64")), 2e-5)
	for step, tol := range []float64{1e-5, 5e-4, 2e-3}[:steps] {
		if step > 0 {
			s.step()
		}
		s.checkLosses(step, s.gradients(), tol)
		if step == 0 {
			near(t, "output in training", farthest(t, widen(s.out), s.ref.get("train_out_f32")), 2e-4)
			var errs []float64
			for name, e := range s.gradientErrors() {
				near(t, "gradient of "+name, e, 0.2)
				errs = append(errs, e)
			}
			slices.Sort(errs)
			near(t, "median gradient", errs[len(errs)/2], 1e-3)
		}
	}
}
