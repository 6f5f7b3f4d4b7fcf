// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"fmt"
	"math"
	"os"
	"testing"

	"codeberg.org/sbinet/npyio"
	"codeberg.org/sbinet/npyio/npz"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/lamda"
	"github.com/columen/columen/solver/line"
	"github.com/columen/columen/solver/si"
)

// cube is a model for tests, fields in C order with z fastest, seen along z.
type cube struct {
	n            int
	size         float64 // [m]
	den, tem, v  []float64
	turb         []float64
	observerPlus bool // observer at +z, else at -z
}

// referenceCube is the model of the reference cubes, by the formulas of
// testdata/README.md.
func referenceCube(n int) cube {
	c := cube{n: n, size: 5.8e13}
	at := func(i int) float64 { return (float64(i)+0.5)/float64(n)*2.0 - 1.0 }
	for i := 0; i < n; i++ {
		for j := 0; j < n; j++ {
			for k := 0; k < n; k++ {
				x, y, z := at(i), at(j), at(k)
				r2 := x*x + y*y + z*z + 0.015625
				r := math.Sqrt(r2)
				dx, dy, dz := x-0.5, y-0.25, z-0.125
				d2 := dx*dx + dy*dy + dz*dz + 0.0078125
				c.den = append(c.den, 2.0e9/(r2*(1.0+r))*(1.0+0.75/(1.0+32.0*d2)))
				c.tem = append(c.tem, max(20.0, 60.0/r-25.0))
				c.v = append(c.v, min(3000.0, max(-3000.0, 5000.0*(z/(r+0.25))+800.0*x-600.0*y)))
				c.turb = append(c.turb, 150.0*(1.0+0.5/(1.0+8.0*(x*x+y*y))))
			}
		}
	}
	return c
}

// benchmarkModel is "wind" or "shear" of testdata/README.md, rounded to
// float32 where the reference code read float32.
func benchmarkModel(name string) cube {
	const n = 64
	c := cube{n: n, size: 2e14, observerPlus: true}
	at := func(i int) float64 { return -1 + (float64(i)+0.5)*2/n }
	for i := 0; i < n; i++ {
		for j := 0; j < n; j++ {
			for k := 0; k < n; k++ {
				u, v, w := at(i), at(j), at(k)
				q := u*u + v*v + w*w
				if name == "wind" {
					c.den = append(c.den, 2e7*0.04/(q+0.04)*(1+0.4*math.Sin(6*u+2)*math.Cos(5*v-1)*math.Sin(4*w+0.5)))
					c.tem = append(c.tem, 10+50/math.Pow(1+q/0.04, 0.4))
					c.v = append(c.v, 3500/math.Sqrt(q+0.09)*w)
					c.turb = append(c.turb, 150)
				} else {
					c.den = append(c.den, 1.5e6*(1+0.5*math.Cos(math.Pi*u)*math.Cos(math.Pi*v))*math.Exp(-w*w))
					c.tem = append(c.tem, 15+5*u-3*v*w)
					c.v = append(c.v, 4000*math.Tanh(4*w))
					c.turb = append(c.turb, 50)
				}
			}
		}
	}
	return c
}

func convert[T grid.Float](x []float64) []T {
	y := make([]T, len(x))
	for i, v := range x {
		y[i] = T(v)
	}
	return y
}

// solveCube returns the image [ix][iy][ν] of a cube without background.
func solveCube[T grid.Float](t testing.TB, kernel string, c cube, l *line.Line, frequencies []float64, faces bool, background []float64) []float64 {
	t.Helper()
	m := NewMedium(l)
	k, err := Named[T](kernel, m, m.Offsets(frequencies), Limits{c.n})
	if err != nil {
		t.Fatal(err)
	}
	row := Row[T]{
		Density: convert[T](c.den), Temperature: convert[T](c.tem), Velocity: convert[T](c.v), Turbulence: convert[T](c.turb),
		Across: c.n, Step: 1, Rays: c.n, Cells: c.n, VelocitySign: 1, CellLength: c.size / float64(c.n),
		NearFace: faces, FarFace: faces,
	}
	row.Ends = []int32{int32(row.Segments())}
	if c.observerPlus {
		row.Step, row.VelocitySign = -1, -1
	}
	nf := len(frequencies)
	out := Result[T]{Transmission: make([]T, nf*c.n), Emission: make([]T, nf*c.n), StrideRay: 1, StrideChannel: c.n}
	img := make([]float64, c.n*c.n*nf)
	for i := 0; i < c.n; i++ {
		row.Origin = i * c.n * c.n
		if c.observerPlus {
			row.Origin += c.n - 1
		}
		if _, err := k.Integrate(&row, &out); err != nil {
			t.Fatal(err)
		}
		for f := 0; f < nf; f++ {
			for j := 0; j < c.n; j++ {
				v := float64(out.Emission[f*c.n+j])
				if background != nil {
					v += float64(out.Transmission[f*c.n+j]) * background[f]
				}
				img[(i*c.n+j)*nf+f] = v
			}
		}
	}
	return img
}

