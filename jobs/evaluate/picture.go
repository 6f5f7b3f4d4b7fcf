// SPDX-License-Identifier: BSD-3-Clause

package evaluate

import (
	"bytes"
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// draw shows samples in the middle channel, a row each: the solver's image, the
// emulator's and their difference, in the normalised logarithm of intensity.
func (t *task) draw(samples []sample) ([]byte, error) {
	input, target := make([]float32, t.shape.InputLen()), make([]float32, t.shape.OutputLen())
	var rows [][]*plot.Plot
	for _, s := range samples {
		if err := t.held.Read(s.Number, input, target); err != nil {
			return nil, err
		}
		pred, err := t.predict(input)
		if err != nil {
			return nil, err
		}
		rows = append(rows, t.row(s, target, pred))
	}
	side := 2.6 * vg.Inch
	c := vgimg.NewWith(vgimg.UseWH(3*side, side*vg.Length(len(rows))), vgimg.UseDPI(100))
	tiles := draw.Tiles{Rows: len(rows), Cols: 3, PadX: vg.Points(12), PadY: vg.Points(12), PadTop: vg.Points(8), PadBottom: vg.Points(8), PadLeft: vg.Points(8), PadRight: vg.Points(8)}
	for i, canvases := range plot.Align(rows, tiles, draw.New(c)) {
		for j, canvas := range canvases {
			rows[i][j].Draw(canvas)
		}
	}
	var out bytes.Buffer
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(&out)
	return out.Bytes(), err
}

// row draws the middle channel of a sample on one scale, and the residual on
// one of its own, symmetric about zero.
func (t *task) row(s sample, target, pred []float32) []*plot.Plot {
	g := t.shape.Grid
	from := t.shape.Channels / 2 * g * g
	residual, low, high, most := make([]float32, g*g), math.Inf(1), math.Inf(-1), 1e-6
	for i := range residual {
		a, b := target[from+i], pred[from+i]
		residual[i] = b - a
		low, high = min(low, float64(a), float64(b)), max(high, float64(a), float64(b))
		most = max(most, math.Abs(float64(residual[i])))
	}
	high = max(high, low+1e-6)
	light, sign := moreland.ExtendedBlackBody().Palette(255), moreland.SmoothBlueRed().Palette(255)
	return []*plot.Plot{
		panel(fmt.Sprintf("sample %d: solver", s.Number), pixels{g, target[from : from+g*g]}, light, low, high),
		panel(fmt.Sprintf("emulator, MaxRel %.3g %%", s.MaxRel), pixels{g, pred[from : from+g*g]}, light, low, high),
		panel(fmt.Sprintf("difference, ±%.2g", most), pixels{g, residual}, sign, -most, most),
	}
}

// pixels is a channel [x, y] as plotter.HeatMap wants it.
type pixels struct {
	g      int
	values []float32
}

// Dims returns the number of columns and rows.
func (p pixels) Dims() (c, r int) { return p.g, p.g }

// Z returns the pixel of column x and row y.
func (p pixels) Z(c, r int) float64 { return float64(p.values[c*p.g+r]) }

// X returns the coordinate of a column.
func (p pixels) X(c int) float64 { return float64(c) }

// Y returns the coordinate of a row.
func (p pixels) Y(r int) float64 { return float64(r) }

func panel(title string, data pixels, colors palette.Palette, low, high float64) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.HideAxes()
	h := plotter.NewHeatMap(data, colors)
	h.Min, h.Max, h.Rasterized = low, high, true
	p.Add(h)
	return p
}
