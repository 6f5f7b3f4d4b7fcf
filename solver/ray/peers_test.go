// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"fmt"
	"math"
	"testing"

	"github.com/columen/columen/solver/line"
	"github.com/columen/columen/solver/si"
)

// publishedImage is the formula of the published code, for this test only: its
// Δτ cancels in the wings and may be negative, and the second-order signs of its thin branch are exchanged.
func publishedImage(c cube, l *line.Line, freq []float64) []float64 {
	n, nf := c.n, len(freq)
	dx := c.size / float64(n)
	img := make([]float64, n*n*nf)
	a, iw, s := make([]float64, n), make([]float64, n), make([]float64, n)
	for r := 0; r < n*n; r++ {
		for k := 0; k < n; k++ {
			at := r*n + k
			w := l.DopplerWidth(c.tem[at], c.turb[at])
			iw[k] = 1 / w
			a[k] = 1 / math.Sqrt(math.Pi) / w * l.Opacity(c.tem[at]) * c.den[at] * dx
			s[k] = l.Source(c.tem[at])
		}
		for f, nu := range freq {
			tau, sum := 0.0, 0.0
			for k := 0; k+1 < n; k++ {
				b0 := iw[k] * (nu*(1+c.v[r*n+k]/l.Constants.C) - l.RestFrequencyHz)
				b1 := iw[k+1] * (nu*(1+c.v[r*n+k+1]/l.Constants.C) - l.RestFrequencyHz)
				d := publishedDepth(a[k], a[k+1], b0, b1)
				e0, e1 := math.Exp(-tau), math.Exp(-tau-d)
				if d < 1e-4 {
					h := d / 2
					q := h * d / 3
					w := q * d / 4
					sum += s[k]*e0*(h+q+w) + s[k+1]*e1*(h-q-w)
				} else {
					sum += (s[k]*(e1-e0*(1-d)) + s[k+1]*(e0-e1*(1+d))) / (d + 1e-30)
				}
				tau += d
			}
			img[r*nf+f] = math.Abs(sum)
		}
	}
	return img
}

func publishedDepth(a0, a1, b0, b1 float64) float64 {
	d := b1 - b0
	if math.Abs(d) < 1e-4 {
		g := math.Exp(-b0 * b0)
		return (a0+a1)/2*g - (a0+2*a1)/3*g*b0*d
	}
	return ((a1-a0)*(math.Exp(-b0*b0)-math.Exp(-b1*b1)) + math.Sqrt(math.Pi)*(a1*b0-a0*b1)*(math.Erf(b0)-math.Erf(b1))) * 0.5 / (d*d + 1e-30)
}

// The model, the line data and the frequencies are those of the reference: with the published formulas
// we reproduce it beyond what either formula's rounding allows to tell apart.
func TestPublishedFormulas(t *testing.T) {
	for _, n := range []int{16, 32} { // 64³ takes longer: golden_long_test.go
		comparePublished(t, n)
	}
}

func comparePublished(t *testing.T, n int) {
	t.Helper()
	for tr, name := range []string{"img10", "img21"} {
		want := npzArray(t, fmt.Sprintf("rt_cube%d.npz", n), name)
		l := coLine(t, tr, line.Options{})
		got := publishedImage(referenceCube(n), l, referenceFrequencies(l))
		top, worst := 0.0, 0.0
		for _, w := range want {
			top = max(top, w)
		}
		for i, w := range want {
			worst = max(worst, math.Abs(got[i]-w)/(1e-7*math.Abs(w)+1e-9*top))
		}
		t.Logf("%d³ %s: %.2g of the tolerance", n, name, worst)
		if !(worst <= 1) {
			t.Errorf("%d³ %s: %.2g times the tolerance 1e-7·|ref| + 1e-9·max", n, name, worst)
		}
	}
}

