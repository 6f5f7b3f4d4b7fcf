// SPDX-License-Identifier: BSD-3-Clause

package samples

import (
	"flag"
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/solver/hydro"
	"github.com/columen/columen/solver/rotation"
	"github.com/columen/columen/solver/si"
)

// figures is where TestFigures leaves the figures of docs/compat.md:
//
//	go test ./jobs/internal/samples -run TestFigures -v -args -figures $PWD/docs/compat
var figures = flag.String("figures", "", "folder for the figures of docs/compat.md; without, they are drawn and dropped")

// exampleModel is the snapshot of the examples, moved along x [au].
func exampleModel(t testing.TB, shiftAU float64) *hydro.Points {
	t.Helper()
	p := agbMain(t)
	for i := range p.Position[0] {
		p.Position[0][i] += shiftAU * si.AU
	}
	return p
}

// view is an image of the example model.
type view struct {
	channels int
	image    []float64 // [channel, x, y]
	cellAU   float64   // along z, as the rays take it
	spacing  float64   // of channels [m/s]
	shown    int       // channel
}

// viewOf solves a sample of the example model, turned by a rotation about x, so
// that its disc is seen at an inclination.
func viewOf(t testing.TB, p *hydro.Points, kind string, compat configs.Compat, spacing float64) view {
	t.Helper()
	compat.Mode = "off"
	compat.RadiusM = 58 * si.AU // a ball inside the model, as the published radius is inside the published models
	cfg := snapshotConfig(kind, &compat)
	if cfg.BoxFixed() {
		cfg.Data.BoxAU = 64
	}
	cfg.Data.SpacingMS = spacing
	m, from := snapshotMaker(t, cfg, p)
	snap, err := from.library.model(0)
	must(t, err)
	must(t, from.cube(snap, rotation.Camera(50, 20, 0), m.cube))
	m.narrow()
	must(t, m.solve())
	v := view{channels: m.s.Shape.Channels, cellAU: m.cube.cellM / si.AU, spacing: spacing, shown: m.s.Shape.Channels / 2}
	for _, x := range m.Record.Intensity {
		v.image = append(v.image, float64(x))
	}
	return v
}

func (v view) channel() []float64 {
	g := len(v.image) / v.channels
	return v.image[v.shown*g:][:g]
}

// flux returns the mean intensity of each channel.
func (v view) flux() plotter.XYs {
	pixels := len(v.image) / v.channels
	xy := make(plotter.XYs, v.channels)
	for f := range xy {
		xy[f].X = -float64(f-v.channels/2) * v.spacing / 1e3 // radio velocity [km/s]: frequencies rise
		for _, x := range v.image[f*pixels:][:pixels] {
			xy[f].Y += x / float64(pixels)
		}
	}
	return xy
}

// TestFigures draws what each quirk does to the example model, and checks that
// it does something.
func TestFigures(t *testing.T) {
	dir := *figures
	if dir == "" {
		dir = t.TempDir()
	}
	must(t, os.MkdirAll(dir, 0o777))
	p := exampleModel(t, 0)
	plain := viewOf(t, p, "mulfreq", configs.Compat{}, 300)
	for _, c := range []struct {
		name   string
		points *hydro.Points
		compat configs.Compat
	}{
		{"doubled_dx", p, configs.Compat{DoubledDX: "on"}},
		{"lost_turbulence", p, configs.Compat{LostTurbulence: "on"}},
		{"sample_box", p, configs.Compat{SampleBox: "on"}},
		{"origin_rotation", exampleModel(t, 15), configs.Compat{OriginRotation: "on"}},
	} {
		compare(t, filepath.Join(dir, c.name+".png"), c.name, "without", plain, "with "+c.name, viewOf(t, c.points, "mulfreq", c.compat, 300))
	}
	// Rays that end at centres miss what flows fast at the faces: wide channels.
	faces, centres := viewOf(t, p, "mulfreq", configs.Compat{}, 1200), viewOf(t, p, "mulfreq", configs.Compat{PublishedSolution: "on"}, 1200)
	faces.shown, centres.shown = 6, 6 // 10.8 km/s
	compare(t, filepath.Join(dir, "published_solution.png"), "published_solution", "without, 10.8 km/s", faces, "with published_solution", centres)
	one := viewOf(t, p, "rotation", configs.Compat{}, 300)
	two := view{channels: 1, image: plain.channel(), cellAU: plain.cellAU}
	compare(t, filepath.Join(dir, "transition.png"), "transition", "CO 1-0", one, "CO 2-1", two)
	angles(t, filepath.Join(dir, "axis_angle.png"))
}

