// SPDX-License-Identifier: BSD-3-Clause

package loss

import (
	"fmt"
	"math"
	"sync"

	"github.com/columen/columen/emulator/device"
)

// Relative is the error that metric.MaxRel counts, to first order in the error
// of ln I, so that it can be trained on: the error of each value relative to the
// brightest channel of its pixel,
//
//	L = 1/M Σ w |t − p| s,  w = e^{s (t − max_f t)}
//
// with t and p normalised logarithms of intensity, s = d ln I/dt and M the
// number of values. The squares of FreqMSE give a channel that is a million
// times fainter than the line the weight of the line itself.
type Relative struct {
	Channels, Pixels int     // of a sample [Channels, Pixels]
	Scale            float64 // s
	Weight           float64 // by which the loss is multiplied
	Threads          int
	Values           int // M where the samples are part of a batch; 0 means theirs
}

// EvalRelative returns the loss of whole samples, weight included, and adds its
// derivative with respect to pred to grad unless that is nil. The derivative of
// |x| at 0 is 0. The result does not depend on the number of threads.
func EvalRelative[T device.Float](r Relative, pred, target, grad []T) (float64, error) {
	size := r.Channels * r.Pixels
	if size < 1 || len(pred) != len(target) || grad != nil && len(grad) != len(pred) || len(pred) == 0 || len(pred)%size != 0 {
		return 0, fmt.Errorf("loss: %d predicted and %d target values (gradient %d); all must be the same number of %d × %d samples",
			len(pred), len(target), len(grad), r.Channels, r.Pixels)
	}
	samples := len(pred) / size
	sums := make([]float64, samples)
	values := len(pred)
	if r.Values > 0 {
		values = r.Values
	}
	unit := r.Weight * r.Scale / float64(values)
	threads := max(1, r.Threads)
	var wg sync.WaitGroup
	for k := range threads {
		wg.Go(func() {
			for b := k; b < samples; b += threads {
				lo, hi := b*size, (b+1)*size
				var g []T
				if grad != nil {
					g = grad[lo:hi]
				}
				sums[b] = relative(r, pred[lo:hi], target[lo:hi], g, unit)
			}
		})
	}
	wg.Wait()
	var sum float64
	for _, s := range sums {
		sum += s
	}
	return unit * sum, nil
}

// relative returns Σ w|t − p| of one sample.
func relative[T device.Float](r Relative, pred, target, grad []T, unit float64) float64 {
	var sum float64
	for x := range r.Pixels {
		brightest := math.Inf(-1)
		for i := x; i < len(target); i += r.Pixels {
			brightest = max(brightest, float64(target[i]))
		}
		for i := x; i < len(target); i += r.Pixels {
			d := float64(pred[i]) - float64(target[i])
			w := math.Exp(r.Scale * (float64(target[i]) - brightest))
			sum += w * math.Abs(d)
			if grad != nil && d != 0 {
				grad[i] += T(math.Copysign(unit*w, d))
			}
		}
	}
	return sum
}
