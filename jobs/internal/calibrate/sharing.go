// SPDX-License-Identifier: BSD-3-Clause

package calibrate

import (
	"errors"
	"math"
	"time"

	"github.com/columen/columen/emulator/cost"
	"github.com/columen/columen/emulator/device"
	"github.com/columen/columen/mpiutil"
)

// Sizes of what is computed on all ranks at once.
const (
	edge   = 256 // of a matrix that fits into a cache
	pieces = 16  // of the computing beside a reduction
	rounds = 5   // of kernels
)

// kernels are work that is bound by memory, and work that is not.
func kernels(dev device.Device[float32], streamed int) (stream, arithmetic func()) {
	p, g, m, v := dev.Alloc(streamed), dev.Alloc(streamed), dev.Alloc(streamed), dev.Alloc(streamed)
	for _, b := range []device.Buffer[float32]{p, g, m, v} {
		dev.Fill(b, 1)
	}
	step := device.AdamStep{Rate: 1e-6, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Step: 1}
	shape := device.Linear{In: edge, Out: edge}
	x, w, bias, y := dev.Alloc(edge*edge), dev.Alloc(edge*edge), dev.Alloc(edge), dev.Alloc(edge*edge)
	for _, b := range []device.Buffer[float32]{x, w, bias} {
		dev.Fill(b, 1)
	}
	return func() { dev.Adam(step, p, g, m, v) }, func() { dev.LinearForward(shape, edge, x, w, bias, y) }
}

// updateBytes is what an update reads and writes of a parameter.
const updateBytes = 28

// sharing runs kernels on rank 0 while the others sleep, and then on all at once.
func sharing(comm *mpiutil.Comm, dev device.Device[float32], e effort) (cost.Sharing, error) {
	stream, arithmetic := kernels(dev, e.streamed)
	s := cost.Sharing{Ranks: comm.Size()}
	for i, do := range []func(){stream, arithmetic} {
		do()
		var ratios []float64
		least := math.Inf(1)
		for range rounds { // in turns, so that other programs slow both down alike
			together, err1 := during(comm, dev, e.patience, do, true)
			alone, err2 := during(comm, dev, e.patience, do, false)
			if err := errors.Join(err1, err2); err != nil {
				return s, err
			}
			ratios, least = append(ratios, together/alone), min(least, alone)
		}
		factor := max(1, median(ratios))
		if i == 0 {
			s.Stream, s.Bandwidth = factor, updateBytes*float64(e.streamed)/least
		} else {
			s.Arithmetic = factor
		}
	}
	values := []float64{s.Stream, s.Arithmetic, s.Bandwidth}
	err := mpiutil.Bcast(comm, values, 0)
	s.Stream, s.Arithmetic, s.Bandwidth = values[0], values[1], values[2]
	return s, err
}

// during returns the median time of a kernel that runs for a while, on all ranks or
// on rank 0 alone.
func during(comm *mpiutil.Comm, dev device.Device[float32], patience time.Duration, do func(), all bool) (float64, error) {
	if err := comm.Barrier(); err != nil {
		return 0, err
	}
	var seconds []float64
	if all || comm.Rank() == 0 {
		for begin := time.Now(); len(seconds) < 3 || time.Since(begin) < patience; {
			start := time.Now()
			do()
			if err := dev.Sync(); err != nil {
				return 0, err
			}
			seconds = append(seconds, time.Since(start).Seconds())
		}
	} else {
		time.Sleep(patience) // waiting inside MPI keeps a core busy
	}
	if err := comm.Barrier(); err != nil || len(seconds) == 0 {
		return 1, err
	}
	return median(seconds), nil
}

// overlap returns how much of a reduction computing hides that takes about as long,
// in pieces between which the library may work.
func overlap(comm *mpiutil.Comm, dev device.Device[float32], e effort, bucket cost.Sum) (float64, error) {
	_, arithmetic := kernels(dev, 0)
	one, err := during(comm, dev, e.patience, arithmetic, true)
	if err != nil {
		return 0, err
	}
	repeats := []int64{max(1, int64(bucket.Seconds/pieces/one))}
	if err := mpiutil.Bcast(comm, repeats, 0); err != nil {
		return 0, err
	}
	x := make([]float32, int(bucket.Bytes)/4)
	run := func(reduce, compute bool) (float64, error) {
		var seconds []float64
		for range 5 {
			if err := comm.Barrier(); err != nil {
				return 0, err
			}
			start := time.Now()
			var r *mpiutil.Request
			if reduce {
				if r, err = mpiutil.Iallreduce(comm, x, mpiutil.Sum); err != nil {
					return 0, err
				}
			}
			for k := 0; compute && k < pieces; k++ {
				for range repeats[0] {
					arithmetic()
				}
				if _, err := r.Test(); err != nil {
					return 0, err
				}
			}
			if err := r.Wait(); err != nil {
				return 0, err
			}
			seconds = append(seconds, time.Since(start).Seconds())
		}
		return slowest(comm, median(seconds))
	}
	var took [3]float64 // to reduce, to compute, and both
	for i := range took {
		if took[i], err = run(i != 1, i != 0); err != nil {
			return 0, err
		}
	}
	return min(1, max(0, (took[0]+took[1]-took[2])/min(took[0], took[1]))), nil
}