func npzArray(t testing.TB, file, name string) []float64 {
	t.Helper()
	f, err := npz.Open("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var x []float64
	if err := f.Read(name+".npy", &x); err != nil {
		t.Fatalf("%s: %s: %v", file, name, err)
	}
	return x
}

func npyFloat32(t testing.TB, file string) []float64 {
	t.Helper()
	return npyFile(t, "testdata/"+file)
}

func npyFile(t testing.TB, path string) []float64 {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var x []float32
	if err := npyio.Read(f, &x); err != nil {
		t.Fatal(err)
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func coLine(t testing.TB, transition int, opts line.Options) *line.Line {
	t.Helper()
	m, err := lamda.CO()
	if err != nil {
		t.Fatal(err)
	}
	l, err := line.New(m, transition, opts)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// referenceFrequencies is the grid of the reference cubes: 31 channels of 300 m/s.
func referenceFrequencies(l *line.Line) []float64 {
	nu := l.RestFrequencyHz
	d := 300.0 * 30 / 2 / l.Constants.C * nu
	f := make([]float64, 31)
	for i := range f {
		f[i] = nu - d + 2*d*float64(i)/30
	}
	return f
}

// compare returns the largest difference over the peak, and the largest
// relative difference where the reference exceeds 1e-6 of the peak.
func compare(got, want []float64) (peak, rel float64) {
	top := 0.0
	for _, w := range want {
		top = max(top, w)
	}
	for i, w := range want {
		d := math.Abs(got[i] - w)
		if !(d < math.Inf(1)) {
			return math.Inf(1), math.Inf(1)
		}
		peak = max(peak, d/top)
		if w > 1e-6*top {
			rel = max(rel, d/w)
		}
	}
	return peak, rel
}

func TestGoldenCubes(t *testing.T) {
	for _, n := range []int{16, 32, 64} {
		c := referenceCube(n)
		file := fmt.Sprintf("rt_cube%d.npz", n)
		for tr, name := range []string{"img10", "img21"} {
			want := npzArray(t, file, name)
			l := coLine(t, tr, line.Options{})
			for _, kernel := range Variants() {
				if n == 64 && (kernel == "twin" || testing.Short()) {
					continue // a quarter of a second each; the same code as at 32³
				}
				p, r := compare(solveCube[float64](t, kernel, c, l, referenceFrequencies(l), false, nil), want)
				t.Logf("%s %d³ %s f64: %.1e of the peak, %.1e relative", kernel, n, name, p, r)
				if p > 5e-9 || r > 2e-5 {
					t.Errorf("%s %d³ %s f64: %.1e of the peak (allowed 5e-9), %.1e relative (2e-5)", kernel, n, name, p, r)
				}
				p, r = compare(solveCube[float32](t, kernel, c, l, referenceFrequencies(l), false, nil), want)
				t.Logf("%s %d³ %s f32: %.1e of the peak, %.1e relative", kernel, n, name, p, r)
				if p > 1e-5 || r > 1e-3 {
					t.Errorf("%s %d³ %s f32: %.1e of the peak (allowed 1e-5), %.1e relative (1e-3)", kernel, n, name, p, r)
				}
			}
		}
	}
}

func TestGoldenBackgroundAndSingleChannel(t *testing.T) {
	c := referenceCube(16)
	for tr, name := range []string{"10", "21"} {
		l := coLine(t, tr, line.Options{})
		freq := referenceFrequencies(l)
		for _, kernel := range Variants() {
			bg := npzArray(t, "rt_cube16.npz", "cmb"+name)
			for i, nu := range freq {
				if b := si.Planck(l.Constants, nu, 2.725); math.Abs(b/bg[i]-1) > 1e-9 {
					t.Errorf("CMB at %g Hz: %g, reference %g", nu, b, bg[i])
				}
			}
			p, r := compare(solveCube[float64](t, kernel, c, l, freq, false, bg), npzArray(t, "rt_cube16.npz", "img"+name+"_cmb"))
			if p > 5e-9 || r > 2e-5 {
				t.Errorf("%s CMB %s: %.1e of the peak, %.1e relative", kernel, name, p, r)
			}
			p, r = compare(solveCube[float64](t, kernel, c, l, []float64{l.RestFrequencyHz}, false, nil), npzArray(t, "rt_cube16.npz", "img"+name+"_singlefreq"))
			if p > 5e-9 || r > 2e-5 {
				t.Errorf("%s single %s: %.1e of the peak, %.1e relative", kernel, name, p, r)
			}
		}
	}
}

// errorRMS returns |got-want|₂/|want|₂.
func errorRMS(got, want []float64) float64 {
	var d, w float64
	for i := range want {
		d += (got[i] - want[i]) * (got[i] - want[i])
		w += want[i] * want[i]
	}
	return math.Sqrt(d / w)
}

// toFile reorders [x][y][ν increasing] to the [velocity][y][x] of the LTE
// benchmark, whose first channel is the bluest.
func toFile(img []float64, n, nf int) []float64 {
	out := make([]float64, len(img))
	for x := 0; x < n; x++ {
		for y := 0; y < n; y++ {
			for f := 0; f < nf; f++ {
				out[((nf-1-f)*n+y)*n+x] = img[(x*n+y)*nf+f]
			}
		}
	}
	return out
}

// benchmarkFrequencies is the grid of the LTE benchmark, increasing.
func benchmarkFrequencies(l *line.Line) []float64 {
	f := make([]float64, 31)
	for k := range f {
		f[30-k] = l.RestFrequencyHz * (1 - (-4500+300*float64(k))/l.Constants.C)
	}
	return f
}

func TestConvergedTruthFaceOn(t *testing.T) {
	for _, c := range []struct {
		model string
		rms   float64
	}{{"wind", 0.00041}, {"shear", 0.0036}} {
		l := coLine(t, 0, line.Options{Constants: si.RADMC3D(), RestFrequency: line.FromLevels})
		want := npyFloat32(t, c.model+"_J10_i000_p000_truth.npy")
		got := toFile(solveCube[float64](t, Variants()[0], benchmarkModel(c.model), l, benchmarkFrequencies(l), true, nil), 64, 31)
		rms := errorRMS(got, want)
		t.Logf("%s: rms error %.5f %%", c.model, 100*rms)
		if rms > c.rms {
			t.Errorf("%s: rms error %.5f %%, allowed %.3f %%", c.model, 100*rms, 100*c.rms)
		}
	}
}
