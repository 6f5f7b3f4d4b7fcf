// SPDX-License-Identifier: BSD-3-Clause

package image

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/columen/columen/internal/atomicfile"
)

func lower(name string) string { return strings.ToLower(name) }

// WriteMapsPNG draws maps side by side for a first look: velocities in km/s on a
// diverging scale, lengths in au. Blank pixels are grey.
func WriteMapsPNG(path string, im *Image, maps []Map) error {
	canvas, err := drawMaps(im, maps, sheetDPI)
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

func drawMaps(im *Image, maps []Map, dpi int) (*vgimg.Canvas, error) {
	const panel, high, columns = 392, 344, 3
	if err := im.CheckMaps(maps); err != nil {
		return nil, err
	}
	colors, err := newPalette()
	if err != nil {
		return nil, err
	}
	rows := (len(maps) + columns - 1) / columns
	height := vg.Length(rows*high + 50)
	canvas := vgimg.NewWith(vgimg.UseWH(vg.Length(min(len(maps), columns)*panel+20), height), vgimg.UseDPI(dpi))
	s := &sheet{im: im, view: newView(im)}
	s.pen = pen{c: draw.New(canvas), colors: colors, diverging: newDiverging(), dots: float64(dpi) / 72}
	title := im.LineName() + "   ·   " + im.ModelName + "   ·   view " + im.ViewName
	s.text(title, vg.Point{X: 62, Y: height - 14}, style(sizeTitle, ink, true, 0, -1))
	for i, m := range maps {
		at := vg.Point{X: vg.Length(i%columns*panel + 62), Y: height - 50 - vg.Length((i/columns+1)*high-56)}
		s.onePanel(at, m)
	}
	return canvas, nil
}

// onePanel draws a map with axes and scale.
func (s *sheet) onePanel(at vg.Point, m Map) {
	const side vg.Length = 262
	values, unit, signed := shown(m)
	st := newStretch(values)
	if signed {
		top := 0.0
		for _, v := range values {
			if v > top || -v > top { // false for blanks
				top = max(v, -v)
			}
		}
		st = stretch{name: "linear", lo: -top, hi: top, signed: true}
		if top == 0 {
			st.lo, st.hi = -1, 1
		}
	}
	r := s.view.fit(at, side, side)
	s.imageMap(r, s.view, values, st)
	s.axes(r, s.view, st, true, true)
	s.text(m.Title+", "+st.name, vg.Point{X: r.Min.X, Y: r.Max.Y + 6}, style(sizeLabel, ink, true, 0, 0))
	s.text(s.axisTitle("image x", s.im.AxisX), vg.Point{X: (r.Min.X + r.Max.X) / 2, Y: r.Min.Y - 20}, style(sizeTick, ink, false, -0.5, -1))
	s.up(s.axisTitle("image y", s.im.AxisY), vg.Point{X: r.Min.X - 38, Y: (r.Min.Y + r.Max.Y) / 2}, style(sizeTick, ink, false, -0.5, 0))
	bar := vg.Rectangle{Min: vg.Point{X: r.Max.X + 6, Y: r.Min.Y}, Max: vg.Point{X: r.Max.X + 18, Y: r.Max.Y}}
	s.bar(bar, st, lower(m.Name), unit)
}

// shown returns the values of a map in a unit for people, and whether both signs mean something.
func shown(m Map) (values []float64, unit string, signed bool) {
	scale := 1.0
	unit = m.Unit
	switch {
	case m.Unit == "m":
		unit, scale, signed = "au", auM, m.Name == "DEPTH_MEAN"
	case strings.HasSuffix(m.Unit, "m s-1"):
		unit, scale, signed = strings.TrimSuffix(m.Unit, "m s-1")+"km/s", 1e3, m.Name == "MOMENT1"
	case m.Unit == "":
		unit = "–"
	}
	values = make([]float64, len(m.Values))
	for i, v := range m.Values {
		values[i] = v / scale
	}
	return values, unit, signed
}
