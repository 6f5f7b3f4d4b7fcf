// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/palette"
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
	return tabulate(m), nil
}

// newDiverging returns a colour map from blue over white to red for values of
// both signs [Moreland 2009, doi:10.1007/978-3-642-10520-3_9].
func newDiverging() []color.NRGBA { return tabulate(moreland.SmoothBlueRed()) }

// tabulate evaluates a colour map in equal steps.
func tabulate(m palette.ColorMap) []color.NRGBA {
	m.SetMin(0)
	m.SetMax(1)
	out := make([]color.NRGBA, 1024)
	for i, c := range m.Palette(len(out)).Colors() {
		out[i] = color.NRGBAModel.Convert(c).(color.NRGBA)
	}
	return out
}

// blank is the grey of pixels that are NaN.
const blank = 128

// stretch maps [lo, hi] to [0, 1] so that what matters is visible.
type stretch struct {
	name   string
	lo, hi float64
	root   bool // square root instead of linear
	log    bool // logarithm instead of linear; lo > 0
	signed bool // symmetric about zero, for absorption and emission
}

// newStretch chooses by the contrast of the positive values, maximum over
// median: linear up to 8, square root up to 60, and beyond that the logarithm
// over at most four decades. Absorption deeper than a thousandth of the maximum
// gets a linear scale symmetric about zero.
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
	if len(pos) == 0 && lo == 0 {
		return stretch{name: "linear", hi: 1}
	}
	slices.Sort(pos)
	hi, median := 0.0, 0.0
	if len(pos) > 0 {
		hi, median = pos[len(pos)-1], pos[len(pos)/2]
	}
	if lo < -1e-3*hi {
		top := math.Max(hi, -lo)
		return stretch{name: "linear", lo: -top, hi: top, signed: true}
	}
	switch contrast := hi / median; {
	case contrast < 8:
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
