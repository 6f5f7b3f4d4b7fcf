// SPDX-License-Identifier: BSD-3-Clause

package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// ChunkStatistics are the statistics of one chunk of samples. The chunks of a
// data set are merged by MergeStatistics.
type ChunkStatistics struct {
	Cells                                   int64 // velocities in the chunk
	VelocityMeanMS, VelocityStdMS           float64
	TemperatureLogMin, TemperatureLogMedian float64
	DensityLogMin, DensityLogMedian         float64
	IntensityLogMin, IntensityLogMax        float64
	IntensityLogMedian                      float64 // FaceOn and Rotation only, else 0
	Range                                   InputRange
}

// InputRange is what the inputs of a data set span: beyond it the emulator
// extrapolates.
type InputRange struct {
	VelocityMS   [2]float64 `json:"velocity_ms"`
	TemperatureK [2]float64 `json:"temperature_k"`
	DensityM3    [2]float64 `json:"density_m3"`
}

// Chunk collects samples for statistics. It keeps 4 bytes per cell for the
// temperatures and densities each (and per pixel, of single-channel kinds),
// since a median needs all values: 2 GB for 1000 samples of 64³ cells.
type Chunk struct {
	kind                   Kind
	velocity               moments
	span                   [2]float64
	temperature, density   []float32 // ln
	intensity              []float32 // ln, with −Inf for zeros; single-channel kinds
	intensityLow           float64   // smallest positive
	intensityMin, ceiling  float64   // of clamped ln I; MultiFrequency
	anyIntensity, anyZeros bool
}

// NewChunk returns an empty chunk.
func NewChunk(k Kind) *Chunk {
	inf := math.Inf(1)
	return &Chunk{kind: k, span: [2]float64{inf, -inf}, intensityLow: inf, intensityMin: inf, ceiling: -inf}
}

// AddSample adds a sample: velocities [m s⁻¹], temperatures [K] and densities
// [m⁻³] of its cells and the intensities [W m⁻² Hz⁻¹ sr⁻¹] of its channels. It
// must pass the checks of NormalizeInput and NormalizeOutput.
func AddSample[T Float](c *Chunk, velocityMS, temperatureK, densityM3, intensity []T) error {
	unit := Normalization{Kind: c.kind, VelocityStdMS: 1, TemperatureLogMedian: 1, DensityLogMedian: 1}
	cells := len(velocityMS)
	logs := make([]float32, 3*cells)
	if err := NormalizeInput(unit, logs, velocityMS, temperatureK, densityM3); err != nil {
		return err
	}
	low, err := smallestPositive(intensity)
	if err != nil {
		return err
	}
	for _, v := range velocityMS {
		c.span[0], c.span[1] = min(c.span[0], float64(v)), max(c.span[1], float64(v))
	}
	c.velocity.merge(momentsOf(velocityMS))
	c.temperature = append(c.temperature, logs[cells:2*cells]...)
	c.density = append(c.density, logs[2*cells:]...)
	c.anyIntensity = true
	c.intensityLow = min(c.intensityLow, float64(low))
	for _, x := range intensity {
		c.anyZeros = c.anyZeros || x == 0
		log := math.Log(float64(x)) // −Inf for zero
		if c.kind != MultiFrequency {
			c.intensity = append(c.intensity, float32(log))
		} else if x > 0 {
			log = unit.clamp(log)
			c.intensityMin, c.ceiling = min(c.intensityMin, log), max(c.ceiling, log)
		}
	}
	return nil
}

// Statistics returns the statistics of the samples so far and empties the
// chunk. Zeros count as the smallest positive intensity of the whole chunk.
func (c *Chunk) Statistics() (ChunkStatistics, error) {
	if !c.anyIntensity {
		return ChunkStatistics{}, errors.New("statistics of a chunk without samples")
	}
	s := ChunkStatistics{Cells: int64(c.velocity.n), VelocityMeanMS: c.velocity.mean, VelocityStdMS: c.velocity.std(),
		Range: InputRange{VelocityMS: c.span, TemperatureK: expRange(c.temperature), DensityM3: expRange(c.density)}}
	s.TemperatureLogMin, s.TemperatureLogMedian = minAndMedian(c.temperature)
	s.DensityLogMin, s.DensityLogMedian = minAndMedian(c.density)
	s.IntensityLogMin, s.IntensityLogMax = c.intensityMin, c.ceiling
	if c.kind != MultiFrequency {
		low := float32(math.Log(c.intensityLow))
		for i, x := range c.intensity {
			c.intensity[i] = max(x, low)
		}
		s.IntensityLogMin, s.IntensityLogMedian = minAndMedian(c.intensity)
		s.IntensityLogMax = float64(slices.Max(c.intensity))
	}
	*c = *NewChunk(c.kind)
	return s, nil
}

