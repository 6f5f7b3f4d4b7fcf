// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/columen/columen/solver/line"
	"github.com/columen/columen/solver/si"
)

// profile is the fields along one ray, from the observer on.
type profile struct {
	n, t, v, w []float64
	length     float64 // of the whole ray [m]
}

// sample takes fields(z) at n cell centres of [0, length].
func sample(cells int, length float64, fields func(z float64) (n, t, v, w float64)) profile {
	p := profile{length: length}
	for i := range cells {
		n, t, v, w := fields((float64(i) + 0.5) / float64(cells) * length)
		p.n, p.t, p.v, p.w = append(p.n, n), append(p.t, t), append(p.v, v), append(p.w, w)
	}
	return p
}

// along solves a ray from face to face; T and E per channel.
func along(t testing.TB, kernel string, l *line.Line, p profile, freq []float64) (tr, em []float64) {
	t.Helper()
	m := NewMedium(l)
	k, err := Named[float64](kernel, m, m.Offsets(freq), Limits{len(p.n)})
	if err != nil {
		t.Fatal(err)
	}
	row := Row[float64]{Density: p.n, Temperature: p.t, Velocity: p.v, Turbulence: p.w, Across: 0, Step: 1, Rays: 1, Cells: len(p.n),
		VelocitySign: 1, CellLength: p.length / float64(len(p.n)), NearFace: true, FarFace: true, Single: len(p.n) == 1}
	row.Ends = []int32{int32(row.Segments())}
	out := Result[float64]{Transmission: make([]float64, len(freq)), Emission: make([]float64, len(freq)), StrideChannel: 1}
	if _, err := k.Integrate(&row, &out); err != nil {
		t.Fatal(err)
	}
	return out.Transmission, out.Emission
}

// peakOpacity is the opacity at line centre [1/m].
func peakOpacity(l *line.Line, n, t, w float64) float64 {
	return n * l.Opacity(t) / (math.Sqrt(math.Pi) * l.DopplerWidth(t, w))
}

func near(t *testing.T, what string, got, want, scale float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-12*scale) {
		t.Errorf("%s = %.16g, want %.16g: %.1e of %g, allowed 1e-12", what, got, want, math.Abs(got-want)/scale, scale)
	}
}

// I = S (1-e^{-τ}) + I_bg e^{-τ}, thin to thick.
func TestUniformSlab(t *testing.T) {
	l := coLine(t, 0, line.Options{})
	const tk, w, length = 37.0, 180.0, 3e14
	freq := referenceFrequencies(l)
	for _, kernel := range Variants() {
		for _, cells := range []int{1, 2, 7, 64} {
			for _, n := range []float64{1e-3, 1e6, 3e8, 1e12, 1e16} {
				tr, em := along(t, kernel, l, sample(cells, length, func(float64) (float64, float64, float64, float64) { return n, tk, 250, w }), freq)
				scale := -math.Expm1(-peakOpacity(l, n, tk, w) * length)
				for f, nu := range freq {
					b := (nu*(1+250/l.Constants.C) - l.RestFrequencyHz) / l.DopplerWidth(tk, w)
					tau := peakOpacity(l, n, tk, w) * length * math.Exp(-b*b)
					// The offset of a channel carries the rounding of ν, 1e-16 of 1e11 Hz over a width of 1e5 Hz: b is good to 1e-10.
					slope := 2 * math.Abs(b) * 2e-10 * tau * math.Exp(-tau) / 1e-12
					what := fmt.Sprintf("%s %d cells n=%g channel %d", kernel, cells, n, f)
					near(t, what+" T", tr[f], math.Exp(-tau), max(1, slope))
					near(t, what+" E", em[f]/l.Source(tk), -math.Expm1(-tau), max(scale, slope))
				}
			}
		}
	}
}

