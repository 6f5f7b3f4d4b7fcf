// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"errors"
	"strings"
	"testing"
)

// goodSolve is a small valid configuration that the bad ones differ from.
const goodSolve = `
[model]
snapshot = "wind.dat"
[model.amrvac]
length_cm = 1.5e13
density_gcc = 1e-15
velocity_cms = 1e6
mean_mol_weight = 2.35
[cube]
cells = [8, 9, 10]
co_per_h2 = 1e-4
v_turb_ms = 150.0
[line]
molecule = "co"
transition = "2-1"
[spectrum]
channels = 5
spacing_ms = 500.0
[[view]]
name = "pole"
axis = "+z"
[output]
name = "test"
`

// badCase is one edit of goodSolve (text replaced, or a --set) and the parts
// that its only problem must name.
type badCase struct {
	name      string
	old, edit string
	sets      []string
	field     string
	value     string
	allowed   string
}

func badCases() []badCase {
	return []badCase{
		{name: "unknown key", old: "co_per_h2", edit: "co_per_h3 = 1\nco_per_h2", field: "cube.co_per_h3", value: "1", allowed: `did you mean "co_per_h2"?`},
		{name: "wrong unit in key", old: "spacing_ms = 500.0", edit: "spacing_ms = 500.0\nspacing_kms = 0.5", field: "spectrum.spacing_kms", value: "0.5", allowed: `did you mean "spacing_ms"?`},
		{name: "unknown table", old: "[line]", edit: "[lines]\n[line]", field: "lines", value: "a table", allowed: `did you mean "line"?`},
		{name: "unknown key of a view", old: `axis = "+z"`, edit: "axis = \"+z\"\ntilt_deg = 3", field: "view.0.tilt_deg", value: "3", allowed: "name, axis"},
		{name: "string for number", old: "v_turb_ms = 150.0", edit: `v_turb_ms = "150 m/s"`, field: "cube.v_turb_ms", value: `"150 m/s"`, allowed: "a finite number of at least 0 [m s⁻¹]"},
		{name: "number for string", old: `molecule = "co"`, edit: "molecule = 28", field: "line.molecule", value: "28", allowed: "a path"},
		{name: "float for integer", old: "channels = 5", edit: "channels = 5.5", field: "spectrum.channels", value: "5.5", allowed: "an integer from 1 to 100000"},
		{name: "value for table", old: "[line]\nmolecule = \"co\"\ntransition = \"2-1\"", edit: "", sets: []string{"line=3"}, field: "line", value: "3", allowed: "a table"},
		{name: "value for list of tables", old: "[[view]]\nname = \"pole\"\naxis = \"+z\"", edit: "", sets: []string{"view=3"}, field: "view", value: "3", allowed: "[[view]] tables"},
		{name: "table for list of tables", old: "[[view]]", edit: "[view]", field: "view", value: "a table", allowed: "[[view]] tables"},
		{name: "scalar for list", old: "cells = [8, 9, 10]", edit: "cells = 8", field: "cube.cells", value: "8", allowed: "a list of 3"},
		{name: "short list", old: "cells = [8, 9, 10]", edit: "cells = [8, 9]", field: "cube.cells", value: "[8, 9]", allowed: "a list of 3"},
		{name: "entry of wrong type", old: "cells = [8, 9, 10]", edit: `cells = [8, "9", 10]`, field: "cube.cells.1", value: `"9"`, allowed: "an integer from 1 to 8192"},
		{name: "no cells", old: "cells = [8, 9, 10]", edit: "cells = [8, 9, 0]", field: "cube.cells.2", value: "0", allowed: "an integer from 1 to 8192"},
		{name: "too many cells", old: "cells = [8, 9, 10]", edit: "cells = [8193, 9, 10]", field: "cube.cells.0", value: "8193", allowed: "an integer from 1 to 8192"},
		{name: "missing unit of length", old: "length_cm = 1.5e13", edit: "", field: "model.amrvac.length_cm", value: "missing", allowed: "above 0 [cm]"},
		{name: "missing units", old: "[model.amrvac]\nlength_cm = 1.5e13\ndensity_gcc = 1e-15\nvelocity_cms = 1e6\nmean_mol_weight = 2.35", edit: "format = \"amrvac\"", field: "model.amrvac.length_cm", value: "missing", allowed: "[model.amrvac]"},
		{name: "missing turbulence", old: "v_turb_ms = 150.0", edit: "", field: "cube.v_turb_ms", value: "missing", allowed: "at least 0 [m s⁻¹]"},
		{name: "missing cube", old: "[cube]\ncells = [8, 9, 10]\nco_per_h2 = 1e-4\nv_turb_ms = 150.0", edit: "", field: "cube.cells", value: "missing", allowed: "[cube]"},
		{name: "missing views", old: "[[view]]\nname = \"pole\"\naxis = \"+z\"", edit: "", field: "view", value: "missing", allowed: "at least one [[view]] table"},
		{name: "missing output name", old: `name = "test"`, edit: "", field: "output.name", value: "missing", allowed: "a name of letters"},
		{name: "negative temperature", old: "co_per_h2", edit: "temperature_floor_k = -10.0\nco_per_h2", field: "cube.temperature_floor_k", value: "-10.0", allowed: "above 0 [K]"},
		{name: "zero temperature", old: "co_per_h2", edit: "temperature_floor_k = 0\nco_per_h2", field: "cube.temperature_floor_k", value: "0", allowed: "above 0 [K]"},
		{name: "nan", old: "v_turb_ms = 150.0", edit: "v_turb_ms = nan", field: "cube.v_turb_ms", value: "nan", allowed: "a finite number"},
		{name: "infinity", old: "length_cm = 1.5e13", edit: "length_cm = inf", field: "model.amrvac.length_cm", value: "+inf", allowed: "a finite number above 0 [cm]"},
		{name: "nan in a list", old: "channels = 5\nspacing_ms = 500.0", edit: "velocities_ms = [0.0, nan]", field: "spectrum.velocities_ms.1", value: "nan", allowed: "a finite number"},
		{name: "negative density unit", old: "density_gcc = 1e-15", edit: "density_gcc = -1e-15", field: "model.amrvac.density_gcc", value: "-1e-15", allowed: "above 0 [g cm⁻³]"},
		{name: "unknown format", old: `snapshot = "wind.dat"`, edit: "snapshot = \"wind.dat\"\nformat = \"gadget\"", field: "model.format", value: `"gadget"`, allowed: "one of auto, amrvac, phantom, magritte"},
		{name: "unknown geometry", old: "mean_mol_weight", edit: "geometry = \"spherical_3D\"\nmean_mol_weight", field: "model.amrvac.geometry", value: `"spherical_3D"`, allowed: "one of Cartesian_3D"},
		{name: "empty snapshot path", old: `snapshot = "wind.dat"`, edit: `snapshot = ""`, field: "model.snapshot", value: `""`, allowed: "a path"},
		{name: "no model", old: `snapshot = "wind.dat"`, edit: "", field: "model.snapshot", value: "missing", allowed: "exactly one of snapshot, cube and fields"},
		{name: "two models", old: `snapshot = "wind.dat"`, edit: "snapshot = \"wind.dat\"\ncube = \"c.h5\"", field: "model.cube", value: `c.h5"`, allowed: "exactly one of snapshot, cube and fields"},
		{name: "cube file cubed again", old: "snapshot = \"wind.dat\"\n[model.amrvac]\nlength_cm = 1.5e13\ndensity_gcc = 1e-15\nvelocity_cms = 1e6\nmean_mol_weight = 2.35", edit: `cube = "c.h5"`, field: "cube", value: "given together with model.cube", allowed: "a cube file is used as it is"},
		{name: "units for a cube file", old: `snapshot = "wind.dat"`, edit: `cube = "c.h5"`, field: "model.amrvac", value: "given together with model.cube", allowed: "only with model.snapshot"},
		{name: "unknown method", old: "v_turb_ms = 150.0", edit: "v_turb_ms = 150.0\nmethod = \"voronoi\"", field: "cube.method", value: `"voronoi"`, allowed: "one of average, haar, sph, nearest"},
		{name: "nested cells of three sizes", old: "v_turb_ms = 150.0", edit: "v_turb_ms = 150.0\nmethod = \"haar\"", field: "cube.cells", value: "[8, 9, 10]", allowed: "the same power of two along each axis"},
		{name: "turned average", old: "v_turb_ms = 150.0", edit: "v_turb_ms = 150.0\nmethod = \"average\"\n[cube.rotation]\nkind = \"uniform\"", field: "cube.method", value: `"average"`, allowed: "haar, sph or nearest"},
		{name: "rotation without a kind", old: "v_turb_ms = 150.0", edit: "v_turb_ms = 150.0\n[cube.rotation]\nseed = 3", field: "cube.rotation.kind", value: "missing", allowed: "one of angles, uniform, axis_angle"},
		{name: "rotation without angles", old: "v_turb_ms = 150.0", edit: "v_turb_ms = 150.0\n[cube.rotation]\nkind = \"angles\"", field: "cube.rotation.angles_deg", value: "missing", allowed: "a list of 3"},
		{name: "random angles", old: "v_turb_ms = 150.0", edit: "v_turb_ms = 150.0\n[cube.rotation]\nkind = \"uniform\"\nangles_deg = [1, 2, 3]", field: "cube.rotation.angles_deg", value: "[1.0, 2.0, 3.0]", allowed: `kind = "angles"`},
		{name: "angle beyond a turn", old: "v_turb_ms = 150.0", edit: "v_turb_ms = 150.0\n[cube.rotation]\nkind = \"angles\"\nangles_deg = [1, 2, 361]", field: "cube.rotation.angles_deg.2", value: "361", allowed: "a finite number from -360 to 360 [deg]"},
		{name: "negative seed", old: "v_turb_ms = 150.0", edit: "v_turb_ms = 150.0\n[cube.rotation]\nkind = \"uniform\"\nseed = -1", field: "cube.rotation.seed", value: "-1", allowed: "an integer of at least 0"},
		{name: "rotation about a star", old: "v_turb_ms = 150.0", edit: "v_turb_ms = 150.0\n[cube.rotation]\nkind = \"uniform\"\nabout = \"star\"", field: "cube.rotation.about", value: `"star"`, allowed: "one of center, origin"},
		{name: "half a region", old: "co_per_h2", edit: "region_min_au = [-1, -1, -1]\nco_per_h2", field: "cube.region_max_au", value: "missing", allowed: "both corners"},
		{name: "inverted region", old: "co_per_h2", edit: "region_min_au = [-1, -1, 2]\nregion_max_au = [1, 1, 1]\nco_per_h2", field: "cube.region_max_au.2", value: "1.0", allowed: "a number above 2.0 [au]"},
		{name: "transition without lower level", old: `"2-1"`, edit: `"2"`, field: "line.transition", value: `"2"`, allowed: `level labels such as "2-1"`},
		{name: "transition number zero", old: `"2-1"`, edit: `0`, field: "line.transition", value: "0", allowed: "from 1"},
		{name: "transition a float", old: `"2-1"`, edit: `2.0`, field: "line.transition", value: "2.0", allowed: "the number of the radiative transition"},
		{name: "two ways of channels", old: "channels = 5", edit: "channels = 5\nspacing_hz = 1e5", field: "spectrum.spacing_hz", value: "given together with spectrum.spacing_ms", allowed: "exactly one of"},
		{name: "list and count", old: "spacing_ms = 500.0", edit: "velocities_ms = [1.0, 2.0]", field: "spectrum.channels", value: "5", allowed: "exactly one of"},
		{name: "list and centre", old: "channels = 5\nspacing_ms = 500.0", edit: "velocities_ms = [1.0, 2.0]\ncenter_ms = 3.0", field: "spectrum.center_ms", value: "3.0", allowed: "only with channels"},
		{name: "count without spacing", old: "spacing_ms = 500.0", edit: "", field: "spectrum.spacing_ms", value: "missing", allowed: "exactly one of"},
		{name: "spacing without count", old: "channels = 5", edit: "", field: "spectrum.channels", value: "missing", allowed: "an integer from 1"},
		{name: "no spectrum", old: "channels = 5\nspacing_ms = 500.0", edit: "", field: "spectrum", value: "missing", allowed: "exactly one of"},
		{name: "no channels", old: "channels = 5", edit: "channels = 0", field: "spectrum.channels", value: "0", allowed: "an integer from 1 to 100000"},
		{name: "negative spacing", old: "spacing_ms = 500.0", edit: "spacing_ms = -500.0", field: "spectrum.spacing_ms", value: "-500.0", allowed: "above 0 [m s⁻¹]"},
		{name: "faster than light", old: "channels = 5\nspacing_ms = 500.0", edit: "channels = 100000\nspacing_ms = 1e4", field: "spectrum.spacing_ms", value: "10000.0", allowed: "±299792458 m s⁻¹"},
		{name: "velocity list above c", old: "channels = 5\nspacing_ms = 500.0", edit: "velocities_ms = [3e8]", field: "spectrum.velocities_ms.0", value: "3e+08", allowed: "from -2.9e8 to 2.9e8"},
		{name: "repeated velocity", old: "channels = 5\nspacing_ms = 500.0", edit: "velocities_ms = [1.0, 2.0, 1]", field: "spectrum.velocities_ms.2", value: "1.0", allowed: "velocities that all differ"},
		{name: "falling frequencies", old: "channels = 5\nspacing_ms = 500.0", edit: "frequencies_hz = [2e11, 1e11]", field: "spectrum.frequencies_hz.1", value: "1e+11", allowed: "increasing frequencies"},
		{name: "empty list", old: "channels = 5\nspacing_ms = 500.0", edit: "frequencies_hz = []", field: "spectrum.frequencies_hz", value: "[]", allowed: "a list, each entry a finite number above 0 [Hz]"},
		{name: "axis without sign", old: `axis = "+z"`, edit: `axis = "z"`, field: "view.0.axis", value: `"z"`, allowed: "one of +x, -x, +y, -y, +z, -z"},
		{name: "no direction", old: "axis = \"+z\"\n", edit: "", field: "view.0.axis", value: "missing", allowed: "exactly one of axis and inclination_deg"},
		{name: "two directions", old: `axis = "+z"`, edit: "axis = \"+z\"\ninclination_deg = 30.0", field: "view.0.inclination_deg", value: "30.0", allowed: "exactly one of axis and inclination_deg"},
		{name: "inclination beyond the pole", old: `axis = "+z"`, edit: "inclination_deg = 181.0", field: "view.0.inclination_deg", value: "181.0", allowed: "from 0 to 180 [deg]"},
		{name: "azimuth twice round", old: `axis = "+z"`, edit: "inclination_deg = 10.0\nazimuth_deg = 361.0", field: "view.0.azimuth_deg", value: "361.0", allowed: "from -360 to 360 [deg]"},
		{name: "azimuth no number", old: `axis = "+z"`, edit: "inclination_deg = 10.0\nazimuth_deg = nan", field: "view.0.azimuth_deg", value: "nan", allowed: "from -360 to 360 [deg]"},
		{name: "position angle of an axis", old: `axis = "+z"`, edit: "axis = \"+z\"\nposition_angle_deg = 10.0", field: "view.0.position_angle_deg", value: "10.0", allowed: "only with inclination_deg"},
		{name: "pixels of an axis", old: `axis = "+z"`, edit: "axis = \"+z\"\npixels = [64, 64]", field: "view.0.pixels", value: "[64, 64]", allowed: "only with inclination_deg"},
		{name: "no pixels", old: `axis = "+z"`, edit: "inclination_deg = 10.0\npixels = [64, 0]", field: "view.0.pixels.1", value: "0", allowed: "from 1 to 32768"},
		{name: "half the pixels", old: `axis = "+z"`, edit: "inclination_deg = 10.0\npixels = [64]", field: "view.0.pixels", value: "[64]", allowed: "a list of 2"},
		{name: "image without width", old: `axis = "+z"`, edit: "inclination_deg = 10.0\nwidth_au = 0.0", field: "view.0.width_au", value: "0.0", allowed: "above 0 [au]"},
		{name: "unknown map", old: "[output]", edit: "[output]\nmaps = [\"moment3\"]", field: "output.maps.0", value: `"moment3"`, allowed: "one of tau, moment0"},
		{name: "map twice", old: "[output]", edit: "[output]\nmaps = [\"tau\", \"tau\"]", field: "output.maps.1", value: `"tau"`, allowed: "maps that all differ"},
		{name: "depth and fixed", old: "[output]", edit: "[parallel]\nmode = \"fixed\"\n[output]\nmaps = [\"contribution\"]", field: "output.maps.0", value: `"contribution"`, allowed: `only with mode = "fast"`},
		{name: "name with a slash", old: `name = "pole"`, edit: `name = "../pole"`, field: "view.0.name", value: `"../pole"`, allowed: "a name of letters, digits"},
		{name: "two views of a name", old: "[[view]]", edit: "[[view]]\nname = \"pole\"\naxis = \"+x\"\n[[view]]", field: "view.1.name", value: `"pole"`, allowed: "names that all differ"},
		{name: "planck without temperature", old: "[output]", edit: "[background]\nkind = \"planck\"\n[output]", field: "background.temperature_k", value: "missing", allowed: "above 0 [K]"},
		{name: "temperature of nothing", old: "[output]", edit: "[background]\nkind = \"none\"\ntemperature_k = 3.0\n[output]", field: "background.temperature_k", value: "3.0", allowed: `kind = "cmb" or "planck"`},
		{name: "unknown background", old: "[output]", edit: "[background]\nkind = \"CMB\"\n[output]", field: "background.kind", value: `"CMB"`, allowed: "one of none, cmb, planck"},
		{name: "unknown precision", old: "[output]", edit: "[solver]\nprecision = \"f16\"\n[output]", field: "solver.precision", value: `"f16"`, allowed: "one of f64, f32"},
		{name: "unknown ray ends", old: "[output]", edit: "[solver]\nray_ends = \"corners\"\n[output]", field: "solver.ray_ends", value: `"corners"`, allowed: "one of faces, centers"},
		{name: "half automatic ranks", old: "[output]", edit: "[parallel]\nranks = [2, 0, 0]\n[output]", field: "parallel.ranks", value: "[2, 0, 0]", allowed: "[0, 0, 0], or three numbers"},
		{name: "negative ranks", old: "[output]", edit: "[parallel]\nranks = [-1, 1, 1]\n[output]", field: "parallel.ranks.0", value: "-1", allowed: "from 0 to"},
		{name: "more ranks than cells", old: "[output]", edit: "[parallel]\nranks = [1, 10, 1]\n[output]", field: "parallel.ranks.1", value: "10", allowed: "an integer from 1 to 9"},
		{name: "unknown mode", old: "[output]", edit: "[parallel]\nmode = \"exact\"\n[output]", field: "parallel.mode", value: `"exact"`, allowed: "one of fast, fixed"},
		{name: "negative threads", old: "[output]", edit: "[parallel]\nthreads = -1\n[output]", field: "parallel.threads", value: "-1", allowed: "from 0 to 4096"},
		{name: "negative watchdog", old: "[output]", edit: "[parallel]\nwatchdog_s = -1\n[output]", field: "parallel.watchdog_s", value: "-1", allowed: "at least 0 [s]"},
		{name: "unknown file format", old: "[output]", edit: "[output]\nformats = [\"fits\", \"jpeg\"]", field: "output.formats.1", value: `"jpeg"`, allowed: "one of fits, hdf5, png"},
		{name: "format twice", old: "[output]", edit: "[output]\nformats = [\"fits\", \"fits\"]", field: "output.formats.1", value: `"fits"`, allowed: "all differ"},
		{name: "flux without distance", old: "[output]", edit: "[output]\nunit = \"Jy/pixel\"", field: "output.distance_pc", value: "missing", allowed: "above 0 [pc]"},
		{name: "unknown unit", old: "[output]", edit: "[output]\nunit = \"mK\"", field: "output.unit", value: `"mK"`, allowed: "one of SI, K, Jy/pixel"},
		{name: "right ascension alone", old: "[output]", edit: "[output]\nra_deg = 3.0\ndistance_pc = 100.0", field: "output.dec_deg", value: "missing", allowed: "both ra_deg and dec_deg"},
		{name: "declination alone", old: "[output]", edit: "[output]\ndec_deg = 3.0\ndistance_pc = 100.0", field: "output.ra_deg", value: "missing", allowed: "both ra_deg and dec_deg"},
		{name: "declination beyond the pole", old: "[output]", edit: "[output]\ndec_deg = 91.0\nra_deg = 1.0\ndistance_pc = 1.0", field: "output.dec_deg", value: "91.0", allowed: "from -90 to 90 [deg]"},
		{name: "sky without distance", old: "[output]", edit: "[output]\ndec_deg = 3.0\nra_deg = 0.0", field: "output.distance_pc", value: "missing", allowed: "which ra_deg and dec_deg need"},
		{name: "syntax", old: "channels = 5", edit: "channels = ", field: "spectrum.channels", value: "solve.toml:", allowed: "TOML 1.0"},
		{name: "key twice", old: "channels = 5", edit: "channels = 5\nchannels = 6", field: "spectrum.channels", value: "solve.toml:18", allowed: "TOML 1.0"},
		{name: "set out of range", sets: []string{"cube.v_turb_ms=-1"}, field: "cube.v_turb_ms", value: "-1", allowed: "at least 0"},
		{name: "set unknown key", sets: []string{"cube.celles=[8,8,8]"}, field: "cube.celles", value: "[8, 8, 8]", allowed: `did you mean "cells"?`},
		{name: "set no assignment", sets: []string{"cube.cells"}, field: "cube.cells", value: "not an assignment", allowed: "KEY=VALUE"},
		{name: "set below a value", sets: []string{"line.molecule.name=co"}, field: "line.molecule.name", value: "co", allowed: "a key of a table"},
		{name: "set a view too far", sets: []string{"view.3.axis=+x"}, field: "view.3.axis", value: "no entry of a list of 1", allowed: "the number of an entry"},
		{name: "set an entry of no table", sets: []string{"view.0=+x"}, field: "view.0", value: "is a table", allowed: "view.0.axis"},
		{name: "set a cell too far", sets: []string{"cube.cells.3=1"}, field: "cube.cells.3", value: "no entry of a list of 3", allowed: "the number of an entry"},
	}
}

