// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"math"
	"testing"
)

// TestFrequencies checks the four ways against the radio convention.
func TestFrequencies(t *testing.T) {
	const rest, c = 230.538e9, 299792458.0
	at := func(v float64) float64 { return rest * (1 - v/c) }
	for _, tc := range []struct {
		name string
		s    Spectrum
		want []float64
	}{
		{"one channel", Spectrum{Channels: 1, SpacingMS: 100}, []float64{rest}},
		{"odd", Spectrum{Channels: 3, SpacingMS: 100}, []float64{at(100), rest, at(-100)}},
		{"even", Spectrum{Channels: 2, SpacingMS: 100}, []float64{at(50), at(-50)}},
		{"centre recedes", Spectrum{Channels: 3, SpacingMS: 100, CenterMS: 1000}, []float64{at(1100), at(1000), at(900)}},
		{"hertz", Spectrum{Channels: 3, SpacingHz: 1e6}, []float64{rest - 1e6, rest, rest + 1e6}},
		{"hertz off centre", Spectrum{Channels: 2, SpacingHz: 2e6, CenterMS: 1000}, []float64{at(1000) - 1e6, at(1000) + 1e6}},
		{"velocities", Spectrum{VelocitiesMS: []float64{-5, 30, 10}}, []float64{at(30), at(10), at(-5)}},
		{"frequencies", Spectrum{FrequenciesHz: []float64{1e9, 2e9}}, []float64{1e9, 2e9}},
	} {
		got, err := tc.s.Frequencies(rest)
		if err != nil || len(got) != len(tc.want) {
			t.Errorf("%s: %v, error %v", tc.name, got, err)
			continue
		}
		for i := range got {
			if math.Abs(got[i]-tc.want[i]) > 1e-15*rest {
				t.Errorf("%s: channel %d at %.6f Hz, want %.6f", tc.name, i, got[i], tc.want[i])
			}
		}
	}
}

func TestFrequenciesRefused(t *testing.T) {
	for _, tc := range []struct {
		name string
		s    Spectrum
		rest float64
	}{
		{"no rest frequency", Spectrum{Channels: 1, SpacingMS: 1}, 0},
		{"rest nan", Spectrum{Channels: 1, SpacingMS: 1}, math.NaN()},
		{"below zero", Spectrum{Channels: 11, SpacingHz: 1e9}, 4e9},
		{"spacing below rounding", Spectrum{Channels: 2, SpacingMS: 1e-12}, 1e11},
		{"list below rounding", Spectrum{VelocitiesMS: []float64{0, 1e-12}}, 1e11},
	} {
		if nu, err := tc.s.Frequencies(tc.rest); err == nil {
			t.Errorf("%s: accepted as %v", tc.name, nu)
		}
	}
}