// TestPublishedRay compares what lies between the fields and the image: Δτ and τ of one ray in every channel.
func TestPublishedRay(t *testing.T) {
	c := referenceCube(16)
	for tr, name := range []string{"10", "21"} {
		l := coLine(t, tr, line.Options{})
		freq := referenceFrequencies(l)
		m := NewMedium(l)
		dtau, tau := npzArray(t, "rt_cube16.npz", "ray"+name+"_dtau"), npzArray(t, "rt_cube16.npz", "ray"+name+"_tau")
		top := 0.0
		for _, d := range dtau {
			top = max(top, d)
		}
		for _, kernel := range Variants() {
			k, err := Named[float64](kernel, m, m.Offsets(freq), Limits{16})
			if err != nil {
				t.Fatal(err)
			}
			row := Row[float64]{Density: c.den, Temperature: c.tem, Velocity: c.v, Turbulence: c.turb, Origin: (5*16 + 9) * 16,
				Across: 16, Step: 1, Rays: 1, Cells: 16, VelocitySign: 1, CellLength: c.size / 16}
			for i := int32(1); i < 16; i++ {
				row.Ends = append(row.Ends, i) // every segment a piece of its own
			}
			out := Result[float64]{Transmission: make([]float64, 15*31), Emission: make([]float64, 15*31), StrideRay: 1, StrideChannel: 1, StridePiece: 31}
			if _, err := k.Integrate(&row, &out); err != nil {
				t.Fatal(err)
			}
			for f := 0; f < 31; f++ {
				sum := 0.0
				for s := 0; s < 15; s++ {
					got, want := -math.Log(out.Transmission[s*31+f]), dtau[s*31+f]
					sum += got
					if math.Abs(got-want) > 1e-7*math.Abs(want)+1e-9*top {
						t.Errorf("%s J=%s segment %d channel %d: Δτ = %g, reference %g", kernel, name, s, f, got, want)
					}
				}
				if want := tau[15*31+f]; math.Abs(sum-want) > 1e-7*want+1e-8*top {
					t.Errorf("%s J=%s channel %d: τ = %g, reference %g", kernel, name, f, sum, want)
				}
			}
		}
	}
}

// constantCells is the first-order scheme of RADMC-3D, for this test only: every cell has one opacity and one source.
func constantCells(c cube, l *line.Line, freq []float64) []float64 {
	n, nf := c.n, len(freq)
	dx := c.size / float64(n)
	img := make([]float64, n*n*nf)
	for r := 0; r < n*n; r++ {
		for f, nu := range freq {
			x := l.Constants.C * (nu - l.RestFrequencyHz) / l.RestFrequencyHz
			transmission, sum := 1.0, 0.0
			for k := n - 1; k >= 0; k-- { // the observer is at +z
				at := r*n + k
				w := l.DopplerVelocity(c.tem[at], c.turb[at])
				b := (x - c.v[at]) / w
				phi := l.Constants.C / (w * l.RestFrequencyHz * math.Sqrt(math.Pi)) * math.Exp(-b*b)
				tau := l.Opacity(c.tem[at]) * c.den[at] * phi * dx
				sum += transmission * l.Source(c.tem[at]) * -math.Expm1(-tau)
				transmission *= math.Exp(-tau)
			}
			img[r*nf+f] = sum
		}
	}
	return img
}

func TestFirstOrderPeer(t *testing.T) {
	for _, model := range []string{"wind", "shear"} {
		l := coLine(t, 0, line.Options{Constants: si.RADMC3D(), RestFrequency: line.FromLevels})
		got := toFile(constantCells(benchmarkModel(model), l, benchmarkFrequencies(l)), 64, 31)
		plain := npyFloat32(t, model+"_J10_i000_p000_radmc_plain.npy")
		peak, _ := compare(got, plain)
		t.Logf("%s: %.1e of the peak", model, peak)
		if peak > 1e-6 {
			t.Errorf("%s: %.1e of the peak, allowed 1e-6", model, peak)
		}
		truth := npyFloat32(t, model+"_J10_i000_p000_truth.npy")
		t.Logf("%s: the first-order scheme's rms error is %.2f %%", model, 100*errorRMS(plain, truth))
	}
}
