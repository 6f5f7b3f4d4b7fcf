// SPDX-License-Identifier: BSD-3-Clause

package scale

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/columen/columen/emulator/device/cpu"
	"github.com/columen/columen/jobs/internal/series"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/lamda"
	"github.com/columen/columen/solver/line"
	"github.com/columen/columen/solver/ray"
)

// Sizes of the measurements of kernels.
const (
	kernelEdge     = 64 // rays, and cells along a ray
	kernelChannels = 31
	kernelRows     = 16
	denseIn        = 6144 // the first dense layer of the published network
	denseOut       = 4096
)

// kernels measures the kernels that most of the time goes into, with nothing to
// skip, so that their arithmetic can be counted.
func kernels(threads int) ([]series.Kernel, error) {
	double, err := integrate[float64](threads, "double")
	if err != nil {
		return nil, err
	}
	single, err := integrate[float32](threads, "single")
	if err != nil {
		return nil, err
	}
	return []series.Kernel{double, single, dense(threads, 1), dense(threads, 32)}, nil
}

// integrate measures the formal solution along rays through gas in which every
// cell is seen by every channel and every segment is narrow: cells as far apart in
// velocity as 3 % of the width of the line.
func integrate[T grid.Float](threads int, precision string) (series.Kernel, error) {
	co, err := lamda.CO()
	if err != nil {
		return series.Kernel{}, err
	}
	number, err := co.TransitionNumber(1)
	if err != nil {
		return series.Kernel{}, err
	}
	l, err := line.New(co, number, line.Options{})
	if err != nil {
		return series.Kernel{}, err
	}
	n := kernelEdge * kernelEdge
	row := ray.Row[T]{
		Density: slices.Repeat([]T{1e6}, n), Temperature: slices.Repeat([]T{30}, n), Turbulence: slices.Repeat([]T{300}, n), Velocity: make([]T, n),
		Across: kernelEdge, Step: 1, Rays: kernelEdge, Cells: kernelEdge, VelocitySign: 1, CellLength: 1e12, Ends: []int32{kernelEdge - 1},
	}
	for i := range row.Velocity {
		row.Velocity[i] = T(10 * (i % kernelEdge))
	}
	frequencies := make([]float64, kernelChannels)
	for c := range frequencies {
		frequencies[c] = l.RestFrequencyHz * (1 + 10*float64(c-kernelChannels/2)/l.Constants.C)
	}
	m := ray.NewMedium(l)
	workers := make([]ray.Kernel[T], threads)
	for i := range workers {
		if workers[i], err = ray.New[T](m, m.Offsets(frequencies), ray.Limits{MaxCells: kernelEdge}); err != nil {
			return series.Kernel{}, err
		}
	}
	seconds, err := fastest(threads, func(worker int) error {
		out := ray.Result[T]{Transmission: make([]T, kernelChannels*kernelEdge), Emission: make([]T, kernelChannels*kernelEdge), StrideRay: 1, StrideChannel: kernelEdge}
		for range kernelRows {
			mine := row
			if _, err := workers[worker].Integrate(&mine, &out); err != nil {
				return err
			}
		}
		return nil
	})
	word := map[string]float64{"double": 8, "single": 4}[precision]
	return series.Kernel{
		Name: "integrate, " + precision, Precision: precision, Unit: "cell·channel", FLOPs: solveFLOPs, Bytes: 4*word/kernelChannels + 2*word/kernelEdge, Threads: threads,
		NanosecondsPerUnit: 1e9 * seconds / float64(kernelRows*n*kernelChannels),
		How:                fmt.Sprintf("kernel %s on %d rays of %d cells that %d channels all see, %d threads at once, the best within %v", workers[0].Name(), kernelEdge, kernelEdge, kernelChannels, threads, patience),
	}, err
}

// dense measures a dense layer of the network: at small batches it waits for its
// weights, which are read once.
func dense(threads, batch int) series.Kernel {
	pool := cpu.NewPool(threads)
	x, w, bias, y := make([]float32, batch*denseIn), make([]float32, denseIn*denseOut), make([]float32, denseOut), make([]float32, batch*denseOut)
	for i := range w {
		w[i] = 1e-3
	}
	seconds, _ := best(func() error { // which cannot fail
		cpu.Linear(pool, batch, denseIn, denseOut, false, x, w, bias, y)
		return nil
	})
	return series.Kernel{
		Name: fmt.Sprintf("dense, batch %d", batch), Precision: "single", Unit: "weight·sample", FLOPs: 2, Bytes: 4 / float64(batch), Threads: threads,
		NanosecondsPerUnit: 1e9 * seconds * float64(threads) / float64(batch*denseIn*denseOut),
		How:                fmt.Sprintf("layer of %d × %d weights in single precision, %d threads, the best within %v", denseIn, denseOut, threads, patience),
	}
}

// fastest returns the seconds of the fastest attempt in which all threads work at
// the same time.
func fastest(threads int, do func(worker int) error) (float64, error) {
	errs := make([]error, threads)
	return best(func() error {
		var wg sync.WaitGroup
		for i := range threads {
			wg.Go(func() { errs[i] = do(i) })
		}
		wg.Wait()
		return errors.Join(errs...)
	})
}
