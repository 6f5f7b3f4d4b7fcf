// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"image"
	"image/color"
	"math"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// pen draws the elements of a sheet with one set of styles.
type pen struct {
	c         draw.Canvas
	colors    []color.NRGBA // the colour map in equal steps
	diverging []color.NRGBA // the same for values of both signs
	dots      float64       // device pixels per point
}

// The type sizes and the ink of a sheet.
const (
	sizeTitle vg.Length = 17
	sizeLabel vg.Length = 12
	sizeTick  vg.Length = 10.5
	tickMark  vg.Length = 4
)

// The grey of ink, of remarks and of marks on dark maps.
const (
	ink   grey = 20
	faint grey = 90
	paper grey = 255
)

// grey is a colour without colour.
type grey uint8

// RGBA implements color.Color.
func (g grey) RGBA() (r, gr, b, a uint32) { return color.Gray{Y: uint8(g)}.RGBA() }

// style returns a sans-serif text style. Alignments are fractions of the box
// that lie left of and below the point, negative.
func style(size vg.Length, c color.Color, bold bool, x, y float64) text.Style {
	f := font.Font{Typeface: plot.DefaultFont.Typeface, Variant: "Sans", Size: size}
	if bold {
		f.Weight = xfont.WeightBold
	}
	return text.Style{Color: c, Font: f, Handler: plot.DefaultTextHandler, XAlign: text.XAlignment(x), YAlign: text.YAlignment(y)}
}

// text writes s, in which ^{…} is raised and _{…} lowered.
func (p *pen) text(s string, at vg.Point, sty text.Style) { p.write(s, at, sty, 0) }

// up writes text that reads upwards.
func (p *pen) up(s string, at vg.Point, sty text.Style) { p.write(s, at, sty, math.Pi/2) }

// write draws the runs of s one after the other along direction angle. The
// font has no raised minus, hence exponents are set in small type.
func (p *pen) write(s string, at vg.Point, sty text.Style, angle float64) {
	type run struct {
		text  string
		style text.Style
		shift vg.Length
	}
	var runs []run
	var width vg.Length
	for i, part := range strings.FieldsFunc(strings.NewReplacer("^{", "\x00^", "_{", "\x00_", "}", "\x00").Replace(s), func(r rune) bool { return r == 0 }) {
		r := run{part, sty, 0}
		if i > 0 || strings.HasPrefix(s, "^{") {
			mark := part[0]
			if mark == '^' || mark == '_' {
				r.text = part[1:]
				r.style.Font.Size = sty.Font.Size * 0.72
				r.shift = sty.Font.Size * 0.36
			}
			if mark == '_' {
				r.shift = -sty.Font.Size * 0.2
			}
		}
		runs = append(runs, r)
		width += r.style.Width(r.text)
	}
	// All runs stand on one baseline, which the alignment of the whole fixes.
	along := width * vg.Length(sty.XAlign)
	across := sty.Height(s) * vg.Length(sty.YAlign)
	sin, cos := vg.Length(math.Sin(angle)), vg.Length(math.Cos(angle))
	for _, r := range runs {
		y := across + r.shift
		pt := vg.Point{X: at.X + along*cos - y*sin, Y: at.Y + along*sin + y*cos}
		r.style.XAlign, r.style.YAlign, r.style.Rotation = text.XLeft, text.YBottom, angle
		p.c.FillText(r.style, pt, r.text)
		along += r.style.Width(r.text)
	}
}

func (p *pen) line(c color.Color, width vg.Length, a, b vg.Point) {
	p.c.StrokeLine2(draw.LineStyle{Color: c, Width: width}, a.X, a.Y, b.X, b.Y)
}

// frame strokes the outline of r.
func (p *pen) frame(r vg.Rectangle) {
	pts := []vg.Point{r.Min, {X: r.Max.X, Y: r.Min.Y}, r.Max, {X: r.Min.X, Y: r.Max.Y}, r.Min}
	p.c.StrokeLines(draw.LineStyle{Color: ink, Width: 0.8}, pts)
}

// raster paints r with value(x, y), x and y in [0, 1) from the lower left, at
// the resolution of the device: pixels of the model stay sharp squares.
func (p *pen) raster(r vg.Rectangle, value func(x, y float64) color.NRGBA) {
	s := r.Size()
	w, h := int(math.Ceil(float64(s.X)*p.dots)), int(math.Ceil(float64(s.Y)*p.dots))
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for j := range h {
		for i := range w {
			img.SetNRGBA(i, h-1-j, value((float64(i)+0.5)/float64(w), (float64(j)+0.5)/float64(h)))
		}
	}
	p.c.DrawImage(r, img)
}

// color returns the colour of place t in [0, 1] of a scale.
func (p *pen) color(s stretch, t float64) color.NRGBA {
	table := p.colors
	if s.signed {
		table = p.diverging
	}
	return table[int(math.Min(1, math.Max(0, t))*float64(len(table)-1)+0.5)]
}

// view is the extent of a map and the unit of its axes.
type view struct {
	nx, ny int
	lo, hi [2]float64 // in unit
	unit   string
}

// newView returns the extent of an image in au, or in pc where au need too many
// digits.
func newView(im *Image) view {
	v := view{nx: im.NX, ny: im.NY, unit: "au"}
	scale := auM
	width := math.Max(im.PixelSizeM[0]*float64(im.NX), im.PixelSizeM[1]*float64(im.NY))
	if width > 1e5*auM {
		v.unit, scale = "pc", parsecM
	}
	for a, n := range [2]int{im.NX, im.NY} {
		half := im.PixelSizeM[a] * float64(n) / 2
		v.lo[a] = (im.OriginM[a] - half) / scale
		v.hi[a] = (im.OriginM[a] + half) / scale
	}
	return v
}

