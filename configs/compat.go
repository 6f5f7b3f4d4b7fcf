// SPDX-License-Identifier: BSD-3-Clause

package configs

// Compat switches on what the published generator of data sets does and a
// correct one does not. docs/compat.md has the formula of each quirk.
type Compat struct {
	Mode              string  `toml:"mode" unit:"-" default:"\"off\"" allow:"off|coemunet" doc:"What the quirks on auto are: coemunet has all that apply to the models, off has none"`
	DoubledDX         string  `toml:"doubled_dx" unit:"-" default:"\"auto\"" allow:"auto|on|off" doc:"Rays are twice as long as the cells they cross"`
	LostTurbulence    string  `toml:"lost_turbulence" unit:"-" default:"\"auto\"" allow:"auto|on|off" doc:"v_turb/c is taken for v_turb in m/s: lines have their thermal width only"`
	SampleBox         string  `toml:"sample_box" unit:"-" default:"\"auto\"" allow:"auto|on|off" doc:"The cube is the middle half of the box round the rotated points, along each axis: cells differ between samples and are no cubes; without winds by formula only"`
	OriginRotation    string  `toml:"origin_rotation" unit:"-" default:"\"auto\"" allow:"auto|on|off" doc:"Models turn about the origin of their coordinates, not about the middle of the cube; snapshots only"`
	AxisAngle         string  `toml:"axis_angle" unit:"-" default:"\"auto\"" allow:"auto|on|off" doc:"A uniform angle about a uniform axis: small rotations are too frequent"`
	PublishedSolution string  `toml:"published_solution" unit:"-" default:"\"auto\"" allow:"auto|on|off" doc:"The published formal solution between cell centres, with |I| for I: slow, in double precision"`
	RadiusM           float64 `toml:"radius_m" unit:"m" default:"28984584112701.441406" allow:">0" doc:"Points farther from the middle of a snapshot are dropped with sample_box; the default is that of the published set"`
}

// Quirks are the switches of Compat with auto resolved.
type Quirks struct {
	DoubledDX, LostTurbulence, SampleBox, OriginRotation, AxisAngle, PublishedSolution bool
}

// Quirks returns which quirks the data set has.
func (g *Generate) Quirks() Quirks {
	c := g.Compat
	if c == nil {
		return Quirks{}
	}
	is := func(value string, applies bool) bool {
		return value == "on" || value == "auto" && applies && c.Mode == "coemunet"
	}
	points := len(g.Models) > 0
	alone := points && g.Data.Models == 0 // winds have no points whose box it could be
	return Quirks{
		DoubledDX: is(c.DoubledDX, true), LostTurbulence: is(c.LostTurbulence, true), SampleBox: alone && is(c.SampleBox, true),
		OriginRotation: points && is(c.OriginRotation, true), AxisAngle: is(c.AxisAngle, true), PublishedSolution: is(c.PublishedSolution, true),
	}
}

// Names lists the quirks that are on by their keys.
func (q Quirks) Names() []string {
	var names []string
	for _, f := range []struct {
		key string
		on  bool
	}{{"doubled_dx", q.DoubledDX}, {"lost_turbulence", q.LostTurbulence}, {"sample_box", q.SampleBox},
		{"origin_rotation", q.OriginRotation}, {"axis_angle", q.AxisAngle}, {"published_solution", q.PublishedSolution}} {
		if f.on {
			names = append(names, f.key)
		}
	}
	return names
}

// BoxFixed reports whether all samples have the box of data.box_au.
func (g *Generate) BoxFixed() bool { return !g.Quirks().SampleBox }

func (c *Compat) validate(r *report, g *Generate) {
	if c.SampleBox == "on" && g.Data.Models > 0 {
		r.add("compat.sample_box", text(c.SampleBox), "a wind by formula has no points", "auto or off, or snapshots alone")
	}
	if c.OriginRotation == "on" && len(g.Models) == 0 {
		r.add("compat.origin_rotation", text(c.OriginRotation), "a wind by formula has its star in the origin", "auto or off, or [[model]]")
	}
	if !g.BoxFixed() && g.Data.BoxAU != 0 {
		r.add("data.box_au", text(g.Data.BoxAU), "given together with compat.sample_box, by which each sample has a box of its own", `no box_au, or sample_box = "off"`)
	}
	if q := g.Quirks(); q.OriginRotation && g.Mapping != nil && g.Mapping.CenterAU != nil {
		r.add("mapping.center_au", text(*g.Mapping.CenterAU), "given together with compat.origin_rotation", `no center_au, or origin_rotation = "off"`)
	}
}