// modelCases are mistakes in the tables of the formats.
func modelCases() []badCase {
	const units = "[model.amrvac]\nlength_cm = 1.5e13\ndensity_gcc = 1e-15\nvelocity_cms = 1e6\nmean_mol_weight = 2.35"
	const cubing = "[cube]\ncells = [8, 9, 10]\nco_per_h2 = 1e-4\nv_turb_ms = 150.0"
	const whole = "snapshot = \"wind.dat\"\n" + units + "\n" + cubing
	const fields = "[model.fields]\ndensity = \"n.npy\"\ntemperature = \"t.npy\"\nbox_min_au = [-1, -1, -1]\nbox_max_au = [1, 1, 1]\n"
	const sample = "cube = \"s.h5\"\n[model.coemunet]\nbox_min_au = [-1, -1, -1]\nbox_max_au = [1, 1, 1]\nv_turb_ms = 0"
	return []badCase{
		{name: "phantom without its table", old: units, edit: "format = \"phantom\"", field: "model.phantom.mean_mol_weight", value: "missing", allowed: "[model.phantom]"},
		{name: "phantom with units of AMRVAC", old: units, edit: "format = \"phantom\"\n" + units, field: "model.amrvac", value: `format = "phantom"`, allowed: `only with the format "amrvac"`},
		{name: "negative molecular weight", old: units, edit: "[model.phantom]\nmean_mol_weight = -1", field: "model.phantom.mean_mol_weight", value: "-1", allowed: "above 0 [u]"},
		{name: "unknown boundary particles", old: units, edit: "[model.phantom]\nboundary_particles = \"yes\"", field: "model.phantom.boundary_particles", value: `"yes"`, allowed: "one of drop, keep"},
		{name: "phantom without CO", old: units + "\n[cube]\ncells = [8, 9, 10]\nco_per_h2 = 1e-4", edit: "[model.phantom]\nmean_mol_weight = 2\n[cube]\ncells = [8, 9, 10]", field: "cube.co_per_h2", value: "missing", allowed: "above 0"},
		{name: "magritte with CO", old: units + "\n" + cubing, edit: "[model.magritte]\n[cube]\ncells = [8, 9, 10]\nco_per_h2 = 1e-4", field: "cube.co_per_h2", value: "0.0001", allowed: "gives both the density"},
		{name: "magritte with turbulence", old: units + "\n" + cubing, edit: "[model.magritte]\n[cube]\ncells = [8, 9, 10]\nv_turb_ms = 0", field: "cube.v_turb_ms", value: "0", allowed: "its turbulence"},
		{name: "unknown unit of vturb2", old: units + "\n" + cubing, edit: "[model.magritte]\nvturb2_unit = \"km2/s2\"\n[cube]\ncells = [8, 9, 10]", field: "model.magritte.vturb2_unit", value: `"km2/s2"`, allowed: "one of c2, m2/s2"},
		{name: "unknown unit of velocity", old: units + "\n" + cubing, edit: "[model.magritte]\nvelocity_unit = \"km/s\"\n[cube]\ncells = [8, 9, 10]", field: "model.magritte.velocity_unit", value: `"km/s"`, allowed: "one of c, m/s"},
		{name: "negative column", old: units + "\n" + cubing, edit: "[model.magritte]\nspecies_column = -1\n[cube]\ncells = [8, 9, 10]", field: "model.magritte.species_column", value: "-1", allowed: "an integer from 0"},
		{name: "cube format of a snapshot", old: units, edit: "format = \"radmc3d\"\n" + units, field: "model.format", value: `"radmc3d"`, allowed: "one of auto, amrvac, phantom, magritte"},
		{name: "snapshot format of a cube", old: whole, edit: "cube = \"c.h5\"\nformat = \"phantom\"", field: "model.format", value: `"phantom"`, allowed: "one of auto, cube, radmc3d, coemunet"},
		{name: "table of a snapshot for a cube", old: whole, edit: "cube = \"c.h5\"\n[model.phantom]\nmean_mol_weight = 2", field: "model.phantom", value: "given together with model.cube", allowed: "only with model.snapshot"},
		{name: "table of a cube for a snapshot", old: units, edit: units + "\n[model.radmc3d]", field: "model.radmc3d", value: "given together with model.snapshot", allowed: "only with model.cube"},
		{name: "sample without its table", old: whole, edit: "cube = \"s.h5\"\nformat = \"coemunet\"", field: "model.coemunet.box_min_au", value: "missing", allowed: "[model.coemunet]"},
		{name: "sample with an inverted box", old: whole, edit: strings.Replace(sample, "[1, 1, 1]", "[1, -1, 1]", 1), field: "model.coemunet.box_max_au", value: "not above", allowed: "numbers above"},
		{name: "cube and fields", old: whole, edit: "cube = \"c.h5\"\n" + fields + "v_turb_ms = 0", field: "model.fields", value: "given together with model.cube", allowed: "exactly one of"},
		{name: "fields without turbulence", old: whole, edit: fields, field: "model.fields.v_turb_ms", value: "missing", allowed: "one of v_turb and v_turb_ms"},
		{name: "fields with two turbulences", old: whole, edit: fields + "v_turb_ms = 3\nv_turb = \"v.npy\"", field: "model.fields.v_turb_ms", value: "3", allowed: "one of v_turb and v_turb_ms"},
		{name: "fields without temperature", old: whole, edit: strings.Replace(fields, "temperature", "velocity_x", 1) + "v_turb_ms = 3", field: "model.fields.temperature", value: "missing", allowed: "a path"},
		{name: "unknown unit of density", old: whole, edit: fields + "v_turb_ms = 3\ndensity_unit = \"g/cc\"", field: "model.fields.density_unit", value: `"g/cc"`, allowed: "one of m-3, cm-3"},
	}
}

