// SPDX-License-Identifier: BSD-3-Clause

package product

import (
	"context"
	"fmt"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/solver"
	"github.com/columen/columen/solver/image"
)

// WriteMaps writes the maps that a configuration asks for, if any. depths may be
// nil where it asks for none that needs them.
func WriteMaps(ctx context.Context, env *run.Env, out configs.Products, view string, pixels *image.Image, depths *solver.Depths) error {
	if len(out.Maps) == 0 {
		return nil
	}
	maps, err := mapsOf(out, pixels, depths)
	if err != nil {
		return err
	}
	for _, format := range out.Formats {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		final := path(out, view+mapsEnding, format)
		partial := env.Outputs.Partial(final)
		switch format {
		case "fits":
			err = image.WriteMapsFITS(partial, pixels, maps, fitsOptions(out, 64))
		case "hdf5":
			err = image.WriteMapsHDF5(partial, pixels, maps)
		case "png":
			err = image.WriteMapsPNG(partial, pixels, maps)
		default:
			err = fmt.Errorf("output.formats: %q is not known", format)
		}
		if err != nil {
			return env.Outputs.NotWritten(final, err)
		}
	}
	return nil
}

// mapsOf computes the maps in the order asked for.
func mapsOf(out configs.Products, pixels *image.Image, d *solver.Depths) ([]image.Map, error) {
	var list []image.Map
	for i, name := range out.Maps {
		if d == nil && (name == "tau" || name == "contribution") {
			return nil, fmt.Errorf("output.maps.%d: %q needs the depths of the solver", i, name)
		}
		switch name {
		case "tau":
			list = append(list,
				image.Map{Name: "TAU_CENTER", Title: "Optical depth at line centre", Comment: "channel nearest to the rest frequency", Values: d.TauCenter},
				image.Map{Name: "TAU_PEAK", Title: "Largest optical depth", Comment: "largest optical depth of all channels", Values: d.TauPeak})
		case "contribution":
			list = append(list,
				image.Map{Name: "DEPTH_MEAN", Title: "Where the light comes from", Unit: "m", Comment: "mean z of the light, observer at z > 0", Values: d.MeanM},
				image.Map{Name: "DEPTH_SPREAD", Title: "and from how deep a layer", Unit: "m", Comment: "standard deviation of z of the light", Values: d.SpreadM})
		case "brightness":
			maps, err := pixels.BrightnessMaps()
			if err != nil {
				return nil, err
			}
			list = append(list, maps...)
		case "moment0", "moment1", "moment2":
			m, err := pixels.MomentMap(int(name[6]-'0'), image.Unit(out.Unit), out.DistancePC)
			if err != nil {
				return nil, err
			}
			list = append(list, m)
		default:
			return nil, fmt.Errorf("output.maps.%d: %q is not known", i, name)
		}
	}
	return list, nil
}
