// SPDX-License-Identifier: BSD-3-Clause

package optim

import (
	"fmt"
	"math"
)

// Schedule gives the learning rate at a time t = 0, 1, …, in epochs or steps as
// the trainer counts.
type Schedule interface {
	Rate(t int) float64
}

// Constant is the same rate for ever.
type Constant float64

// Rate returns the rate.
func (c Constant) Rate(int) float64 { return float64(c) }

// Step multiplies the rate by Gamma every Size times.
type Step struct {
	Base, Gamma float64
	Size        int
}

// Rate returns Base · Gamma^⌊t/Size⌋.
func (s Step) Rate(t int) float64 {
	rate := s.Base
	for range t / s.Size {
		rate *= s.Gamma
	}
	return rate
}

// Cosine swings from Base to Min and back in 2·Period, in the recursive form of
// PyTorch's CosineAnnealingLR:
//
//	η_t = η_min + (η_{t−1} − η_min)·(1 + cos πt/P)/(1 + cos π(t−1)/P)
//
// and, where the denominator vanishes, η_t = η_{t−1} + (η₀ − η_min)·(1 − cos π/P)/2.
// Min above Base makes the rate rise, which the original does.
//
// Reference: Loshchilov & Hutter 2017, SGDR: stochastic gradient descent with
// warm restarts, ICLR, eq. 5, without restarts.
type Cosine struct {
	Base, Min float64
	Period    int
}

// Rate follows the recursion from 0 to t.
func (c Cosine) Rate(t int) float64 {
	rate, p := c.Base, float64(c.Period)
	for k := 1; k <= t; k++ {
		if (k-1-c.Period)%(2*c.Period) == 0 {
			rate += (c.Base - c.Min) * (1 - math.Cos(math.Pi/p)) / 2
			continue
		}
		rate = (1+math.Cos(math.Pi*float64(k)/p))/(1+math.Cos(math.Pi*float64(k-1)/p))*(rate-c.Min) + c.Min
	}
	return rate
}

// Warmup rises linearly from Start·r to r in Length times, where r is the rate
// of the schedule that then takes over from its own beginning.
type Warmup struct {
	Start  float64 // fraction of the first rate, in [0, 1]
	Length int
	Then   Schedule
}

// Rate returns the rate at t.
func (w Warmup) Rate(t int) float64 {
	if t >= w.Length {
		return w.Then.Rate(t - w.Length)
	}
	return w.Then.Rate(0) * (w.Start + (1-w.Start)*float64(t)/float64(w.Length))
}

// ScheduleOptions name a schedule and its constants, as a configuration does.
type ScheduleOptions struct {
	Kind         string  // constant, step or cosine
	Base         float64 // first rate
	StepSize     int     // step: times between falls
	Gamma        float64 // step: factor of a fall
	Period       int     // cosine: times from Base to Min
	Min          float64 // cosine: rate at the other end
	WarmupLength int     // 0 for none
	WarmupStart  float64 // fraction of Base to begin with
}

// NewSchedule returns the schedule, or an error that names the option that is
// out of its range.
func NewSchedule(o ScheduleOptions) (Schedule, error) {
	if !(o.Base > 0) || math.IsInf(o.Base, 0) {
		return nil, fmt.Errorf("optim: learning rate %g; it must be positive", o.Base)
	}
	if o.WarmupLength < 0 || !(o.WarmupStart >= 0 && o.WarmupStart <= 1) {
		return nil, fmt.Errorf("optim: warm-up of length %d from a fraction %g; the length cannot be negative and the fraction lies in [0, 1]", o.WarmupLength, o.WarmupStart)
	}
	var s Schedule
	switch o.Kind {
	case "constant":
		s = Constant(o.Base)
	case "step":
		if o.StepSize < 1 || !(o.Gamma > 0) {
			return nil, fmt.Errorf("optim: step schedule of size %d and gamma %g; both must be positive", o.StepSize, o.Gamma)
		}
		s = Step{Base: o.Base, Gamma: o.Gamma, Size: o.StepSize}
	case "cosine":
		if o.Period < 1 || !(o.Min >= 0) {
			return nil, fmt.Errorf("optim: cosine schedule of period %d to a rate of %g; the period must be positive, the rate not negative", o.Period, o.Min)
		}
		s = Cosine{Base: o.Base, Min: o.Min, Period: o.Period}
	default:
		return nil, fmt.Errorf("optim: unknown schedule %q; allowed are constant, step and cosine", o.Kind)
	}
	if o.WarmupLength > 0 {
		s = Warmup{Start: o.WarmupStart, Length: o.WarmupLength, Then: s}
	}
	return s, nil
}
