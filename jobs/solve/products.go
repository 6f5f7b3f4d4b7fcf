// SPDX-License-Identifier: BSD-3-Clause

package solve

import (
	"fmt"
	"path/filepath"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/solver"
	"github.com/columen/columen/solver/image"
)

// ending is the ending of the files of a format.
func ending(format string) string {
	if format == "hdf5" {
		return ".h5"
	}
	return "." + format
}

// outputs lists the files: one per view and format.
func outputs(cfg configs.Job) []string {
	c := cfg.(*configs.Solve)
	var files []string
	for i := range c.Views {
		for _, format := range c.Output.Formats {
			files = append(files, product(c, i, format))
		}
	}
	return files
}

func product(c *configs.Solve, view int, format string) string {
	dir, name := c.Destination()
	return filepath.Join(dir, name+"."+c.Views[view].Name+ending(format))
}

// write writes the files of a view.
func (t *task) write(view int, img *solver.Image) error {
	pixels := t.image(view, img)
	out := t.cfg.Output
	bits := 64
	if t.cfg.Solver.Precision == "f32" {
		bits = 32
	}
	unit := image.Unit(out.Unit)
	for _, format := range out.Formats {
		final := product(t.cfg, view, format)
		path := t.env.Outputs.Partial(final)
		var err error
		switch format {
		case "fits":
			opts := image.FITSOptions{Unit: unit, Precision: bits, DistancePc: out.DistancePC}
			if out.RADeg != nil {
				opts.OnSky, opts.RADeg, opts.DecDeg = true, *out.RADeg, *out.DecDeg
			}
			err = image.WriteFITS(path, pixels, opts)
		case "hdf5":
			err = image.WriteHDF5(path, pixels, bits)
		case "png":
			err = image.WritePNG(path, pixels, image.SheetOptions{Unit: unit, DistancePc: out.DistancePC})
		default:
			err = fmt.Errorf("output.formats: %q is not known", format)
		}
		if err != nil {
			return t.env.Outputs.NotWritten(final, err)
		}
	}
	return nil
}

// image gives the pixels their place, view and provenance.
func (t *task) image(view int, img *solver.Image) *image.Image {
	v, mesh := t.views[view], t.source.Mesh
	size := mesh.CellSize()
	center := func(d solver.Direction) float64 {
		return float64(d.Sign) * (mesh.Box.Min[d.Axis] + mesh.Box.Max[d.Axis]) / 2
	}
	return &image.Image{
		ModelName: t.source.Name, Species: t.line.Species, Transition: t.line.Label, ViewName: t.cfg.Views[view].Name,
		RestFrequencyHz: t.line.RestFrequencyHz, FrequenciesHz: t.frequencies, NX: img.NX, NY: img.NY,
		PixelSizeM: [2]float64{size[v.ImageX.Axis], size[v.ImageY.Axis]},
		OriginM:    [2]float64{center(v.ImageX), center(v.ImageY)},
		AxisX:      v.ImageX.String(), AxisY: v.ImageY.String(), AxisLOS: v.Observer.String(),
		Intensity: img.Intensity, BackgroundSI: t.background,
		Provenance: []image.KeyValue{
			{Key: "config_digest", Value: t.env.Manifest.Digest},
			{Key: "kernel", Value: img.Kernel + " " + t.cfg.Solver.Precision},
			{Key: "mode", Value: t.cfg.Parallel.Mode},
			{Key: "background", Value: t.cfg.Background.Kind},
		},
	}
}
