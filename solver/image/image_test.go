// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"math"
	"strings"
	"testing"
)

// lineCube returns an image whose pixels are Gaussian lines: amplitude, centre
// and width in velocity [m/s] come from shape, on n channels over ±vmax.
func lineCube(nx, ny, n int, vmax float64, shape func(x, y int) (a, v0, sigma float64)) *Image {
	const nu0 = 230.538e9
	im := &Image{
		ModelName: "test model", Species: "CO", Transition: "2-1", ViewName: "i60_p30", RestFrequencyHz: nu0,
		NX: nx, NY: ny, PixelSizeM: [2]float64{2e12, 3e12}, OriginM: [2]float64{1e12, -5e12},
		AxisX: "+x", AxisY: "+y", AxisLOS: "+z", Intensity: make([]float64, n*nx*ny), BackgroundSI: make([]float64, n),
		Provenance: []KeyValue{{"config_digest", "sha256:0123"}, {"snapshot", "wind.dat"}},
	}
	for k := range n {
		v := vmax * (1 - 2*float64(k)/float64(n-1))
		im.FrequenciesHz = append(im.FrequenciesHz, nu0*(1-v/lightSpeed))
		im.BackgroundSI[k] = 1e-19 * (1 + float64(k))
		for y := range ny {
			for x := range nx {
				a, v0, s := shape(x, y)
				im.Channel(k)[y*nx+x] = im.BackgroundSI[k] + a*math.Exp(-(v-v0)*(v-v0)/(2*s*s))
			}
		}
	}
	return im
}

func gaussians(x, y int) (a, v0, sigma float64) {
	return 1e-15 * float64(1+x), 300 * float64(y-1), 400 + 50*float64(x)
}

func near(got, want, rel float64) bool { return math.Abs(got-want) <= rel*math.Abs(want) }

func TestMomentsOfGaussians(t *testing.T) {
	im := lineCube(4, 3, 121, 6000, gaussians)
	for _, u := range []Unit{SI, JyPerPixel} {
		m, err := im.Moments(u, 140, 0)
		if err != nil {
			t.Fatal(err)
		}
		f, err := im.Factor(u, 0, 140)
		if err != nil {
			t.Fatal(err)
		}
		for y := range im.NY {
			for x := range im.NX {
				a, v0, s := gaussians(x, y)
				p := y*im.NX + x
				if want := f * a * s * math.Sqrt(2*math.Pi); !near(m.Integrated[p], want, 1e-9) {
					t.Errorf("%s M0(%d, %d) = %g: want %g", u, x, y, m.Integrated[p], want)
				}
				if math.Abs(m.Velocity[p]-v0) > 1e-6 {
					t.Errorf("%s M1(%d, %d) = %g: want %g", u, x, y, m.Velocity[p], v0)
				}
				if !near(m.Dispersion[p], s, 1e-9) {
					t.Errorf("%s dispersion(%d, %d) = %g: want %g", u, x, y, m.Dispersion[p], s)
				}
			}
		}
	}
}

