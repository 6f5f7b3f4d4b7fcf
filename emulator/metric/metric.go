// SPDX-License-Identifier: BSD-3-Clause

// Package metric says how far predicted images are from targets: MaxRel in
// physical intensity, ZNCC and SSIM in the normalised space of training.
//
// All sums are in float64 whatever the type of the images.
package metric

import (
	"fmt"
	"math"
	"slices"

	"github.com/columen/columen/emulator/device"
)

// Images is the shape of a set of images [Batch, Frequencies, Height, Width].
type Images struct {
	Batch, Frequencies, Height, Width int
}

// Len returns the number of values.
func (s Images) Len() int { return s.Batch * s.Frequencies * s.pixels() }

func (s Images) pixels() int { return s.Height * s.Width }

// check says whether two slices have this shape.
func (s Images) check(target, pred int) error {
	if s.Batch < 1 || s.Frequencies < 1 || s.pixels() < 1 || target != s.Len() || pred != s.Len() {
		return fmt.Errorf("metric: %d target and %d predicted values; images of %d × %d × %d × %d hold %d",
			target, pred, s.Batch, s.Frequencies, s.Height, s.Width, s.Len())
	}
	return nil
}

// image returns the values of sample b at frequency f.
func image[T device.Float](s Images, v []T, b, f int) []T {
	at := (b*s.Frequencies + f) * s.pixels()
	return v[at : at+s.pixels()]
}

// MaxRel returns for each sample, in percent, the mean over frequencies and
// pixels of the error relative to the largest target intensity along the
// pixel's spectrum:
//
//	100 · mean_{f,p} |t_{f,p} − p_{f,p}| / max_f t_{f,p}
//
// Intensities are physical, not normalised. With one frequency it is the mean
// relative error. A spectrum without a positive target is an error.
func MaxRel[T device.Float](s Images, target, pred []T) ([]float64, error) {
	if err := s.check(len(target), len(pred)); err != nil {
		return nil, err
	}
	result := make([]float64, s.Batch)
	for b := range result {
		var sum float64
		for p := range s.pixels() {
			largest, deviation := math.Inf(-1), 0.0
			for f := range s.Frequencies {
				t := float64(image(s, target, b, f)[p])
				largest = max(largest, t)
				deviation += math.Abs(t - float64(image(s, pred, b, f)[p]))
			}
			if !(largest > 0) {
				return nil, fmt.Errorf("metric: sample %d, pixel (%d, %d): the largest target intensity is %g; MaxRel needs a positive one",
					b, p/s.Width, p%s.Width, largest)
			}
			sum += deviation / largest
		}
		result[b] = 100 * sum / float64(s.Frequencies*s.pixels())
	}
	return result, nil
}

// LowerMedian returns the median of at least one value, the lower of the two
// middle ones if their number is even, as the published figures take it.
func LowerMedian(values []float64) (float64, error) {
	if len(values) == 0 {
		return 0, fmt.Errorf("metric: the median of no values")
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2], nil
}

// ZNCC returns for each frequency the zero-mean normalised cross-correlation,
// averaged over the batch:
//
//	Σ (p − p̄)(t − t̄) / √( Σ (p − p̄)² · Σ (t − t̄)² )
//
// with sums over the pixels of one image; it is 0 where the denominator is.
func ZNCC[T device.Float](s Images, target, pred []T) ([]float64, error) {
	if err := s.check(len(target), len(pred)); err != nil {
		return nil, err
	}
	result := make([]float64, s.Frequencies)
	for f := range result {
		for b := range s.Batch {
			result[f] += correlation(image(s, target, b, f), image(s, pred, b, f))
		}
		result[f] /= float64(s.Batch)
	}
	return result, nil
}

// correlation returns the coefficient of Pearson of two images.
func correlation[T device.Float](target, pred []T) float64 {
	meanT, meanP := mean(target), mean(pred)
	var tt, pp, tp float64
	for i, v := range target {
		t, p := float64(v)-meanT, float64(pred[i])-meanP
		tt += t * t
		pp += p * p
		tp += t * p
	}
	if d := math.Sqrt(tt * pp); d != 0 {
		return tp / d
	}
	return 0
}

func mean[T device.Float](v []T) float64 {
	var sum float64
	for _, x := range v {
		sum += float64(x)
	}
	return sum / float64(len(v))
}
