// SPDX-License-Identifier: BSD-3-Clause

package emulator

import (
	"bufio"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/loss"
	"github.com/columen/columen/emulator/nn"
	"github.com/columen/columen/emulator/optim"
)

// hash is u(t,i) of testdata/README.md.
func hash(tensor, i int) float64 {
	h := uint32(i)*0x9E3779B1 + (uint32(tensor)*0x85EBCA77 + 0x165667B1)
	h ^= h >> 16
	h *= 0x85EBCA6B
	h ^= h >> 13
	h *= 0xC2B2AE35
	h ^= h >> 16
	return float64(h>>8)*0x1p-23 - 1
}

func TestHashAgainstItsCheckValues(t *testing.T) {
	for _, c := range []struct {
		tensor, i int
		want      float64
	}{{0, 0, 0.47622967}, {0, 1, -0.53694057}, {0, 2, -0.3231132}, {0, 3, -0.64913046}, {5, 0, -0.61903942}, {5, 2, -0.04715157}} {
		if got := hash(c.tensor, c.i); math.Abs(got-c.want) > 1e-8 {
			t.Errorf("u(%d,%d) = %.9g, want %.9g", c.tensor, c.i, got, c.want)
		}
	}
}

// hashed returns n values offset + scale·u(tensor,i), rounded to float32.
func hashed[T device.Float](tensor, n int, offset, scale float64) []T {
	v := make([]T, n)
	var wg sync.WaitGroup
	for k := range 2 {
		wg.Go(func() {
			for i := n * k / 2; i < n*(k+1)/2; i++ {
				v[i] = T(float32(offset + scale*hash(tensor, i)))
			}
		})
	}
	wg.Wait()
	return v
}

// fill gives the network the values of testdata/README.md.
func fill[T device.Float](t *testing.T, m *Model[T]) {
	t.Helper()
	m.Allocate()
	for i, e := range m.Entries() {
		var offset, scale float64
		switch e.Kind {
		case nn.Weight:
			scale = math.Sqrt(4 / float64(e.Len()/e.Shape[0]))
		case nn.Bias, nn.NormBias, nn.RunningMean:
			scale = 0.1
		case nn.NormWeight:
			offset, scale = 1, 0.25
		case nn.RunningVar:
			offset, scale = 1, 0.5
		case nn.Counter:
			continue
		}
		if err := m.Set(e.Name, hashed[T](i, e.Len(), offset, scale)); err != nil {
			t.Fatal(err)
		}
	}
}

// archive is an open file of reference arrays.
type archive struct {
	t    *testing.T
	file *npz.Reader
}

func openArchive(t *testing.T, path string) archive {
	t.Helper()
	f, err := npz.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return archive{t, f}
}

// get returns an array of any type of number.
func (a archive) get(name string) []float64 {
	a.t.Helper()
	var v []float64
	err := a.file.Read(name+".npy", &v)
	if err == nil {
		return v
	}
	var (
		single []float32
		long   []int64
		short  []int32
	)
	switch {
	case a.file.Read(name+".npy", &single) == nil:
		return converted(single)
	case a.file.Read(name+".npy", &long) == nil:
		return converted(long)
	case a.file.Read(name+".npy", &short) == nil:
		return converted(short)
	}
	a.t.Fatalf("%s: %v", name, err)
	return nil
}

// converted returns numbers as float64.
func converted[N float32 | int32 | int64](v []N) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// has says whether there is an array of this name.
func (a archive) has(name string) bool { return slices.Contains(a.file.Keys(), name+".npy") }

func widen[T device.Float](v []T) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// lines returns the words of a text file, one per line.
func lines(t *testing.T, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var words []string
	for s := bufio.NewScanner(f); s.Scan(); {
		words = append(words, strings.TrimSpace(s.Text()))
	}
	return words
}

// summary is the 74 numbers of testdata/README.md.
func summary[T device.Float](v []T) []float64 {
	s := make([]float64, 74)
	for _, x := range v {
		s[0] += float64(x)
		s[1] += float64(x) * float64(x)
	}
	s[1] = math.Sqrt(s[1])
	for k := 0; k < 8 && k < len(v); k++ {
		s[2+k] = float64(v[k])
	}
	for k, i := 0, 0; k < 64 && i < len(v); k, i = k+1, i+max(1, len(v)/64) {
		s[10+k] = float64(v[i])
	}
	return s
}

// farthest returns the largest |got − want|, NaN counting as infinite.
func farthest(t *testing.T, got, want []float64) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	var d float64
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= d) {
			d = math.Abs(got[i] - want[i])
			if math.IsNaN(d) {
				return math.Inf(1)
			}
		}
	}
	return d
}

