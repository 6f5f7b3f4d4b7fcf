// SPDX-License-Identifier: BSD-3-Clause

package emulate

import (
	"fmt"
	"slices"

	"github.com/columen/columen/emulator/dataset"
	"github.com/columen/columen/jobs/internal/product"
	"github.com/columen/columen/solver"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/image"
	"github.com/columen/columen/solver/lamda"
)

// fields are what the network sees, on axes x, y, z of the data set: x and y
// those of the image, z away from the observer, who stands at z → −∞. So v_z > 0
// recedes.
type fields struct {
	velocityMS, temperatureK, densityM3 []float64
}

// orient turns a cube of g³ cells so that a view's observer stands at z → −∞.
func orient(cube *grid.Cube[float64], v solver.View) fields {
	n := cube.Mesh.Cells
	cells := n[0] * n[1] * n[2]
	f := fields{make([]float64, cells), make([]float64, cells), make([]float64, cells)}
	away := solver.Direction{Axis: v.Observer.Axis, Sign: -v.Observer.Sign}
	along := func(d solver.Direction, i int) int {
		if d.Sign < 0 {
			return n[d.Axis] - 1 - i
		}
		return i
	}
	var at [3]int
	to := 0
	for i := range n[v.ImageX.Axis] {
		at[v.ImageX.Axis] = along(v.ImageX, i)
		for j := range n[v.ImageY.Axis] {
			at[v.ImageY.Axis] = along(v.ImageY, j)
			for k := range n[away.Axis] {
				at[away.Axis] = along(away, k)
				from := (at[0]*n[1]+at[1])*n[2] + at[2]
				f.velocityMS[to] = float64(away.Sign) * cube.Velocity[away.Axis][from]
				f.temperatureK[to], f.densityM3[to] = cube.Temperature[from], cube.Density[from]
				to++
			}
		}
	}
	return f
}

// input normalises what a view of the first model sees.
func (t *task) input(cube *grid.Cube[float64], v solver.View) ([]float32, error) {
	return t.see(&subject{path: t.source.Path, cube: cube}, v)
}

// see normalises what a view sees, and warns where the network extrapolates.
func (t *task) see(s *subject, v solver.View) ([]float32, error) {
	f := orient(s.cube, v)
	data := &t.net.Card.Data
	span := func(x []float64) [2]float64 { return [2]float64{slices.Min(x), slices.Max(x)} }
	seen := dataset.InputRange{VelocityMS: span(f.velocityMS), TemperatureK: span(f.temperatureK), DensityM3: span(f.densityM3)}
	for _, what := range data.Range.Outside(seen) {
		t.env.Log.Warn("outside the training: the network extrapolates", "file", s.path, "view", v.Observer.String(), "field", what)
	}
	input := make([]float32, data.Shape().InputLen())
	if err := dataset.NormalizeInput(data.Normalization, input, f.velocityMS, f.temperatureK, f.densityM3); err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	return input, nil
}

// image turns the network's output [F, x, y] into an image [ν, y, x].
func (t *task) image(s *subject, name string, v solver.View, output []float32) (*image.Image, error) {
	data := &t.net.Card.Data
	g := data.Grid
	rest, err := restFrequency(data)
	if err != nil {
		return nil, err
	}
	intensity := make([]float64, len(output))
	data.Normalization.Intensity(intensity, output)
	img := &image.Image{
		ModelName: s.name, Species: data.Species, Transition: data.Transition, ViewName: name,
		RestFrequencyHz: rest, FrequenciesHz: data.FrequenciesHz, NX: g, NY: g,
		Intensity: transpose(intensity, g),
		Provenance: []image.KeyValue{
			{Key: "config_digest", Value: t.env.Manifest.Digest},
			{Key: "kernel", Value: "emulator " + t.net.Model.Device().Name()},
			{Key: "training_digest", Value: t.net.Card.Digest},
			{Key: "symmetrised", Value: t.cfg.Network.Symmetrise},
			{Key: "background_behind", Value: "none: the network predicts the light of the line alone"},
		},
	}
	product.Place(img, s.mesh, v)
	return img, nil
}

// transpose exchanges the last two axes of [F, g, g].
func transpose(v []float64, g int) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		f, a, b := i/(g*g), i/g%g, i%g
		out[(f*g+b)*g+a] = x
	}
	return out
}

// restFrequency is that of the line of a data set: of CO by its labels, and of
// another species the middle of the channels, about which they are symmetric.
func restFrequency(data *dataset.Manifest) (float64, error) {
	if data.Species == "CO" {
		m, err := lamda.CO()
		if err != nil {
			return 0, err
		}
		if i, err := m.Transition(data.Transition); err == nil {
			return m.Lines[i].FrequencyGHz * 1e9, nil
		}
	}
	nu := data.FrequenciesHz
	return 0.5 * (nu[0] + nu[len(nu)-1]), nil
}
