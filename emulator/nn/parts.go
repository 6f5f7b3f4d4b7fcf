// SPDX-License-Identifier: BSD-3-Clause

package nn

import "github.com/columen/columen/emulator/device"

// Parts puts together what layers compute for parts of a batch: for slots, which
// are stretches of its samples, and for ranks, each of which holds some slots.
// Failures are kept by who implements it; a layer goes on with what it has.
type Parts[T device.Float] interface {
	// Slots returns the bounds of the slots of this rank in its own samples: slot
	// k holds samples Slots()[k] to Slots()[k+1].
	Slots() []int
	// Moments merges the moments of the slots of this rank with those of the
	// others: for each slot the number of values of a channel, and what
	// device.BatchNormMoments writes. It writes those of the whole batch to total
	// and returns its number of values.
	Moments(counts []int, slots [][]float64, total []float64) (count int)
	// Sum replaces sums over slots of this rank, all of one length, by those over
	// the batch, written to total. One rank is told to keep them as its part of
	// the gradients; on the others that part is 0.
	Sum(slots [][]float64, total []float64) (keep bool)
}

// Merge puts the moments of b, of nb values per channel, into those of a, of na
// values: sums, and then sums of squares about the means. Sums of a few float32
// are exact in float64 and so do not depend on their order, which means would.
//
// Reference: Chan, Golub & LeVeque 1983, Algorithms for computing the sample
// variance, Am. Stat. 37, 242, equation 1.5.
func Merge(na int, a []float64, nb int, b []float64) {
	if nb == 0 {
		return
	}
	if na == 0 {
		copy(a, b)
		return
	}
	c, n := len(a)/2, float64(na+nb)
	for k := range c {
		apart := b[k]/float64(nb) - a[k]/float64(na)
		a[k] += b[k]
		a[c+k] += b[c+k] + apart*apart*float64(na)*float64(nb)/n
	}
}

// slots returns the bounds of the slots in a batch of this rank.
func (e *Env[T]) slots(batch int) []int {
	if e.Parts == nil {
		return []int{0, batch}
	}
	bounds := e.Parts.Slots()
	if bounds[len(bounds)-1] != batch {
		panic("nn: the slots do not cover the batch")
	}
	return bounds
}

// bySlots calls f for each slot, samples lo to hi, to add to n sums, and hands
// their fold over the slots to take.
func (e *Env[T]) bySlots(bounds []int, n int, f func(lo, hi int, sums device.Buffer[T]), take func(sums device.Buffer[T])) {
	sums := device.Fold(len(bounds)-1, func(k int) device.Buffer[T] {
		s := e.Take(n)
		e.Device.Fill(s, 0)
		f(bounds[k], bounds[k+1], s)
		return s
	}, func(a, b device.Buffer[T]) device.Buffer[T] {
		e.Device.Axpy(1, b, a)
		e.Give(b)
		return a
	})
	take(sums)
	e.Give(sums)
}

// Complete tells that the gradients of entries are complete for this batch.
func (e *Env[T]) Complete(entries ...*Entry[T]) {
	if e.Ready != nil {
		e.Ready(entries)
	}
}

// Await tells that the values of entries are about to be read.
func (e *Env[T]) Await(entries ...*Entry[T]) {
	if e.Needed != nil {
		e.Needed(entries)
	}
}
