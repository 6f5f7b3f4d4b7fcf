// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"fmt"
	"math"
	"strings"
)

// KeyValue is one line of provenance or of a description.
type KeyValue struct {
	Key, Value string
}

// Image is the specific intensity of one line seen from one direction.
type Image struct {
	ModelName       string     // what was observed, e.g. the snapshot's name
	Species         string     // e.g. "CO"
	Transition      string     // e.g. "2-1"
	ViewName        string     // e.g. "i60_p30"
	RestFrequencyHz float64    // ν₀ [Hz]
	FrequenciesHz   []float64  // channel centres [Hz], increasing
	NX, NY          int        // pixels along image x and y
	PixelSizeM      [2]float64 // edge lengths of a pixel in the plane of the origin [m]
	OriginM         [2]float64 // view coordinates of the image centre [m]
	AxisX           string     // model direction of image x, e.g. "+x"; any text where no axis is meant
	AxisY           string     // model direction of image y
	AxisLOS         string     // model direction towards the observer
	Intensity       []float64  // I_ν [ν, y, x] in C order [W m⁻² Hz⁻¹ sr⁻¹]
	BackgroundSI    []float64  // I_bg behind the model per channel [W m⁻² Hz⁻¹ sr⁻¹]; nil is none
	Provenance      []KeyValue // e.g. config digest, input files, versions
}

// Validate returns an error that names the first field that makes no image.
// NaN intensities are allowed and mean a blank pixel.
func (im *Image) Validate() error {
	n := len(im.FrequenciesHz)
	if im.NX < 1 || im.NY < 1 || n < 1 {
		return fmt.Errorf("image: %d × %d pixels, %d frequencies: want at least one of each", im.NX, im.NY, n)
	}
	const elementsMax = 1 << 46 // far beyond any machine; keeps the product exact
	if im.NX > elementsMax/im.NY || im.NX*im.NY > elementsMax/n {
		return fmt.Errorf("image: %d × %d × %d elements is too large", n, im.NY, im.NX)
	}
	if want := n * im.NY * im.NX; len(im.Intensity) != want {
		return fmt.Errorf("image: Intensity has %d elements: want %d × %d × %d = %d", len(im.Intensity), n, im.NY, im.NX, want)
	}
	if im.BackgroundSI != nil && len(im.BackgroundSI) != n {
		return fmt.Errorf("image: BackgroundSI has %d elements: want %d, one per frequency", len(im.BackgroundSI), n)
	}
	if !positive(im.RestFrequencyHz) {
		return fmt.Errorf("image: RestFrequencyHz = %g: want a positive number", im.RestFrequencyHz)
	}
	last := 0.0
	for k, nu := range im.FrequenciesHz {
		if !positive(nu) || nu <= last {
			return fmt.Errorf("image: FrequenciesHz[%d] = %g after %g: want positive numbers, increasing", k, nu, last)
		}
		last = nu
	}
	for a := range im.PixelSizeM {
		if !positive(im.PixelSizeM[a]) {
			return fmt.Errorf("image: PixelSizeM[%d] = %g: want a positive number", a, im.PixelSizeM[a])
		}
		if math.IsNaN(im.OriginM[a]) || math.IsInf(im.OriginM[a], 0) {
			return fmt.Errorf("image: OriginM[%d] = %g: want a finite number", a, im.OriginM[a])
		}
	}
	for k, bg := range im.BackgroundSI {
		if math.IsNaN(bg) || math.IsInf(bg, 0) || bg < 0 {
			return fmt.Errorf("image: BackgroundSI[%d] = %g: want a finite number, not negative", k, bg)
		}
	}
	return nil
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }

// VelocitiesMS returns the velocity of every channel in the radio convention,
// v = c(ν₀−ν)/ν₀ [m s⁻¹], decreasing.
func (im *Image) VelocitiesMS() []float64 {
	v := make([]float64, len(im.FrequenciesHz))
	for k, nu := range im.FrequenciesHz {
		v[k] = lightSpeed * (im.RestFrequencyHz - nu) / im.RestFrequencyHz
	}
	return v
}

// Channel returns the pixels [y, x] of channel k; the slice is part of im.
func (im *Image) Channel(k int) []float64 {
	n := im.NX * im.NY
	return im.Intensity[k*n : (k+1)*n]
}

// Equidistant reports whether the channels lie on a linear grid to a thousandth
// of their mean spacing, which no analysis can tell from a linear grid. One
// channel does.
func (im *Image) Equidistant() bool {
	n := len(im.FrequenciesHz)
	if n < 3 {
		return true
	}
	first := im.FrequenciesHz[0]
	step := (im.FrequenciesHz[n-1] - first) / float64(n-1)
	for k, nu := range im.FrequenciesHz {
		if math.Abs(nu-first-float64(k)*step) > 1e-3*step {
			return false
		}
	}
	return true
}

// LineName returns species and transition, e.g. "CO 2-1".
func (im *Image) LineName() string { return strings.TrimSpace(im.Species + " " + im.Transition) }

// backgroundText says whether anything shines through the model.
func (im *Image) backgroundText() string {
	for _, i := range im.BackgroundSI {
		if i != 0 {
			return "included"
		}
	}
	return "none"
}

// background returns I_bg of channel k, zero where none was given.
func (im *Image) background(k int) float64 {
	if im.BackgroundSI == nil {
		return 0
	}
	return im.BackgroundSI[k]
}
