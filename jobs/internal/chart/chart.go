// SPDX-License-Identifier: BSD-3-Clause

// Package chart draws the figures of a scaling report, as SVG inside a page and as
// PNG. A figure is data; the colours of its SVG are variables of the page, so that
// it suits a light page and a dark one.
package chart

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Colours is the number of colours. The page defines --c0 to --c5: those of Okabe
// and Ito (2008), which colour-blind people can tell apart.
const Colours = 6

// Curve is a line of points.
type Curve struct {
	Label     string
	X, Y      []float64
	Low, High []float64 // spread of Y; nil for none
	Hollow    []bool    // points to draw hollow; nil for none
	Colour    int
	Dashed    bool // a law or a simulation, without points
}

// Chart is a figure with two axes.
type Chart struct {
	Title, XLabel, YLabel string
	LogX, LogY            bool   // to the base 2 for X in whole powers, 10 otherwise
	FromZero              bool   // the y axis begins at 0
	Mark                  string // what hollow points are
	Curves                []Curve
}

// The layout of an SVG, in its own units.
const (
	width, height           = 790.0, 400.0
	left, right, top, under = 74.0, 248.0, 16.0, 52.0
)

// axis maps values to places.
type axis struct {
	low, high, from, to float64
	log                 bool
}

func (a axis) at(x float64) float64 {
	low, high := a.low, a.high
	if a.log {
		x, low, high = math.Log(x), math.Log(low), math.Log(high)
	}
	return a.from + (x-low)/(high-low)*(a.to-a.from)
}

// ticks are round values inside the axis.
func (a axis) ticks() []float64 {
	var out []float64
	if a.log {
		base := 2.0
		if a.high/a.low > 300 {
			base = 10
		}
		for k := math.Ceil(math.Log(a.low)/math.Log(base) - 1e-9); ; k++ {
			v := math.Pow(base, k)
			if v > a.high*(1+1e-9) {
				return out
			}
			out = append(out, v)
		}
	}
	step := math.Pow(10, math.Floor(math.Log10((a.high-a.low)/4)))
	for _, f := range [...]float64{1, 2, 5, 10} {
		if (a.high-a.low)/(f*step) <= 6 {
			step *= f
			break
		}
	}
	for k := math.Ceil(a.low/step - 1e-9); k*step <= a.high*(1+1e-9); k++ {
		out = append(out, k*step+0) // not −0
	}
	return out
}

// axes finds the range of the values.
func (c Chart) axes() (x, y axis, ok bool) {
	x = axis{low: math.Inf(1), high: math.Inf(-1), log: c.LogX}
	y = axis{low: math.Inf(1), high: math.Inf(-1), log: c.LogY}
	take := func(a *axis, v float64) {
		if !math.IsNaN(v) && !math.IsInf(v, 0) && (!a.log || v > 0) {
			a.low, a.high = min(a.low, v), max(a.high, v)
		}
	}
	for _, k := range c.Curves {
		for i := range k.X {
			take(&x, k.X[i])
			take(&y, k.Y[i])
			if k.Low != nil {
				take(&y, k.Low[i])
				take(&y, k.High[i])
			}
		}
	}
	if math.IsInf(x.low, 0) || math.IsInf(y.low, 0) {
		return x, y, false
	}
	for _, a := range []*axis{&x, &y} {
		switch {
		case a.log:
			a.low, a.high = a.low/1.15, a.high*1.15
		default:
			pad := 0.05*(a.high-a.low) + 1e-12*math.Abs(a.high) + 1e-300
			a.low, a.high = a.low-pad, a.high+pad
		}
	}
	if c.FromZero && !c.LogY {
		y.low = 0
	}
	return x, y, true
}

// SVG draws the chart.
func (c Chart) SVG() string {
	var b strings.Builder
	begin(&b, c.Title, height)
	x, y, ok := c.axes()
	if !ok {
		text(&b, width/2, height/2, "middle", "label", "no points")
		return b.String() + "</svg>"
	}
	x.from, x.to, y.from, y.to = left, width-right, height-under, top
	marked := c.Mark != "" && c.hollow()
	if marked { // room above the axes
		y.to += 20
	}
	for _, v := range y.ticks() {
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x.from, x.to, y.at(v), y.at(v))
		text(&b, left-8, y.at(v)+4, "end", "tick", Number(v))
	}
	for _, v := range x.ticks() {
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x.at(v), x.at(v), y.from, y.to)
		text(&b, x.at(v), y.from+18, "middle", "tick", Number(v))
	}
	fmt.Fprintf(&b, `<path class="axis" d="M%.1f %.1fV%.1fH%.1f"/>`, x.from, y.to, y.from, x.to)
	text(&b, (x.from+x.to)/2, height-12, "middle", "label", c.XLabel)
	fmt.Fprintf(&b, `<text class="label" text-anchor="middle" transform="translate(16 %.1f) rotate(-90)">%s</text>`, (y.from+y.to)/2, html.EscapeString(c.YLabel))
	labels := c.labelPlaces(y)
	for i, k := range c.Curves {
		k.svg(&b, x, y, labels[i])
	}
	if marked {
		fmt.Fprintf(&b, `<circle class="dot hollow" style="--c:var(--c5)" cx="%.1f" cy="%.1f" r="4.5"/>`, x.from+6, y.to-18)
		text(&b, x.from+18, y.to-14, "start", "tick", c.Mark)
	}
	return b.String() + "</svg>"
}