// relative returns |got − want|₂/|want|₂.
func relative(t *testing.T, got, want []float64) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	var diff, norm float64
	for i := range got {
		diff += (got[i] - want[i]) * (got[i] - want[i])
		norm += want[i] * want[i]
	}
	if diff == 0 {
		return 0
	}
	return math.Sqrt(diff / norm)
}

// near requires a deviation within a tolerance; NaN fails.
func near(t *testing.T, what string, deviation, tolerance float64) {
	t.Helper()
	if !(deviation <= tolerance) {
		t.Errorf("%s deviates by %.3g, allowed is %.3g", what, deviation, tolerance)
	}
}

// session is a network, its reference data and what training needs.
type session[T device.Float] struct {
	t      *testing.T
	m      *Model[T]
	ref    archive
	suffix string // of the arrays: f64 or f32
	x, dy  device.Buffer[T]
	target []T
	out    []T
	loss   *loss.FreqMSE
	adam   *optim.Adam[T]
}

func newSession[T device.Float](t *testing.T, c Config, ref archive, suffix string) *session[T] {
	t.Helper()
	dev := device.NewScalar[T](2)
	m, err := New(dev, c)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, m)
	in, out := 2*device.Volume(m.config.InputShape()), 2*device.Volume(m.config.OutputShape())
	s := &session[T]{t: t, m: m, ref: ref, suffix: suffix, x: dev.Alloc(in), dy: dev.Alloc(out)}
	dev.Upload(s.x, hashed[T](1000, in, 0, 1))
	s.target, s.out = hashed[T](1001, out, 0.5, 0.4), make([]T, out)
	if s.loss, err = loss.NewFreqMSE(c.Grid, c.Grid, loss.Alpha, 2); err != nil {
		t.Fatal(err)
	}
	if s.adam, err = optim.NewAdam(dev, m.Parameters(), m.Gradients(), optim.Options{}); err != nil {
		t.Fatal(err)
	}
	return s
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

// download returns the contents of a buffer.
func (s *session[T]) download(b device.Buffer[T]) []T {
	v := make([]T, b.Len())
	s.m.Device().Download(v, b)
	return v
}

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
		g := s.download(e.Grad)
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

// statedictEntry is a line of testdata/*_statedict.json.
type statedictEntry struct {
	T     int
	Name  string
	Shape []int
	Kind  string
}

func readStatedict(t *testing.T, path string) []statedictEntry {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []statedictEntry
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// checkSession64 compares everything with the float64 reference, within 1e-8.
func checkSession64(t *testing.T, c Config, path, actNames string) {
	const tol = 1e-8
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		t.Fatalf("the reference data %s is missing", path)
	}
	s := newSession[float64](t, c, openArchive(t, path), "f64")

	seen := map[string][]float64{}
	s.m.Observe(func(name string, y device.Buffer[float64]) { seen[name] = summary(s.download(y)) })
	near(t, "output in inference", farthest(t, s.infer(), s.ref.get("eval_out_f64")), tol)
	s.m.Observe(nil)
	checkActivations(t, seen, lines(t, actNames), s.ref.get("eval_act_f64"))

	s.checkLosses(0, s.gradients(), tol)
	near(t, "output in training", farthest(t, widen(s.out), s.ref.get("train_out_f64")), tol)
	for name, e := range s.gradientErrors() {
		near(t, "gradient of "+name, e, tol)
	}
	near(t, "running statistics", farthest(t, s.statistics(), s.ref.get("bn1_f64")), tol)

	s.adam.Step(4e-4)
	s.checkLosses(1, s.gradients(), tol)
	s.adam.Step(4e-4)
	s.checkLosses(2, s.gradients(), tol)
	s.adam.Step(4e-4)
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
			all = append(all, widen(s.download(e.Value))...)
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
		got := summary(s.download(e.Value))
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
// with itself.
func checkSession32(t *testing.T, c Config, path string) {
	s := newSession[float32](t, c, openArchive(t, path), "f32")
	near(t, "output in inference", farthest(t, s.infer(), s.ref.get("eval_out_f32")), 2e-5)
	for step, tol := range []float64{1e-5, 5e-4, 2e-3} {
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
		s.adam.Step(4e-4)
	}
}

func TestGoldenGrid32(t *testing.T) {
	for _, v := range []Variant{Net, Net3D} {
		path := filepath.Join("testdata", string(v)+"_g32.npz")
		names := filepath.Join("testdata", string(v)+"_act_names.txt")
		c := Config{Variant: v, Grid: 32}
		t.Run(string(v)+"/float64", func(t *testing.T) { checkSession64(t, c, path, names) })
		t.Run(string(v)+"/float32", func(t *testing.T) { checkSession32(t, c, path) })
	}
}