// In the thick limit I = S = B_ν(T) where the rest frequency belongs to the levels.
func TestThickLimitIsPlanck(t *testing.T) {
	l := coLine(t, 1, line.Options{RestFrequency: line.FromLevels})
	for _, kernel := range Variants() {
		tr, em := along(t, kernel, l, sample(5, 1e15, func(float64) (float64, float64, float64, float64) { return 1e14, 55, 0, 200 }), []float64{l.RestFrequencyHz})
		want := si.Planck(l.Constants, l.RestFrequencyHz, 55)
		near(t, kernel+" I", em[0], want, want)
		if tr[0] != 0 {
			t.Errorf("%s: T = %g through τ ≫ 1", kernel, tr[0])
		}
	}
}

// v = g z: b is linear along the whole ray, so the closed form holds for any number of cells.
func TestConstantVelocityGradient(t *testing.T) {
	l := coLine(t, 0, line.Options{})
	const tk, w, length = 30.0, 100.0, 2e14
	width := l.DopplerWidth(tk, w)
	bg := si.Planck(l.Constants, l.RestFrequencyHz, 2.725)
	for _, kernel := range Variants() {
		for _, n := range []float64{1e5, 2e8, 1e11} {
			for _, speed := range []float64{-40, 9, 900, 20000} { // of the far end [m/s]: narrow and wide segments
				for _, cells := range []int{2, 13, 100} {
					p := sample(cells, length, func(z float64) (float64, float64, float64, float64) { return n, tk, speed * z / length, w })
					freq := referenceFrequencies(l)
					tr, em := along(t, kernel, l, p, freq)
					total := peakOpacity(l, n, tk, w) * length
					for f, nu := range freq {
						b0 := (nu - l.RestFrequencyHz) / width
						b1 := b0 + nu*speed/l.Constants.C/width
						tau := total * math.Sqrt(math.Pi) / 2 * erfBetween(b0, b1) / (b1 - b0)
						got := em[f]/l.Source(tk) + tr[f]*bg/l.Source(tk)
						want := -math.Expm1(-tau) + math.Exp(-tau)*bg/l.Source(tk)
						slope := 2 * math.Min(math.Abs(b0), math.Abs(b1)) * 2e-10 * tau * math.Exp(-tau) / 1e-12
						near(t, fmt.Sprintf("%s n=%g Δv=%g %d cells channel %d I/S", kernel, n, speed, cells, f), got, want, max(1, slope))
					}
				}
			}
		}
	}
}

func erfBetween(b0, b1 float64) float64 {
	if b0 > 0 && b1 > 0 {
		return math.Erfc(b0) - math.Erfc(b1)
	}
	if b0 < 0 && b1 < 0 {
		return math.Erfc(-b1) - math.Erfc(-b0)
	}
	return math.Erf(b1) - math.Erf(b0)
}

// Two slabs, computed apart and composed, before a background.
func TestTwoSlabComposition(t *testing.T) {
	l := coLine(t, 1, line.Options{})
	freq := []float64{l.RestFrequencyHz}
	slab := func(n, tk float64) profile {
		return sample(6, 1e14, func(float64) (float64, float64, float64, float64) { return n, tk, 0, 150 })
	}
	bg := si.Planck(l.Constants, freq[0], 2.725)
	for _, kernel := range Variants() {
		t1, e1 := along(t, kernel, l, slab(2e8, 20), freq)
		t2, e2 := along(t, kernel, l, slab(5e8, 80), freq)
		tau1, tau2 := peakOpacity(l, 2e8, 20, 150)*1e14, peakOpacity(l, 5e8, 80, 150)*1e14
		want := l.Source(20)*-math.Expm1(-tau1) + math.Exp(-tau1)*(l.Source(80)*-math.Expm1(-tau2)+math.Exp(-tau2)*bg)
		Compose(t1, e1, t2, e2)
		near(t, kernel+" I", e1[0]+t1[0]*bg, want, want)
	}
}

