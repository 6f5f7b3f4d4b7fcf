// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"os"
	"path/filepath"
	"strings"
)

// Model says where the gas comes from: a snapshot that becomes a cube, a cube
// file, or a file per field of a cube.
type Model struct {
	Snapshot string    `toml:"snapshot" unit:"-" need:"no" path:"input" doc:"Model to make the cube from: MPI-AMRVAC .dat, Phantom full dump or Magritte HDF5; exactly one of snapshot, cube and fields"`
	Cube     string    `toml:"cube" unit:"-" need:"no" path:"input" doc:"Cube to use as it is: a file of columen cube, amr_grid.inp or amr_grid.binp of a RADMC-3D folder, or a sample of COEmuNet"`
	Format   string    `toml:"format" unit:"-" default:"\"auto\"" allow:"auto|amrvac|phantom|magritte|cube|radmc3d|coemunet|npy|fits" doc:"Format of the model; auto finds it by the contents of the file"`
	AMRVAC   *AMRVAC   `toml:"amrvac" doc:"What an MPI-AMRVAC .dat file does not say about itself"`
	Phantom  *Phantom  `toml:"phantom" doc:"What a dump of Phantom does not say about itself"`
	Magritte *Magritte `toml:"magritte" doc:"What a model of Magritte leaves open"`
	RADMC3D  *RADMC3D  `toml:"radmc3d" doc:"What to take from an input folder of RADMC-3D"`
	COEmuNet *COEmuNet `toml:"coemunet" doc:"What a sample of COEmuNet does not say about itself"`
	Fields   *Fields   `toml:"fields" doc:"A cube of one .npy or FITS file per field"`
}

// AMRVAC holds what an MPI-AMRVAC .dat file does not say about itself.
type AMRVAC struct {
	LengthCM      float64  `toml:"length_cm" unit:"cm" allow:">0" doc:"Unit of length of the run"`
	DensityGCC    float64  `toml:"density_gcc" unit:"g cm⁻³" allow:">0" doc:"Unit of density of the run"`
	VelocityCMS   float64  `toml:"velocity_cms" unit:"cm s⁻¹" allow:">0" doc:"Unit of velocity of the run"`
	MeanMolWeight float64  `toml:"mean_mol_weight" unit:"u" allow:">0" doc:"Mean mass of a particle of the gas, which turns p/ρ into a temperature"`
	TemperatureK  float64  `toml:"temperature_k" unit:"K" need:"no" allow:">0" doc:"Gas temperature of a run without energy equation; an error when the file has energy"`
	Gamma         float64  `toml:"gamma" unit:"-" need:"no" allow:">1" doc:"Ratio of specific heats; only for a version 3 file, which does not store it"`
	Geometry      string   `toml:"geometry" unit:"-" need:"no" allow:"Cartesian_3D" doc:"Geometry of a version 3 or 4 file, whose header names none"`
	Variables     []string `toml:"variables" unit:"-" need:"no" allow:"name" doc:"Names of the variables of a version 3 file, in order, for example rho, m1, m2, m3, e"`
}

// Phantom holds what a dump of Phantom does not say about itself.
type Phantom struct {
	MeanMolWeight     float64 `toml:"mean_mol_weight" unit:"u" need:"no" allow:">0" doc:"Mean mass of a particle of the gas, which turns the internal energy u into a temperature; needed unless the run is isothermal or the dump has mu of every particle"`
	TemperatureK      float64 `toml:"temperature_k" unit:"K" need:"no" allow:">0" doc:"Gas temperature of an isothermal run; an error when the dump has u"`
	BoundaryParticles string  `toml:"boundary_particles" unit:"-" default:"\"drop\"" allow:"drop|keep" doc:"Boundary particles, the innermost shells of a wind: left out, or taken as gas"`
}

// Magritte holds what a model of Magritte leaves open.
type Magritte struct {
	Species       string `toml:"species" unit:"-" default:"\"CO\"" doc:"Name of the molecule in the model's list of species"`
	SpeciesColumn *int   `toml:"species_column" unit:"-" need:"no" allow:"0..100000" doc:"Column of the molecule among the abundances, from 0, for models that do not name it; 1 in old models of five species"`
	Boundary      string `toml:"boundary_points" unit:"-" default:"\"drop\"" allow:"drop|keep" doc:"Points of the boundary, usually a hull outside the gas: left out, or taken as gas"`
	VTurb2Unit    string `toml:"vturb2_unit" unit:"-" default:"\"c2\"" allow:"c2|m2/s2" doc:"Unit of the squared turbulent width: c², as Magritte has it, or m² s⁻²"`
	VelocityUnit  string `toml:"velocity_unit" unit:"-" default:"\"c\"" allow:"c|m/s" doc:"Unit of the velocity: c, as Magritte has it, or m s⁻¹"`
}

