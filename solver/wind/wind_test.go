// SPDX-License-Identifier: BSD-3-Clause

package wind

import (
	"math"
	"strings"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"

	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/si"
)

const au = si.AU

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*math.Abs(want)) {
		t.Errorf("%s = %.12g, want %.12g within %g", what, got, want, tol)
	}
}

// spherical returns the Cartesian point of distance r, latitude sine u and
// azimuth phi.
func spherical(r, u, phi float64) (x, y, z float64) {
	s := math.Sqrt(1 - u*u)
	return r * s * math.Cos(phi), r * s * math.Sin(phi), r * u
}

// flux integrates n v·r̂ r² over the sphere of radius r: the trapezoidal rule is
// exact for the 6th power of a cosine, and Gauss–Legendre for the heights.
func flux(p Parameters, r float64) float64 {
	const turns = 32
	sum := 0.0
	for i := range turns {
		phi := 2 * math.Pi * float64(i) / turns
		sum += quad.Fixed(func(u float64) float64 {
			x, y, z := spherical(r, u, phi)
			n, _, v := p.At(x, y, z)
			return n * (v[0]*x + v[1]*y + v[2]*z) * r
		}, -1, 1, 60, nil, 0)
	}
	return sum * 2 * math.Pi / turns
}

func models() map[string]Parameters {
	rotating := Reference()
	rotating.RotationMS, rotating.PhaseRad = -900, 2
	flat := Reference()
	flat.Thickness, flat.Contrast = 0.15, 5
	smooth := Reference()
	smooth.Contrast = 0
	return map[string]Parameters{"reference": Reference(), "rotating": rotating, "flat": flat, "smooth": smooth}
}

func TestMassFlowsThroughEverySphere(t *testing.T) {
	g := Gas{MassPerH2AMU: 2.8, COPerH2: 3e-4}
	for name, p := range models() {
		for _, r := range []float64{3, 10, 57, 123.4, 400} {
			near(t, name+": mass loss", flux(p, r*au)*g.massPerCO(), p.MassLossKgS(g), 1e-9)
		}
		if inside := flux(p, 1*au) * g.massPerCO(); inside >= p.MassLossKgS(g)/2 {
			t.Errorf("%s: %g kg/s inside the ramp: want less than half of %g", name, inside, p.MassLossKgS(g))
		}
		again, err := p.WithMassLoss(p.MassLossKgS(g), g)
		if err != nil {
			t.Fatal(err)
		}
		near(t, name+": density of that mass loss", again.DensityM3, p.DensityM3, 1e-12)
	}
	// By hand for a smooth wind: n(H₂) = Ṁ/(4π r² v μ).
	p, err := Parameters{ExpansionMS: 1e4, SpacingM: au, Contrast: 0, Thickness: 1}.WithMassLoss(1e-6*SolarMassKg/YearS, g)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "0.3 n₀", 0.3*p.DensityM3, 3e-4*1e-6*1.98841e30/3.15576e7/(4*math.Pi*math.Pow(100*au, 2)*1e4*2.8*1.66054e-27), 1e-4)
}

// Without an arm nothing depends on direction; n falls as r⁻² and T as r^−β.
func TestWithoutAnArmTheWindIsSpherical(t *testing.T) {
	p := Reference()
	p.Contrast = 0
	n0, _, _ := p.At(100*au, 0, 0)
	near(t, "density at 100 au", n0, 0.3*p.DensityM3, 1e-14)
	for _, r := range []float64{20, 100, 300} {
		for _, u := range []float64{-1, -0.4, 0, 0.9} {
			x, y, z := spherical(r*au, u, 1+r)
			n, _, v := p.At(x, y, z)
			near(t, "density", n, n0*math.Pow(r/100, -2), 1e-12)
			near(t, "speed", math.Hypot(math.Hypot(v[0], v[1]), v[2]), p.ExpansionMS, 1e-12)
			near(t, "radial part", v[0]*x+v[1]*y+v[2]*z, p.ExpansionMS*r*au, 1e-12)
		}
	}
}

