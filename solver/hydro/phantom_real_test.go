// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"fmt"
	"math"
	"testing"
)

const (
	windModel     = "../../configs/models/agb_wind.phantom"
	windSmallDump = "testdata/wind_small.phantom"
)

// dumpRow is minimum, maximum, mean, sum, first and last of an array in code
// units, by the independent program of testdata/README.md.
type dumpRow struct {
	block int
	tag   string
	want  [6]float64
}

// windRows are those of the double-precision dump that windModel was made of.
func windRows() []dumpRow {
	return []dumpRow{
		{1, "x", [6]float64{-3.8716470541e+01, 5.8402360676e+01, 1.2813356176e+00, 7.4355905890e+04, 1.1303822920e+00, 2.6691447599e+00}},
		{1, "y", [6]float64{-3.6457474345e+01, 5.9287846960e+01, -1.0521512756e+00, -6.1056338522e+04, 1.9760669628e+00, 2.5850884952e+00}},
		{1, "z", [6]float64{-3.7483839483e+01, 3.7920950998e+01, 1.1457071724e-03, 6.6485387212e+01, 1.4234702945e+00, 1.7655657056e+00}},
		{1, "vx", [6]float64{-1.1194172935e+00, 1.6435410004e+00, -2.2864311303e-02, -1.3268159849e+03, -2.2123387123e-01, 1.1974544844e-02}},
		{1, "vy", [6]float64{-1.3310654571e+00, 1.6144039965e+00, 2.4851045843e-02, 1.4421061903e+03, 7.9658986540e-02, 1.9130062330e-01}},
		{1, "vz", [6]float64{-1.2042302928e+00, 1.0959878254e+00, 5.0526882347e-05, 2.9320749826e+00, 3.4033936879e-01, 2.6799554571e-01}},
		{1, "u", [6]float64{7.0051471505e-03, 1.4562005967e+00, 4.7678480324e-02, 2.7667822132e+03, 3.7330740258e-02, 2.9908908680e-02}},
		{1, "h", [6]float64{-4.3944898248e-01, 1.5589962006e+01, 1.0329893557e+00, 5.9944372310e+04, 2.6834243536e-01, 3.4722054005e-01}},
		{2, "x", [6]float64{-1.6422860685e+00, 1.0948527714e+00, -2.7371664855e-01, -5.4743329710e-01, 1.0948527714e+00, -1.6422860685e+00}},
		{2, "m", [6]float64{1.0000005419e+00, 1.4999914830e+00, 1.2499960124e+00, 2.4999920249e+00, 1.4999914830e+00, 1.0000005419e+00}},
		{2, "vx", [6]float64{-2.2976735086e-01, 3.4464888570e-01, 5.7440767421e-02, 1.1488153484e-01, -2.2976735086e-01, 3.4464888570e-01}},
	}
}

