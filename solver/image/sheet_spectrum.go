// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// drawSpectrum draws the integrated spectrum as steps over velocity, with a
// mark at every channel that has a map.
func (s *sheet) drawSpectrum() {
	r := vg.Rectangle{Min: vg.Point{X: 62, Y: 56}, Max: vg.Point{X: 520, Y: 222}}
	v := s.im.VelocitiesMS()
	slices.Reverse(v)
	y := slices.Clone(s.spectrum)
	slices.Reverse(y)
	for k := range v {
		v[k] /= 1e3
	}
	edges := channelEdges(v)
	lo, hi := 0.0, 0.0
	for _, f := range y {
		lo, hi = math.Min(lo, f), math.Max(hi, f)
	}
	if hi == lo {
		hi = lo + 1
	}
	factor, power := decade(math.Max(hi, -lo))
	pad := 0.08 * (hi - lo)
	hi += pad
	if lo < 0 {
		lo -= pad
	}
	first, last := edges[0], edges[len(edges)-1]
	px := func(x float64) vg.Length {
		return r.Min.X + vg.Length((x-first)/(last-first))*(r.Max.X-r.Min.X)
	}
	py := func(f float64) vg.Length { return r.Min.Y + vg.Length((f-lo)/(hi-lo))*(r.Max.Y-r.Min.Y) }

	steps := []vg.Point{}
	for k, f := range y {
		steps = append(steps, vg.Point{X: px(edges[k]), Y: py(f)}, vg.Point{X: px(edges[k+1]), Y: py(f)})
	}
	fill := append([]vg.Point{{X: px(first), Y: py(0)}}, steps...)
	fill = append(fill, vg.Point{X: px(last), Y: py(0)})
	s.c.FillPolygon(color.NRGBA{206, 66, 72, 50}, fill)
	s.line(grey(190), 0.7, vg.Point{X: r.Min.X, Y: py(0)}, vg.Point{X: r.Max.X, Y: py(0)})
	s.c.StrokeLines(draw.LineStyle{Color: color.NRGBA{136, 34, 106, 255}, Width: 1.4}, steps)
	for _, k := range s.shown {
		x := px(v[len(v)-1-k])
		s.line(faint, 0.9, vg.Point{X: x, Y: r.Max.Y}, vg.Point{X: x, Y: r.Max.Y - 7})
	}
	for _, t := range niceTicks(first, last, 8) {
		s.line(ink, 0.8, vg.Point{X: px(t), Y: r.Min.Y}, vg.Point{X: px(t), Y: r.Min.Y + tickMark})
		s.text(label(t), vg.Point{X: px(t), Y: r.Min.Y - 4}, style(sizeTick, ink, false, -0.5, -1))
	}
	for _, t := range niceTicks(lo/factor, hi/factor, 5) {
		at := py(t * factor)
		s.line(ink, 0.8, vg.Point{X: r.Min.X, Y: at}, vg.Point{X: r.Min.X + tickMark, Y: at})
		s.text(label(t), vg.Point{X: r.Min.X - 4, Y: at}, style(sizeTick, ink, false, -1, -0.35))
	}
	s.frame(r)
	name, unit := s.spectrumName()
	s.text("Spectrum of the whole image; marks: channels shown", vg.Point{X: r.Min.X, Y: r.Max.Y + 6}, style(sizeLabel, ink, true, 0, 0))
	s.text("radio velocity [km/s], positive: receding", vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: r.Min.Y - 20}, style(sizeLabel, ink, false, -0.5, -1))
	s.up(name+" ["+power+unit+"]", vg.Point{X: r.Min.X - 38, Y: (r.Min.Y + r.Max.Y) / 2}, style(sizeLabel, ink, false, -0.5, 0))
}

// spectrumName returns quantity and unit of Spectrum for people.
func (s *sheet) spectrumName() (name, unit string) {
	switch s.opts.Unit {
	case Kelvin:
		return "mean T_{b} − T_{b,bg}", "K"
	case JyPerPixel:
		return fmt.Sprintf("flux density at %.4g pc", s.opts.DistancePc), "Jy"
	}
	return "∫(I_{ν} − I_{ν,bg}) dA", "W Hz^{−1} sr^{−1}"
}

// channelEdges returns the borders of channels with the given centres: halfway
// between neighbours, and as far outside at both ends.
func channelEdges(v []float64) []float64 {
	n := len(v)
	e := make([]float64, n+1)
	for k := 1; k < n; k++ {
		e[k] = (v[k-1] + v[k]) / 2
	}
	e[0] = 2*v[0] - e[1]
	e[n] = 2*v[n-1] - e[n-1]
	return e
}
