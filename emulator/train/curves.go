// SPDX-License-Identifier: BSD-3-Clause

package train

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// WriteCurves draws losses and validation MaxRel over epochs as a PNG.
func WriteCurves(w io.Writer, history []Epoch) error {
	if len(history) == 0 {
		return fmt.Errorf("curves: no epoch to draw")
	}
	losses, err := panel("loss", history, map[string]func(Epoch) float64{
		"training":   func(e Epoch) float64 { return e.Train.Loss },
		"validation": func(e Epoch) float64 { return e.Validation.Loss },
	}, []string{"training", "validation"})
	if err != nil {
		return err
	}
	errors, err := panel("median MaxRel [%]", history, map[string]func(Epoch) float64{
		"validation": func(e Epoch) float64 { return e.Validation.MaxRel },
	}, []string{"validation"})
	if err != nil {
		return err
	}
	c := vgimg.NewWith(vgimg.UseWH(8*vg.Inch, 4*vg.Inch), vgimg.UseDPI(100))
	dc := draw.New(c)
	tiles := draw.Tiles{Rows: 1, Cols: 2, PadX: vg.Points(20), PadTop: vg.Points(10), PadBottom: vg.Points(10), PadLeft: vg.Points(10), PadRight: vg.Points(15)}
	plots := [][]*plot.Plot{{losses, errors}}
	for i, canvas := range plot.Align(plots, tiles, dc)[0] {
		plots[0][i].Draw(canvas)
	}
	_, err = vgimg.PngCanvas{Canvas: c}.WriteTo(w)
	return err
}

// wholeTicks labels whole numbers only, since there is no half an epoch.
type wholeTicks struct{}

// Ticks returns the ticks between two epochs.
func (wholeTicks) Ticks(low, high float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(low, high)
	for i := range ticks {
		ticks[i].Label = ""
		if ticks[i].Value == math.Trunc(ticks[i].Value) {
			ticks[i].Label = strconv.Itoa(int(ticks[i].Value))
		}
	}
	return ticks
}

// logarithmicFrom is the ratio of largest to smallest value from which an axis is
// logarithmic: below it such an axis may have a single label.
const logarithmicFrom = 10

// panel draws curves.
func panel(title string, history []Epoch, curves map[string]func(Epoch) float64, order []string) (*plot.Plot, error) {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "epoch", title
	p.X.Tick.Marker = wholeTicks{}
	p.Legend.Top = true
	colors := []color.Color{color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}, color.RGBA{R: 0xd6, G: 0x27, B: 0x28, A: 0xff}}
	for i, name := range order {
		points := make(plotter.XYs, 0, len(history))
		for _, e := range history {
			// A logarithm of 0 has no place; a loss of 0 does not occur on real data.
			points = append(points, plotter.XY{X: float64(e.Epoch), Y: max(curves[name](e), 1e-30)})
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, err
		}
		line.Color, dots.Color, dots.Radius = colors[i], colors[i], vg.Points(1.5)
		p.Add(line, dots)
		p.Legend.Add(name, line)
	}
	if p.Y.Max > logarithmicFrom*p.Y.Min {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	if p.Y.Max <= p.Y.Min*1.01 { // a single value needs an axis too
		p.Y.Min, p.Y.Max = p.Y.Min/2, p.Y.Max*2
	}
	if p.X.Max <= p.X.Min {
		p.X.Min, p.X.Max = p.X.Min-1, p.X.Max+1
	}
	return p, nil
}