func openDump(t *testing.T, path string) *Phantom {
	t.Helper()
	p, err := OpenPhantom(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// checkRows compares arrays of a dump. rtol is relative to the largest value
// for single elements and sums of n terms.
func checkRows(t *testing.T, p *Phantom, rows []dumpRow, rtol float64) {
	t.Helper()
	for _, row := range rows {
		x, err := p.Array(row.block, row.tag)
		if err != nil {
			t.Fatal(err)
		}
		lo, hi, sum := math.Inf(1), math.Inf(-1), 0.0
		for _, v := range x {
			lo, hi, sum = min(lo, v), max(hi, v), sum+v
		}
		n := float64(len(x))
		got := [6]float64{lo, hi, sum / n, sum, x[0], x[len(x)-1]}
		size := max(math.Abs(row.want[0]), math.Abs(row.want[1]))
		for c := range got {
			atol := rtol * size
			if c == 3 {
				atol *= n
			}
			// Eleven digits are given.
			if d := math.Abs(got[c] - row.want[c]); d > atol+6e-11*math.Abs(row.want[c]) {
				t.Errorf("block %d %s, column %d: %.12g, want %.12g: off by %.2g", row.block, row.tag, c, got[c], row.want[c], d)
			}
		}
	}
}

// checkWind compares counts, densities and temperatures with the table.
func checkWind(t *testing.T, p *Phantom, rtol float64) {
	t.Helper()
	h := p.Header()
	for tag, want := range map[string][]float64{
		"nparttot": {58030, 58030}, "nptmass": {2, 2}, "npartoftype": append([]float64{58030, 0, 0, 0, 0, 0, 0, 0}, 58030, 0, 0, 0, 0, 0, 0, 0),
		"time": {54}, "gamma": {1.2}, "hfact": {1.2}, "massoftype": {1.4484676588396008e-10, 0, 1.4484676588396008e-10, 0, 0, 0, 0, 0},
		"udist": {14960000000000}, "umass": {1.9891e33}, "utime": {5022728.790082334}, "umagfd": {8138.187949213826},
	} {
		got := h.All(tag)
		for i := range got {
			if i >= len(want) || math.Abs(got[i]-want[i]) > rtol*math.Abs(want[i]) {
				t.Errorf("%s: %v, want %v", tag, got, want)
				break
			}
		}
		if len(got) == 0 {
			t.Errorf("%s is missing", tag)
		}
	}
	conv := testConversion
	conv.TemperatureFloorK = 0
	points, err := p.Points(testPhantom, conv)
	if err != nil {
		t.Fatal(err)
	}
	if points.Len() != 58028 {
		t.Errorf("%d points, want 58028", points.Len())
	}
	perKg := 1e-4 / (2.02 * atomicMass)
	var fastest float64
	for i := range points.Len() {
		v := [3]float64{points.Velocity[0][i], points.Velocity[1][i], points.Velocity[2][i]}
		fastest = max(fastest, math.Sqrt(v[0]*v[0]+v[1]*v[1]+v[2]*v[2]))
	}
	toTable := tableAtomicMass / atomicMass
	for _, c := range []struct {
		name string
		x    []float64
		unit float64 // of the table, cgs
		want [3]float64
	}{
		{"rho", points.Density, 1e-3 / perKg, [3]float64{3.9244536793e-20, 1.9844006997e-14, 1.0521027391e-15}},
		{"T", points.Temperature, toTable, [3]float64{3.55923120e+02, 7.39878047e+04, 2.42055790e+03}},
		{"|v|", []float64{fastest}, 100, [3]float64{5.29233125e+06, 5.29233125e+06, 5.29233125e+06}},
	} {
		lo, hi, sum := math.Inf(1), math.Inf(-1), 0.0
		for _, v := range c.x {
			lo, hi, sum = min(lo, v*c.unit), max(hi, v*c.unit), sum+v*c.unit
		}
		for i, got := range [3]float64{lo, hi, sum / float64(len(c.x))} {
			if math.Abs(got/c.want[i]-1) > max(5e-9, rtol) {
				t.Errorf("%s, column %d: %.10g, want %.10g", c.name, i, got, c.want[i])
			}
		}
	}
}

// TestPhantomRealModel: the example was rounded to 4 bytes per real, 2⁻²⁴ = 6e-8
// relative, and u and v enter T and |v| once, h enters ρ three times, but that
// was 4 bytes before.
func TestPhantomRealModel(t *testing.T) {
	p := openDump(t, windModel)
	if p.Header().RealBytes != 4 || p.Header().Small() {
		t.Errorf("real of %d bytes, small %t", p.Header().RealBytes, p.Header().Small())
	}
	checkRows(t, p, windRows(), 6e-8)
	checkWind(t, p, 4e-7)
}

// TestPhantomSmallDump: a real small dump is described, and refused as a model.
func TestPhantomSmallDump(t *testing.T) {
	p := openDump(t, windSmallDump)
	checkRows(t, p, []dumpRow{
		{1, "x", [6]float64{-3.4683921814e+01, 5.9983379364e+01, 1.2524091143e+00, 6.5299358808e+04, 1.3100265265e+00, 2.2350268364e+00}},
		{1, "y", [6]float64{-3.2291446686e+01, 4.9669933319e+01, -1.6395629352e+00, -8.5485171881e+04, 1.6670215130e+00, -1.2305884361e+00}},
		{1, "z", [6]float64{-3.1287637711e+01, 3.1396339417e+01, 2.0220993835e-04, 1.0543023976e+01, 9.7662341595e-01, -7.7914839983e-01}},
		{1, "h", [6]float64{-2.9652392864e-01, 1.6783872604e+01, 9.7559939086e-01, 5.0866776640e+04, 2.6930758357e-01, 3.4559386969e-01}},
		{2, "m", [6]float64{1.0000004768e+00, 1.4999924898e+00, 1.2499964833e+00, 2.4999929667e+00, 1.4999924898e+00, 1.0000004768e+00}},
		{2, "lum", [6]float64{0, 5.9002069756e-03, 2.9501034878e-03, 5.9002069756e-03, 5.9002069756e-03, 0}},
	}, 1e-12)
	lines, err := p.Describe()
	if err != nil {
		t.Fatal(err)
	}
	last := lines[len(lines)-1]
	if got, want := fmt.Sprint(last), "{live particles 52138 of 52139 with h > 0}"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	_, err = p.Points(testPhantom, testConversion)
	checkError(t, err, "wind_small.phantom|small dump|velocities|full dump")
}
