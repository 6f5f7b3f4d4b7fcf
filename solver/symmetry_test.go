// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"fmt"
	"math"
	"testing"
)

var axes = []string{"+z", "-z", "-y", "-x", "+y", "+x"}

// of returns the coordinate, or the velocity component, along it.
func (d Direction) of(v [3]float64) float64 { return float64(d.Sign) * v[d.Axis] }

// turned is the model as a camera sees it: its x, y and z are the view's image axes and the direction to the observer.
func turned(f fields, v View) fields {
	return func(x, y, z float64) (float64, float64, [3]float64, float64) {
		var at [3]float64
		for _, c := range []struct {
			d Direction
			s float64
		}{{v.ImageX, x}, {v.ImageY, y}, {v.Observer, z}} {
			at[c.d.Axis] = float64(c.d.Sign) * c.s
		}
		n, t, vel, w := f(at[0], at[1], at[2])
		return n, t, [3]float64{v.ImageX.of(vel), v.ImageY.of(vel), v.Observer.of(vel)}, w
	}
}

// Every view is the +z view of the model turned by quarter turns.
func TestEveryViewIsATurn(t *testing.T) {
	l := coLine(t, 1)
	cells := [3]int{13, 11, 17}
	for _, axis := range axes {
		v := view(t, axis)
		p := Problem{Line: l, FrequenciesHz: channels(l, 5, 600), View: v}
		got := solveRanks[float64](t, meshOf(cells[0], cells[1], cells[2]), [3]int{1, 1, 1}, spiral, p)
		p.View = view(t, "+z")
		m := meshOf(cells[v.ImageX.Axis], cells[v.ImageY.Axis], cells[v.Observer.Axis])
		want := solveRanks[float64](t, m, [3]int{1, 1, 1}, turned(spiral, v), p)
		if d := difference(got, want); d > 1e-13 {
			t.Errorf("view %s: differs from the turned model by %.1e of the peak", axis, d)
		}
	}
}

// The table of image axes follows from inclination and azimuth.
func TestImageAxesFollowTheCamera(t *testing.T) {
	for _, c := range []struct {
		axis   string
		i, phi float64
	}{{"+z", 0, 0}, {"-z", 180, 0}, {"-y", 90, 0}, {"-x", 90, 90}, {"+y", 90, 180}, {"+x", 90, 270}} {
		si, ci := math.Sincos(c.i * math.Pi / 180)
		sp, cp := math.Sincos(c.phi * math.Pi / 180)
		turn := func(x, y, z float64) [3]float64 {
			y, z = ci*y-si*z, si*y+ci*z
			return [3]float64{cp*x + sp*y, -sp*x + cp*y, z}
		}
		v := view(t, c.axis)
		for _, e := range []struct {
			name string
			d    Direction
			want [3]float64
		}{{"image x", v.ImageX, turn(1, 0, 0)}, {"image y", v.ImageY, turn(0, 1, 0)}, {"observer", v.Observer, turn(0, 0, 1)}} {
			if math.Abs(e.d.of(e.want)-1) > 1e-15 {
				t.Errorf("view %s: %s is %v, the camera has %.0f", c.axis, e.name, e.d, e.want)
			}
		}
	}
}

// A mirror across the line of sight mirrors the image.
func TestMirror(t *testing.T) {
	l := coLine(t, 0)
	const nx, ny = 13, 11
	mirrored := func(x, y, z float64) (float64, float64, [3]float64, float64) {
		n, tk, v, w := spiral(-x, y, z)
		v[0] = -v[0]
		return n, tk, v, w
	}
	p := Problem{Line: l, FrequenciesHz: channels(l, 5, 600), View: view(t, "+z")}
	m := meshOf(nx, ny, 17)
	a := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
	b := solveRanks[float64](t, m, [3]int{1, 1, 1}, mirrored, p)
	flipped := make([]float64, len(b))
	for i := range b {
		flipped[i-i%nx+nx-1-i%nx] = b[i]
	}
	if d := difference(flipped, a); d > 1e-13 {
		t.Errorf("mirror: differs by %.1e of the peak", d)
	}
}

// Gas that moves away faster by one channel, in channels equidistant in ln ν, shows the same image one channel lower:
// exactly, since ν(1+v/c) = νq⁻¹·(1+v/c)q.
func TestVelocityShift(t *testing.T) {
	l := coLine(t, 1)
	const nf, step = 41, 300.0
	q := 1 + step/l.Constants.C
	freq := make([]float64, nf)
	for i := range freq {
		freq[i] = l.RestFrequencyHz * math.Pow(q, float64(i-nf/2))
	}
	p := Problem{Line: l, FrequenciesHz: freq, View: view(t, "+z")}
	shifted := func(x, y, z float64) (float64, float64, [3]float64, float64) {
		n, tk, v, w := spiral(x, y, z)
		v[2] -= step * (1 - v[2]/l.Constants.C) // v_los = -v_z
		return n, tk, v, w
	}
	m := meshOf(7, 6, 24)
	a := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
	b := solveRanks[float64](t, m, [3]int{1, 1, 1}, shifted, p)
	plane := len(a) / nf
	// A channel of 1e11 Hz is known to 1e-5 Hz, a width has 1e5 Hz: 1e-10 in b.
	if d := difference(b[:len(b)-plane], a[plane:]); d > 1e-9 {
		t.Errorf("shift by one channel: differs by %.1e of the peak", d)
	}
}

// Reversed velocities reverse the channels, up to terms of order v/c.
func TestVelocityReversal(t *testing.T) {
	l := coLine(t, 0)
	const nf = 9
	p := Problem{Line: l, FrequenciesHz: channels(l, nf, 500), View: view(t, "-x")}
	reversed := func(x, y, z float64) (float64, float64, [3]float64, float64) {
		n, tk, v, w := spiral(x, y, z)
		return n, tk, [3]float64{-v[0], -v[1], -v[2]}, w
	}
	m := meshOf(16, 9, 8)
	a := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
	b := solveRanks[float64](t, m, [3]int{1, 1, 1}, reversed, p)
	plane := len(a) / nf
	turned := make([]float64, 0, len(b))
	for f := nf - 1; f >= 0; f-- {
		turned = append(turned, b[f*plane:(f+1)*plane]...)
	}
	if d := difference(turned, a); d > 2e-4 {
		t.Errorf("reversal: differs by %.1e of the peak", d)
	}
}

// float32 keeps to the accuracy that its golden cubes have, on every view and lattice.
func TestSinglePrecision(t *testing.T) {
	l := coLine(t, 1)
	m := meshOf(19, 18, 23)
	for _, axis := range axes {
		p := Problem{Line: l, FrequenciesHz: channels(l, 9, 400), View: view(t, axis)}
		want := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
		for _, r := range [][3]int{{1, 1, 1}, {2, 1, 2}} {
			if d := difference(solveRanks[float32](t, m, r, spiral, p), want); d > 1e-5 {
				t.Errorf("view %s ranks %v: float32 differs by %.1e of the peak, allowed 1e-5", axis, r, d)
			}
		}
	}
}

// Threads share rows out in any order and change nothing.
func TestThreadsChangeNothing(t *testing.T) {
	l := coLine(t, 0)
	m := meshOf(23, 17, 12)
	p := Problem{Line: l, FrequenciesHz: channels(l, 5, 500), View: view(t, "+y"), Threads: 1}
	want := solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p)
	for _, n := range []int{2, 3, 8} {
		p.Threads = n
		bitwise(t, fmt.Sprintf("%d threads", n), solveRanks[float64](t, m, [3]int{1, 1, 1}, spiral, p), want)
	}
}