// The spiral is invariant when r grows by P·α/2π and φ by α.
func TestSpiralInvariance(t *testing.T) {
	for name, p := range models() {
		for _, alpha := range []float64{0.3, math.Pi, 2 * math.Pi, -1} {
			r, u, phi := 150*au, 0.2, 0.7
			x, y, z := spherical(r, u, phi)
			r2 := r + p.SpacingM*alpha/(2*math.Pi)
			x2, y2, z2 := spherical(r2, u, phi+alpha)
			near(t, name+": arm", p.Arm(x2, y2, z2), p.Arm(x, y, z), 1e-9)
			n, _, _ := p.At(x, y, z)
			n2, _, _ := p.At(x2, y2, z2)
			near(t, name+": n r²", n2*r2*r2, n*r*r, 1e-9)
		}
	}
}

func TestSymmetries(t *testing.T) {
	for name, p := range models() {
		for _, point := range [][3]float64{{40, 30, 20}, {-1, 0.5, 0.2}, {100, -70, 3}} {
			x, y, z := point[0]*au, point[1]*au, point[2]*au
			n, T, v := p.At(x, y, z)
			below, TBelow, vBelow := p.At(x, y, -z)
			if n != below || T != TBelow || v[0] != vBelow[0] || v[1] != vBelow[1] || v[2] != -vBelow[2] {
				t.Errorf("%s: not symmetric about the plane at %v", name, point)
			}
			// Turning the phase turns the model.
			const turn = 0.8
			q := p
			q.PhaseRad += turn
			c, s := math.Cos(turn), math.Sin(turn)
			nq, Tq, vq := q.At(c*x-s*y, s*x+c*y, z)
			near(t, name+": turned density", nq, n, 1e-11)
			near(t, name+": turned temperature", Tq, T, 1e-11)
			near(t, name+": turned v_x", vq[0], c*v[0]-s*v[1], 1e-9)
			near(t, name+": turned v_y", vq[1], s*v[0]+c*v[1], 1e-9)
		}
	}
}

func TestArmAndTemperature(t *testing.T) {
	p := Reference()
	p.PhaseRad = 1
	r := 150 * au
	phi := 1 + 2*math.Pi*r/p.SpacingM
	x, y, z := spherical(r, 0, phi)
	near(t, "arm on its ridge", p.Arm(x, y, z), 1, 1e-12)
	n, T, _ := p.At(x, y, z)
	near(t, "density on the ridge", n, p.DensityM3/2.25*(0.3+2.5), 1e-12)
	near(t, "temperature on the ridge", T, 300*math.Pow(1.5, -0.65)*1.3, 1e-12)
	x, y, z = spherical(r, 0, phi+math.Pi)
	if arm := p.Arm(x, y, z); arm > 1e-15 {
		t.Errorf("arm opposite to its ridge is %g: want 0", arm)
	}
	x, y, z = spherical(r, p.Thickness, phi)
	near(t, "arm at height h", p.Arm(x, y, z), math.Exp(-0.5), 1e-12)
	if _, T, _ := p.At(1e5*au, 0, 0); T != p.TemperatureFloorK {
		t.Errorf("temperature far out is %g K: want the floor", T)
	}
	if _, T, _ := p.At(20*au, 0, 0); T <= p.TemperatureFloorK {
		t.Error("the floor reaches inwards")
	}
}

func TestRotation(t *testing.T) {
	p := Reference()
	p.ExpansionMS, p.RotationMS = 0, 1000
	_, _, v := p.At(0, 400*au, 0)
	near(t, "v_φ at 400 au", -v[0], 500, 1e-12) // r^−1/2, counterclockwise
	if _, _, v = p.At(0, 0, 100*au); v != [3]float64{} {
		t.Errorf("velocity on the axis is %v: want 0", v)
	}
}

