// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/columen/columen/internal/atomicfile"
)

// SheetOptions chooses what a sheet shows. The zero value is in kelvin.
type SheetOptions struct {
	Unit       Unit    // of maps and spectrum; "" is K
	DistancePc float64 // needed by Jy/pixel
}

// The layout of a sheet in points (1/72 inch).
const (
	sheetWidth  vg.Length = 1180
	sheetHeight vg.Length = 790
	sheetDPI              = 144
	gridPanels            = 12
)

// WritePNG draws one figure of the image for a first look: the integrated line,
// twelve channels across the line and the spectrum of the whole image, the
// background subtracted. At least two channels are needed. Errors name the
// path.
func WritePNG(path string, im *Image, opts SheetOptions) error {
	canvas, err := drawSheet(im, opts, sheetDPI)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return atomicfile.Write(path, func(tmp string) error {
		f, err := os.OpenFile(tmp, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		_, err = vgimg.PngCanvas{Canvas: canvas}.WriteTo(f)
		return errors.Join(err, f.Close())
	})
}

// sheet is what the parts of a figure share.
type sheet struct {
	pen
	im       *Image
	view     view
	opts     SheetOptions
	lines    [][]float64 // background-subtracted pixels [y, x] of every channel in the unit of opts
	shown    []int       // channels with a map, by increasing velocity
	spectrum []float64
}

// drawSheet draws a sheet at dpi dots per inch.
func drawSheet(im *Image, opts SheetOptions, dpi int) (*vgimg.Canvas, error) {
	if opts.Unit == "" {
		opts.Unit = Kelvin
	}
	m, err := im.Moments(opts.Unit, opts.DistancePc, 0)
	if err != nil {
		return nil, err
	}
	colors, err := newPalette()
	if err != nil {
		return nil, err
	}
	s := &sheet{im: im, opts: opts, view: newView(im)}
	if s.spectrum, err = im.Spectrum(opts.Unit, opts.DistancePc); err != nil {
		return nil, err
	}
	if s.lines, err = subtracted(im, opts); err != nil {
		return nil, err
	}
	s.shown = channelsAcross(s.spectrum, gridPanels)
	canvas := vgimg.NewWith(vgimg.UseWH(sheetWidth, sheetHeight), vgimg.UseDPI(dpi))
	s.pen = pen{c: draw.New(canvas), colors: colors, diverging: newDiverging(), dots: float64(dpi) / 72}
	s.title()
	s.integrated(m.Integrated)
	s.channels()
	s.drawSpectrum()
	return canvas, nil
}

// subtracted returns the pixels of every channel less the background.
func subtracted(im *Image, opts SheetOptions) ([][]float64, error) {
	f, err := im.factors(opts.Unit, opts.DistancePc)
	if err != nil {
		return nil, err
	}
	out := make([][]float64, len(f))
	for k := range out {
		out[k] = make([]float64, im.NX*im.NY)
		for p, v := range im.Channel(k) {
			out[k][p] = (v - im.background(k)) * f[k]
		}
	}
	return out, nil
}

// channelsAcross returns up to n channels by increasing velocity, evenly spread
// over the range where the spectrum exceeds a hundredth of its peak.
func channelsAcross(spectrum []float64, n int) []int {
	peak := 0.0
	for _, v := range spectrum {
		peak = math.Max(peak, math.Abs(v))
	}
	lo, hi := -1, len(spectrum)-1
	for k, v := range spectrum {
		if math.Abs(v) > peak/100 {
			if lo < 0 {
				lo = k
			}
			hi = k
		}
	}
	lo = max(lo, 0)
	// A few channels more than the line show where it ends.
	for hi-lo+1 < n && (lo > 0 || hi < len(spectrum)-1) {
		lo, hi = max(lo-1, 0), min(hi+1, len(spectrum)-1)
	}
	n = min(n, hi-lo+1)
	out := make([]int, n)
	for i := range out {
		at := 0.5
		if n > 1 {
			at = float64(i) / float64(n-1)
		}
		out[i] = hi - int(math.Round(at*float64(hi-lo)))
	}
	return out
}

// title writes what is shown at the top.
func (s *sheet) title() {
	im := s.im
	var parts []string
	for _, p := range []string{im.LineName(), im.ModelName} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if im.ViewName != "" {
		parts = append(parts, "view "+im.ViewName)
	}
	top := sheetHeight - 14
	s.text(strings.Join(parts, "   ·   "), vg.Point{X: 62, Y: top}, style(sizeTitle, ink, true, 0, -1))
	v := im.VelocitiesMS()
	n := len(v)
	blanks := 0
	for _, x := range im.Intensity {
		if math.IsNaN(x) {
			blanks++
		}
	}
	remark := fmt.Sprintf("rest frequency %.6f GHz   ·   %d × %d pixels of %.4g × %.4g au   ·   %d channels, mean spacing %.3g km/s",
		im.RestFrequencyHz/1e9, im.NX, im.NY, im.PixelSizeM[0]/auM, im.PixelSizeM[1]/auM,
		n, math.Abs(v[n-1]-v[0])/float64(n-1)/1e3)
	if im.AxisLOS != "" {
		remark += "   ·   towards the observer: " + im.AxisLOS
	}
	if blanks > 0 {
		remark += fmt.Sprintf("   ·   %d blank values (grey)", blanks)
	}
	s.text(remark, vg.Point{X: 62, Y: top - 26}, style(sizeTick, faint, false, 0, -1))
}

// mapUnit returns the unit of intensities for people.
func (s *sheet) mapUnit() string {
	switch s.opts.Unit {
	case Kelvin:
		return "K"
	case JyPerPixel:
		return "Jy/pixel"
	}
	return siPretty
}

// lineQuantity names what is left of the intensities without the background.
func (s *sheet) lineQuantity() string {
	switch s.opts.Unit {
	case Kelvin:
		return "(T_{b} − T_{b,bg})"
	case JyPerPixel:
		return "(F_{ν} − F_{ν,bg})"
	}
	return "(I_{ν} − I_{ν,bg})"
}

// axisTitle names an image axis with its direction in the model.
func (s *sheet) axisTitle(name, direction string) string {
	if direction != "" {
		name += " (" + direction + ")"
	}
	return name + " [" + s.view.unit + "]"
}

// integrated draws the map of M₀, the largest part of the sheet.
func (s *sheet) integrated(m0 []float64) {
	values := make([]float64, len(m0))
	for i, v := range m0 {
		values[i] = v / 1e3 // m/s to km/s
	}
	st := newStretch(values)
	r := s.view.fit(vg.Point{X: 62, Y: 296}, 385, 400)
	s.imageMap(r, s.view, values, st)
	s.axes(r, s.view, st, true, true)
	s.text("Integrated intensity, "+st.name+" scale", vg.Point{X: r.Min.X, Y: r.Max.Y + 6}, style(sizeLabel, ink, true, 0, 0))
	s.text(s.axisTitle("image x", s.im.AxisX), vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: r.Min.Y - 20}, style(sizeLabel, ink, false, -0.5, -1))
	s.up(s.axisTitle("image y", s.im.AxisY), vg.Point{X: r.Min.X - 38, Y: (r.Min.Y + r.Max.Y) / 2}, style(sizeLabel, ink, false, -0.5, 0))
	bar := vg.Rectangle{Min: vg.Point{X: r.Max.X + 8, Y: r.Min.Y}, Max: vg.Point{X: r.Max.X + 22, Y: r.Max.Y}}
	s.bar(bar, st, "∫"+s.lineQuantity()+" dv", s.mapUnit()+" km/s")
}

