// SPDX-License-Identifier: BSD-3-Clause

package chart

import (
	"fmt"
	"image/color"
	"io"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// colour returns colour i of Okabe and Ito.
func colour(i int) color.Color {
	list := [Colours]color.RGBA{
		{0x00, 0x72, 0xB2, 0xff}, {0xD5, 0x5E, 0x00, 0xff}, {0x00, 0x9E, 0x73, 0xff}, {0xCC, 0x79, 0xA7, 0xff}, {0xE6, 0x9F, 0x00, 0xff}, {0x56, 0xB4, 0xE9, 0xff},
	}
	return list[i%Colours]
}

// valueTicks labels round values of an axis as the SVG does.
type valueTicks struct{ log bool }

// Ticks returns the ticks between two values.
func (t valueTicks) Ticks(low, high float64) []plot.Tick {
	var out []plot.Tick
	for _, v := range (axis{low: low, high: high, log: t.log}).ticks() {
		out = append(out, plot.Tick{Value: v, Label: Number(v)})
	}
	return out
}

// spread holds points with error bars.
type spread struct {
	plotter.XYs
	plotter.YErrors
}

// PNG draws the chart.
func (c Chart) PNG(w io.Writer) error {
	x, y, ok := c.axes()
	if !ok {
		return fmt.Errorf("chart %q: no points", c.Title)
	}
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.Title, c.XLabel, c.YLabel
	if c.LogX {
		p.X.Scale = plot.LogScale{}
	}
	if c.LogY {
		p.Y.Scale = plot.LogScale{}
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = valueTicks{c.LogX}, valueTicks{c.LogY}
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	for _, k := range c.Curves {
		if err := k.add(p); err != nil {
			return fmt.Errorf("chart %q: %w", c.Title, err)
		}
	}
	if c.Mark != "" && c.hollow() {
		ring, err := plotter.NewScatter(plotter.XYs{})
		if err != nil {
			return err
		}
		ring.GlyphStyle = draw.GlyphStyle{Color: color.Gray{0x70}, Radius: vg.Points(3.5), Shape: draw.RingGlyph{}}
		p.Legend.Add(c.Mark, ring)
	}
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = x.low, x.high, y.low, y.high
	canvas := vgimg.NewWith(vgimg.UseWH(7*vg.Inch, 4.5*vg.Inch), vgimg.UseDPI(140))
	p.Draw(draw.Crop(draw.New(canvas), vg.Points(8), -vg.Points(16), vg.Points(8), -vg.Points(8)))
	_, err := vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// add draws a curve; hollow points are rings.
func (k Curve) add(p *plot.Plot) error {
	points := make(plotter.XYs, len(k.X))
	for i := range k.X {
		points[i] = plotter.XY{X: k.X[i], Y: k.Y[i]}
	}
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = colour(k.Colour), vg.Points(1.5)
	if k.Dashed {
		line.Color, line.Dashes = color.Gray{0x70}, []vg.Length{vg.Points(5), vg.Points(4)}
	}
	p.Add(line)
	p.Legend.Add(k.Label, line)
	if k.Dashed {
		return nil
	}
	dots, err := plotter.NewScatter(points)
	if err != nil {
		return err
	}
	dots.GlyphStyleFunc = func(i int) draw.GlyphStyle {
		g := draw.GlyphStyle{Color: colour(k.Colour), Radius: vg.Points(3.5), Shape: draw.CircleGlyph{}}
		if k.Hollow != nil && k.Hollow[i] {
			g.Shape = draw.RingGlyph{}
		}
		return g
	}
	p.Add(dots)
	if k.Low == nil {
		return nil
	}
	s := spread{points, make(plotter.YErrors, len(k.X))}
	for i := range k.X {
		s.YErrors[i].Low, s.YErrors[i].High = k.Y[i]-k.Low[i], k.High[i]-k.Y[i]
	}
	bars, err := plotter.NewYErrorBars(s)
	if err != nil {
		return err
	}
	bars.Color = colour(k.Colour)
	p.Add(bars)
	return nil
}
