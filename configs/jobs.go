// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"fmt"
	"slices"
	"strings"
)

// Solve is the configuration of columen solve: a model, a line and views
// become images.
type Solve struct {
	Model      Model      `toml:"model" doc:"Where the gas comes from"`
	Cube       *Cubing    `toml:"cube" doc:"How a snapshot becomes a cube; absent with model.cube"`
	Line       Line       `toml:"line" doc:"The molecule and the transition"`
	Spectrum   Spectrum   `toml:"spectrum" doc:"The frequency grid"`
	Views      []View     `toml:"view" doc:"One image per view"`
	Background Background `toml:"background" doc:"The radiation behind the cube"`
	Solver     Solver     `toml:"solver" doc:"The numerics"`
	Parallel   Parallel   `toml:"parallel" doc:"Ranks and threads"`
	Output     Products   `toml:"output" doc:"The files to write"`
}

// Cube is the configuration of columen cube: a snapshot becomes a cube file.
type Cube struct {
	Model    Model    `toml:"model" doc:"Where the gas comes from"`
	Cube     *Cubing  `toml:"cube" doc:"How the snapshot becomes a cube"`
	Parallel Workers  `toml:"parallel" doc:"Threads"`
	Output   CubeFile `toml:"output" doc:"The file to write"`
}

// JobName returns "solve".
func (s *Solve) JobName() string { return "solve" }

// JobName returns "cube".
func (c *Cube) JobName() string { return "cube" }

// Inputs returns the model, and the LAMDA file unless the CO data inside the
// program are used.
func (s *Solve) Inputs() []Input {
	in := s.Model.inputs()
	if s.Line.Molecule != BuiltinCO {
		in = append(in, Input{"line.molecule", s.Line.Molecule})
	}
	return in
}

// Inputs returns the snapshot.
func (c *Cube) Inputs() []Input { return c.Model.inputs() }

// Destination returns the folder and the stem of the names of the outputs.
func (s *Solve) Destination() (dir, name string) { return s.Output.Dir, s.Output.Name }

// Destination returns the folder and the stem of the name of the cube file.
func (c *Cube) Destination() (dir, name string) { return c.Output.Dir, c.Output.Name }

// NumThreads returns the threads per rank, 0 for all cores.
func (s *Solve) NumThreads() int { return s.Parallel.Threads }

// NumThreads returns the threads per rank, 0 for all cores.
func (c *Cube) NumThreads() int { return c.Parallel.Threads }

// CheckSize returns an *Error when parallel.ranks is not automatic and its
// product is not size.
func (s *Solve) CheckSize(file string, size int) error { return s.Parallel.checkSize(file, size) }

// CheckSize returns nil: any number of ranks can make a cube.
func (c *Cube) CheckSize(string, int) error { return nil }

func (s *Solve) validate(r *report) {
	s.Model.validate(r, s.Cube)
	s.Spectrum.validate(r)
	s.Background.validate(r)
	s.Parallel.validate(r, s.Cube)
	s.Output.validate(r)
	validateViews(r, s.Views)
	s.validateFixed(r)
	for i, m := range s.Output.Maps {
		if strings.HasPrefix(m, "moment") && max(s.Spectrum.Channels, len(s.Spectrum.VelocitiesMS), len(s.Spectrum.FrequenciesHz)) == 1 {
			r.add(fmt.Sprintf("output.maps.%d", i), text(m), "a moment of one channel", "moments with at least two channels")
		}
	}
}

// validateViews checks that files of different views have different names.
func validateViews(r *report, views []View) {
	names := map[string]int{}
	for i, v := range views {
		if first, ok := names[v.Name]; ok && v.Name != "" {
			r.add(fmt.Sprintf("view.%d.name", i), text(v.Name), fmt.Sprintf("also the name of view.%d", first), "names that all differ")
		}
		names[v.Name] = i
		v.validate(r, fmt.Sprintf("view.%d.", i))
	}
}

// validate checks that there is exactly one direction, and pixels only where they are free.
func (v *View) validate(r *report, path string) {
	const one = "exactly one of axis and inclination_deg"
	switch {
	case v.Axis == "" && !v.Oblique():
		r.missing(path+"axis", one)
		return
	case v.Axis != "" && v.Oblique():
		r.add(path+"inclination_deg", text(*v.InclinationDeg), "given together with axis", one)
	}
	if v.Oblique() {
		return
	}
	for _, k := range []struct {
		key   string
		given bool
		value any
	}{
		{"azimuth_deg", v.AzimuthDeg != nil, v.AzimuthDeg}, {"position_angle_deg", v.PositionAngleDeg != nil, v.PositionAngleDeg},
		{"pixels", v.Pixels != [2]int{}, v.Pixels}, {"width_au", v.WidthAU != 0, v.WidthAU},
	} {
		if k.given {
			r.add(path+k.key, text(k.value), "given without inclination_deg", k.key+" only with inclination_deg; the pixels of a view along an axis are the cells")
		}
	}
}

