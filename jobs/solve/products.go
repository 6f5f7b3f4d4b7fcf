// SPDX-License-Identifier: BSD-3-Clause

package solve

import (
	"context"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/product"
	"github.com/columen/columen/solver"
	"github.com/columen/columen/solver/image"
)

// outputs lists the files: one per view and format.
func outputs(cfg configs.Job) []string {
	c := cfg.(*configs.Solve)
	return product.Files(c.Output, c.Views)
}

// write writes the files of a view.
func (t *task) write(ctx context.Context, view int, img *solver.Image) error {
	bits := 64
	if t.cfg.Solver.Precision == "f32" {
		bits = 32
	}
	name, pixels := t.cfg.Views[view].Name, t.image(view, img)
	if err := product.Write(ctx, t.env, t.cfg.Output, name, pixels, bits); err != nil {
		return err
	}
	return product.WriteMaps(ctx, t.env, t.cfg.Output, name, pixels, img.Depths)
}

// image gives the pixels their place, view and provenance.
func (t *task) image(view int, img *solver.Image) *image.Image {
	pixels := &image.Image{
		ModelName: t.source.Name, Species: t.line.Species, Transition: t.line.Label, ViewName: t.cfg.Views[view].Name,
		RestFrequencyHz: t.line.RestFrequencyHz, FrequenciesHz: t.frequencies, NX: img.NX, NY: img.NY,
		Intensity: img.Intensity, BackgroundSI: t.background,
		Provenance: []image.KeyValue{
			{Key: "config_digest", Value: t.env.Manifest.Digest},
			{Key: "kernel", Value: img.Kernel + " " + t.cfg.Solver.Precision},
			{Key: "mode", Value: t.cfg.Parallel.Mode},
			{Key: "background", Value: t.cfg.Background.Kind},
		},
	}
	if s := t.sights[view]; s.camera != nil {
		product.PlaceCamera(pixels, s.camera)
	} else {
		product.Place(pixels, t.source.Mesh, s.view)
	}
	return pixels
}