// TestBadConfigurations checks that each mistake gives exactly one problem, with
// the file, the field, the value and what is allowed, and exit status 2.
func TestBadConfigurations(t *testing.T) {
	for _, c := range append(badCases(), modelCases()...) {
		t.Run(c.name, func(t *testing.T) {
			data := goodSolve
			if c.old != "" {
				if strings.Count(data, c.old) != 1 {
					t.Fatalf("%q stands %d times in the good file", c.old, strings.Count(data, c.old))
				}
				data = strings.Replace(data, c.old, c.edit, 1)
			}
			err := Decode([]byte(data), "some/solve.toml", c.sets, new(Solve))
			var bad *Error
			if !errors.As(err, &bad) {
				t.Fatalf("accepted: %v", err)
			}
			if bad.ExitCode() != 2 || len(bad.Problems) != 1 {
				t.Fatalf("exit status %d, %d problems, want 2 and 1:\n%v", bad.ExitCode(), len(bad.Problems), err)
			}
			file := "some/solve.toml"
			if c.sets != nil {
				file = "--set"
			}
			if !strings.HasPrefix(err.Error(), file) {
				t.Errorf("message does not begin with %q: %v", file, err)
			}
			for _, part := range []string{c.field, c.value, c.allowed, ": allowed: "} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("message lacks %q: %v", part, err)
				}
			}
			if c.field != bad.Problems[0].Field {
				t.Errorf("field %q, want %q", bad.Problems[0].Field, c.field)
			}
		})
	}
}