// The trapezoidal rule is of second order where the line does not vanish at
// the ends: halving the channels must divide the error by four.
func TestMomentConverges(t *testing.T) {
	cut := func(int, int) (float64, float64, float64) { return 1e-15, 0, 3000 }
	want := 1e-15 * 3000 * math.Sqrt(2*math.Pi) * math.Erf(2000/(3000*math.Sqrt2))
	var e [2]float64
	for i, n := range []int{17, 33} {
		m, err := lineCube(1, 1, n, 2000, cut).Moments(SI, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		e[i] = math.Abs(m.Integrated[0]/want - 1)
	}
	if ratio := e[0] / e[1]; e[1] > 2e-4 || ratio < 3.9 || ratio > 4.1 {
		t.Errorf("errors %g, ratio %g: want below 2e-4 and a ratio of 4", e, ratio)
	}
}

func TestMomentsOfIrregularChannels(t *testing.T) {
	im := lineCube(1, 1, 401, 6000, func(int, int) (float64, float64, float64) { return 1e-15, 100, 500 })
	keep := func(k int) bool { return k%2 == 0 || (k > 150 && k < 250) } // finer in the core
	thin := *im
	thin.FrequenciesHz, thin.Intensity, thin.BackgroundSI = nil, nil, nil
	for k := range im.FrequenciesHz {
		if keep(k) {
			thin.FrequenciesHz = append(thin.FrequenciesHz, im.FrequenciesHz[k])
			thin.Intensity = append(thin.Intensity, im.Intensity[k])
			thin.BackgroundSI = append(thin.BackgroundSI, im.BackgroundSI[k])
		}
	}
	if thin.Equidistant() || !im.Equidistant() {
		t.Fatalf("Equidistant: thinned %v, full %v: want false, true", thin.Equidistant(), im.Equidistant())
	}
	m, err := thin.Moments(SI, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := 1e-15 * 500 * math.Sqrt(2*math.Pi); !near(m.Integrated[0], want, 1e-4) || math.Abs(m.Velocity[0]-100) > 0.1 {
		t.Errorf("M0 = %g, M1 = %g: want %g, 100", m.Integrated[0], m.Velocity[0], want)
	}
}

func TestMomentsOfBlankAndEmptyPixels(t *testing.T) {
	im := lineCube(3, 1, 41, 3000, func(x, _ int) (float64, float64, float64) {
		return []float64{1e-15, 0, 1e-15}[x], 0, 300
	})
	im.Channel(7)[2] = math.NaN()
	m, err := im.Moments(Kelvin, 0, 1e-6)
	if err != nil {
		t.Fatal(err)
	}
	if math.IsNaN(m.Velocity[0]) || m.Integrated[1] != 0 || !math.IsNaN(m.Velocity[1]) || !math.IsNaN(m.Dispersion[1]) {
		t.Errorf("line %g; empty pixel M0 %g, M1 %g, M2 %g: want finite; 0, NaN, NaN", m.Velocity[0], m.Integrated[1], m.Velocity[1], m.Dispersion[1])
	}
	if !math.IsNaN(m.Integrated[2]) {
		t.Errorf("M0 of a pixel with a blank channel is %g: want NaN", m.Integrated[2])
	}
	s, err := im.Spectrum(SI, 0)
	if err != nil || math.IsNaN(s[7]) {
		t.Errorf("spectrum with a blank pixel: %v, %v: want it left out", s[7], err)
	}
}

func TestUnits(t *testing.T) {
	im := lineCube(2, 2, 3, 1000, gaussians)
	// A black body in the Rayleigh–Jeans limit, 2kν²T/c² at 100 K.
	nu := im.FrequenciesHz[1]
	rj := 2 * 1.380649e-23 * nu * nu * 100 / (299792458.0 * 299792458.0)
	f, err := im.Factor(Kelvin, 1, 0)
	if err != nil || !near(f*rj, 100, 1e-14) {
		t.Errorf("T_b = %g, %v: want 100 K", f*rj, err)
	}
	// 1 au² at 1 pc is 1 arcsec².
	im.PixelSizeM = [2]float64{auM, auM}
	f, err = im.Factor(JyPerPixel, 1, 1)
	arcsec := math.Pi / (180 * 3600)
	if err != nil || !near(f, 1e26*arcsec*arcsec, 1e-13) {
		t.Errorf("Jy/pixel factor %g, %v: want 1e26 square arcseconds", f, err)
	}
	for _, c := range []struct {
		u Unit
		d float64
	}{{JyPerPixel, 0}, {JyPerPixel, math.NaN()}, {"mK", 1}, {"", 1}} {
		if _, err := im.Factor(c.u, 0, c.d); err == nil {
			t.Errorf("Factor(%q, %g pc): no error", c.u, c.d)
		}
	}
}

func TestSpectrumOfUniformImage(t *testing.T) {
	im := lineCube(5, 4, 3, 1000, func(int, int) (float64, float64, float64) { return 2e-15, 0, 1e9 })
	for _, c := range []struct {
		u    Unit
		want float64
	}{
		{SI, 2e-15 * 20 * 2e12 * 3e12},
		{Kelvin, 2e-15 * math.Pow(299792458.0/im.FrequenciesHz[1], 2) / (2 * 1.380649e-23)},
		{JyPerPixel, 2e-15 * 20 * 2e12 * 3e12 / math.Pow(100*3.0856775814913674e16, 2) * 1e26},
	} {
		s, err := im.Spectrum(c.u, 100)
		if err != nil || !near(s[1], c.want, 1e-9) {
			t.Errorf("%s: %g, %v: want %g", c.u, s[1], err, c.want)
		}
	}
}

func TestVelocities(t *testing.T) {
	im := lineCube(1, 1, 3, 1500, gaussians)
	v := im.VelocitiesMS()
	for k, want := range []float64{1500, 0, -1500} {
		if math.Abs(v[k]-want) > 1e-4 {
			t.Errorf("velocity of channel %d: %g: want %g (ν increases, v decreases)", k, v[k], want)
		}
	}
}

func TestValidateNamesTheField(t *testing.T) {
	for _, c := range []struct {
		want string
		edit func(im *Image)
	}{
		{"", func(*Image) {}},
		{"", func(im *Image) { im.BackgroundSI = nil }},
		{"", func(im *Image) { im.Intensity[0] = math.NaN() }},
		{"0 × 2 pixels", func(im *Image) { im.NX = 0 }},
		{"Intensity has 11", func(im *Image) { im.Intensity = im.Intensity[1:] }},
		{"too large", func(im *Image) { im.NX = 1 << 40; im.NY = 1 << 40 }},
		{"BackgroundSI has 2", func(im *Image) { im.BackgroundSI = im.BackgroundSI[1:] }},
		{"BackgroundSI[0]", func(im *Image) { im.BackgroundSI[0] = -1 }},
		{"RestFrequencyHz", func(im *Image) { im.RestFrequencyHz = math.Inf(1) }},
		{"FrequenciesHz[1]", func(im *Image) { im.FrequenciesHz[1] = im.FrequenciesHz[0] }},
		{"FrequenciesHz[2]", func(im *Image) { im.FrequenciesHz[2] = math.NaN() }},
		{"PixelSizeM[1]", func(im *Image) { im.PixelSizeM[1] = 0 }},
		{"OriginM[0]", func(im *Image) { im.OriginM[0] = math.NaN() }},
	} {
		im := lineCube(2, 2, 3, 1000, gaussians)
		c.edit(im)
		err := im.Validate()
		if (err == nil) != (c.want == "") || (err != nil && !strings.Contains(err.Error(), c.want)) {
			t.Errorf("error %v: want one with %q", err, c.want)
		}
	}
}
