// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// speedOfLight in vacuum [m s⁻¹] (SI definition).
const speedOfLight = 299792458.0

// Spectrum is the frequency grid, given in exactly one of four ways:
// channels and spacing_ms, channels and spacing_hz, velocities_ms, or
// frequencies_hz.
type Spectrum struct {
	Channels      int       `toml:"channels" unit:"-" need:"no" allow:"1..100000" doc:"Number of channels, with spacing_ms or spacing_hz"`
	SpacingMS     float64   `toml:"spacing_ms" unit:"m s⁻¹" need:"no" allow:">0" doc:"Distance of channels in radio velocity"`
	SpacingHz     float64   `toml:"spacing_hz" unit:"Hz" need:"no" allow:">0" doc:"Distance of channels in frequency"`
	CenterMS      float64   `toml:"center_ms" unit:"m s⁻¹" default:"0.0" allow:"-2.9e8..2.9e8" doc:"Radio velocity of the middle of the channels; positive recedes"`
	VelocitiesMS  []float64 `toml:"velocities_ms" unit:"m s⁻¹" need:"no" allow:"-2.9e8..2.9e8" doc:"List of radio velocities, all different; positive recedes"`
	FrequenciesHz []float64 `toml:"frequencies_hz" unit:"Hz" need:"no" allow:">0" doc:"List of frequencies, increasing"`
}

const spectrumWays = "exactly one of channels with spacing_ms, channels with spacing_hz, velocities_ms, frequencies_hz"

// validate checks that exactly one way is used.
func (s *Spectrum) validate(r *report) {
	var ways []string
	for _, w := range []struct {
		key   string
		given bool
	}{
		{"spectrum.spacing_ms", s.SpacingMS != 0}, {"spectrum.spacing_hz", s.SpacingHz != 0},
		{"spectrum.velocities_ms", s.VelocitiesMS != nil}, {"spectrum.frequencies_hz", s.FrequenciesHz != nil},
	} {
		if w.given {
			ways = append(ways, w.key)
		}
	}
	isList := s.VelocitiesMS != nil || s.FrequenciesHz != nil
	switch {
	case len(ways) > 1:
		r.add(ways[1], "", "given together with "+ways[0], spectrumWays)
	case len(ways) == 0 && s.Channels == 0:
		r.missing("spectrum", spectrumWays)
	case len(ways) == 0:
		r.missing("spectrum.spacing_ms", spectrumWays)
	case isList && s.Channels != 0:
		r.add("spectrum.channels", text(s.Channels), "given together with "+ways[0], spectrumWays)
	case isList && s.CenterMS != 0:
		r.add("spectrum.center_ms", text(s.CenterMS), "given together with "+ways[0], "center_ms only with channels")
	case !isList && s.Channels == 0:
		r.missing("spectrum.channels", "an integer from 1 to 100000")
	}
	if i := firstRepeat(s.VelocitiesMS); i >= 0 {
		r.add(fmt.Sprintf("spectrum.velocities_ms.%d", i), text(s.VelocitiesMS[i]), "given twice", "velocities that all differ")
	}
	for i := 1; i < len(s.FrequenciesHz); i++ {
		if !(s.FrequenciesHz[i] > s.FrequenciesHz[i-1]) {
			r.add(fmt.Sprintf("spectrum.frequencies_hz.%d", i), text(s.FrequenciesHz[i]), "not above the entry before it", "increasing frequencies")
			break
		}
	}
	half := 0.5 * float64(max(s.Channels-1, 0)) * s.SpacingMS
	if math.Abs(s.CenterMS)+half >= speedOfLight {
		r.add("spectrum.spacing_ms", text(s.SpacingMS), fmt.Sprintf("%d channels reach the speed of light", s.Channels), "channels within ±299792458 m s⁻¹")
	}
}

// firstRepeat returns the index of the first value that stands earlier in the
// list, or -1.
func firstRepeat(list []float64) int {
	seen := map[float64]bool{}
	for i, x := range list {
		if seen[x] {
			return i
		}
		seen[x] = true
	}
	return -1
}

// Frequencies returns the increasing frequencies [Hz] of the channels for a
// line at rest frequency restHz [Hz], in the radio convention
//
//	v = c (ν₀ − ν) / ν₀,
//
// so that v > 0 recedes (Greisen et al. 2006, A&A 446, 747, Table 1). Channels
// with a spacing lie symmetrically about center_ms. The error says which
// channel is no positive frequency, or which two are the same number.
func (s *Spectrum) Frequencies(restHz float64) ([]float64, error) {
	if !(restHz > 0) || math.IsInf(restHz, 0) {
		return nil, fmt.Errorf("spectrum: rest frequency %g Hz: allowed: a finite number above 0", restHz)
	}
	toHz := func(v float64) float64 { return restHz * (1 - v/speedOfLight) }
	offset := func(i int) float64 { return float64(i) - 0.5*float64(s.Channels-1) }
	var nu []float64
	switch {
	case s.FrequenciesHz != nil:
		nu = slices.Clone(s.FrequenciesHz)
	case s.VelocitiesMS != nil:
		for _, v := range s.VelocitiesMS {
			nu = append(nu, toHz(v))
		}
		sort.Float64s(nu)
	case s.SpacingHz > 0:
		for i := range s.Channels {
			nu = append(nu, toHz(s.CenterMS)+offset(i)*s.SpacingHz)
		}
	default:
		for i := range s.Channels {
			nu = append(nu, toHz(s.CenterMS-offset(i)*s.SpacingMS))
		}
	}
	for i, x := range nu {
		if !(x > 0) {
			return nil, fmt.Errorf("spectrum: channel %d at %g Hz: allowed: frequencies above 0; the rest frequency is %g Hz", i, x, restHz)
		}
		if i > 0 && !(x > nu[i-1]) {
			return nil, fmt.Errorf("spectrum: channels %d and %d both at %g Hz: allowed: a spacing above the rounding of the frequency", i-1, i, x)
		}
	}
	return nu, nil
}
