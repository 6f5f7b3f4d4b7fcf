// SPDX-License-Identifier: BSD-3-Clause

package solve

import (
	"fmt"
	"slices"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/model"
	"github.com/columen/columen/solver"
	"github.com/columen/columen/solver/line"
	"github.com/columen/columen/solver/si"
)

// setup is what the configuration says about line, channels and views.
type setup struct {
	line        *line.Line
	frequencies []float64 // [Hz]
	background  []float64 // [W m⁻² Hz⁻¹ sr⁻¹], nil for none
}

func newSetup(file string, cfg *configs.Solve) (setup, error) {
	var s setup
	var err error
	if s.line, err = model.Line(file, cfg.Line); err != nil {
		return s, err
	}
	if s.frequencies, err = cfg.Spectrum.Frequencies(s.line.RestFrequencyHz); err != nil {
		return s, err
	}
	if cfg.Background.Kind != "none" {
		for _, nu := range s.frequencies {
			s.background = append(s.background, si.Planck(s.line.Constants, nu, cfg.Background.TemperatureK))
		}
	}
	return s, nil
}

// sight is a view in the terms of the solver: along an axis, or of any
// direction, with a camera.
type sight struct {
	view   solver.View
	camera *solver.Camera
}

// velocities tells along which axes of the cube a view needs the velocity.
func (s *sight) velocities() (needed [3]bool) {
	if s.camera != nil {
		return s.camera.Components()
	}
	needed[s.view.Observer.Axis] = true
	return needed
}

// depths reports whether maps are wanted that only a camera gives.
func (t *task) depths() bool {
	return slices.Contains(t.cfg.Output.Maps, "tau") || slices.Contains(t.cfg.Output.Maps, "contribution")
}

// aim turns the views of the configuration into sights of the model.
func (t *task) aim() error {
	m := t.source.Mesh
	for i, v := range t.cfg.Views {
		var s sight
		if v.Oblique() {
			c := solver.NewCamera(v.Angles()).Frame(m, v.Pixels[0], v.Pixels[1], v.WidthAU*auM)
			if c.NX > solver.MaxPixels || c.NY > solver.MaxPixels {
				return t.problem(fmt.Sprintf("view.%d.width_au", i), fmt.Sprint(v.WidthAU), "more pixels of the size of a cell than an image may have",
					fmt.Sprintf("pixels as well, or a width of at most %d cells", solver.MaxPixels))
			}
			s.camera = &c
		} else {
			var err error
			if s.view, err = solver.NewView(v.Axis); err != nil {
				return fmt.Errorf("view.%d.axis: %w", i, err)
			}
			if t.depths() {
				c := s.view.Camera(m)
				s.camera = &c
			}
		}
		t.sights = append(t.sights, s)
	}
	return nil
}

// auM is the astronomical unit [m] (IAU 2012 resolution B2).
const auM = 149597870700.0

// problemOf is the problem of one view.
func (t *task) problemOf(s sight, progress func(done, total int)) solver.Problem {
	return solver.Problem{
		Line: t.line, FrequenciesHz: t.frequencies, View: s.view, Camera: s.camera, Depths: t.depths(), BackgroundSI: t.background,
		AtCenters: t.cfg.Solver.RayEnds == "centers", Fixed: t.cfg.Parallel.Mode == "fixed",
		Threads: t.env.Threads, Progress: progress,
	}
}

// cite names the publications behind the run in the manifest.
func (t *task) cite() {
	m := t.env.Manifest
	m.Cite("Heinemann et al. 2006, A&A 448, 731 (segments compose)")
	m.Cite("Olson & Kunasz 1987, JQSRT 38, 325 (source function linear in optical depth)")
	m.Cite("Schöier et al. 2005, A&A 432, 369 (LAMDA line data)")
	if t.source.Reference != "" {
		m.Cite(t.source.Reference)
	}
}
