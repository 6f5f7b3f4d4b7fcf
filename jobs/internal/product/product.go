// SPDX-License-Identifier: BSD-3-Clause

// Package product writes an image as the files that a configuration asks for,
// whichever job made the image.
package product

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/solver"
	"github.com/columen/columen/solver/grid"
	"github.com/columen/columen/solver/image"
)

// Files lists the files of all views: one per view and format.
func Files(out configs.Products, views []configs.View) []string {
	var files []string
	for _, v := range views {
		for _, format := range out.Formats {
			files = append(files, path(out, v.Name, format))
			if len(out.Maps) > 0 {
				files = append(files, path(out, v.Name+mapsEnding, format))
			}
		}
	}
	return files
}

// mapsEnding follows the name of a view in the names of the files of its maps.
const mapsEnding = ".maps"

// path is the file of a view in a format.
func path(out configs.Products, view, format string) string {
	ending := "." + format
	if format == "hdf5" {
		ending = ".h5"
	}
	return filepath.Join(out.Dir, out.Name+"."+view+ending)
}

// fitsOptions are what a configuration says about FITS files.
func fitsOptions(out configs.Products, bits int) image.FITSOptions {
	opts := image.FITSOptions{Unit: image.Unit(out.Unit), Precision: bits, DistancePc: out.DistancePC}
	if out.RADeg != nil {
		opts.OnSky, opts.RADeg, opts.DecDeg = true, *out.RADeg, *out.DecDeg
	}
	return opts
}

// Write writes the files of the image of a view with 32 or 64 bits per value.
func Write(ctx context.Context, env *run.Env, out configs.Products, view string, pixels *image.Image, bits int) error {
	unit := image.Unit(out.Unit)
	for _, format := range out.Formats {
		// After a signal the partial files are gone; a new one might stay behind when the launcher kills us.
		if err := context.Cause(ctx); err != nil {
			return err
		}
		final := path(out, view, format)
		partial := env.Outputs.Partial(final)
		var err error
		switch format {
		case "fits":
			err = image.WriteFITS(partial, pixels, fitsOptions(out, bits))
		case "hdf5":
			err = image.WriteHDF5(partial, pixels, bits)
		case "png":
			err = image.WritePNG(partial, pixels, image.SheetOptions{Unit: unit, DistancePc: out.DistancePC})
		default:
			err = fmt.Errorf("output.formats: %q is not known", format)
		}
		if err != nil {
			return env.Outputs.NotWritten(final, err)
		}
	}
	return nil
}

// Place gives an image the size and place of its pixels from the mesh of the
// model and the directions of the view.
func Place(img *image.Image, mesh grid.Mesh, view solver.View) {
	size := mesh.CellSize()
	center := func(d solver.Direction) float64 {
		return float64(d.Sign) * (mesh.Box.Min[d.Axis] + mesh.Box.Max[d.Axis]) / 2
	}
	img.PixelSizeM = [2]float64{size[view.ImageX.Axis], size[view.ImageY.Axis]}
	img.OriginM = [2]float64{center(view.ImageX), center(view.ImageY)}
	img.AxisX, img.AxisY, img.AxisLOS = view.ImageX.String(), view.ImageY.String(), view.Observer.String()
}

// PlaceCamera does the same for a view of any direction.
func PlaceCamera(img *image.Image, c *solver.Camera) {
	direction := func(e [3]float64) string { return fmt.Sprintf("%+.3f, %+.3f, %+.3f", e[0], e[1], e[2]) }
	img.PixelSizeM, img.OriginM = c.PixelM, c.CenterM
	img.AxisX, img.AxisY, img.AxisLOS = direction(c.ImageX), direction(c.ImageY), direction(c.Observer)
}
