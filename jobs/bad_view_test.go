// SPDX-License-Identifier: BSD-3-Clause

package main

// badViews are mistakes about directions, pixels and maps.
func badViews() []badInput {
	const axis = `axis = "+z"`
	view := func(name, now string, parts ...string) badInput {
		return badInput{name: name, old: axis, now: now, parts: append([]string{"columen solve: solve.toml: "}, parts...)}
	}
	return []badInput{
		view("two directions", axis+"\ninclination_deg = 30.0", "view.0.inclination_deg = 30.0", "given together with axis", "exactly one of axis and inclination_deg"),
		view("no direction", "", "view.0.axis", "missing", "exactly one of axis and inclination_deg"),
		view("inclination below the pole", "inclination_deg = -1.0", "view.0.inclination_deg = -1.0", "from 0 to 180 [deg]"),
		view("inclination not a number", "inclination_deg = nan", "view.0.inclination_deg = nan", "from 0 to 180 [deg]"),
		view("inclination as text", `inclination_deg = "60 deg"`, `view.0.inclination_deg = "60 deg"`, "from 0 to 180 [deg]"),
		view("azimuth in another unit", "inclination_deg = 60.0\nazimuth_rad = 1.0", "view.0.azimuth_rad", "unknown key", "azimuth_deg"),
		view("azimuth twice round", "inclination_deg = 60.0\nazimuth_deg = 720.0", "view.0.azimuth_deg = 720.0", "from -360 to 360 [deg]"),
		view("position angle twice round", "inclination_deg = 60.0\nposition_angle_deg = -400.0", "view.0.position_angle_deg = -400.0", "from -360 to 360 [deg]"),
		view("azimuth without inclination", "azimuth_deg = 20.0", "view.0.axis", "missing"),
		view("pixels of a view along an axis", axis+"\npixels = [8, 8]", "view.0.pixels = [8, 8]", "only with inclination_deg"),
		view("no pixels", "inclination_deg = 60.0\npixels = [0, 8]", "view.0.pixels.0 = 0", "from 1 to 32768"),
		view("negative width", "inclination_deg = 60.0\nwidth_au = -3.0", "view.0.width_au = -3.0", "above 0 [au]"),
		view("image larger than memory", "inclination_deg = 60.0\npixels = [32768, 32768]", "view.0.pixels = [32768, 32768]", "GB", "allowed: what fits"),
		view("image wider than any", "inclination_deg = 60.0\nwidth_au = 1e9", "view.0.width_au = 1e+09", "pixels as well"),
		{name: "depth in fixed mode", args: set("parallel.mode=fixed", `output.maps=["tau"]`), parts: []string{`output.maps.0 = "tau"`, "fixed", `only with mode = "fast"`}},
		{name: "unknown map", args: set(`output.maps=["velocity"]`), parts: []string{`output.maps.0 = "velocity"`, "allowed: one of tau, moment0"}},
		{name: "map twice", args: set(`output.maps=["tau", "tau"]`), parts: []string{`output.maps.1 = "tau"`, "given twice"}},
		{name: "moment of one channel", args: set("spectrum.channels=1", `output.maps=["moment1"]`), parts: []string{`output.maps.0 = "moment1"`, "one channel", "at least two channels"}},
		{name: "map exists", args: set(`output.maps=["tau"]`), prepare: text("out/w.pole.maps.fits", "precious"), parts: []string{"output.dir", "w.pole.maps.fits", "exists", "allowed: --overwrite"}},
	}
}
