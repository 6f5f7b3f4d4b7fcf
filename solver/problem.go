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
	Camera        *Camera   // a view of any direction in place of View; nil for View
	Depths        bool      // with Camera: also optical depth, and where the light comes from
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
	Depths      *Depths   // with Problem.Depths
	Light       ray.Light // line emission of the whole model, and what the channels miss of it
	Kernel      string
	Integration time.Duration // on this rank: local work
	Exchange    time.Duration // on this rank: stretches to their owners, and composing them
	Gathering   time.Duration // on this rank: pixels to rank 0
}

// Depths are maps [y][x] of how deep a camera sees.
type Depths struct {
	TauPeak   []float64 // largest optical depth of all channels
	TauCenter []float64 // optical depth in the channel nearest to the rest frequency

	// Where the light of the gas comes from: with the contribution
	// C(s) = χS e^{-τ}, the integrand of the formal solution [Rybicki & Lightman
	// 1979, eq. 1.29], z the coordinate
	// towards the observer from the origin of the model, integrated over the ray
	// and all channels,
	//
	//	MeanM = ∫∫ z C ds dν / ∫∫ C ds dν,  SpreadM² = ∫∫ (z-MeanM)² C ds dν / ∫∫ C ds dν,
	//
	// both [m]; the light of a segment counts at its middle. Not a number where
	// there is no light.
	MeanM, SpreadM []float64
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
	if p.Camera != nil {
		if err := p.Camera.validate(); err != nil {
			return err
		}
		if p.Fixed && p.Depths {
			return errors.New("solver: depths in fixed mode: want fast mode")
		}
	}
	if p.Depths && p.Camera == nil {
		return errors.New("solver: depths of a view along an axis: want it as a camera, View.Camera")
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
