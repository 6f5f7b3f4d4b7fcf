// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"fmt"
	"math"
	"reflect"
)

// Wind says what the parameters of winds by formula are drawn from: each from
// [low, high] by its law. The formulas are those of package solver/wind.
type Wind struct {
	MassLossMsunYr      [2]float64 `toml:"mass_loss_msun_yr" unit:"M☉ yr⁻¹" default:"[1e-8, 1e-5]" allow:">0" doc:"Mass-loss rate"`
	MassLossLaw         string     `toml:"mass_loss_law" unit:"-" default:"\"log-uniform\"" allow:"uniform|log-uniform" doc:"How the mass-loss rate is drawn"`
	COPerH2             [2]float64 `toml:"co_per_h2" unit:"-" default:"[1e-4, 8e-4]" allow:">0" doc:"Number of CO molecules per H2 molecule"`
	COPerH2Law          string     `toml:"co_per_h2_law" unit:"-" default:"\"log-uniform\"" allow:"uniform|log-uniform" doc:"How the abundance is drawn"`
	ExpansionMS         [2]float64 `toml:"expansion_ms" unit:"m s⁻¹" default:"[5e3, 25e3]" allow:">0" doc:"Speed of expansion"`
	ExpansionLaw        string     `toml:"expansion_law" unit:"-" default:"\"log-uniform\"" allow:"uniform|log-uniform" doc:"How the speed is drawn"`
	SpacingAU           [2]float64 `toml:"spacing_au" unit:"au" default:"[20.0, 200.0]" allow:">0" doc:"Distance between windings of the spiral arm"`
	SpacingLaw          string     `toml:"spacing_law" unit:"-" default:"\"log-uniform\"" allow:"uniform|log-uniform" doc:"How the distance is drawn"`
	Contrast            [2]float64 `toml:"contrast" unit:"-" default:"[0.0, 5.0]" allow:">=0" doc:"Density on the arm, in units of n₀, above the 0.3 between its windings"`
	ContrastLaw         string     `toml:"contrast_law" unit:"-" default:"\"uniform\"" allow:"uniform|log-uniform" doc:"How the contrast is drawn"`
	Thickness           [2]float64 `toml:"thickness" unit:"-" default:"[0.15, 0.8]" allow:">0" doc:"Height of the arm over its distance from the star"`
	ThicknessLaw        string     `toml:"thickness_law" unit:"-" default:"\"log-uniform\"" allow:"uniform|log-uniform" doc:"How the thickness is drawn"`
	TemperatureK        [2]float64 `toml:"temperature_k" unit:"K" default:"[100.0, 600.0]" allow:">0" doc:"Temperature at 100 au between the arms"`
	TemperatureLaw      string     `toml:"temperature_law" unit:"-" default:"\"log-uniform\"" allow:"uniform|log-uniform" doc:"How the temperature is drawn"`
	TemperatureSlope    [2]float64 `toml:"temperature_slope" unit:"-" default:"[0.4, 0.9]" allow:">=0" doc:"Slope β of T ∝ r^−β"`
	TemperatureSlopeLaw string     `toml:"temperature_slope_law" unit:"-" default:"\"uniform\"" allow:"uniform|log-uniform" doc:"How the slope is drawn"`
	PhaseDeg            [2]float64 `toml:"phase_deg" unit:"deg" default:"[0.0, 360.0]" allow:"0..360" doc:"Azimuth of the arm at the star"`
	PhaseLaw            string     `toml:"phase_law" unit:"-" default:"\"uniform\"" allow:"uniform|log-uniform" doc:"How the azimuth is drawn"`
	RotationMS          float64    `toml:"rotation_ms" unit:"m s⁻¹" default:"0.0" allow:"-1e6..1e6" doc:"Speed of rotation at 100 au in the plane, the same in all models"`
	MassPerH2AMU        float64    `toml:"mass_per_h2_amu" unit:"u" default:"2.8" allow:">0" doc:"Gas mass per H2 molecule, the same in all models; 2.8 includes helium"`
	TemperatureFloorK   float64    `toml:"temperature_floor_k" unit:"K" default:"15.0" allow:">0" doc:"Lowest gas temperature, the same in all models"`
	InnerRadiusAU       float64    `toml:"inner_radius_au" unit:"au" default:"3.0" allow:">0" doc:"Radius within which density and temperature are constant, the same in all models"`
}

// WindParameter is what one parameter is drawn from.
type WindParameter struct {
	Key       string // of [wind]
	Low, High float64
	Law       string // uniform or log-uniform
}

// DefaultWind returns the spans that are used without a [wind] table: those of
// its defaults.
func DefaultWind() *Wind {
	var g struct {
		Wind Wind `toml:"wind"`
	}
	b := &binder{report: &report{}}
	b.table(reflect.ValueOf(&g).Elem(), map[string]any{}, "")
	return &g.Wind
}

// Parameters lists what is drawn, in the order of drawing.
func (w *Wind) Parameters() []WindParameter {
	one := func(key string, span [2]float64, law string) WindParameter {
		return WindParameter{Key: key, Low: span[0], High: span[1], Law: law}
	}
	return []WindParameter{
		one("mass_loss_msun_yr", w.MassLossMsunYr, w.MassLossLaw), one("co_per_h2", w.COPerH2, w.COPerH2Law),
		one("expansion_ms", w.ExpansionMS, w.ExpansionLaw), one("spacing_au", w.SpacingAU, w.SpacingLaw),
		one("contrast", w.Contrast, w.ContrastLaw), one("thickness", w.Thickness, w.ThicknessLaw),
		one("temperature_k", w.TemperatureK, w.TemperatureLaw), one("temperature_slope", w.TemperatureSlope, w.TemperatureSlopeLaw),
		one("phase_deg", w.PhaseDeg, w.PhaseLaw),
	}
}

// validate checks that every parameter can be drawn. The bounds say what has a
// meaning: no gas of an AGB star expands faster than the solver allows.
func (w *Wind) validate(r *report) {
	for _, p := range w.Parameters() {
		span := text([2]float64{p.Low, p.High})
		switch field := "wind." + p.Key; {
		case !(p.Low <= p.High):
			r.add(field, span, "the first is above the second", "[low, high] with low ≤ high")
		case p.Law == "log-uniform" && p.Low == 0:
			r.add(field, span, "drawn log-uniformly, which 0 cannot be", "low above 0, or the law uniform")
		}
	}
	for _, f := range []struct {
		key         string
		value, most float64
	}{{"expansion_ms", w.ExpansionMS[1], 1e6}, {"temperature_k", w.TemperatureK[1], 1e5}, {"mass_loss_msun_yr", w.MassLossMsunYr[1], 1}, {"co_per_h2", w.COPerH2[1], 1}} {
		if f.value > f.most && !math.IsInf(f.value, 0) {
			r.add("wind."+f.key, text(f.value), "not a wind of a star", fmt.Sprintf("at most %g", f.most))
		}
	}
}
