// SPDX-License-Identifier: BSD-3-Clause

package solver

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/columen/columen/solver/line"
	"github.com/columen/columen/solver/ray"
)

// Problem is one image to compute.
type Problem struct {
	Line          *line.Line
	FrequenciesHz []float64 // channels, increasing
	View          View
	BackgroundSI  []float64 // intensity behind the cube per channel; nil means none
	AtCenters     bool      // rays end at the outermost cell centres, not at the faces
	Fixed         bool      // the same bits for any number of ranks

	Threads  int                   // goroutines that compute; 0 means all this process may use
	Kernel   string                // name of the kernel; "" means the fastest
	Progress func(done, total int) // rows of pixels, called from several goroutines; may be nil
}

// Image is what Solve returns. Only rank 0 has the intensities.
type Image struct {
	NX, NY      int
	Intensity   []float64 // [ν][y][x] [W m⁻² Hz⁻¹ sr⁻¹]
	Light       ray.Light // line emission of the whole model, and what the channels miss of it
	Kernel      string
	Integration time.Duration // on this rank: local work
	Exchange    time.Duration // on this rank: stretches to their owners, and composing them
	Gathering   time.Duration // on this rank: pixels to rank 0
}

func (p *Problem) validate() error {
	n := len(p.FrequenciesHz)
	if p.Line == nil {
		return errors.New("solver: no line")
	}
	if n == 0 {
		return errors.New("solver: no channels")
	}
	for i, nu := range p.FrequenciesHz {
		if !(nu > 0) || i > 0 && !(nu > p.FrequenciesHz[i-1]) {
			return fmt.Errorf("solver: frequency %d is %g Hz: want positive and increasing", i, nu)
		}
	}
	if p.BackgroundSI != nil && len(p.BackgroundSI) != n {
		return fmt.Errorf("solver: background of %d channels for %d", len(p.BackgroundSI), n)
	}
	return nil
}

func (p *Problem) threads() int {
	if p.Threads > 0 {
		return p.Threads
	}
	return runtime.GOMAXPROCS(0)
}
