// SPDX-License-Identifier: BSD-3-Clause

package solve

import (
	"fmt"

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
	views       []solver.View
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
	for i, v := range cfg.Views {
		view, err := solver.NewView(v.Axis)
		if err != nil {
			return s, fmt.Errorf("view.%d.axis: %w", i, err)
		}
		s.views = append(s.views, view)
	}
	return s, nil
}

// problemOf is the problem of one view.
func (t *task) problemOf(v solver.View, progress func(done, total int)) solver.Problem {
	return solver.Problem{
		Line: t.line, FrequenciesHz: t.frequencies, View: v, BackgroundSI: t.background,
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
