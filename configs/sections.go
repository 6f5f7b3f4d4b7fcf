// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"fmt"
	"strings"
)

// BuiltinCO is the value of line.molecule that means the CO data inside the
// program instead of a file.
const BuiltinCO = "co"

// Cubing says how a snapshot becomes a cube.
type Cubing struct {
	Cells             [3]int      `toml:"cells" unit:"-" allow:"1..8192" doc:"Cells of the cube along x, y and z"`
	RegionMinAU       *[3]float64 `toml:"region_min_au" unit:"au" need:"no" doc:"Lower corner of the region to cube; the whole box when absent"`
	RegionMaxAU       *[3]float64 `toml:"region_max_au" unit:"au" need:"no" doc:"Upper corner of the region to cube; the whole box when absent"`
	MassPerH2AMU      float64     `toml:"mass_per_h2_amu" unit:"u" default:"2.8" allow:">0" doc:"Gas mass per H2 molecule; 2.8 includes helium"`
	COPerH2           float64     `toml:"co_per_h2" unit:"-" need:"no" allow:">0" doc:"Number of CO molecules per H2 molecule; needed unless the model gives the density of CO"`
	TemperatureFloorK float64     `toml:"temperature_floor_k" unit:"K" default:"2.725" allow:">0" doc:"Lowest gas temperature; the default is that of the cosmic background, below which gas does not cool"`
	VTurbMS           *float64    `toml:"v_turb_ms" unit:"m s⁻¹" need:"no" allow:">=0" doc:"Turbulent line width, the same in every cell; needed unless the model gives it"`
	Precision         string      `toml:"precision" unit:"-" default:"\"f64\"" allow:"f32|f64" doc:"Storage of the fields in the file that columen cube writes"`
	Method            string      `toml:"method" unit:"-" need:"no" allow:"average|haar|sph|nearest" doc:"How a cell is made: conservative average of a refined mesh; haar: mean of the points in it, else of the nested cells around it; sph: kernels of particles; nearest: what is at its centre. When absent average for a refined mesh (nearest if rotated), sph for particles, nearest for other points"`
	Rotation          *Turn       `toml:"rotation" doc:"Rotation of the model before it becomes a cube; none when absent"`
}

// Line names the molecule and the transition.
type Line struct {
	Molecule   string     `toml:"molecule" unit:"-" path:"input" doc:"co for the CO data inside the program, or a file in LAMDA format"`
	Transition Transition `toml:"transition" unit:"-" doc:"Labels of the upper and lower level, or the number of the radiative transition, from 1"`
}

// Transition is a radiative transition named by level labels or by number;
// exactly one of both is set.
type Transition struct {
	Label  string // upper and lower level, for example 2-1
	Number int    // 1-based number in the LAMDA file
}

// set reads a TOML value and reports whether it can be a transition.
func (t *Transition) set(raw any) bool {
	switch v := raw.(type) {
	case string:
		upper, lower, ok := strings.Cut(v, "-")
		if !ok || strings.TrimSpace(upper) == "" || strings.TrimSpace(lower) == "" {
			return false
		}
		t.Label = v
	case int64:
		if v < 1 || v > 1_000_000 {
			return false
		}
		t.Number = int(v)
	default:
		return false
	}
	return true
}

// View is one image: a name, a direction, given by axis or by angles, and its
// pixels.
type View struct {
	Name             string   `toml:"name" unit:"-" allow:"name" doc:"Part of the names of the files of this view"`
	Axis             string   `toml:"axis" unit:"-" need:"no" allow:"+x|-x|+y|-y|+z|-z" doc:"Axis of the cube that points towards the observer; exactly one of axis and inclination_deg"`
	InclinationDeg   *float64 `toml:"inclination_deg" unit:"deg" need:"no" allow:"0..180" doc:"Angle from the z axis of the cube to the observer; 0 looks from +z"`
	AzimuthDeg       *float64 `toml:"azimuth_deg" unit:"deg" need:"no" allow:"-360..360" doc:"Turn of the inclined observer about the z axis of the cube; 0 with inclination 90 looks from -y. 0 when absent"`
	PositionAngleDeg *float64 `toml:"position_angle_deg" unit:"deg" need:"no" allow:"-360..360" doc:"Turn of the image from north (up) through east (left). 0 when absent"`
	Pixels           [2]int   `toml:"pixels" unit:"-" need:"no" allow:"1..32768" doc:"Square pixels along image x and y, with inclination_deg; as large as the smallest edge of a cell when absent"`
	WidthAU          float64  `toml:"width_au" unit:"au" need:"no" allow:">0" doc:"Width of the image along x, with inclination_deg; covers the cube when absent"`
}

// Oblique reports whether the view is given by angles.
func (v *View) Oblique() bool { return v.InclinationDeg != nil }

