// SPDX-License-Identifier: BSD-3-Clause

package evaluate

import (
	"errors"
	"fmt"
	"math"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/emulator/metric"
)

// Buckets is the number of intervals of the histogram of MaxRel: below 10 %, ten
// percent each up to 100 %, and all above.
const Buckets = 11

// Scores collects the metrics of predictions of one data set.
type Scores struct {
	shape  dataset.Shape
	nm     dataset.Normalization
	border metric.Border

	maxRel     []float64 // of each sample [%]
	zncc, ssim []float64 // sums over samples, per channel

	target, pred []float64 // physical intensities of a batch
}

// NewScores returns an empty collection with SSIM of a border.
func NewScores(shape dataset.Shape, nm dataset.Normalization, border metric.Border) *Scores {
	return &Scores{shape: shape, nm: nm, border: border, zncc: make([]float64, shape.Channels), ssim: make([]float64, shape.Channels)}
}

// Add takes a batch of normalised images [B, F, g, g]. SSIM depends on the
// division into batches, since its constants are made from the range of the
// whole batch; everything else does not.
func (s *Scores) Add(target, pred []float32) error {
	n := s.shape.OutputLen()
	images := metric.Images{Batch: len(target) / n, Frequencies: s.shape.Channels, Height: s.shape.Grid, Width: s.shape.Grid}
	zncc, err1 := metric.ZNCC(images, target, pred)
	ssim, err2 := metric.SSIM(images, target, pred, s.border)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if len(s.target) < len(target) {
		s.target, s.pred = make([]float64, len(target)), make([]float64, len(target))
	}
	s.nm.Intensity(s.target[:len(target)], target)
	s.nm.Intensity(s.pred[:len(target)], pred)
	maxRel, err := metric.MaxRel(images, s.target[:len(target)], s.pred[:len(target)])
	if err != nil {
		return err
	}
	for i, m := range maxRel {
		if math.IsNaN(m) || math.IsInf(m, 0) {
			return fmt.Errorf("MaxRel of sample %d is %g: the prediction is not finite", len(s.maxRel)+i, m)
		}
	}
	s.maxRel = append(s.maxRel, maxRel...)
	for f := range s.zncc {
		s.zncc[f] += zncc[f] * float64(images.Batch)
		s.ssim[f] += ssim[f] * float64(images.Batch)
	}
	return nil
}

// Values returns the collection as numbers, for other ranks: as many for each
// collection of the same channels and of at most so many samples.
func (s *Scores) Values(samples int) []float64 {
	v := append([]float64{float64(len(s.maxRel))}, s.zncc...)
	v = append(append(v, s.ssim...), s.maxRel...)
	return append(v, make([]float64, samples-len(s.maxRel))...)
}

// Join returns the collection of what all the Values hold.
func (s *Scores) Join(all [][]float64) *Scores {
	sum := NewScores(s.shape, s.nm, s.border)
	for _, v := range all {
		n, c := int(v[0]), s.shape.Channels
		for f := range c {
			sum.zncc[f] += v[1+f]
			sum.ssim[f] += v[1+c+f]
		}
		sum.maxRel = append(sum.maxRel, v[1+2*c:1+2*c+n]...)
	}
	return sum
}

// MaxRel returns the value of each sample so far [%].
func (s *Scores) MaxRel() []float64 { return s.maxRel }

// Summary is what a report says of a set of predictions.
type Summary struct {
	Samples       int          `json:"samples"`
	MaxRelMedian  float64      `json:"maxrel_median_percent"` // the lower of two middle values, as published
	MaxRelBuckets [Buckets]int `json:"maxrel_buckets"`        // <10 %, 10–20 %, …, ≥100 %
	ZNCC          []float64    `json:"zncc"`                  // per channel
	SSIM          []float64    `json:"ssim"`                  // per channel
	SSIMBorder    string       `json:"ssim_border"`
}

// Summary returns the metrics of all samples so far, at least one.
func (s *Scores) Summary() (Summary, error) {
	median, err := metric.LowerMedian(s.maxRel)
	if err != nil {
		return Summary{}, err
	}
	sum := Summary{Samples: len(s.maxRel), MaxRelMedian: median, SSIMBorder: string(s.border)}
	for _, m := range s.maxRel {
		sum.MaxRelBuckets[min(int(m/10), Buckets-1)]++
	}
	for f := range s.zncc {
		sum.ZNCC = append(sum.ZNCC, s.zncc[f]/float64(sum.Samples))
		sum.SSIM = append(sum.SSIM, s.ssim[f]/float64(sum.Samples))
	}
	return sum, nil
}

// Mean returns the mean over channels.
func Mean(perChannel []float64) float64 {
	var sum float64
	for _, x := range perChannel {
		sum += x
	}
	return sum / float64(len(perChannel))
}