// compare draws a channel of two views, their difference and spectra.
func compare(t *testing.T, path, name, firstTitle string, first view, secondTitle string, second view) {
	t.Helper()
	a, b := first.channel(), second.channel()
	top, low, change, most := max(slices.Max(a), slices.Max(b)), math.Inf(1), make([]float64, len(a)), 0.0
	la, lb := make([]float64, len(a)), make([]float64, len(a))
	for i := range a {
		change[i] = (b[i] - a[i]) / max(a[i], 1e-6*top)
		la[i], lb[i] = math.Log10(max(a[i], 1e-6*top)), math.Log10(max(b[i], 1e-6*top))
		low = min(low, la[i], lb[i])
	}
	sorted := make([]float64, len(change))
	for i, x := range change {
		sorted[i] = math.Abs(x)
	}
	slices.Sort(sorted)
	most = max(sorted[len(sorted)*98/100], 1e-12)
	ratio := sum(second.flux()) / sum(first.flux())
	t.Logf("%s: flux of all channels %.4f times; channel shown: median |ΔI|/I %.3g, 98 %% below %.3g; cells along the ray of %.4g and %.4g au",
		name, ratio, sorted[len(sorted)/2], most, first.cellAU, second.cellAU)
	if !(most > 1e-4) {
		t.Errorf("%s changes the image by %g at most", name, most)
	}
	light, sign := moreland.ExtendedBlackBody().Palette(255), moreland.SmoothBlueRed().Palette(255)
	row := []*plot.Plot{
		heat(firstTitle, la, light, low, math.Log10(top)), heat(secondTitle, lb, light, low, math.Log10(top)),
		heat(fmt.Sprintf("relative change, ±%.2g", most), change, sign, -most, most),
	}
	if first.channels > 1 {
		row = append(row, lines("mean intensity", "velocity [km/s]", "W/m²/Hz/sr", map[string]plotter.XYs{firstTitle: first.flux(), secondTitle: second.flux()}))
	}
	save(t, path, row)
}

func sum(xy plotter.XYs) (s float64) {
	for _, p := range xy {
		s += p.Y
	}
	return s
}

// angles draws the law of the angle of rotations, and that of the direction into
// which they turn the axis of the model.
func angles(t *testing.T, path string) {
	t.Helper()
	const draws, bins = 100000, 30
	laws := map[string]func(rotation.Source) rotation.Rotation{"uniform on SO(3)": rotation.Uniform, "axis_angle": rotation.AxisAngle}
	angle, axis := map[string]plotter.XYs{}, map[string]plotter.XYs{}
	for name, law := range laws {
		a, z, small := make(plotter.XYs, bins), make(plotter.XYs, bins), 0
		for b := range bins {
			a[b].X, z[b].X = (float64(b)+0.5)*180/bins, -1+(float64(b)+0.5)*2/bins
		}
		for i := range uint64(draws) {
			r := law(dataset.NewRandom(1, dataset.PurposeView, i, 0))
			w := math.Acos(max(-1, min(1, (r[0][0]+r[1][1]+r[2][2]-1)/2))) * 180 / math.Pi
			a[min(bins-1, int(w/180*bins))].Y += bins / 180.0 / draws
			z[min(bins-1, int((r[2][2]+1)/2*bins))].Y += bins / 2.0 / draws
			if r[2][2] > math.Cos(30*math.Pi/180) {
				small++
			}
		}
		t.Logf("%s: %.4f of all views within 30 degrees of the pole", name, float64(small)/draws)
		angle[name], axis[name] = a, z
	}
	if z := axis["axis_angle"]; !(z[bins-1].Y > 1.5) {
		t.Errorf("density %g of views from the pole: want above that of 0.5 of uniform ones", z[bins-1].Y)
	}
	save(t, path, []*plot.Plot{lines("angle of the rotation", "degrees", "density", angle), lines("inclination of the model", "cos i", "density", axis)})
}

// grid2 is a square image [x, y] as plotter.HeatMap wants it.
type grid2 []float64

func (p grid2) Dims() (c, r int) {
	g := int(math.Sqrt(float64(len(p))))
	return g, g
}

func (p grid2) Z(c, r int) float64 {
	g, _ := p.Dims()
	return p[c*g+r]
}

func (p grid2) X(c int) float64 { return float64(c) }
func (p grid2) Y(r int) float64 { return float64(r) }

func heat(title string, data []float64, colors palette.Palette, low, high float64) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.HideAxes()
	for i, x := range data {
		data[i] = min(max(x, low), high)
	}
	h := plotter.NewHeatMap(grid2(data), colors)
	h.Min, h.Max, h.Rasterized = low, high, true
	p.Add(h)
	return p
}

func lines(title, x, y string, curves map[string]plotter.XYs) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	names := make([]string, 0, len(curves))
	for name := range curves {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		l, err := plotter.NewLine(curves[name])
		if err != nil {
			panic(err) // of finite numbers there is none
		}
		l.Color, l.Width = []color.Color{color.RGBA{R: 200, A: 255}, color.RGBA{B: 200, A: 255}}[i%2], vg.Points(1.5)
		p.Add(l)
		p.Legend.Add(name, l)
	}
	p.Legend.Top = true
	p.Y.Min, p.Y.Max = 0, 1.35*p.Y.Max // room for the legend
	return p
}

func save(t *testing.T, path string, row []*plot.Plot) {
	t.Helper()
	side, high := 2.6*vg.Inch, 2.6*vg.Inch
	if len(row) == 4 {
		high = 3.2 * vg.Inch // room for the labels below the spectrum, so that images stay square
	}
	c := vgimg.NewWith(vgimg.UseWH(side*vg.Length(len(row)), high), vgimg.UseDPI(80))
	tiles := draw.Tiles{Rows: 1, Cols: len(row), PadX: vg.Points(10), PadTop: vg.Points(6), PadBottom: vg.Points(6), PadLeft: vg.Points(6), PadRight: vg.Points(6)}
	for j, canvas := range plot.Align([][]*plot.Plot{row}, tiles, draw.New(c))[0] {
		row[j].Draw(canvas)
	}
	f, err := os.Create(path)
	must(t, err)
	_, err = vgimg.PngCanvas{Canvas: c}.WriteTo(f)
	must(t, err)
	must(t, f.Close())
}
