// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"fmt"
	"math"
)

// Float is the precision of physical fields.
type Float interface{ float32 | float64 }

// Kind is one of the original's three data sets. It decides how intensities are
// normalised, and the published one also stands for a line and a set of views.
type Kind string

// The kinds. FaceOn and Rotation have one channel, at the centre of CO J = 1-0,
// seen along z or from random directions; MultiFrequency has many channels of
// CO J = 2-1 from random directions.
const (
	FaceOn         Kind = "faceon"
	Rotation       Kind = "rotation"
	MultiFrequency Kind = "mulfreq"
)

// Validate returns an error that lists the kinds if k is none of them.
func (k Kind) Validate() error {
	switch k {
	case FaceOn, Rotation, MultiFrequency:
		return nil
	}
	return fmt.Errorf("data set kind %q: want %s, %s or %s", string(k), FaceOn, Rotation, MultiFrequency)
}

// intensityLogFloor is where MultiFrequency cuts off ln I: fainter pixels count
// as dark. It lies 13 below the maximum of the published set.
const intensityLogFloor = -40

// Normalization maps physical fields to the network's numbers and back. All
// logarithms are natural, of temperatures in K, densities in m⁻³ and
// intensities in W m⁻² Hz⁻¹ sr⁻¹. "Median" is the median of ln x − min ln x.
type Normalization struct {
	Kind                 Kind    `json:"kind"`
	VelocityMeanMS       float64 `json:"velocity_mean_ms"`
	VelocityStdMS        float64 `json:"velocity_std_ms"`
	TemperatureLogMin    float64 `json:"temperature_log_min"`
	TemperatureLogMedian float64 `json:"temperature_log_median"`
	DensityLogMin        float64 `json:"density_log_min"`
	DensityLogMedian     float64 `json:"density_log_median"`
	IntensityLogMin      float64 `json:"intensity_log_min"`
	IntensityLogMax      float64 `json:"intensity_log_max,omitempty"`    // MultiFrequency only, else 0
	IntensityLogMedian   float64 `json:"intensity_log_median,omitempty"` // FaceOn and Rotation only, else 0
}

// Published returns the statistics that the original ships for a kind. Models
// trained by it need exactly these.
func Published(k Kind) (Normalization, error) {
	switch k {
	case FaceOn:
		return Normalization{k, 8.236233, 4679.134, 2.9957323, 2.9503255, 5.7818117, 11.678113, -47.387955, 0, 8.168968}, nil
	case Rotation:
		return Normalization{k, 2.418295683524512, 6047.552226018931, 2.995732273553991, 2.253876470119076,
			4.6492778169275795, 3.64338703137295, -49.99714047180799, 0, 3.9803791369775947}, nil
	case MultiFrequency:
		return Normalization{k, 6.924692769519845, 6398.3946975237795, 2.9957323, 2.2992773, 4.6492777, 4.1785784, -40, -27.064306, 0}, nil
	}
	return Normalization{}, k.Validate()
}

// Validate returns an error that names the first number that makes no map.
func (nm Normalization) Validate() error {
	if err := nm.Kind.Validate(); err != nil {
		return err
	}
	scale := nm.IntensityScale()
	for _, f := range []struct {
		name     string
		value    float64
		positive bool
	}{
		{"velocity mean", nm.VelocityMeanMS, false}, {"velocity std", nm.VelocityStdMS, true},
		{"temperature min", nm.TemperatureLogMin, false}, {"temperature median", nm.TemperatureLogMedian, true},
		{"density min", nm.DensityLogMin, false}, {"density median", nm.DensityLogMedian, true},
		{"intensity min", nm.IntensityLogMin, false}, {"intensity max − min, or median", scale, true},
	} {
		if math.IsNaN(f.value) || math.IsInf(f.value, 0) || f.positive && f.value <= 0 {
			want := "a finite number"
			if f.positive {
				want = "a positive number"
			}
			return fmt.Errorf("normalization %s: %s = %g: want %s", nm.Kind, f.name, f.value, want)
		}
	}
	return nil
}

// IntensityScale is what divides ln I − min: d ln I of the normalised intensity.
func (nm Normalization) IntensityScale() float64 {
	if nm.Kind == MultiFrequency {
		return nm.IntensityLogMax - nm.IntensityLogMin
	}
	return nm.IntensityLogMedian
}

