// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/palette/moreland"
)

// newPalette returns a colour map from black over violet and orange to pale
// yellow whose luminance grows linearly with the value, so that equal steps
// look equal and a grey print keeps the order.
func newPalette() ([]color.NRGBA, error) {
	m, err := moreland.NewLuminance([]color.Color{
		color.NRGBA{4, 4, 14, 255},
		color.NRGBA{56, 16, 108, 255},
		color.NRGBA{136, 34, 106, 255},
		color.NRGBA{206, 66, 72, 255},
		color.NRGBA{246, 135, 40, 255},
		color.NRGBA{252, 206, 92, 255},
		color.NRGBA{254, 252, 210, 255},
	})
	if err != nil {
		return nil, err
	}
	m.SetMin(0)
	m.SetMax(1)
	out := make([]color.NRGBA, 1024)
	for i, c := range m.Palette(len(out)).Colors() {
		out[i] = color.NRGBAModel.Convert(c).(color.NRGBA)
	}
	return out, nil
}

// blank is the grey of pixels that are NaN.
const blank = 128

// stretch maps [lo, hi] to [0, 1] so that what matters is visible.
type stretch struct {
	name   string
	lo, hi float64
	root   bool // square root instead of linear
	log    bool // logarithm instead of linear; lo > 0
}

// newStretch chooses by the contrast of the positive values, maximum over
// median: linear up to 8, square root up to 60, and beyond that the logarithm
// over at most four decades.
func newStretch(values []float64) stretch {
	var pos []float64
	lo := 0.0
	for _, v := range values {
		switch {
		case math.IsNaN(v) || math.IsInf(v, 0):
		case v > 0:
			pos = append(pos, v)
		case v < lo:
			lo = v
		}
	}
	if len(pos) == 0 {
		return stretch{name: "linear", lo: lo, hi: lo + math.Max(1, math.Abs(lo))}
	}
	slices.Sort(pos)
	hi, median := pos[len(pos)-1], pos[len(pos)/2]
	switch contrast := hi / median; {
	case lo < -1e-3*hi || contrast < 8: // absorption needs a scale that shows its depth
		return stretch{name: "linear", lo: lo, hi: hi}
	case contrast < 60:
		return stretch{name: "square-root", lo: 0, hi: hi, root: true}
	}
	return stretch{name: "logarithmic", lo: math.Max(hi/1e4, pos[len(pos)/20]), hi: hi, log: true}
}

// at returns the place of v in [0, 1].
func (s stretch) at(v float64) float64 {
	var t float64
	switch {
	case s.log:
		t = math.Log(math.Max(v, s.lo)/s.lo) / math.Log(s.hi/s.lo)
	case s.root:
		t = math.Sqrt(math.Max(v-s.lo, 0) / (s.hi - s.lo))
	default:
		t = (v - s.lo) / (s.hi - s.lo)
	}
	return math.Min(1, math.Max(0, t))
}