// Along a smooth ray the error falls as the square of the cell size.
func TestOrderOfConvergence(t *testing.T) {
	l := coLine(t, 0, line.Options{})
	freq := referenceFrequencies(l)
	fields := func(z float64) (n, tk, v, w float64) {
		u := z/1e14 - 1
		return 2e8 * (1 + 0.5*math.Sin(3*u)) / (0.2 + u*u), 20 + 15*math.Cos(2*u), 2500 * math.Sin(1.5*u), 150 + 40*u
	}
	for _, kernel := range Variants() {
		_, truth := along(t, kernel, l, sample(8192, 2e14, fields), freq)
		var last float64
		for _, n := range []int{32, 64, 128, 256} {
			_, got := along(t, kernel, l, sample(n, 2e14, fields), freq)
			e := errorRMS(got, truth)
			t.Logf("%s %d cells: rms error %.2e, ratio %.2f", kernel, n, e, last/e)
			if last > 0 && (last/e < 3.6 || last/e > 4.6) {
				t.Errorf("%s %d cells: the error falls %.2f-fold, want about 4", kernel, n, last/e)
			}
			last = e
		}
		if last > 1.6e-4 { // 1.44e-4 when this was written
			t.Errorf("%s: rms error at 256 cells is %.1e, allowed 1.6e-4", kernel, last)
		}
	}
}

// OpticalDepth against quadrature that knows nothing of error functions.
func TestOpticalDepth(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		a0, a1 := rng.Float64(), rng.Float64()*math.Pow(10, -6*rng.Float64())
		b0 := 12 * (rng.Float64() - 0.5)
		d := math.Pow(10, -6+8*rng.Float64())
		if rng.IntN(2) == 0 {
			d = -d
		}
		b1 := b0 + d
		d = b1 - b0
		const panels = 400
		want := 0.0
		lo, hi := 0.0, 1.0 // the part of the segment where the Gaussian lives
		if math.Abs(d) > 1 {
			p, q := (-9-b0)/d, (9-b0)/d
			lo, hi = math.Max(0, math.Min(p, q)), math.Min(1, math.Max(p, q))
		}
		for i := range panels {
			for j, x := range gaussNodes() {
				s := lo + (hi-lo)*(float64(i)+0.5+x)/panels
				b := b0 + s*d
				want += gaussWeights()[j] * (hi - lo) / panels * (a0 + (a1-a0)*s) * math.Exp(-b*b)
			}
		}
		got := OpticalDepth(a0, a1, b0, b1)
		floor := max(a0, a1) * math.Exp(-math.Min(b0*b0, b1*b1))
		if b0*b1 < 0 {
			floor = max(a0, a1)
		}
		if got < 0 || math.Abs(got-want) > 1e-12*floor {
			t.Fatalf("OpticalDepth(%g, %g, %g, %g) = %g, quadrature %g", a0, a1, b0, b1, got, want)
		}
	}
}

// Weights against their integrals ∫(1-t/τ)e^{-t} dt and ∫(t/τ)e^{-t} dt.
func TestWeights(t *testing.T) {
	for _, tau := range []float64{0, 1e-12, 1e-5, 0.1, 0.499, 0.5, 0.999, 1, 3, 50, 800} {
		var i0, i1 float64
		const panels = 2000
		upper := math.Min(tau, 60)
		for i := range panels {
			for j, x := range gaussNodes() {
				s := upper * (float64(i) + 0.5 + x) / panels
				w := gaussWeights()[j] * upper / panels * math.Exp(-s)
				if tau > 0 {
					i0 += w * (1 - s/tau)
					i1 += w * s / tau
				}
			}
		}
		w0, w1, keep := Weights(tau)
		near(t, fmt.Sprintf("w₀(%g)", tau), w0, i0, max(i0, 1e-300))
		near(t, fmt.Sprintf("w₁(%g)", tau), w1, i1, max(i1, 1e-300))
		near(t, fmt.Sprintf("e^{-%g}", tau), keep, math.Exp(-tau), 1)
	}
}