// NormalizeInput fills dst = [v, T, n], each of len(velocityMS) cells:
//
//	v' = (v − mean)/std    T' = (ln T − min)/median    n' = (ln n − min)/median
//
// Temperature [K] and density [m⁻³] must be positive.
func NormalizeInput[T Float](nm Normalization, dst []float32, velocityMS, temperatureK, densityM3 []T) error {
	cells := len(velocityMS)
	if len(temperatureK) != cells || len(densityM3) != cells || len(dst) != 3*cells {
		return fmt.Errorf("normalize input: %d velocities, %d temperatures, %d densities into %d values: want n, n, n and 3n",
			cells, len(temperatureK), len(densityM3), len(dst))
	}
	for i, v := range velocityMS {
		x := (float64(v) - nm.VelocityMeanMS) / nm.VelocityStdMS
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("normalize input: velocity of cell %d is %g m/s: want a finite number", i, v)
		}
		dst[i] = float32(x)
	}
	if i := normalizeLog(dst[cells:2*cells], temperatureK, nm.TemperatureLogMin, nm.TemperatureLogMedian); i >= 0 {
		return fmt.Errorf("normalize input: temperature of cell %d is %g K: want a positive finite number", i, temperatureK[i])
	}
	if i := normalizeLog(dst[2*cells:], densityM3, nm.DensityLogMin, nm.DensityLogMedian); i >= 0 {
		return fmt.Errorf("normalize input: density of cell %d is %g m⁻³: want a positive finite number", i, densityM3[i])
	}
	return nil
}

// normalizeLog returns the index of the first bad element, or −1.
func normalizeLog[T Float](dst []float32, src []T, min, scale float64) int {
	for i, x := range src {
		if !(x > 0) || math.IsInf(float64(x), 0) {
			return i
		}
		dst[i] = float32((math.Log(float64(x)) - min) / scale)
	}
	return -1
}

// NormalizeOutput maps the intensities of one sample, all its channels, to
//
//	MultiFrequency   (max(ln I, −40) − min)/(max − min)
//	others           (ln I − min)/median
//
// Zeros count as the smallest positive intensity of the sample. Intensities
// must be finite and not negative, and one at least positive.
func NormalizeOutput[T Float](nm Normalization, dst []float32, intensity []T) error {
	if len(dst) != len(intensity) {
		return fmt.Errorf("normalize output: %d intensities into %d values", len(intensity), len(dst))
	}
	low, err := smallestPositive(intensity)
	if err != nil {
		return fmt.Errorf("normalize output: %w", err)
	}
	scale := nm.IntensityScale()
	for i, x := range intensity {
		if x == 0 {
			x = low
		}
		dst[i] = float32((nm.clamp(math.Log(float64(x))) - nm.IntensityLogMin) / scale)
	}
	return nil
}

// clamp applies the floor of the kind to ln I.
func (nm Normalization) clamp(log float64) float64 {
	if nm.Kind == MultiFrequency {
		return max(log, intensityLogFloor)
	}
	return log
}

// Floor raises the faint intensities of one sample to what NormalizeOutput takes
// them for, so that another image can be measured with the ruler of the data set.
func (nm Normalization) Floor(intensity []float64) error {
	low, err := smallestPositive(intensity)
	if err != nil {
		return err
	}
	if nm.Kind == MultiFrequency {
		low = max(low, math.Exp(intensityLogFloor))
	}
	for i, x := range intensity {
		intensity[i] = max(x, low)
	}
	return nil
}

func smallestPositive[T Float](intensity []T) (T, error) {
	low := T(math.Inf(1))
	for i, x := range intensity {
		if !(x >= 0) || math.IsInf(float64(x), 0) {
			return 0, fmt.Errorf("intensity %d is %g W m⁻² Hz⁻¹ sr⁻¹: want a finite number ≥ 0", i, x)
		}
		if x > 0 && x < low {
			low = x
		}
	}
	if math.IsInf(float64(low), 0) {
		return 0, fmt.Errorf("all %d intensities are zero: want one positive at least", len(intensity))
	}
	return low, nil
}

// Intensity is the inverse of NormalizeOutput, in W m⁻² Hz⁻¹ sr⁻¹:
// I = exp(y·scale + min).
func (nm Normalization) Intensity(dst []float64, y []float32) {
	scale := nm.IntensityScale()
	for i, v := range y {
		dst[i] = math.Exp(float64(v)*scale + nm.IntensityLogMin)
	}
}

// Fields is the inverse of NormalizeInput: velocity [m s⁻¹], temperature [K] and
// density [m⁻³] of the cells of x = [v, T, n].
func (nm Normalization) Fields(velocityMS, temperatureK, densityM3 []float64, x []float32) {
	cells := len(x) / 3
	for i := range cells {
		velocityMS[i] = float64(x[i])*nm.VelocityStdMS + nm.VelocityMeanMS
		temperatureK[i] = math.Exp(float64(x[cells+i])*nm.TemperatureLogMedian + nm.TemperatureLogMin)
		densityM3[i] = math.Exp(float64(x[2*cells+i])*nm.DensityLogMedian + nm.DensityLogMin)
	}
}

// velocitySpanMaxMS is the largest spread of the velocities of a sample.
const velocitySpanMaxMS = 1e5

// Outlier reports whether a sample is to be dropped as the original does: its
// velocities span more than 100 km/s. One that is not finite is an outlier too.
func Outlier[T Float](velocityMS []T) bool {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range velocityMS {
		x := float64(v)
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return true
		}
		low, high = min(low, x), max(high, x)
	}
	return high-low > velocitySpanMaxMS
}
