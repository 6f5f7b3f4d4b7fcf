// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"fmt"
	"math"
)

// Points reads the points and converts them to SI:
//
//	v = c · velocity,   v_turb = c · √vturb2
//
// or without c where the options say so. Density is the abundance of the
// species, a number density. The points of the boundary are left out unless
// asked for: Magritte's own examples make them a hull of copies outside the
// gas. T is at least the floor. The error names dataset and point of a value
// that is no gas, or that is none in the unit given.
func (m *Magritte) Points(o MagritteOptions) (*Points, error) {
	if err := m.checkOptions(o); err != nil {
		return nil, err
	}
	column, err := m.column(o)
	if err != nil {
		return nil, err
	}
	out := new(Points)
	for a := range 3 {
		if out.Position[a], err = m.checked(magrittePosition, a, -math.MaxFloat64, math.MaxFloat64, "a finite number"); err != nil {
			return nil, err
		}
		if out.Velocity[a], err = m.velocity(a, o); err != nil {
			return nil, err
		}
	}
	if out.Density, err = m.checked(magritteAbundance, column, 0, math.MaxFloat64, "a finite number of at least 0 [m⁻³]"); err != nil {
		return nil, err
	}
	if out.Temperature, err = m.checked(magritteTemperature, 0, 0, math.MaxFloat64, "a finite number of at least 0 [K]"); err != nil {
		return nil, err
	}
	for i, t := range out.Temperature {
		out.Temperature[i] = max(t, o.TemperatureFloorK)
	}
	if out.Turbulence, err = m.turbulence(o); err != nil {
		return nil, err
	}
	if o.KeepBoundary || !has(m.file, magritteBoundary) {
		return out, nil
	}
	return out, m.dropBoundary(out)
}

func (m *Magritte) checkOptions(o MagritteOptions) error {
	path := m.file.Path()
	if o.VTurb2Unit != "" && o.VTurb2Unit != "c2" && o.VTurb2Unit != "m2/s2" {
		return fmt.Errorf(`%s: vturb2_unit = %q: want "c2" or "m2/s2"`, path, o.VTurb2Unit)
	}
	if o.VelocityUnit != "" && o.VelocityUnit != "c" && o.VelocityUnit != "m/s" {
		return fmt.Errorf(`%s: velocity_unit = %q: want "c" or "m/s"`, path, o.VelocityUnit)
	}
	if !(o.TemperatureFloorK >= 0 && o.TemperatureFloorK <= math.MaxFloat64) {
		return fmt.Errorf("%s: temperature_floor_k = %g: want a finite number of at least 0", path, o.TemperatureFloorK)
	}
	return nil
}

// checked reads a column whose values must lie in [lo, hi].
func (m *Magritte) checked(name string, column int, lo, hi float64, want string) ([]float64, error) {
	x, err := m.read(name, column)
	if err != nil {
		return nil, err
	}
	for i, v := range x {
		if !(v >= lo && v <= hi) {
			at := fmt.Sprint(i)
			if len(m.data[name].Shape()) == 2 {
				at = fmt.Sprintf("%d, %d", i, column)
			}
			return nil, fmt.Errorf("%s: dataset %s: [%s]: found %g, want %s", m.file.Path(), name, at, v, want)
		}
	}
	return x, nil
}

// velocity reads one component [m s⁻¹]. A component of c or more is not in
// units of c.
func (m *Magritte) velocity(a int, o MagritteOptions) ([]float64, error) {
	most, unit, want := math.Nextafter(1, 0), speedOfLight, `a number between -1 and 1 (velocity_unit = "c")`
	if o.VelocityUnit == "m/s" {
		most, unit, want = math.Nextafter(speedOfLight, 0), 1, "a number below the speed of light [m s⁻¹]"
	}
	v, err := m.checked(magritteVelocity, a, -most, most, want)
	for i := range v {
		v[i] *= unit
	}
	return v, err
}

// turbulence reads the turbulent width [m s⁻¹].
func (m *Magritte) turbulence(o MagritteOptions) ([]float64, error) {
	most, unit, want := math.Nextafter(1, 0), speedOfLight, `a number of at least 0 below 1 (vturb2_unit = "c2")`
	if o.VTurb2Unit == "m2/s2" {
		most, unit, want = speedOfLight*speedOfLight, 1, "a number of at least 0 below c² [m² s⁻²]"
	}
	v, err := m.checked(magritteVTurb2, 0, 0, most, want)
	for i := range v {
		v[i] = math.Sqrt(v[i]) * unit
	}
	return v, err
}

// dropBoundary leaves out the points that the file lists as its boundary.
func (m *Magritte) dropBoundary(p *Points) error {
	list, err := m.file.Ints(magritteBoundary)
	if err != nil {
		return err
	}
	outside := make([]bool, m.points)
	for i, b := range list {
		if b < 0 || b >= int64(m.points) {
			return fmt.Errorf("%s: dataset %s: [%d]: found %d, want 0 to %d, a point", m.file.Path(), magritteBoundary, i, b, m.points-1)
		}
		outside[b] = true
	}
	for _, f := range []*[]float64{&p.Position[0], &p.Position[1], &p.Position[2], &p.Velocity[0], &p.Velocity[1], &p.Velocity[2],
		&p.Density, &p.Temperature, &p.Turbulence} {
		kept := (*f)[:0]
		for i, v := range *f {
			if !outside[i] {
				kept = append(kept, v)
			}
		}
		*f = kept
	}
	if p.Len() == 0 {
		return fmt.Errorf("%s: dataset %s: lists all %d points: want some inside", m.file.Path(), magritteBoundary, m.points)
	}
	return nil
}