// Angles returns inclination, azimuth and position angle [deg] of an oblique view.
func (v *View) Angles() (inclination, azimuth, position float64) {
	value := func(p *float64) float64 {
		if p == nil {
			return 0
		}
		return *p
	}
	return value(v.InclinationDeg), value(v.AzimuthDeg), value(v.PositionAngleDeg)
}

// Background is the radiation behind the cube.
type Background struct {
	Kind         string  `toml:"kind" unit:"-" default:"\"cmb\"" allow:"none|cmb|planck" doc:"Radiation behind the cube: none, the cosmic background, or a Planck spectrum"`
	TemperatureK float64 `toml:"temperature_k" unit:"K" need:"no" allow:">0" doc:"Temperature of the background; 2.725 for cmb when absent, required for planck"`
}

// cmbTemperatureK is the temperature of the cosmic microwave background [K]
// (Mather et al. 1999, ApJ 512, 511).
const cmbTemperatureK = 2.725

// Solver chooses the numerics.
type Solver struct {
	Precision string `toml:"precision" unit:"-" default:"\"f64\"" allow:"f64|f32" doc:"Arithmetic of the formal solution"`
	RayEnds   string `toml:"ray_ends" unit:"-" default:"\"faces\"" allow:"faces|centers" doc:"Rays start and end at the outer faces of the cube or at the centres of the outer cells"`
}

// Workers says how one process shares its work over cores.
type Workers struct {
	Threads   int `toml:"threads" unit:"-" default:"0" allow:"0..4096" digest:"no" doc:"Threads per rank; 0 takes all cores of the rank"`
	WatchdogS int `toml:"watchdog_s" unit:"s" default:"300" allow:">=0" digest:"no" doc:"All ranks end when one makes no progress for this long; 0 switches the watchdog off"`
}

// Parallel says how the work is shared over ranks and cores.
type Parallel struct {
	Ranks     [3]int `toml:"ranks" unit:"-" default:"[0, 0, 0]" allow:"0..100000" digest:"no" doc:"Ranks along x, y and z; all 0 chooses automatically"`
	Mode      string `toml:"mode" unit:"-" default:"\"fast\"" allow:"fast|fixed" doc:"fixed makes the image bitwise independent of the number of ranks"`
	Threads   int    `toml:"threads" unit:"-" default:"0" allow:"0..4096" digest:"no" doc:"Threads per rank; 0 takes all cores of the rank"`
	WatchdogS int    `toml:"watchdog_s" unit:"s" default:"300" allow:">=0" digest:"no" doc:"All ranks end when one makes no progress for this long; 0 switches the watchdog off"`
}

// checkSize returns an *Error when the ranks of the configuration are not as
// many as the size processes that were started.
func (p Parallel) checkSize(file string, size int) error {
	product := p.Ranks[0] * p.Ranks[1] * p.Ranks[2]
	if product == 0 || product == size {
		return nil
	}
	return &Error{Problems: []Problem{{File: file, Field: "parallel.ranks", Value: text(p.Ranks),
		Reason:  fmt.Sprintf("%d ranks, but %d were started", product, size),
		Allowed: fmt.Sprintf("[0, 0, 0], or three numbers whose product is %d", size)}}}
}

// Products says which files an image becomes.
type Products struct {
	Dir        string   `toml:"dir" unit:"-" default:"\"../out\"" path:"output" digest:"no" doc:"Folder of the outputs, made when absent"`
	Name       string   `toml:"name" unit:"-" allow:"name" doc:"Stem of the names of the outputs"`
	Formats    []string `toml:"formats" unit:"-" default:"[\"fits\", \"hdf5\", \"png\"]" allow:"fits|hdf5|png" doc:"Files to write for each view"`
	Maps       []string `toml:"maps" unit:"-" need:"no" allow:"tau|moment0|moment1|moment2|brightness|contribution" doc:"Maps to write for each view in the same formats: optical depth, moments of velocity, peak brightness temperature, where the light comes from"`
	Unit       string   `toml:"unit" unit:"-" default:"\"K\"" allow:"SI|K|Jy/pixel" doc:"Unit of the intensities in FITS and PNG; SI is W m⁻² Hz⁻¹ sr⁻¹, K the Rayleigh-Jeans brightness temperature"`
	DistancePC float64  `toml:"distance_pc" unit:"pc" need:"no" allow:">0" doc:"Distance of the model; needed for Jy/pixel and for sky coordinates"`
	RADeg      *float64 `toml:"ra_deg" unit:"deg" need:"no" allow:"0..360" doc:"Right ascension of the centre of the image, with dec_deg and distance_pc"`
	DecDeg     *float64 `toml:"dec_deg" unit:"deg" need:"no" allow:"-90..90" doc:"Declination of the centre of the image, with ra_deg and distance_pc"`
}

// CubeFile says which file a cube becomes.
type CubeFile struct {
	Dir  string `toml:"dir" unit:"-" default:"\"../out\"" path:"output" digest:"no" doc:"Folder of the output, made when absent"`
	Name string `toml:"name" unit:"-" allow:"name" doc:"Stem of the name of the output"`
}
