// SPDX-License-Identifier: BSD-3-Clause

package line

import (
	"fmt"
	"math"

	"github.com/columen/columen/solver/lamda"
	"github.com/columen/columen/solver/si"
)

// Line is one transition of one species. Its fields are for reading only.
type Line struct {
	Species, Label  string  // "CO", "2-1"
	RestFrequencyHz float64 // ν₀ [Hz]
	EinsteinA       float64 // spontaneous emission [s⁻¹]
	Bul, Blu        float64 // stimulated emission and absorption [m² sr J⁻¹ Hz]
	GUpper, GLower  float64 // statistical weights
	EUpperJ         float64 // energy above the lowest level of the species [J]
	ELowerJ         float64 // the same of the lower level [J]
	MassKg          float64 // mass of a molecule [kg]
	Constants       si.Constants
	Z               *PartitionTable // 1/Z(T) over all levels

	levels levels
}

// RestFrequency says where the rest frequency of a line comes from.
type RestFrequency int

const (
	Tabulated  RestFrequency = iota // the file's frequency: the measured one
	FromLevels                      // ν₀ = c (E_u − E_l), so that S = B_ν(T) exactly; as RADMC-3D does
)

// Options are the choices of New. The zero value means CODATA 2018 and the
// tabulated frequency.
type Options struct {
	Constants     si.Constants
	RestFrequency RestFrequency
}

// New returns transition number transition, counted from 0, of molecule m. It
// fails if there is no such transition, if an option is not one of those above,
// or if the partition function cannot be tabulated to 1e-12.
func New(m *lamda.Molecule, transition int, opts Options) (*Line, error) {
	if transition < 0 || transition >= len(m.Lines) {
		return nil, fmt.Errorf("line: %s has no transition with index %d; allowed are 0 to %d", m.Name, transition, len(m.Lines)-1)
	}
	c := opts.Constants
	if c == (si.Constants{}) {
		c = si.CODATA2018()
	}
	if !(c.C > 0 && c.H > 0 && c.K > 0 && c.AMU > 0) {
		return nil, fmt.Errorf("line: constants %+v: all four must be positive", c)
	}
	t := m.Lines[transition]
	up, low := m.Levels[t.Upper], m.Levels[t.Lower]
	l := &Line{
		Species:   m.Name,
		Label:     m.LineLabel(transition),
		EinsteinA: t.EinsteinA,
		GUpper:    up.Weight,
		GLower:    low.Weight,
		MassKg:    m.MassAMU * c.AMU,
		Constants: c,
		levels:    newLevels(m.Levels, c),
	}
	l.EUpperJ, l.ELowerJ = l.levels.energiesJ[t.Upper], l.levels.energiesJ[t.Lower]
	switch opts.RestFrequency {
	case Tabulated:
		l.RestFrequencyHz = t.FrequencyGHz * 1e9
	case FromLevels:
		l.RestFrequencyHz = c.C * (up.EnergyCm1 - low.EnergyCm1) * 100 // cm⁻¹ → m⁻¹
	default:
		return nil, fmt.Errorf("line: rest frequency option %d is neither Tabulated (%d) nor FromLevels (%d)", opts.RestFrequency, Tabulated, FromLevels)
	}
	nu := l.RestFrequencyHz
	l.Bul = l.EinsteinA * c.C * c.C / (2 * c.H * nu * nu * nu)
	l.Blu = l.GUpper / l.GLower * l.Bul
	var err error
	if l.Z, err = newPartitionTable(l.levels); err != nil {
		return nil, fmt.Errorf("line: %s: %w", m.Name, err)
	}
	return l, nil
}

// Opacity returns the opacity of one molecule without its profile [m² Hz] at
// temperature tK > 0 [K],
//
//	χ̄ = (hν₀/4π)(B_lu n_l − B_ul n_u)
//	  = (hν₀/4π) B_ul (g_u/Z) e^{−E_l/kT} (1 − e^{−(E_u−E_l)/kT}),
//
// in the second form: the first loses all digits where kT ≫ hν₀.
func (l *Line) Opacity(tK float64) float64 {
	kT := l.Constants.K * tK
	return l.strength() * l.Bul * l.GUpper * l.inverseZ(tK) *
		math.Exp(-l.ELowerJ/kT) * -math.Expm1(-(l.EUpperJ-l.ELowerJ)/kT)
}

// Emissivity returns the emissivity of one molecule without its profile
// [W sr⁻¹] at temperature tK > 0 [K],
//
//	η̄ = (hν₀/4π) A n_u.
func (l *Line) Emissivity(tK float64) float64 {
	return l.strength() * l.EinsteinA * l.GUpper * l.inverseZ(tK) * math.Exp(-l.EUpperJ/(l.Constants.K*tK))
}

// Source returns the source function [W m⁻² Hz⁻¹ sr⁻¹] at temperature
// tK > 0 [K],
//
//	S = η̄/χ̄ = (A/B_ul) / (e^{(E_u−E_l)/kT} − 1).
func (l *Line) Source(tK float64) float64 {
	return l.EinsteinA / l.Bul / math.Expm1((l.EUpperJ-l.ELowerJ)/(l.Constants.K*tK))
}

// Populations returns the fraction of molecules in each level of the species
// at temperature tK > 0 [K], in the order of the data file; they sum to one.
func (l *Line) Populations(tK float64) []float64 {
	n := make([]float64, len(l.levels.weights))
	z := l.levels.partition(tK)
	for i, g := range l.levels.weights {
		n[i] = g * math.Exp(-l.levels.energiesK[i]/tK) / z
	}
	return n
}

// DopplerVelocity returns β = √(2kT/m + v_turb²), the 1/e half-width of the
// profile in velocity [m s⁻¹], for temperature tK [K] and turbulent velocity
// vTurb [m s⁻¹].
func (l *Line) DopplerVelocity(tK, vTurb float64) float64 {
	return math.Sqrt(2*l.Constants.K/l.MassKg*tK + vTurb*vTurb)
}

// DopplerWidth returns w = ν₀ β/c, the 1/e half-width of the profile in
// frequency [Hz], for temperature tK [K] and turbulent velocity vTurb [m s⁻¹].
func (l *Line) DopplerWidth(tK, vTurb float64) float64 {
	return l.RestFrequencyHz / l.Constants.C * l.DopplerVelocity(tK, vTurb)
}

// Profile returns φ(ν) = exp(−((ν−ν₀)/w)²)/(w√π) [Hz⁻¹] at rest-frame
// frequency nuHz [Hz] for a Doppler width widthHz > 0 [Hz].
func (l *Line) Profile(nuHz, widthHz float64) float64 {
	x := (nuHz - l.RestFrequencyHz) / widthHz
	return math.Exp(-x*x) / (widthHz * math.Sqrt(math.Pi))
}

// strength returns hν₀/4π [J sr⁻¹].
func (l *Line) strength() float64 {
	return l.Constants.H * l.RestFrequencyHz / (4 * math.Pi)
}

// inverseZ returns 1/Z from the table, or from the sum over all levels where
// the table does not reach.
func (l *Line) inverseZ(tK float64) float64 {
	if l.Z.Contains(tK) {
		return l.Z.Inverse(tK)
	}
	return 1 / l.levels.partition(tK)
}
