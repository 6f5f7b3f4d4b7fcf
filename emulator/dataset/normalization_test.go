// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npz"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// mentions requires an error that contains every word.
func mentions(t *testing.T, what string, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: error %q: want %q in it", what, err, w)
		}
	}
}

// golden holds testdata/preprocess.npz, made by the original code.
type golden struct {
	t *testing.T
	r *npz.Reader
}

func openGolden(t *testing.T) golden {
	t.Helper()
	r, err := npz.Open("testdata/preprocess.npz")
	must(t, err)
	t.Cleanup(func() { r.Close() })
	return golden{t, r}
}

func (g golden) f64(format string, args ...any) []float64 {
	g.t.Helper()
	var v []float64
	must(g.t, g.r.Read(fmt.Sprintf(format, args...)+".npy", &v))
	return v
}

func (g golden) f32(format string, args ...any) []float32 {
	g.t.Helper()
	var v []float32
	must(g.t, g.r.Read(fmt.Sprintf(format, args...)+".npy", &v))
	return v
}

// channels returns channels [lo, hi) of an image [pixels, 31] in the order
// [channel, pixel].
func channels(image []float64, lo, hi int) []float64 {
	const all = 31
	var out []float64
	for f := lo; f < hi; f++ {
		for p := 0; p < len(image)/all; p++ {
			out = append(out, image[p*all+f])
		}
	}
	return out
}

// band returns the channels that a kind keeps of the 31.
func band(k Kind) (lo, hi int) {
	if k == MultiFrequency {
		return 12, 19
	}
	return 15, 16
}

// close64 requires got = want within 2e-6, relative to |want| or, for values
// near zero that come from a difference of logarithms, to 1.
func close64[A, B Float](t *testing.T, what string, got []A, want []B) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		a, b := float64(got[i]), float64(want[i])
		if !(math.Abs(a-b) <= 2e-6*max(1, math.Abs(b))) {
			t.Fatalf("%s[%d] = %.9g, want %.9g", what, i, a, b)
		}
	}
}

func TestTransformAgreesWithTheOriginal(t *testing.T) {
	g := openGolden(t)
	for _, k := range []Kind{FaceOn, Rotation, MultiFrequency} {
		nm, err := Published(k)
		must(t, err)
		must(t, nm.Validate())
		for s := range 4 {
			v, T, n := g.f64("s%d_velocity_z", s), g.f64("s%d_temperature", s), g.f64("s%d_CO", s)
			lo, hi := band(k)
			image := channels(g.f64("s%d_I", s), lo, hi)
			x, y := make([]float32, 3*len(v)), make([]float32, len(image))
			must(t, NormalizeInput(nm, x, v, T, n))
			must(t, NormalizeOutput(nm, y, image))
			close64(t, fmt.Sprintf("%s s%d input", k, s), x, g.f64("%s_s%d_input", k, s))
			close64(t, fmt.Sprintf("%s s%d output", k, s), y, g.f32("%s_s%d_output", k, s))

			// The inverse leads back, to the rounding of float32 in a logarithm.
			back := [3][]float64{make([]float64, len(v)), make([]float64, len(v)), make([]float64, len(v))}
			nm.Fields(back[0], back[1], back[2], x)
			for i := range v {
				if math.Abs(back[0][i]-v[i]) > 1e-3+1e-6*math.Abs(v[i]) || math.Abs(back[1][i]/T[i]-1) > 1e-5 || math.Abs(back[2][i]/n[i]-1) > 1e-5 {
					t.Fatalf("%s s%d cell %d: %g %g %g: want %g %g %g", k, s, i, back[0][i], back[1][i], back[2][i], v[i], T[i], n[i])
				}
			}
			physical := make([]float64, len(y))
			nm.Intensity(physical, y)
			for i, want := range image {
				if want > math.Exp(intensityLogFloor) && math.Abs(physical[i]/want-1) > 2e-5 {
					t.Fatalf("%s s%d pixel %d: intensity %g: want %g", k, s, i, physical[i], want)
				}
			}
		}
	}
}

// goldenChunk is the chunk of samples lo to hi of the golden file.
func goldenChunk(t *testing.T, g golden, k Kind, lo, hi int) ChunkStatistics {
	t.Helper()
	c := NewChunk(k)
	for s := lo; s < hi; s++ {
		first, last := band(k)
		must(t, AddSample(c, g.f64("s%d_velocity_z", s), g.f64("s%d_temperature", s), g.f64("s%d_CO", s), channels(g.f64("s%d_I", s), first, last)))
	}
	st, err := c.Statistics()
	must(t, err)
	return st
}