// TestAllProblemsAtOnce checks that a file with several mistakes is reported
// once, with every one of them.
func TestAllProblemsAtOnce(t *testing.T) {
	data := strings.NewReplacer("cells = [8, 9, 10]", "cells = [8, 9]", "channels = 5", "chanels = 5", `"+z"`, `"up"`).Replace(goodSolve)
	err := Decode([]byte(data), "f.toml", []string{"solver.precision=f16"}, new(Solve))
	var bad *Error
	if !errors.As(err, &bad) {
		t.Fatal("accepted")
	}
	var fields []string
	for _, p := range bad.Problems {
		fields = append(fields, p.Field)
	}
	want := "cube.cells spectrum.chanels view.0.axis solver.precision spectrum.channels"
	if got := strings.Join(fields, " "); got != want {
		t.Errorf("fields %q, want %q", got, want)
	}
	if strings.Count(err.Error(), "--set: ") != 1 {
		t.Errorf("want one problem from --set:\n%v", err)
	}
}

func TestCubeJobRefusesCubeFile(t *testing.T) {
	err := Decode([]byte("[model]\ncube = \"a.h5\"\n[output]\nname = \"a\"\n"), "f.toml", nil, new(Cube))
	if err == nil || !strings.Contains(err.Error(), "model.cube") || !strings.Contains(err.Error(), "columen cube reads a snapshot") {
		t.Errorf("error %v", err)
	}
}

func TestUnreadableFile(t *testing.T) {
	for path, want := range map[string]string{"none.toml": "no such file", t.TempDir(): "not a regular file"} {
		err := Load(path, nil, new(Solve))
		if err == nil || !strings.HasPrefix(err.Error(), path) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", path, err, want)
		}
	}
}

func TestCheckSize(t *testing.T) {
	p := Parallel{Ranks: [3]int{2, 2, 1}}
	if err := p.checkSize("f.toml", 4); err != nil {
		t.Error(err)
	}
	if err := (Parallel{}).checkSize("f.toml", 7); err != nil {
		t.Error(err)
	}
	err := p.checkSize("f.toml", 3)
	if err == nil {
		t.Fatal("2·2·1 ranks accepted on 3 processes")
	}
	for _, part := range []string{"f.toml", "parallel.ranks", "[2, 2, 1]", "4 ranks, but 3 were started", "product is 3"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("message lacks %q: %v", part, err)
		}
	}
}
