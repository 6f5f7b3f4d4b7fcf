// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"fmt"
	"slices"
	"strings"
)

// Mapping says how snapshots become the cubes of samples.
type Mapping struct {
	Method            string      `toml:"method" unit:"-" default:"\"haar\"" allow:"haar|sph" doc:"haar: means of the points in each cell, empty cells from the coarser cells around them, as published; sph: particles spread with their kernel, which keeps their mass"`
	CenterAU          *[3]float64 `toml:"center_au" unit:"au" need:"no" doc:"Point of the snapshot about which it is rotated, in the middle of the cube; the centre of its box when absent"`
	MassPerH2AMU      float64     `toml:"mass_per_h2_amu" unit:"u" default:"2.8" allow:">0" doc:"Gas mass per H2 molecule, for snapshots without CO; 2.8 includes helium"`
	COPerH2           float64     `toml:"co_per_h2" unit:"-" need:"no" allow:">0" doc:"Number of CO molecules per H2 molecule, for snapshots without CO"`
	TemperatureFloorK float64     `toml:"temperature_floor_k" unit:"K" default:"2.725" allow:">0" doc:"Lowest gas temperature; the default is that of the cosmic background, below which gas does not cool"`
}

// DataLine names the line of a data set.
type DataLine struct {
	Molecule   string     `toml:"molecule" unit:"-" default:"\"co\"" path:"input" doc:"co for the CO data inside the program, or a file in LAMDA format"`
	Transition Transition `toml:"transition" unit:"-" need:"no" doc:"One for all samples. When absent CO 2-1 for mulfreq and 1-0 for faceon and rotation, as published"`
}

// validate fills the published transition of the kind.
func (l *DataLine) validate(r *report, kind string) {
	if l.Transition != (Transition{}) {
		return
	}
	if l.Molecule != BuiltinCO {
		r.missing("line.transition", `level labels such as "2-1", or the number of the radiative transition in the LAMDA file, from 1; only CO has a published one`)
		return
	}
	l.Transition.Label = "1-0"
	if kind == "mulfreq" {
		l.Transition.Label = "2-1"
	}
}

// validateModels checks that there are winds or snapshots, and what each needs.
func (g *Generate) validateModels(r *report) {
	switch {
	case g.Data.Models > 0 && g.Wind != nil:
		g.Wind.validate(r)
	case g.Data.Models == 0 && len(g.Models) == 0:
		r.missing("data.models", "an integer from 1 to 10000000, or [[model]] tables of snapshots")
	case g.Wind != nil:
		r.add("wind", "", "given without data.models", "[wind] only with winds to draw")
	}
	if len(g.Models) == 0 {
		if g.Mapping != nil {
			r.add("mapping", "", "given without [[model]]", "[mapping] only with snapshots: winds by formula are evaluated at the cells")
		}
		return
	}
	if g.Mapping == nil {
		r.missing("mapping", "[mapping], which says how snapshots become cubes")
		return
	}
	seen := map[string]int{}
	for i := range g.Models {
		g.validateModel(r, i)
		path := g.Models[i].Snapshot
		if first, ok := seen[path]; ok && path != "" {
			r.add(fmt.Sprintf("model.%d.snapshot", i), text(path), fmt.Sprintf("also model.%d.snapshot", first), "snapshots that all differ: one model in two parts would be no test")
		}
		seen[path] = i
	}
}

// validateModel checks one [[model]]. What its file is shows when it is opened.
func (g *Generate) validateModel(r *report, i int) {
	m, field := g.Models[i], func(key string) string { return fmt.Sprintf("model.%d.%s", i, key) }
	switch {
	case m.Cube != "" || m.Fields != nil:
		key, value := "cube", text(m.Cube)
		if m.Fields != nil {
			key, value = "fields", ""
		}
		r.add(field(key), value, "a cube has the cells of one direction", "snapshot: it can be rotated")
		return
	case m.Snapshot == "":
		r.missing(field("snapshot"), "a path")
	case m.Format != "" && !slices.Contains(formats("model.snapshot"), m.Format):
		r.add(field("format"), text(m.Format), "no format of a snapshot", "one of "+strings.Join(formats("model.snapshot"), ", "))
	case m.Format == "amrvac" && m.AMRVAC == nil:
		r.missing(field("amrvac.length_cm"), "[model.amrvac] with the units of the run, which the file does not hold")
	case m.Format == "phantom" && m.Phantom == nil:
		r.missing(field("phantom.mean_mol_weight"), "[model.phantom] with the mean molecular weight of the run, which the dump does not hold")
	}
	if (m.AMRVAC != nil || m.Phantom != nil) && g.Mapping.COPerH2 == 0 {
		r.missing("mapping.co_per_h2", "a finite number above 0, for snapshots without CO")
	}
}