func TestChunkStatisticsAgreeWithTheOriginal(t *testing.T) {
	g := openGolden(t)
	for _, k := range []Kind{MultiFrequency, Rotation} {
		s := goldenChunk(t, g, k, 0, 4)
		got := []float64{s.VelocityMeanMS, s.VelocityStdMS, s.TemperatureLogMin, s.TemperatureLogMedian, s.DensityLogMin, s.DensityLogMedian, s.IntensityLogMin}
		want := g.f64("%s_chunkstats", k)
		if k == MultiFrequency {
			got, want = append(got, s.IntensityLogMax), want[:8]
		} else {
			got, want = append(got, s.IntensityLogMedian), slices.Concat(want[:7], want[8:])
		}
		for i := range got {
			if !(math.Abs(got[i]-want[i]) <= 2e-6*math.Abs(want[i])) {
				t.Errorf("%s statistic %d: %.9g: want %.9g", k, i, got[i], want[i])
			}
		}
	}
}

func TestMergedStatistics(t *testing.T) {
	g := openGolden(t)
	for _, k := range []Kind{MultiFrequency, Rotation} {
		whole := goldenChunk(t, g, k, 0, 4)
		parts := []ChunkStatistics{goldenChunk(t, g, k, 0, 1), goldenChunk(t, g, k, 1, 2), goldenChunk(t, g, k, 2, 4)}
		nm, span, err := MergeStatistics(k, parts)
		must(t, err)
		for _, c := range []struct {
			name      string
			got, want float64
		}{
			{"velocity mean", nm.VelocityMeanMS, whole.VelocityMeanMS}, {"velocity std", nm.VelocityStdMS, whole.VelocityStdMS},
			{"temperature min", nm.TemperatureLogMin, whole.TemperatureLogMin}, {"density min", nm.DensityLogMin, whole.DensityLogMin},
			{"range", span.DensityM3[1], whole.Range.DensityM3[1]}, {"least range", span.VelocityMS[0], whole.Range.VelocityMS[0]},
		} {
			if math.Abs(c.got-c.want) > 1e-12*math.Abs(c.want) {
				t.Errorf("%s %s: %g from parts, %g from the whole", k, c.name, c.got, c.want)
			}
		}
		medians := []float64{parts[0].DensityLogMedian, parts[1].DensityLogMedian, parts[2].DensityLogMedian}
		slices.Sort(medians)
		if nm.DensityLogMedian != medians[1] {
			t.Errorf("%s: density median %g: want the middle of %v", k, nm.DensityLogMedian, medians)
		}
		if err := nm.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestMedian(t *testing.T) {
	r := NewRandom(3, PurposeModel, 0, 0)
	for n := 1; n < 200; n++ {
		v := make([]float64, n)
		for i := range v {
			v[i] = math.Floor(10 * r.Float64()) // many equal values
		}
		sorted := slices.Sorted(slices.Values(v))
		want := (sorted[n/2] + sorted[(n-1)/2]) / 2
		if got := median(v); got != want {
			t.Fatalf("median of %v: %g: want %g", sorted, got, want)
		}
	}
}

func TestOutlierRule(t *testing.T) {
	g := openGolden(t)
	for s := range 5 {
		if got, want := Outlier(g.f64("s%d_velocity_z", s)), s == 4; got != want {
			t.Errorf("sample %d: outlier %v: want %v", s, got, want)
		}
	}
	if Outlier([]float64{-5e4, 5e4}) || !Outlier([]float64{-5e4, 5e4 + 1e-6}) {
		t.Error("the limit of 1e5 m/s itself must pass, and nothing above it")
	}
	if !Outlier([]float32{0, float32(math.NaN())}) {
		t.Error("NaN passes")
	}
}

func TestTransformRefuses(t *testing.T) {
	nm, err := Published(MultiFrequency)
	must(t, err)
	one, x, y := []float64{1}, make([]float32, 3), make([]float32, 1)
	mentions(t, "temperature", NormalizeInput(nm, x, one, []float64{0}, one), "temperature of cell 0 is 0 K")
	mentions(t, "density", NormalizeInput(nm, x, one, one, []float64{math.NaN()}), "density of cell 0 is NaN")
	mentions(t, "velocity", NormalizeInput(nm, x, []float64{math.Inf(1)}, one, one), "velocity of cell 0")
	mentions(t, "lengths", NormalizeInput(nm, x[:2], one, one, one), "3n")
	mentions(t, "negative", NormalizeOutput(nm, y, []float64{-1e-20}), "intensity 0 is -1e-20")
	mentions(t, "dark", NormalizeOutput(nm, y, []float64{0}), "all 1 intensities are zero")
	mentions(t, "kind", Kind("mulfrq").Validate(), `"mulfrq"`, "faceon, rotation or mulfreq")
	nm.IntensityLogMax = nm.IntensityLogMin
	mentions(t, "no span", nm.Validate(), "max − min")
	_, err = NewChunk(Rotation).Statistics()
	mentions(t, "empty chunk", err, "without samples")
	_, _, err = MergeStatistics(Rotation, nil)
	mentions(t, "no chunks", err, "without chunks")
}
