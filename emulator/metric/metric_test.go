// SPDX-License-Identifier: BSD-3-Clause

package metric

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"

	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/emulator/loss"
)

// reference reads arrays of testdata/metrics.npz.
func reference[E float32 | float64](t *testing.T, name string) []E {
	t.Helper()
	f, err := npz.Open(filepath.Join("testdata", "metrics.npz"))
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

// physical undoes the normalisation.
func physical[T device.Float](v []float32, slope, offset float64) []T {
	out := make([]T, len(v))
	for i, x := range v {
		out[i] = T(math.Exp(float64(T(x)*T(slope) + T(offset))))
	}
	return out
}

func near[A, B device.Float](t *testing.T, what string, got []A, want []B, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= tol*max(1, math.Abs(float64(want[i])))) {
			t.Errorf("%s[%d] = %.12g, want %.12g within %g", what, i, got[i], want[i], tol)
		}
	}
}

func must[R any](t *testing.T) func(r R, err error) R {
	return func(r R, err error) R {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
}

type golden struct {
	name          string
	shape         Images
	slope, offset float64
}

func goldens() []golden {
	lo, hi := -40.0, float64(float32(-27.064306)) // the shipped statistics are float32
	return []golden{
		{"A", Images{3, 7, 32, 32}, hi - lo, lo},
		{"B", Images{4, 7, 64, 64}, hi - lo, lo},
		{"C", Images{4, 1, 32, 32}, 3.9803791369775947, -49.99714047180799},
	}
}

func TestGoldenFloat32(t *testing.T) {
	const tol = 2e-5
	floats := must[[]float64](t)
	for _, g := range goldens() {
		target, pred := reference[float32](t, g.name+"_target"), reference[float32](t, g.name+"_pred")
		pt, pp := physical[float32](target, g.slope, g.offset), physical[float32](pred, g.slope, g.offset)
		names := map[string]string{"maxrel": "_maxrel_per_sample_percent", "zncc": "_zncc_per_freq", "ssim": "_ssim_per_freq"}
		if g.name == "C" {
			names = map[string]string{"maxrel": "_maxrel", "zncc": "_zncc", "ssim": "_ssim"}
		}
		maxrel := floats(MaxRel(g.shape, pt, pp))
		near(t, g.name+" MaxRel", maxrel, reference[float32](t, g.name+names["maxrel"]), tol)
		near(t, g.name+" ZNCC", floats(ZNCC(g.shape, target, pred)), reference[float32](t, g.name+names["zncc"]), tol)
		near(t, g.name+" SSIM", floats(SSIM(g.shape, target, pred, DefaultBorder)), reference[float32](t, g.name+names["ssim"]), tol)
		if g.name == "C" {
			continue
		}
		near(t, g.name+" SSIM cropped", floats(SSIM(g.shape, target, pred, BorderCropped)), reference[float32](t, g.name+"_ssim_per_freq_tm_le_1_4_1"), tol)
		near(t, g.name+" MaxRel raw", floats(MaxRel(g.shape, target, pred)), reference[float32](t, g.name+"_maxrel_no_postprocess"), tol)
		near(t, g.name+" median", []float64{must[float64](t)(LowerMedian(maxrel))}, reference[float64](t, g.name+"_median_maxrel"), tol)
		for _, v := range [][]float32{pt, pp} {
			if err := MaskCentre(g.shape, 8, v); err != nil {
				t.Fatal(err)
			}
		}
		near(t, g.name+" MaxRel without centre", floats(MaxRel(g.shape, pt, pp)), reference[float32](t, g.name+"_maxrel_center8"), tol)
	}
}

func TestGoldenFloat64(t *testing.T) {
	floats := must[[]float64](t)
	for _, g := range goldens()[:2] {
		target, pred := reference[float32](t, g.name+"_target"), reference[float32](t, g.name+"_pred")
		pt, pp := physical[float64](target, g.slope, g.offset), physical[float64](pred, g.slope, g.offset)
		near(t, g.name+" MaxRel", floats(MaxRel(g.shape, pt, pp)), reference[float64](t, g.name+"_f64_maxrel"), 1e-9)
		near(t, g.name+" ZNCC", floats(ZNCC(g.shape, target, pred)), reference[float64](t, g.name+"_f64_zncc"), 1e-6)
		near(t, g.name+" SSIM", floats(SSIM(g.shape, target, pred, BorderKept)), reference[float64](t, g.name+"_f64_ssim"), 1e-6)
	}
}

// The loss is checked here, where its reference images are.
func TestGoldenLoss(t *testing.T) {
	for _, g := range goldens() {
		target, pred := reference[float32](t, g.name+"_target"), reference[float32](t, g.name+"_pred")
		f, err := loss.NewFreqMSE(g.shape.Height, g.shape.Width, loss.Alpha, 2)
		if err != nil {
			t.Fatal(err)
		}
		terms, err := loss.Eval(f, pred, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		near(t, g.name+" loss", []float64{terms.MSE, terms.Fourier, terms.Total()}, reference[float64](t, g.name+"_freqmse"), 2e-5)
	}
}

func TestWindow(t *testing.T) {
	w := newWindow(32, 32, 0)
	near(t, "window", w.weights[:], reference[float64](t, "ssim_gauss1d_11_1p5"), 1e-7)
}

// Images equal to their targets score best, and affine changes do not change
// the correlation.
func TestPerfectAndAffine(t *testing.T) {
	s := Images{2, 3, 12, 13}
	target := make([]float64, s.Len())
	affine := make([]float64, s.Len())
	for i := range target {
		target[i] = 2 + math.Sin(float64(i*i%97))
		affine[i] = 5 - 3*target[i]
	}
	floats := must[[]float64](t)
	near(t, "MaxRel", floats(MaxRel(s, target, target)), []float64{0, 0}, 0)
	near(t, "SSIM", floats(SSIM(s, target, target, BorderKept)), []float64{1, 1, 1}, 1e-14)
	near(t, "SSIM cropped", floats(SSIM(s, target, target, BorderCropped)), []float64{1, 1, 1}, 1e-14)
	near(t, "ZNCC", floats(ZNCC(s, target, affine)), []float64{-1, -1, -1}, 1e-14)
	near(t, "ZNCC of a constant", floats(ZNCC(s, target, make([]float64, s.Len()))), []float64{0, 0, 0}, 0)
}

func TestRefusals(t *testing.T) {
	s := Images{1, 1, 16, 16}
	ok, short := make([]float64, 256), make([]float64, 255)
	last := func(_ []float64, err error) error { return err }
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"short":  {last(ZNCC(s, ok, short)), "255 predicted"},
		"dark":   {last(MaxRel(s, ok, ok)), "pixel (0, 0)"},
		"border": {last(SSIM(s, ok, ok, "round")), "ssim-border-kept"},
		"small":  {last(SSIM(Images{1, 1, 16, 10}, ok[:160], ok[:160], BorderCropped)), "least side is 11"},
		"centre": {MaskCentre(s, 17, ok), "centre of 17"},
		"median": {func() error { _, err := LowerMedian(nil); return err }(), "no values"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, c.err, c.want)
		}
	}
}
