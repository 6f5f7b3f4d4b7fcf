// SPDX-License-Identifier: BSD-3-Clause

// Package optim turns gradients into steps: Adam and AdamW, clipping of the
// gradient's norm, and schedules of the learning rate. It works on whole
// stretches of a device's memory, as emulator.Model lays its parameters out.
package optim

import (
	"fmt"
	"math"

	"github.com/columen/columen/emulator/device"
)

// Options are the constants of Adam. The zero value of Beta1, Beta2 and Eps
// means 0.9, 0.999 and 1e-8.
type Options struct {
	Beta1, Beta2 float64
	Eps          float64
	WeightDecay  float64
	Decoupled    bool // AdamW: decay the values instead of adding to the gradient
}

// withDefaults replaces zeros.
func (o Options) withDefaults() Options {
	if o.Beta1 == 0 {
		o.Beta1 = 0.9
	}
	if o.Beta2 == 0 {
		o.Beta2 = 0.999
	}
	if o.Eps == 0 {
		o.Eps = 1e-8
	}
	return o
}

// Validate says which constant is out of its range.
func (o Options) Validate() error {
	o = o.withDefaults()
	for _, c := range []struct {
		name  string
		value float64
		ok    bool
	}{
		{"beta1", o.Beta1, o.Beta1 > 0 && o.Beta1 < 1},
		{"beta2", o.Beta2, o.Beta2 > 0 && o.Beta2 < 1},
		{"eps", o.Eps, o.Eps > 0 && !math.IsInf(o.Eps, 0)},
		{"weight decay", o.WeightDecay, o.WeightDecay >= 0 && !math.IsInf(o.WeightDecay, 0)},
	} {
		if !c.ok {
			return fmt.Errorf("optim: %s = %g; betas lie in (0, 1), eps is positive, weight decay not negative", c.name, c.value)
		}
	}
	return nil
}

// Adam is the optimiser of Kingma & Ba 2015, or AdamW of Loshchilov & Hutter
// 2019; the formula stands at device.Adam.
type Adam[T device.Float] struct {
	dev               device.Device[T]
	options           Options
	values, gradients device.Buffer[T]
	first, second     device.Buffer[T] // moments
	steps             int
}

// NewAdam returns an optimiser of values by gradients, two buffers of one
// length, with moments of zero.
func NewAdam[T device.Float](dev device.Device[T], values, gradients device.Buffer[T], o Options) (*Adam[T], error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if values.Len() != gradients.Len() {
		return nil, fmt.Errorf("optim: %d values but %d gradients", values.Len(), gradients.Len())
	}
	a := &Adam[T]{dev: dev, options: o.withDefaults(), values: values, gradients: gradients}
	a.first, a.second = dev.Alloc(values.Len()), dev.Alloc(values.Len())
	dev.Fill(a.first, 0)
	dev.Fill(a.second, 0)
	return a, nil
}

// Step changes the values by the gradients at a learning rate.
func (a *Adam[T]) Step(rate float64) {
	a.steps++
	a.StepRange(rate, a.steps, 0, a.values.Len())
}

// StepRange makes step number step of values lo to hi alone, and does not count
// it: Resume does.
func (a *Adam[T]) StepRange(rate float64, step, lo, hi int) {
	a.dev.Adam(device.AdamStep{
		Rate: rate, Beta1: a.options.Beta1, Beta2: a.options.Beta2, Eps: a.options.Eps,
		WeightDecay: a.options.WeightDecay, Decoupled: a.options.Decoupled, Step: step,
	}, a.values.Slice(lo, hi), a.gradients.Slice(lo, hi), a.first.Slice(lo, hi), a.second.Slice(lo, hi))
}

// Moments returns the buffers of the first and second moments, for checkpoints.
func (a *Adam[T]) Moments() (first, second device.Buffer[T]) { return a.first, a.second }

// Steps returns the number of steps made.
func (a *Adam[T]) Steps() int { return a.steps }

// Resume continues as if the given number of steps had been made; the moments
// are to be uploaded to Moments.
func (a *Adam[T]) Resume(steps int) error {
	if steps < 0 {
		return fmt.Errorf("optim: resumed at step %d; it cannot be negative", steps)
	}
	a.steps = steps
	return nil
}

// NormError says that gradients cannot be clipped because their norm is not finite.
type NormError struct {
	Norm float64
}

// Error states the norm.
func (e *NormError) Error() string {
	return fmt.Sprintf("optim: the norm of the gradients is %g", e.Norm)
}

// Clipper limits the norm of gradients.
type Clipper[T device.Float] struct {
	dev device.Device[T]
	sum device.Buffer[T]
	max float64
}

// NewClipper returns a limiter to the given norm, which must be positive.
func NewClipper[T device.Float](dev device.Device[T], maxNorm float64) (*Clipper[T], error) {
	if !(maxNorm > 0) {
		return nil, fmt.Errorf("optim: gradients clipped to norm %g; it must be positive", maxNorm)
	}
	return &Clipper[T]{dev: dev, sum: dev.Alloc(1), max: maxNorm}, nil
}

// Clip scales the gradients by min(1, max/(norm + 1e-6)), as PyTorch's
// clip_grad_norm_, and returns their norm before. It leaves gradients whose
// norm is not finite as they are and says so.
func (c *Clipper[T]) Clip(gradients device.Buffer[T]) (norm float64, err error) {
	c.dev.SumSquares(gradients, c.sum)
	var host [1]T
	c.dev.Download(host[:], c.sum)
	if err := c.dev.Sync(); err != nil {
		return 0, err
	}
	norm = math.Sqrt(float64(host[0]))
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return norm, &NormError{norm}
	}
	if scale := c.max / (norm + 1e-6); scale < 1 {
		c.dev.Scale(T(scale), gradients)
	}
	return norm, nil
}