// RADMC3D says what to take from an input folder of RADMC-3D.
type RADMC3D struct {
	Molecule string   `toml:"molecule" unit:"-" default:"\"co\"" allow:"name" doc:"Name of the molecule in numberdens_NAME.inp"`
	VTurbMS  *float64 `toml:"v_turb_ms" unit:"m s⁻¹" need:"no" allow:">=0" doc:"Turbulent line width of a folder without microturbulence.inp; 0 when absent, as in RADMC-3D"`
}

// COEmuNet holds what a sample of COEmuNet does not say about itself.
type COEmuNet struct {
	BoxMinAU [3]float64 `toml:"box_min_au" unit:"au" doc:"Lower corner of the cube"`
	BoxMaxAU [3]float64 `toml:"box_max_au" unit:"au" doc:"Upper corner of the cube"`
	VTurbMS  float64    `toml:"v_turb_ms" unit:"m s⁻¹" allow:">=0" doc:"Turbulent line width, the same in every cell"`
}

// Fields names one file per field of a cube.
type Fields struct {
	Density      string     `toml:"density" unit:"-" path:"input" doc:"Number density of the molecule; .npy indexed [x, y, z], or FITS with x along NAXIS1"`
	Temperature  string     `toml:"temperature" unit:"-" path:"input" doc:"Gas temperature [K]"`
	VelocityX    string     `toml:"velocity_x" unit:"-" need:"no" path:"input" doc:"Velocity along x, for views that need it"`
	VelocityY    string     `toml:"velocity_y" unit:"-" need:"no" path:"input" doc:"Velocity along y, for views that need it"`
	VelocityZ    string     `toml:"velocity_z" unit:"-" need:"no" path:"input" doc:"Velocity along z, for views that need it"`
	VTurb        string     `toml:"v_turb" unit:"-" need:"no" path:"input" doc:"Turbulent line width; this or v_turb_ms"`
	VTurbMS      *float64   `toml:"v_turb_ms" unit:"m s⁻¹" need:"no" allow:">=0" doc:"Turbulent line width, the same in every cell; this or v_turb"`
	Species      string     `toml:"species" unit:"-" default:"\"CO\"" doc:"Name of the molecule"`
	BoxMinAU     [3]float64 `toml:"box_min_au" unit:"au" doc:"Lower corner of the cube"`
	BoxMaxAU     [3]float64 `toml:"box_max_au" unit:"au" doc:"Upper corner of the cube"`
	DensityUnit  string     `toml:"density_unit" unit:"-" default:"\"m-3\"" allow:"m-3|cm-3" doc:"Unit of the density"`
	VelocityUnit string     `toml:"velocity_unit" unit:"-" default:"\"m/s\"" allow:"m/s|cm/s|km/s" doc:"Unit of velocities and turbulent line width"`
}

// Key returns the key that gives the model, for messages about it.
func (m *Model) Key() string {
	switch {
	case m.Fields != nil:
		return "model.fields"
	case m.Cube != "":
		return "model.cube"
	}
	return "model.snapshot"
}

// inputs returns the files that the model consists of.
func (m *Model) inputs() []Input {
	switch {
	case m.Fields != nil:
		f := m.Fields
		var in []Input
		for _, i := range []Input{{"density", f.Density}, {"temperature", f.Temperature}, {"velocity_x", f.VelocityX}, {"velocity_y", f.VelocityY}, {"velocity_z", f.VelocityZ}, {"v_turb", f.VTurb}} {
			if i.Path != "" {
				in = append(in, Input{"model.fields." + i.Field, i.Path})
			}
		}
		return in
	case m.Cube != "":
		return append([]Input{{"model.cube", m.Cube}}, m.besideGrid()...)
	}
	return []Input{{"model.snapshot", m.Snapshot}}
}

// besideGrid returns the files that belong to the grid of RADMC-3D.
func (m *Model) besideGrid() []Input {
	if !strings.HasPrefix(filepath.Base(m.Cube), "amr_grid.") {
		return nil
	}
	molecule := "co"
	if m.RADMC3D != nil {
		molecule = m.RADMC3D.Molecule
	}
	var in []Input
	for _, stem := range []string{"numberdens_" + molecule, "gas_temperature", "gas_velocity", "microturbulence"} {
		for _, end := range []string{".inp", ".binp"} {
			path := filepath.Join(filepath.Dir(m.Cube), stem+end)
			if _, err := os.Stat(path); err == nil {
				in = append(in, Input{"model.cube", path})
			}
		}
	}
	return in
}

// modelTable is a table of Model for one kind of model.
type modelTable struct {
	key    string
	given  bool
	format string
	of     string // the key that it belongs to
}

func (m *Model) tables() []modelTable {
	return []modelTable{
		{"model.amrvac", m.AMRVAC != nil, "amrvac", "model.snapshot"}, {"model.phantom", m.Phantom != nil, "phantom", "model.snapshot"},
		{"model.magritte", m.Magritte != nil, "magritte", "model.snapshot"}, {"model.radmc3d", m.RADMC3D != nil, "radmc3d", "model.cube"},
		{"model.coemunet", m.COEmuNet != nil, "coemunet", "model.cube"},
	}
}