// aspect returns width over height.
func (v view) aspect() float64 { return (v.hi[0] - v.lo[0]) / (v.hi[1] - v.lo[1]) }

// fit returns the largest rectangle of the view's aspect in the upper left of a
// box.
func (v view) fit(min vg.Point, w, h vg.Length) vg.Rectangle {
	a := vg.Length(v.aspect())
	top := min.Y + h
	if w > h*a {
		w = h * a
	} else {
		h = w / a
	}
	return vg.Rectangle{Min: vg.Point{X: min.X, Y: top - h}, Max: vg.Point{X: min.X + w, Y: top}}
}

// tile returns the number of columns, and the size of a map, that make n maps
// largest in a box.
func (v view) tile(n int, w, h, gap vg.Length) (columns int, size vg.Point) {
	for c := 1; c <= n; c++ {
		rows := vg.Length((n + c - 1) / c)
		cols := vg.Length(c)
		s := v.fit(vg.Point{}, (w-(cols-1)*gap)/cols, (h-(rows-1)*gap)/rows).Size()
		if s.X > size.X {
			columns, size = c, s
		}
	}
	return columns, size
}

// imageMap paints values [y, x] into r.
func (p *pen) imageMap(r vg.Rectangle, v view, values []float64, s stretch) {
	p.raster(r, func(x, y float64) color.NRGBA {
		i, j := int(x*float64(v.nx)), int(y*float64(v.ny))
		val := values[j*v.nx+i]
		if math.IsNaN(val) {
			return color.NRGBA{blank, blank, blank, 255}
		}
		return p.color(s, s.at(val))
	})
}

// axes draws frame and ticks of a map, labels where asked, with room for the
// labels between ticks.
func (p *pen) axes(r vg.Rectangle, v view, s stretch, left, bottom bool) {
	const across, upward vg.Length = 44, 40
	size := r.Size()
	ticks := func(a int, length, room vg.Length) []float64 {
		n := max(1, int(length/room))
		t := niceTicks(v.lo[a], v.hi[a], n)
		for more := 1; len(t) < 2 && more <= 2; more++ { // one label does not make a scale
			t = niceTicks(v.lo[a], v.hi[a], n+more)
		}
		return t
	}
	place := func(a int, t float64) vg.Length {
		f := vg.Length((t - v.lo[a]) / (v.hi[a] - v.lo[a]))
		if a == 0 {
			return r.Min.X + f*(r.Max.X-r.Min.X)
		}
		return r.Min.Y + f*(r.Max.Y-r.Min.Y)
	}
	for _, t := range ticks(0, size.X, across) {
		x := place(0, t)
		p.line(s.mark(), 0.8, vg.Point{X: x, Y: r.Min.Y}, vg.Point{X: x, Y: r.Min.Y + tickMark})
		p.line(s.mark(), 0.8, vg.Point{X: x, Y: r.Max.Y}, vg.Point{X: x, Y: r.Max.Y - tickMark})
		number, sty := label(t), style(sizeTick, ink, false, -0.5, -1)
		if inside := min(x-r.Min.X, r.Max.X-x) > sty.Width(number)/2; bottom && inside { // or maps side by side share the place
			p.text(number, vg.Point{X: x, Y: r.Min.Y - 4}, sty)
		}
	}
	for _, t := range ticks(1, size.Y, upward) {
		y := place(1, t)
		p.line(s.mark(), 0.8, vg.Point{X: r.Min.X, Y: y}, vg.Point{X: r.Min.X + tickMark, Y: y})
		p.line(s.mark(), 0.8, vg.Point{X: r.Max.X, Y: y}, vg.Point{X: r.Max.X - tickMark, Y: y})
		if inside := min(y-r.Min.Y, r.Max.Y-y) > sizeTick/2; left && inside {
			p.text(label(t), vg.Point{X: r.Min.X - 4, Y: y}, style(sizeTick, ink, false, -1, -0.35))
		}
	}
	p.frame(r)
}

// mark returns the grey of marks that show on the dark half of the colour map,
// or on the bright middle of the diverging one.
func (s stretch) mark() grey {
	if s.signed {
		return ink
	}
	return paper
}

// bar draws a vertical colour bar in r with its unit beside it.
func (p *pen) bar(r vg.Rectangle, s stretch, quantity, unit string) {
	p.raster(r, func(_, y float64) color.NRGBA { return p.color(s, y) })
	p.frame(r)
	factor, power := decade(s.hi)
	var widest vg.Length
	sty := style(sizeTick, ink, false, 0, -0.35)
	for _, t := range s.ticks(6) {
		y := r.Min.Y + vg.Length(s.at(t))*(r.Max.Y-r.Min.Y)
		p.line(ink, 0.8, vg.Point{X: r.Max.X, Y: y}, vg.Point{X: r.Max.X + tickMark, Y: y})
		number := label(t / factor)
		widest = max(widest, sty.Width(strings.NewReplacer("^{", "", "}", "").Replace(number)))
		p.text(number, vg.Point{X: r.Max.X + tickMark + 2, Y: y}, sty)
	}
	x := r.Max.X + tickMark + 10 + widest + sizeLabel
	p.up(quantity+" ["+power+unit+"]", vg.Point{X: x, Y: (r.Min.Y + r.Max.Y) / 2}, style(sizeLabel, ink, false, -0.5, 0))
}
