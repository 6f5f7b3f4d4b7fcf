// SPDX-License-Identifier: BSD-3-Clause

package metric

import (
	"fmt"
	"math"

	"github.com/columen/columen/emulator/device"
)

// Border says which pixels count in the mean of SSIM. The text is the name
// that reports print.
type Border string

// The borders. They differ by up to 0.13 on real images, and the original does
// not say which one its figures have.
const (
	BorderKept    Border = "ssim-border-kept"    // all pixels, with reflection: torchmetrics ≥ 1.4.2
	BorderCropped Border = "ssim-border-cropped" // without 5 pixels on each side: torchmetrics ≤ 1.4.1

	// DefaultBorder is the one this project reports.
	DefaultBorder = BorderKept
)

// The constants of Wang et al. 2004: the window's width and half-extent in
// pixels, and the stabilisers relative to the range of the data.
const (
	ssimSigma  = 1.5
	ssimRadius = 5
	ssimK1     = 0.01
	ssimK2     = 0.03
)

// SSIM returns for each frequency the structural similarity, averaged over
// pixels and batch:
//
//	(2 μ_p μ_t + c₁)(2 σ_pt + c₂) / ( (μ_p² + μ_t² + c₁)(σ_p² + σ_t² + c₂) )
//
// with moments under a Gaussian window of 11 × 11 pixels (σ = 1.5), images
// reflected at their borders, cᵢ = (kᵢ·R)² and R the range of the target over
// the whole batch at that frequency, so that the value depends on the batch.
//
// Reference: Wang, Bovik, Sheikh & Simoncelli 2004, IEEE Trans. Image Process.
// 13, 600, eq. 13.
func SSIM[T device.Float](s Images, target, pred []T, border Border) ([]float64, error) {
	if err := s.check(len(target), len(pred)); err != nil {
		return nil, err
	}
	crop := 0
	switch border {
	case BorderKept:
	case BorderCropped:
		crop = ssimRadius
	default:
		return nil, fmt.Errorf("metric: unknown border %q; allowed are %q and %q", border, BorderKept, BorderCropped)
	}
	// Reflection needs the pixels it mirrors, cropping must leave some.
	if least := max(ssimRadius, 2*crop) + 1; min(s.Height, s.Width) < least {
		return nil, fmt.Errorf("metric: images of %d × %d are too small for SSIM; the least side is %d", s.Height, s.Width, least)
	}
	w := newWindow(s.Height, s.Width, crop)
	result := make([]float64, s.Frequencies)
	for f := range result {
		spread := spreadOf(s, target, f)
		for b := range s.Batch {
			result[f] += similarity(w, image(s, target, b, f), image(s, pred, b, f), spread)
		}
		result[f] /= float64(s.Batch)
	}
	return result, nil
}

// spreadOf returns max − min at one frequency over the batch.
func spreadOf[T device.Float](s Images, v []T, f int) float64 {
	lo, hi := math.Inf(1), math.Inf(-1)
	for b := range s.Batch {
		for _, x := range image(s, v, b, f) {
			lo, hi = min(lo, float64(x)), max(hi, float64(x))
		}
	}
	return hi - lo
}

// similarity returns the mean SSIM of one pair of images.
func similarity[T device.Float](w *window, target, pred []T, spread float64) float64 {
	c1, c2 := ssimK1*spread*ssimK1*spread, ssimK2*spread*ssimK2*spread
	product := func(a, b []T) []float64 {
		return w.blur(func(i int) float64 { return float64(a[i]) * float64(b[i]) })
	}
	muT := w.blur(func(i int) float64 { return float64(target[i]) })
	muP := w.blur(func(i int) float64 { return float64(pred[i]) })
	tt, pp, tp := product(target, target), product(pred, pred), product(target, pred)
	var sum float64
	count := 0
	for h := w.crop; h < w.height-w.crop; h++ {
		for x := w.crop; x < w.width-w.crop; x++ {
			i := h*w.width + x
			varT, varP := max(0, tt[i]-muT[i]*muT[i]), max(0, pp[i]-muP[i]*muP[i])
			cov := tp[i] - muT[i]*muP[i]
			sum += (2*muP[i]*muT[i] + c1) * (2*cov + c2) / ((muP[i]*muP[i] + muT[i]*muT[i] + c1) * (varP + varT + c2))
			count++
		}
	}
	return sum / float64(count)
}

// window blurs images of one size.
type window struct {
	height, width, crop int
	weights             [2*ssimRadius + 1]float64
}

func newWindow(height, width, crop int) *window {
	w := &window{height: height, width: width, crop: crop}
	var sum float64
	for k := range w.weights {
		d := float64(k-ssimRadius) / ssimSigma
		w.weights[k] = math.Exp(-d * d / 2)
		sum += w.weights[k]
	}
	for k := range w.weights {
		w.weights[k] /= sum
	}
	return w
}

// blur returns the weighted means round each pixel, first along rows, then
// along columns.
func (w *window) blur(at func(i int) float64) []float64 {
	rows, out := make([]float64, w.height*w.width), make([]float64, w.height*w.width)
	for h := range w.height {
		for x := range w.width {
			for k, weight := range w.weights {
				rows[h*w.width+x] += weight * at(h*w.width+reflect(x+k-ssimRadius, w.width))
			}
		}
	}
	for h := range w.height {
		for k, weight := range w.weights {
			from := reflect(h+k-ssimRadius, w.height) * w.width
			for x := range w.width {
				out[h*w.width+x] += weight * rows[from+x]
			}
		}
	}
	return out
}

// reflect mirrors an index about the first and last one, which are not
// repeated.
func reflect(i, n int) int {
	if i < 0 {
		i = -i
	}
	if i >= n {
		i = 2*(n-1) - i
	}
	return i
}
