// SPDX-License-Identifier: BSD-3-Clause

// Package loss is what training minimises: a weighted sum of the mean squared
// error and of the mean modulus of the difference's Fourier transform.
package loss

import (
	"fmt"
	"math"
	"sync"

	"gonum.org/v1/gonum/dsp/fourier"

	"github.com/columen/columen/emulator/device"
)

// Alpha is the weight of the mean squared error in the published training.
const Alpha = 0.8

// Terms are the parts of a loss, weights included.
type Terms struct {
	MSE     float64 // α · mean (p − t)²
	Fourier float64 // (1 − α) · mean |FFT₂(t) − FFT₂(p)|

	Relative float64 // of EvalRelative, where it is added; Eval leaves it 0
}

// Total is the loss.
func (t Terms) Total() float64 { return t.MSE + t.Fourier + t.Relative }

// FreqMSE is the loss of the original for images of Height × Width:
//
//	L = α · 1/M Σ (p − t)² + (1 − α) · 1/M Σ_k |F(t − p)_k|
//
// with F the two-dimensional discrete Fourier transform of each image, not
// normalised, and M the number of values of the whole batch. As F is linear one
// transform of the difference serves both. The gradient of |z| at 0 is 0.
//
// (The original's logs have the names of the two terms swapped.)
type FreqMSE struct {
	height, width int
	alpha         float64
	workers       []*worker
}

// NewFreqMSE returns the loss for images of the given extents, working with up
// to threads goroutines. The result does not depend on their number.
func NewFreqMSE(height, width int, alpha float64, threads int) (*FreqMSE, error) {
	if height < 1 || width < 2 {
		return nil, fmt.Errorf("loss: images of %d × %d; at least 1 × 2 are needed", height, width)
	}
	if !(alpha >= 0 && alpha <= 1) {
		return nil, fmt.Errorf("loss: alpha = %g; it must lie in [0, 1]", alpha)
	}
	f := &FreqMSE{height: height, width: width, alpha: alpha}
	for range max(1, threads) {
		f.workers = append(f.workers, newWorker(height, width))
	}
	return f, nil
}

// Eval returns the loss of a batch and, if grad is not nil, writes there the
// derivative with respect to pred. The slices hold whole images one after the
// other and have one length.
func Eval[T device.Float](f *FreqMSE, pred, target, grad []T) (Terms, error) {
	return EvalPart(f, pred, target, grad, len(pred))
}

// EvalPart is Eval for a part of a batch that has so many values in all: terms
// and derivatives of the parts add up to those of the batch.
func EvalPart[T device.Float](f *FreqMSE, pred, target, grad []T, values int) (Terms, error) {
	size := f.height * f.width
	if len(pred) == 0 && len(target) == 0 && values > 0 {
		return Terms{}, nil
	}
	if len(pred) != len(target) || grad != nil && len(grad) != len(pred) || len(pred) == 0 || len(pred)%size != 0 {
		return Terms{}, fmt.Errorf("loss: %d predicted and %d target values (gradient %d); all must be the same number of %d × %d images",
			len(pred), len(target), len(grad), f.height, f.width)
	}
	images, m := len(pred)/size, float64(values)
	squares, moduli := make([]float64, images), make([]float64, images)
	var wg sync.WaitGroup
	for k, w := range f.workers {
		wg.Go(func() {
			for i := k; i < images; i += len(f.workers) {
				var g []T
				if grad != nil {
					g = grad[i*size : (i+1)*size]
				}
				squares[i], moduli[i] = image(w, pred[i*size:(i+1)*size], target[i*size:(i+1)*size], g, 2*f.alpha/m, (1-f.alpha)/m)
			}
		})
	}
	wg.Wait()
	var t Terms
	for i := range images {
		t.MSE += squares[i]
		t.Fourier += moduli[i]
	}
	t.MSE *= f.alpha / m
	t.Fourier *= (1 - f.alpha) / m
	return t, nil
}

// image returns Σ(p − t)² and Σ|F(p − t)| of one image and writes
// a·(p − t) + b·∂Σ|F|/∂p to grad unless that is nil.
func image[T device.Float](w *worker, pred, target, grad []T, a, b float64) (squares, moduli float64) {
	for j, p := range pred {
		d := float64(p) - float64(target[j])
		w.diff[j] = d
		squares += d * d
	}
	moduli = w.forward()
	if grad == nil {
		return squares, moduli
	}
	for j, p := range pred {
		grad[j] = T(a * (float64(p) - float64(target[j])))
	}
	w.backward()
	for j, g := range w.diff {
		grad[j] += T(b * g)
	}
	return squares, moduli
}

// worker transforms one image at a time. It keeps the half of the spectrum with
// column index ≤ W/2; the other half is its conjugate, as images are real.
type worker struct {
	height, width, half int
	rows                *fourier.FFT
	columns             *fourier.CmplxFFT
	diff                []float64    // H × W
	spectrum            []complex128 // H × half
	moduli              []float64    // of the spectrum
	column              []complex128
}

func newWorker(height, width int) *worker {
	half := width/2 + 1
	return &worker{
		height: height, width: width, half: half,
		rows: fourier.NewFFT(width), columns: fourier.NewCmplxFFT(height),
		diff:     make([]float64, height*width),
		spectrum: make([]complex128, height*half), moduli: make([]float64, height*half),
		column: make([]complex128, height),
	}
}

// forward transforms diff to spectrum and returns the sum of all moduli.
func (w *worker) forward() float64 {
	for h := range w.height {
		w.rows.Coefficients(w.spectrum[h*w.half:(h+1)*w.half], w.diff[h*w.width:(h+1)*w.width])
	}
	w.eachColumn(w.columns.Coefficients)
	var edge, inside float64 // columns that occur once, and twice
	for h := range w.height {
		moduli := w.moduli[h*w.half : (h+1)*w.half]
		for k, z := range w.spectrum[h*w.half : (h+1)*w.half] {
			// Images are of order one: no modulus overflows, as cmplx.Abs would prevent.
			r := math.Sqrt(real(z)*real(z) + imag(z)*imag(z))
			moduli[k] = r
			inside += r
		}
		edge += moduli[0]
		if w.width%2 == 0 {
			edge += moduli[w.half-1]
		}
	}
	return 2*inside - edge
}

// backward replaces diff by the derivative of the sum of moduli, which is the
// backward transform of the phases: ∂|F_k|/∂d_n = Re( e^{iφ_k} e^{2πi k·n/N} ).
func (w *worker) backward() {
	for i, r := range w.moduli {
		if r > 0 {
			z := w.spectrum[i]
			w.spectrum[i] = complex(real(z)/r, imag(z)/r)
		}
	}
	w.eachColumn(w.columns.Sequence)
	for h := range w.height {
		w.rows.Sequence(w.diff[h*w.width:(h+1)*w.width], w.spectrum[h*w.half:(h+1)*w.half])
	}
}

// eachColumn applies a transform to the columns of the spectrum.
func (w *worker) eachColumn(transform func(dst, src []complex128) []complex128) {
	for k := range w.half {
		for h := range w.column {
			w.column[h] = w.spectrum[h*w.half+k]
		}
		transform(w.column, w.column)
		for h, z := range w.column {
			w.spectrum[h*w.half+k] = z
		}
	}
}
