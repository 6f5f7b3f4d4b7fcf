// SPDX-License-Identifier: BSD-3-Clause

package device

import "sync"

// parallel calls f for each of n jobs on up to threads goroutines, each of
// which takes one contiguous range. Jobs must write to disjoint memory; then
// the result does not depend on threads.
func parallel(threads, n int, f func(job int)) {
	ranges(threads, n, func(lo, hi int) {
		for job := lo; job < hi; job++ {
			f(job)
		}
	})
}

// ranges cuts n items into up to threads contiguous ranges, side by side.
func ranges(threads, n int, f func(lo, hi int)) {
	threads = max(1, min(threads, n))
	if threads == 1 {
		f(0, n)
		return
	}
	var wg sync.WaitGroup
	for k := range threads {
		wg.Go(func() { f(n*k/threads, n*(k+1)/threads) })
	}
	wg.Wait()
}