func expRange(logs []float32) [2]float64 {
	return [2]float64{math.Exp(float64(slices.Min(logs))), math.Exp(float64(slices.Max(logs)))}
}

// MergeStatistics returns the normalisation of a data set from its chunks, by
// the rules of the original: minima and maxima of the chunks', the median of
// the chunks' medians (each above its own chunk's minimum), and for velocities
//
//	mean = Σ n_c μ_c / N    std = sqrt( Σ n_c (σ_c² + (μ_c − mean)²) / N )
//
// It depends on how samples are divided into chunks through the medians only.
func MergeStatistics(k Kind, chunks []ChunkStatistics) (Normalization, InputRange, error) {
	if len(chunks) == 0 {
		return Normalization{}, InputRange{}, errors.New("statistics of a data set without chunks")
	}
	column := func(get func(ChunkStatistics) float64) []float64 {
		v := make([]float64, len(chunks))
		for i, c := range chunks {
			v[i] = get(c)
		}
		return v
	}
	nm := Normalization{
		Kind:                 k,
		TemperatureLogMin:    slices.Min(column(func(c ChunkStatistics) float64 { return c.TemperatureLogMin })),
		TemperatureLogMedian: median(column(func(c ChunkStatistics) float64 { return c.TemperatureLogMedian })),
		DensityLogMin:        slices.Min(column(func(c ChunkStatistics) float64 { return c.DensityLogMin })),
		DensityLogMedian:     median(column(func(c ChunkStatistics) float64 { return c.DensityLogMedian })),
		IntensityLogMin:      slices.Min(column(func(c ChunkStatistics) float64 { return c.IntensityLogMin })),
	}
	if k == MultiFrequency {
		nm.IntensityLogMax = slices.Max(column(func(c ChunkStatistics) float64 { return c.IntensityLogMax }))
	} else {
		nm.IntensityLogMedian = median(column(func(c ChunkStatistics) float64 { return c.IntensityLogMedian }))
	}
	var all moments
	span := chunks[0].Range
	for _, c := range chunks {
		all.merge(moments{float64(c.Cells), c.VelocityMeanMS, float64(c.Cells) * c.VelocityStdMS * c.VelocityStdMS})
		span = span.union(c.Range)
	}
	nm.VelocityMeanMS, nm.VelocityStdMS = all.mean, all.std()
	if err := nm.Validate(); err != nil {
		return Normalization{}, InputRange{}, fmt.Errorf("statistics of the data set: %w", err)
	}
	return nm, span, nil
}

func (r InputRange) union(o InputRange) InputRange {
	join := func(a, b [2]float64) [2]float64 { return [2]float64{min(a[0], b[0]), max(a[1], b[1])} }
	return InputRange{join(r.VelocityMS, o.VelocityMS), join(r.TemperatureK, o.TemperatureK), join(r.DensityM3, o.DensityM3)}
}

// moments are a count, a mean and a sum of squared deviations.
type moments struct{ n, mean, m2 float64 }

func momentsOf[T Float](v []T) moments {
	m := moments{n: float64(len(v))}
	if m.n == 0 {
		return m
	}
	for _, x := range v {
		m.mean += float64(x)
	}
	m.mean /= m.n
	for _, x := range v {
		m.m2 += (float64(x) - m.mean) * (float64(x) - m.mean)
	}
	return m
}

func (m *moments) merge(o moments) {
	if o.n == 0 {
		return
	}
	n := m.n + o.n
	d := o.mean - m.mean
	m.m2 += o.m2 + d*d*m.n*o.n/n
	m.mean += d * o.n / n
	m.n = n
}

func (m moments) std() float64 { return math.Sqrt(m.m2 / m.n) }

// minAndMedian returns the minimum of v and the median of v − minimum, and
// reorders v.
func minAndMedian(v []float32) (low, mid float64) {
	low = float64(slices.Min(v))
	return low, median(v) - low
}

// median reorders v; of an even number of values it is the mean of the two in
// the middle.
func median[T Float](v []T) float64 {
	k := len(v) / 2
	selectRank(v, k)
	if len(v)%2 == 1 {
		return float64(v[k])
	}
	return (float64(v[k]) + float64(slices.Max(v[:k]))) / 2
}

// selectRank reorders v so that v[k] is what sorting would put there, none
// before it is larger and none after it smaller [Hoare's quickselect].
func selectRank[T cmp.Ordered](v []T, k int) {
	lo, hi := 0, len(v)-1
	for lo < hi {
		mid := lo + (hi-lo)/2
		pivot := max(min(v[lo], v[mid]), min(max(v[lo], v[mid]), v[hi])) // median of three
		i, j := lo, hi
		for i <= j {
			for v[i] < pivot {
				i++
			}
			for v[j] > pivot {
				j--
			}
			if i <= j {
				v[i], v[j] = v[j], v[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return
		}
	}
}
