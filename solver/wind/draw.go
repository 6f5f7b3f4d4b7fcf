// SPDX-License-Identifier: BSD-3-Clause

package wind

import (
	"fmt"
	"math"

	"github.com/columen/columen/solver/si"
)

// Source is a source of random numbers in [0, 1). For a data set that can be
// continued and checked it should be counter-based, one stream per model.
type Source interface {
	Float64() float64
}

// Law is how a number is drawn from a span.
type Law string

// The laws.
const (
	Uniform Law = "uniform"     // every value equally likely
	Log     Law = "log-uniform" // every order of magnitude equally likely
)

// Span is what a parameter is drawn from.
type Span struct {
	Low, High float64
	Law       Law
}

func (s Span) draw(u float64) float64 {
	if s.Law == Log {
		return s.Low * math.Pow(s.High/s.Low, u)
	}
	return s.Low + (s.High-s.Low)*u
}

func (s Span) validate(name string, positive bool) error {
	if s.Law != Uniform && s.Law != Log {
		return fmt.Errorf("wind: law %q of %s: want %s or %s", s.Law, name, Uniform, Log)
	}
	positive = positive || s.Law == Log
	if !(s.Low <= s.High) || math.IsInf(s.Low, 0) || math.IsInf(s.High, 0) || s.Low < 0 || positive && s.Low == 0 {
		want := "0 ≤ low ≤ high"
		if positive {
			want = "0 < low ≤ high"
		}
		return fmt.Errorf("wind: %s from %g to %g: want finite numbers, %s", name, s.Low, s.High, want)
	}
	return nil
}

// Spans are what the parameters of the models of a data set are drawn from.
// Cell size and v_turb are not among them: they are fixed within a data set.
type Spans struct {
	MassLossKgS      Span
	COPerH2          Span
	ExpansionMS      Span
	SpacingM         Span
	Contrast         Span
	Thickness        Span
	TemperatureK     Span
	TemperatureSlope Span
	PhaseRad         Span

	MassPerH2AMU      float64
	RotationMS        float64
	TemperatureFloorK float64
	InnerRadiusM      float64
}

// DefaultSpans covers the winds of AGB stars [Höfner & Olofsson 2018]:
// logarithmically where a span is wider than a factor of 3.
func DefaultSpans() Spans {
	solarPerYear := SolarMassKg / YearS // no constant, whose products would be rounded once instead of twice
	return Spans{
		MassLossKgS: Span{1e-8 * solarPerYear, 1e-5 * solarPerYear, Log}, COPerH2: Span{1e-4, 8e-4, Log}, ExpansionMS: Span{5e3, 25e3, Log},
		SpacingM: Span{20 * si.AU, 200 * si.AU, Log}, Contrast: Span{0, 5, Uniform}, Thickness: Span{0.15, 0.8, Log},
		TemperatureK: Span{100, 600, Log}, TemperatureSlope: Span{0.4, 0.9, Uniform}, PhaseRad: Span{0, 2 * math.Pi, Uniform},
		MassPerH2AMU: 2.8, TemperatureFloorK: 15, InnerRadiusM: 3 * si.AU,
	}
}

// Validate returns an error that names the first span from which no model can
// be drawn.
func (s Spans) Validate() error {
	for _, f := range []struct {
		name     string
		span     Span
		positive bool
	}{
		{"mass_loss_kg_s", s.MassLossKgS, true}, {"co_per_h2", s.COPerH2, true}, {"expansion_ms", s.ExpansionMS, true},
		{"spacing_m", s.SpacingM, true}, {"contrast", s.Contrast, false}, {"thickness", s.Thickness, true},
		{"temperature_k", s.TemperatureK, true}, {"temperature_slope", s.TemperatureSlope, false}, {"phase_rad", s.PhaseRad, false},
	} {
		if err := f.span.validate(f.name, f.positive); err != nil {
			return err
		}
	}
	return Gas{s.MassPerH2AMU, s.COPerH2.Low}.Validate()
}

// Draw returns a random model and its gas. It takes exactly nine numbers from u,
// in the order of the fields of Spans, whatever the spans are: that order is
// part of the definition of a data set.
func Draw(u Source, s Spans) (Parameters, Gas, error) {
	if err := s.Validate(); err != nil {
		return Parameters{}, Gas{}, err
	}
	massLoss := s.MassLossKgS.draw(u.Float64())
	g := Gas{MassPerH2AMU: s.MassPerH2AMU, COPerH2: s.COPerH2.draw(u.Float64())}
	p := Parameters{RotationMS: s.RotationMS, TemperatureFloorK: s.TemperatureFloorK, InnerRadiusM: s.InnerRadiusM}
	p.ExpansionMS = s.ExpansionMS.draw(u.Float64())
	p.SpacingM = s.SpacingM.draw(u.Float64())
	p.Contrast = s.Contrast.draw(u.Float64())
	p.Thickness = s.Thickness.draw(u.Float64())
	p.TemperatureK = s.TemperatureK.draw(u.Float64())
	p.TemperatureSlope = s.TemperatureSlope.draw(u.Float64())
	p.PhaseRad = s.PhaseRad.draw(u.Float64())
	p, err := p.WithMassLoss(massLoss, g)
	if err != nil {
		return Parameters{}, Gas{}, err
	}
	return p, g, p.Validate()
}
