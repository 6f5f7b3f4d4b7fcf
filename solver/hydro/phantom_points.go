// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"fmt"
	"math"
)

// phantomArrays are the arrays of block 1 that Points needs.
type phantomArrays struct {
	x, v  [3][]float64
	h, u  []float64 // u is nil in an isothermal model
	itype []float64 // nil where all are gas
	mu    []float64 // nil where it is the same for all
	gamma []float64 // nil where it is the same for all
}

// Points reads the particles of gas and converts them to SI:
//
//	n = ρ / (mass_per_h2_amu · m_u) · co_per_h2,   ρ = m (hfact/h)³
//
// with m of the particle's type. Particles with h ≤ 0 are dead, mostly accreted
// by a star, and are left out, as are sinks, dust, and boundary particles
// unless asked for. T is at least the floor of conv; turbulence is that of
// conv everywhere. Small dumps are refused: they have no velocities. The error
// names particle and byte offset of a value that is no gas.
func (p *Phantom) Points(o PhantomOptions, conv Conversion) (*Points, error) {
	if err := conv.Validate(); err != nil {
		return nil, err
	}
	if p.header.Small() {
		return nil, fmt.Errorf("%s: a small dump of Phantom (%s): it stores neither velocities nor internal energies, "+
			"without which there is no line: want a full dump", p.src.name, p.header.ID)
	}
	u, hfact, err := p.scale()
	if err != nil {
		return nil, err
	}
	perU, err := p.temperaturePerU(o, u)
	if err != nil {
		return nil, err
	}
	masses, err := p.masses()
	if err != nil {
		return nil, err
	}
	in, err := p.arrays()
	if err != nil {
		return nil, err
	}
	perKg := conv.COPerH2 / (conv.MassPerH2AMU * atomicMass)
	out := new(Points)
	for i, h := range in.h {
		kind := phantomGas
		if in.itype != nil {
			kind = int(in.itype[i])
			if kind < 1 || kind > len(masses) {
				return nil, p.bad("itype", i, in.itype[i], fmt.Sprintf("1 to %d, the types of the header", len(masses)))
			}
		}
		if h <= 0 || kind != phantomGas && !(kind == phantomBoundary && o.Boundary) {
			continue
		}
		temperature := o.TemperatureK
		if in.u != nil {
			temperature = perU * in.u[i] * in.own(i)
		}
		if err := p.checkParticle(in, i, temperature); err != nil {
			return nil, err
		}
		mass := masses[kind-1]
		if mass <= 0 {
			return nil, fmt.Errorf("%s: header: massoftype of type %d: found %g, want a positive number, for there are such particles", p.src.name, kind, mass)
		}
		ratio := hfact / h
		rho := mass * ratio * ratio * ratio * (u.mass / (u.length * u.length * u.length))
		if !(rho*perKg <= math.MaxFloat64) {
			return nil, p.bad("h", i, h, "a length that gives a finite density")
		}
		for a := range 3 {
			out.Position[a] = append(out.Position[a], in.x[a][i]*u.length)
			out.Velocity[a] = append(out.Velocity[a], in.v[a][i]*u.velocity)
		}
		out.Density = append(out.Density, rho*perKg)
		out.Mass = append(out.Mass, mass*u.mass*perKg)
		out.Smoothing = append(out.Smoothing, h*u.length)
		out.Temperature = append(out.Temperature, max(temperature, conv.TemperatureFloorK))
		out.Turbulence = append(out.Turbulence, conv.VTurbMs)
	}
	if out.Len() == 0 {
		return nil, fmt.Errorf("%s: no particle of live gas among %d: want at least one with h > 0 and itype 1", p.src.name, len(in.h))
	}
	return out, nil
}

// own is μ (γ−1) of particle i as far as it has its own.
func (in *phantomArrays) own(i int) float64 {
	x := 1.0
	if in.mu != nil {
		x *= in.mu[i]
	}
	if in.gamma != nil {
		x *= in.gamma[i] - 1
	}
	return x
}

// checkParticle refuses what is no gas. Every number must be finite, and u not
// negative.
func (p *Phantom) checkParticle(in *phantomArrays, i int, temperature float64) error {
	finite := func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	for a, axis := range [3]string{"x", "y", "z"} {
		if !finite(in.x[a][i]) {
			return p.bad(axis, i, in.x[a][i], "a finite number")
		}
		if !finite(in.v[a][i]) {
			return p.bad("v"+axis, i, in.v[a][i], "a finite number")
		}
	}
	if !finite(in.h[i]) {
		return p.bad("h", i, in.h[i], "a finite number")
	}
	if in.u != nil && !(temperature >= 0 && finite(temperature)) {
		return p.bad("u", i, in.u[i], "a finite number of at least 0, as T is, by mu and gamma of the particle where it has them")
	}
	return nil
}

// masses returns the masses of particles by type, from 1, in code units.
func (p *Phantom) masses() ([]float64, error) {
	m := p.header.All("massoftype")
	if len(m) == 0 {
		return nil, fmt.Errorf("%s: header: massoftype is missing: want the mass of a particle of each type", p.src.name)
	}
	for i, x := range m {
		if !(x >= 0 && x <= math.MaxFloat64) {
			return nil, fmt.Errorf("%s: header: massoftype of type %d: found %g, want a finite number of at least 0", p.src.name, i+1, x)
		}
	}
	return m, nil
}

// arrays reads what Points needs, all of equal length.
func (p *Phantom) arrays() (*phantomArrays, error) {
	in := new(phantomArrays)
	read := func(tag string) (x []float64, err error) {
		x, err = p.Array(1, tag)
		if err == nil && in.h != nil && len(x) != len(in.h) {
			err = fmt.Errorf("%s: array %s has %d elements, want %d like h", p.src.name, tag, len(x), len(in.h))
		}
		return x, err
	}
	var err error
	if in.h, err = read("h"); err != nil {
		return nil, err
	}
	for a, axis := range [3]string{"x", "y", "z"} {
		if in.x[a], err = read(axis); err != nil {
			return nil, err
		}
		if in.v[a], err = read("v" + axis); err != nil {
			return nil, err
		}
	}
	for _, optional := range []struct {
		tag string
		to  *[]float64
	}{{"u", &in.u}, {"itype", &in.itype}, {"mu", &in.mu}, {"gamma", &in.gamma}} {
		if p.Has(1, optional.tag) {
			if *optional.to, err = read(optional.tag); err != nil {
				return nil, err
			}
		}
	}
	return in, nil
}