// At r_in everything is continuous and the speed has no kink; inside, n and T
// are constant along a ray and the centre is regular.
func TestInsideTheInnerRadius(t *testing.T) {
	p := Reference()
	p.RotationMS = 500
	in := p.InnerRadiusM
	speed := func(f float64) float64 {
		_, _, v := p.At(spherical(f*in, 0.3, 2))
		return math.Sqrt(v[0]*v[0] + v[1]*v[1] + v[2]*v[2])
	}
	n, T, _ := p.At(spherical(in, 0.3, 2))
	n2, T2, _ := p.At(spherical(0.1*in, 0.3, 2))
	near(t, "density inside", n2, n, 1e-12)
	near(t, "temperature inside", T2, T, 1e-12)
	const e = 1e-6
	near(t, "speed just inside", speed(1-e), speed(1+e), 1e-5)
	if slope := (speed(1) - speed(1-e)) / e / speed(1); math.Abs(slope) > 1e-2 {
		t.Errorf("relative slope of the speed just inside r_in is %g: want 0", slope)
	}
	for f := 0.1; f < 1; f += 0.1 {
		if speed(f) <= speed(f-0.1) {
			t.Errorf("the speed does not rise at %g r_in", f)
		}
	}
	n, T, v := p.At(0, 0, 0)
	if !(n > 0) || math.IsInf(n, 0) || !(T > 0) || v != [3]float64{} {
		t.Errorf("at the star: %g %g %v", n, T, v)
	}
}

func TestCubeHoldsTheModelAtCellCentres(t *testing.T) {
	p := Reference()
	m := grid.Mesh{Box: grid.Box{Min: [3]float64{-1e13, -2e13, -3e13}, Max: [3]float64{1e13, 2e13, 3e13}}, Cells: [3]int{5, 6, 7}}
	c, err := Cube[float64](p, m, m.Full(), 300)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range [][3]int{{0, 0, 0}, {2, 3, 4}, {4, 5, 6}} {
		n, T, v := p.At(m.Center(0, i[0]), m.Center(1, i[1]), m.Center(2, i[2]))
		at := c.Index(i[0], i[1], i[2])
		if c.Density[at] != n || c.Temperature[at] != T || c.Velocity[1][at] != v[1] || c.Turbulence[at] != 300 {
			t.Errorf("cell %v differs from the formula", i)
		}
	}
	d, err := grid.Decompose(m, [3]int{2, 1, 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	block := d.Block(3)
	part, err := Cube[float64](p, m, block, 300)
	if err != nil {
		t.Fatal(err)
	}
	i := [3]int{block.Owned[0].Lo, block.Owned[1].Lo, block.Owned[2].Lo}
	if part.Density[part.Index(i[0], i[1], i[2])] != c.Density[c.Index(i[0], i[1], i[2])] {
		t.Error("a block differs from the whole")
	}
	_, err = Cube[float32](p, m, m.Full(), math.NaN())
	if err == nil || !strings.Contains(err.Error(), "v_turb_ms") {
		t.Errorf("error %v: want one that names v_turb_ms", err)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		want string
		edit func(p *Parameters)
	}{
		{"density_m3 = 0: want a positive", func(p *Parameters) { p.DensityM3 = 0 }},
		{"contrast = -1: want a finite number ≥ 0", func(p *Parameters) { p.Contrast = -1 }},
		{"phase_rad = NaN: want a finite number", func(p *Parameters) { p.PhaseRad = math.NaN() }},
		{"spacing_m = +Inf", func(p *Parameters) { p.SpacingM = math.Inf(1) }},
	} {
		p := Reference()
		c.edit(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v: want %q", err, c.want)
		}
	}
	for _, c := range []struct {
		want string
		edit func(s *Spans)
	}{
		{"spacing_m from 2 to 1", func(s *Spans) { s.SpacingM = Span{2, 1, Uniform} }},
		{"law \"normal\" of spacing_m: want uniform or log-uniform", func(s *Spans) { s.SpacingM.Law = "normal" }},
		{"contrast from 0 to 5: want finite numbers, 0 < low", func(s *Spans) { s.Contrast.Law = Log }},
		{"mass_loss_kg_s from 0 to 1: want finite numbers, 0 < low", func(s *Spans) { s.MassLossKgS = Span{0, 1, Uniform} }},
		{"mass_per_h2_amu = 0", func(s *Spans) { s.MassPerH2AMU = 0 }},
		{"inner_radius_m = 0", func(s *Spans) { s.InnerRadiusM = 0 }},
	} {
		s := DefaultSpans()
		c.edit(&s)
		if _, _, err := Draw(&counting{}, s); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v: want %q", err, c.want)
		}
	}
}