// validateFixed refuses what fixed mode does not have: maps of depth.
func (s *Solve) validateFixed(r *report) {
	if s.Parallel.Mode != "fixed" {
		return
	}
	for i, m := range s.Output.Maps {
		if deepMap(m) {
			r.add(fmt.Sprintf("output.maps.%d", i), text(m), `given together with parallel.mode = "fixed"`, `maps of optical depth and contribution only with mode = "fast"`)
		}
	}
}

// deepMap reports whether a map needs more of the solver than the image.
func deepMap(name string) bool { return name == "tau" || name == "contribution" }

func (c *Cube) validate(r *report) {
	if c.Model.Cube != "" {
		r.add("model.cube", text(c.Model.Cube), "columen cube reads a snapshot", "model.snapshot")
	}
	if c.Model.Fields != nil {
		r.add("model.fields", "", "columen cube reads a snapshot", "model.snapshot")
	}
	c.Model.validate(r, c.Cube)
}

func (c *Cubing) validate(r *report) {
	c.validateMethod(r)
	lo, hi := c.RegionMinAU, c.RegionMaxAU
	switch {
	case lo == nil && hi == nil:
	case hi == nil:
		r.missing("cube.region_max_au", "both corners of the region or none")
	case lo == nil:
		r.missing("cube.region_min_au", "both corners of the region or none")
	default:
		for a := range lo {
			if !(hi[a] > lo[a]) {
				r.add(fmt.Sprintf("cube.region_max_au.%d", a), text(hi[a]), "not above region_min_au", "a number above "+text(lo[a])+" [au]")
			}
		}
	}
}

func (b *Background) validate(r *report) {
	switch {
	case b.Kind == "cmb" && b.TemperatureK == 0:
		b.TemperatureK = cmbTemperatureK
	case b.Kind == "planck" && b.TemperatureK == 0:
		r.missing("background.temperature_k", "a finite number above 0 [K]")
	case b.Kind == "none" && b.TemperatureK != 0:
		r.add("background.temperature_k", text(b.TemperatureK), `given together with kind = "none"`, `a temperature only with kind = "cmb" or "planck"`)
	}
}

// validate checks that ranks are all automatic or all given, and that no rank
// is without a cell.
func (p *Parallel) validate(r *report, cube *Cubing) {
	zeros := 0
	for _, n := range p.Ranks {
		if n == 0 {
			zeros++
		}
	}
	if zeros == 1 || zeros == 2 {
		r.add("parallel.ranks", text(p.Ranks), "some are automatic and some are not", "[0, 0, 0], or three numbers of at least 1")
	}
	if cube == nil {
		return
	}
	for a, n := range p.Ranks {
		if n > cube.Cells[a] && cube.Cells[a] > 0 {
			r.add(fmt.Sprintf("parallel.ranks.%d", a), text(n), fmt.Sprintf("more ranks than the %d cells along this axis", cube.Cells[a]),
				fmt.Sprintf("an integer from 1 to %d", cube.Cells[a]))
		}
	}
}

func (p *Products) validate(r *report) {
	seen := map[string]bool{}
	for i, f := range p.Formats {
		if seen[f] && f != "" {
			r.add(fmt.Sprintf("output.formats.%d", i), text(f), "given twice", "formats that all differ")
		}
		seen[f] = true
	}
	for i, m := range p.Maps {
		if slices.Contains(p.Maps[:i], m) && m != "" {
			r.add(fmt.Sprintf("output.maps.%d", i), text(m), "given twice", "maps that all differ")
		}
	}
	if p.Unit == "Jy/pixel" && p.DistancePC == 0 {
		r.missing("output.distance_pc", `a finite number above 0 [pc], which unit = "Jy/pixel" needs`)
	}
	switch {
	case p.RADeg != nil && p.DecDeg == nil:
		r.missing("output.dec_deg", "both ra_deg and dec_deg or none")
	case p.RADeg == nil && p.DecDeg != nil:
		r.missing("output.ra_deg", "both ra_deg and dec_deg or none")
	case p.RADeg != nil && p.DistancePC == 0:
		r.missing("output.distance_pc", "a finite number above 0 [pc], which ra_deg and dec_deg need")
	}
}