// formats returns the formats that may stand with a key.
func formats(key string) []string {
	return map[string][]string{
		"model.snapshot": {"auto", "amrvac", "phantom", "magritte"}, "model.cube": {"auto", "cube", "radmc3d", "coemunet"}, "model.fields": {"auto", "npy", "fits"},
	}[key]
}

// validate checks that there is one model and that what describes it is there.
func (m *Model) validate(r *report, cube *Cubing) {
	const one = "exactly one of snapshot, cube and fields"
	var keys []string
	for _, k := range []struct {
		key   string
		given bool
	}{{"model.snapshot", m.Snapshot != ""}, {"model.cube", m.Cube != ""}, {"model.fields", m.Fields != nil}} {
		if k.given {
			keys = append(keys, k.key)
		}
	}
	switch {
	case len(keys) == 0:
		r.missing("model.snapshot", one)
	case len(keys) > 1:
		value := ""
		if keys[1] == "model.cube" {
			value = text(m.Cube)
		}
		r.add(keys[1], value, "given together with "+keys[0], one)
	default:
		m.validateOne(r, keys[0], cube)
	}
	if cube != nil {
		cube.validate(r)
	}
}

// validateOne checks a model that is given by one key.
func (m *Model) validateOne(r *report, key string, cube *Cubing) {
	allowed := formats(key)
	if m.Format != "" && !strings.Contains(" "+strings.Join(allowed, " ")+" ", " "+m.Format+" ") {
		r.add("model.format", text(m.Format), "given together with "+key, "one of "+strings.Join(allowed, ", "))
		return
	}
	for _, t := range m.tables() {
		switch {
		case t.given && t.of != key:
			r.add(t.key, "", "given together with "+key, "["+t.key+"] only with "+t.of)
			return
		case t.given && m.Format != "" && m.Format != "auto" && t.format != m.Format:
			r.add(t.key, "", "given together with format = "+text(m.Format), "["+t.key+"] only with the format "+text(t.format)+" or \"auto\"")
			return
		}
	}
	switch {
	case m.Format == "amrvac" && m.AMRVAC == nil:
		r.missing("model.amrvac.length_cm", "[model.amrvac] with the units of the run, which the file does not hold")
	case m.Format == "phantom" && m.Phantom == nil:
		r.missing("model.phantom.mean_mol_weight", "[model.phantom] with the mean molecular weight of the run, which the dump does not hold")
	case m.Format == "coemunet" && m.COEmuNet == nil:
		r.missing("model.coemunet.box_min_au", "[model.coemunet] with box and turbulence, which the sample does not hold")
	case key == "model.snapshot" && cube == nil:
		r.missing("cube.cells", "[cube], which says how the snapshot becomes a cube")
	case key != "model.snapshot" && cube != nil:
		r.add("cube", "", "given together with "+key, "[cube] only with model.snapshot: a cube file is used as it is")
	case key == "model.snapshot":
		m.validateGas(r, cube)
	case m.COEmuNet != nil:
		validateBox(r, "model.coemunet", m.COEmuNet.BoxMinAU, m.COEmuNet.BoxMaxAU)
	case m.Fields != nil:
		m.Fields.validate(r)
	}
}

// validateGas checks what turns gas into CO: needed where the model is of gas,
// out of place where it is of CO itself. Without a table the file decides.
func (m *Model) validateGas(r *report, cube *Cubing) {
	switch {
	case m.AMRVAC != nil || m.Phantom != nil:
		if cube.COPerH2 == 0 {
			r.missing("cube.co_per_h2", "a finite number above 0")
		}
		if cube.VTurbMS == nil {
			r.missing("cube.v_turb_ms", "a finite number of at least 0 [m s⁻¹]")
		}
	case m.Magritte != nil || m.Format == "magritte":
		const allowed = "nothing: a model of Magritte gives both the density of the molecule and its turbulence"
		if cube.COPerH2 != 0 {
			r.add("cube.co_per_h2", text(cube.COPerH2), "given with a model of Magritte", allowed)
		}
		if cube.VTurbMS != nil {
			r.add("cube.v_turb_ms", text(*cube.VTurbMS), "given with a model of Magritte", allowed)
		}
	}
}

func (f *Fields) validate(r *report) {
	switch {
	case f.VTurb == "" && f.VTurbMS == nil:
		r.missing("model.fields.v_turb_ms", "one of v_turb and v_turb_ms")
	case f.VTurb != "" && f.VTurbMS != nil:
		r.add("model.fields.v_turb_ms", text(*f.VTurbMS), "given together with v_turb", "one of v_turb and v_turb_ms")
	}
	validateBox(r, "model.fields", f.BoxMinAU, f.BoxMaxAU)
}

// validateBox checks that the upper corner is above the lower.
func validateBox(r *report, table string, lo, hi [3]float64) {
	for a := range lo {
		if !(hi[a] > lo[a]) {
			r.add(table+".box_max_au", text(hi), "not above box_min_au", "numbers above "+text(lo)+" [au]")
			return
		}
	}
}