// hollow reports whether a point is.
func (c Chart) hollow() bool {
	for _, k := range c.Curves {
		if slices.Contains(k.Hollow, true) {
			return true
		}
	}
	return false
}

// svg draws a curve and writes its name at the height of its end.
func (k Curve) svg(b *strings.Builder, x, y axis, labelAt float64) {
	style := fmt.Sprintf(`style="--c:var(--c%d)"`, k.Colour%Colours)
	class := "curve"
	if k.Dashed {
		class = "curve dashed"
	}
	var path []string
	for i := range k.X {
		path = append(path, fmt.Sprintf("%.1f,%.1f", x.at(k.X[i]), y.at(k.Y[i])))
	}
	fmt.Fprintf(b, `<polyline class="%s" %s points="%s"/>`, class, style, strings.Join(path, " "))
	for i := range k.X {
		if k.Low != nil {
			at, low, high := x.at(k.X[i]), y.at(k.Low[i]), y.at(k.High[i])
			fmt.Fprintf(b, `<path class="bar" %s d="M%.1f %.1fH%.1fM%.1f %.1fV%.1fM%.1f %.1fH%.1f"/>`, style, at-4, low, at+4, at, low, high, at-4, high, at+4)
		}
		if k.Dashed {
			continue
		}
		class := "dot"
		if k.Hollow != nil && k.Hollow[i] {
			class = "dot hollow"
		}
		fmt.Fprintf(b, `<circle class="%s" %s cx="%.1f" cy="%.1f" r="4.5"><title>%s: %s, %s</title></circle>`, class, style, x.at(k.X[i]), y.at(k.Y[i]),
			html.EscapeString(k.Label), Number(k.X[i]), Number(k.Y[i]))
	}
	at := x.to // beside the axes, where no other curve passes
	if len(k.X) == 1 {
		at = x.at(k.X[0])
	}
	fmt.Fprintf(b, `<text class="name" %s x="%.1f" y="%.1f">%s</text>`, style, at+9, labelAt+4, html.EscapeString(k.Label))
}

// labelPlaces moves names that would cover each other apart.
func (c Chart) labelPlaces(y axis) []float64 {
	const apart = 16
	places := make([]float64, len(c.Curves))
	order := make([]int, len(c.Curves))
	for i, k := range c.Curves {
		places[i], order[i] = y.at(k.Y[len(k.Y)-1]), i
	}
	for i := range order { // few: insertion is enough
		for j := i; j > 0 && places[order[j]] < places[order[j-1]]; j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	for i := 1; i < len(order); i++ {
		if least := places[order[i-1]] + apart; places[order[i]] < least {
			places[order[i]] = least
		}
	}
	return places
}

func begin(b *strings.Builder, title string, height float64) {
	fmt.Fprintf(b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, width, height, html.EscapeString(title))
}

func text(b *strings.Builder, x, y float64, anchor, class, s string) {
	fmt.Fprintf(b, `<text class="%s" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, class, x, y, anchor, html.EscapeString(s))
}

// Number writes a number with four significant digits, in full where that is
// short and with a power of ten where it is not.
func Number(x float64) string {
	switch m := math.Abs(x); {
	case math.IsNaN(x):
		return "–"
	case m != 0 && (m < 1e-3 || m >= 1e5):
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(x, 'e', 3, 64), "e")
		if strings.Contains(mantissa, ".") {
			mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
		}
		e, _ := strconv.Atoi(exponent) // strconv wrote it
		return mantissa + "·10" + superscript(e)
	default:
		return strconv.FormatFloat(mustRound(x), 'f', -1, 64)
	}
}

// mustRound rounds to four significant digits.
func mustRound(x float64) float64 {
	r, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	if err != nil {
		panic("chart: " + err.Error())
	}
	return r
}

func superscript(n int) string {
	return strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(strconv.Itoa(n))
}
