// SPDX-License-Identifier: BSD-3-Clause

package ray

import (
	"math"

	"github.com/columen/columen/solver/line"
)

// Medium is a line as the kernels need it: its LTE formulas as numbers.
type Medium struct {
	OpacityFactor    float64 // a = OpacityFactor·n/Z·e^{-LowerK/T}·(1-e^{-GapK/T})/β [m² s⁻¹·…]: see NewMedium
	SourceFactor     float64 // S = SourceFactor/(e^{GapK/T}-1) [W m⁻² Hz⁻¹ sr⁻¹]
	GapK, LowerK     float64 // (E_u-E_l)/k and E_l/k [K]
	ThermalFactor    float64 // 2k/m: β² = ThermalFactor·T + v_turb² [m² s⁻² K⁻¹]
	SpeedOfLight     float64 // [m s⁻¹]
	RestFrequency    float64 // ν₀ [Hz]
	InversePartition *line.PartitionTable
}

// NewMedium takes the numbers from a line. The opacity at line centre is
// a = χ̄ n/(√π w), w = ν₀β/c, with χ̄ = (hν₀/4π)·B_ul·g_u/Z·e^{-E_l/kT}(1-e^{-ΔE/kT}).
func NewMedium(l *line.Line) Medium {
	c := l.Constants
	return Medium{
		OpacityFactor:    c.H / (4 * math.Pi) * l.Bul * l.GUpper * c.C / math.Sqrt(math.Pi),
		SourceFactor:     l.EinsteinA / l.Bul,
		GapK:             (l.EUpperJ - l.ELowerJ) / c.K,
		LowerK:           l.ELowerJ / c.K,
		ThermalFactor:    2 * c.K / l.MassKg,
		SpeedOfLight:     c.C,
		RestFrequency:    l.RestFrequencyHz,
		InversePartition: l.Z,
	}
}

// Offsets returns the channels as the kernels take them: (ν-ν₀)·c/ν₀ [m/s].
func (m Medium) Offsets(frequenciesHz []float64) []float64 {
	x := make([]float64, len(frequenciesHz))
	for i, nu := range frequenciesHz {
		x[i] = (nu - m.RestFrequency) * m.SpeedOfLight / m.RestFrequency
	}
	return x
}