// channels draws the grid of channel maps on one colour scale.
func (s *sheet) channels() {
	const left, bottom, gap vg.Length = 592, 74, 4
	const width, height vg.Length = 500, 622
	var all []float64
	for _, k := range s.shown {
		all = append(all, s.lines[k]...)
	}
	st := newStretch(all)
	columns, size := s.view.tile(len(s.shown), width, height, gap)
	v := s.im.VelocitiesMS()
	rows := (len(s.shown) + columns - 1) / columns
	top := bottom + height
	for i, k := range s.shown {
		row, col := i/columns, i%columns
		lo := vg.Point{X: left + vg.Length(col)*(size.X+gap), Y: top - vg.Length(row+1)*size.Y - vg.Length(row)*gap}
		r := vg.Rectangle{Min: lo, Max: vg.Point{X: lo.X + size.X, Y: lo.Y + size.Y}}
		s.imageMap(r, s.view, s.lines[k], st)
		s.axes(r, s.view, st, col == 0, i+columns >= len(s.shown))
		s.velocityLabel(v[k], r, st.mark())
	}
	area := vg.Rectangle{
		Min: vg.Point{X: left, Y: top - vg.Length(rows)*(size.Y+gap) + gap},
		Max: vg.Point{X: left + vg.Length(columns)*(size.X+gap) - gap, Y: top},
	}
	s.text("Channel maps, "+st.name+" scale", vg.Point{X: left, Y: top + 6}, style(sizeLabel, ink, true, 0, 0))
	s.text(s.axisTitle("image x", s.im.AxisX), vg.Point{X: (area.Min.X + area.Max.X) / 2, Y: area.Min.Y - 20}, style(sizeLabel, ink, false, -0.5, -1))
	s.up(s.axisTitle("image y", s.im.AxisY), vg.Point{X: left - 38, Y: (area.Min.Y + area.Max.Y) / 2}, style(sizeLabel, ink, false, -0.5, 0))
	bar := vg.Rectangle{Min: vg.Point{X: area.Max.X + 8, Y: area.Min.Y}, Max: vg.Point{X: area.Max.X + 22, Y: area.Max.Y}}
	s.bar(bar, st, strings.Trim(s.lineQuantity(), "()"), s.mapUnit())
}

// velocityLabel writes a channel's velocity into the upper left of its map in
// grey c, with an edge of the opposite grey to be read on any colour, small
// where the map is.
func (s *sheet) velocityLabel(ms float64, r vg.Rectangle, c grey) {
	const margin vg.Length = 6
	text := strings.ReplaceAll(fmt.Sprintf("%+.2f km/s", ms/1e3), "-", "−")
	size := sizeTick
	if w := style(size, ink, true, 0, -1).Width(text); w > r.Size().X-2*margin {
		size *= max((r.Size().X-margin)/w, 0.3)
	}
	at := vg.Point{X: r.Min.X + margin*size/sizeTick, Y: r.Max.Y - margin}
	for _, d := range []vg.Point{{X: 0.8}, {X: -0.8}, {Y: 0.8}, {Y: -0.8}} {
		s.text(text, at.Add(d), style(size, paper-(c-ink), true, 0, -1))
	}
	s.text(text, at, style(size, c, true, 0, -1))
}
