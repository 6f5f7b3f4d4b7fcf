// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"fmt"
	"math"
	"path/filepath"
)

// Generate is the configuration of columen generate: models, by formula or from
// snapshots, seen from random directions, become a data set.
type Generate struct {
	Data     Data     `toml:"data" doc:"The samples"`
	Wind     *Wind    `toml:"wind" doc:"What winds by formula are drawn from"`
	Models   []Model  `toml:"model" need:"no" doc:"A snapshot to take as a model, beside or instead of winds by formula"`
	Mapping  *Mapping `toml:"mapping" doc:"How snapshots become cubes; absent for winds by formula"`
	Compat   *Compat  `toml:"compat" doc:"Quirks of the published generator, for comparisons; absent means none. docs/compat.md has each with what it does"`
	Line     DataLine `toml:"line" doc:"The molecule and the transition: one for all samples, as the network does not see it"`
	Split    Split    `toml:"split" doc:"Which samples are for what"`
	Shards   Shards   `toml:"shards" doc:"How samples become files"`
	Part     *Part    `toml:"part" doc:"Samples of one of several independent runs, such as the tasks of a batch array; absent for the run that makes the data set"`
	Parallel Workers  `toml:"parallel" doc:"Threads"`
	Output   DataSets `toml:"output" doc:"The files to write"`
}

// Data says what the samples of a data set are.
type Data struct {
	Kind      string  `toml:"kind" unit:"-" allow:"mulfreq|faceon|rotation" doc:"mulfreq: many channels from random directions; rotation: one channel from random directions; faceon: one channel along the axis of the orbit"`
	Grid      int     `toml:"grid" unit:"-" allow:"32|64|128" doc:"Cells along each edge of the cube"`
	Channels  int     `toml:"channels" unit:"-" allow:"1..31" doc:"Channels of the image, symmetric about the line: 7 or 31 for mulfreq, else 1"`
	SpacingMS float64 `toml:"spacing_ms" unit:"m s⁻¹" default:"300.0" allow:">0" doc:"Distance of channels in radio velocity; 300 as published"`
	Models    int     `toml:"models" unit:"-" need:"no" allow:"1..10000000" doc:"Winds to draw; none when absent"`
	Rotations int     `toml:"rotations" unit:"-" allow:"1..1000000" doc:"Random directions from which each model is seen; 1 for faceon"`
	Seed      int     `toml:"seed" unit:"-" default:"1" allow:">=0" doc:"Seed of winds, directions, split and order"`
	BoxAU     float64 `toml:"box_au" unit:"au" need:"no" allow:">0" doc:"Edge of the cube, the same for all samples, so that the size of cells is; absent only with compat.sample_box"`
	VTurbMS   float64 `toml:"v_turb_ms" unit:"m s⁻¹" allow:">=0" doc:"Turbulent line width, the same in every cell of all samples; a snapshot that holds another is refused"`
}

// Split says which samples are for training, validation and test.
type Split struct {
	By         string  `toml:"by" unit:"-" default:"\"model\"" allow:"model|sample" doc:"model keeps all directions of a wind in one part; sample is as published and lets the test set see models of the training set"`
	Validation float64 `toml:"validation" unit:"-" default:"0.1" allow:"0..1" doc:"Fraction for validation"`
	Test       float64 `toml:"test" unit:"-" default:"0.1" allow:"0..1" doc:"Fraction for test"`
}

// Shards says how samples become files.
type Shards struct {
	Samples int `toml:"samples" unit:"-" default:"1000" allow:"1..1000000" doc:"Samples of a shard at most"`
}

// DataSets says where a data set goes.
type DataSets struct {
	Dir  string `toml:"dir" unit:"-" default:"\"../out\"" path:"output" digest:"no" doc:"Folder of the outputs and of the work folder, on a file system that all ranks share; made when absent"`
	Name string `toml:"name" unit:"-" allow:"name" doc:"Stem of the names of the outputs"`
}

// Part is a share of the samples. Runs with all the parts of a data set leave
// their samples in its work folder, at the same time or one after the other; the
// run without a part then makes the data set from them.
type Part struct {
	Number int `toml:"number" unit:"-" allow:"1..100000" digest:"no" doc:"Part that this run makes, from 1"`
	Of     int `toml:"of" unit:"-" allow:"1..100000" digest:"no" doc:"Number of parts"`
}

// samplesMost bounds a data set: a hundred times the published one. More is a
// slip of the pen.
const samplesMost = 200_000_000

// JobName returns "generate".
func (g *Generate) JobName() string { return "generate" }

// Inputs returns the snapshots, and the LAMDA file unless the CO data inside the
// program are used.
func (g *Generate) Inputs() []Input {
	var in []Input
	for i, m := range g.Models {
		in = append(in, Input{fmt.Sprintf("model.%d.snapshot", i), m.Snapshot})
	}
	if g.Line.Molecule != BuiltinCO {
		in = append(in, Input{"line.molecule", g.Line.Molecule})
	}
	return in
}

// Destination returns the folder and the stem of the names of the outputs. A part
// has no outputs, and its manifest is in the work folder.
func (g *Generate) Destination() (dir, name string) {
	if g.Part != nil {
		return g.WorkDir(), fmt.Sprintf("part-%d-of-%d", g.Part.Number, g.Part.Of)
	}
	return g.Output.Dir, g.Output.Name
}

// WorkDir returns the folder of unfinished work.
func (g *Generate) WorkDir() string { return filepath.Join(g.Output.Dir, g.Output.Name+".work") }

// NumThreads returns the threads per rank, 0 for all cores.
func (g *Generate) NumThreads() int { return g.Parallel.Threads }

// CheckSize returns nil: any number of ranks can share the samples.
func (g *Generate) CheckSize(string, int) error { return nil }

// NumModels returns the number of models: winds to draw, and snapshots.
func (g *Generate) NumModels() int { return g.Data.Models + len(g.Models) }

// Samples returns the number of samples before outliers are dropped.
func (g *Generate) Samples() int { return g.NumModels() * g.Data.Rotations }

func (g *Generate) validate(r *report) {
	d, models := g.Data, g.NumModels()
	g.Line.validate(r, d.Kind)
	g.validateModels(r)
	if g.Compat != nil {
		g.Compat.validate(r, g)
	}
	if g.BoxFixed() && d.BoxAU == 0 {
		r.missing("data.box_au", "a finite number above 0 [au]")
	}
	switch {
	case d.Kind == "mulfreq" && d.Channels != 7 && d.Channels != 31 && d.Channels != 0:
		r.add("data.channels", text(d.Channels), `kind = "mulfreq" has the middle seven channels or all 31`, "7 or 31")
	case (d.Kind == "faceon" || d.Kind == "rotation") && d.Channels > 1:
		r.add("data.channels", text(d.Channels), fmt.Sprintf("kind = %q has one channel, at the line centre", d.Kind), "1")
	}
	if d.Kind == "faceon" && d.Rotations > 1 {
		r.add("data.rotations", text(d.Rotations), `kind = "faceon" has one direction`, "1")
	}
	if float64(models)*float64(d.Rotations) > samplesMost {
		r.add("data.rotations", text(d.Rotations), fmt.Sprintf("%d models make %.3g samples", models, float64(models)*float64(d.Rotations)),
			fmt.Sprintf("at most %d samples", samplesMost))
	}
	if half := 0.5 * float64(max(d.Channels-1, 0)) * d.SpacingMS; half >= speedOfLight {
		r.add("data.spacing_ms", text(d.SpacingMS), fmt.Sprintf("%d channels reach the speed of light", d.Channels), "channels within ±299792458 m s⁻¹")
	}
	if p := g.Part; p != nil && p.Number > p.Of && p.Of > 0 {
		r.add("part.number", text(p.Number), fmt.Sprintf("there are %d parts", p.Of), fmt.Sprintf("an integer from 1 to %d", p.Of))
	}
	g.Split.validate(r, d.Models, d.Rotations, "winds")
	g.Split.validate(r, len(g.Models), d.Rotations, "snapshots")
}

// validate checks that every part that is asked for gets something of the
// models of an origin.
func (s *Split) validate(r *report, models, rotations int, what string) {
	total := models
	if s.By == "sample" {
		total, what = models*rotations, "samples of "+what
	}
	if total == 0 { // refused already
		return
	}
	counts := [2]int{}
	for i, f := range []struct {
		field string
		value float64
	}{{"split.validation", s.Validation}, {"split.test", s.Test}} {
		counts[i] = int(math.Round(f.value * float64(total)))
		if f.value > 0 && counts[i] == 0 {
			r.add(f.field, text(f.value), fmt.Sprintf("of %d %s that is none", total, what), "0, or a fraction that makes one at least")
		}
	}
	if !(s.Validation+s.Test < 1) || counts[0]+counts[1] >= total {
		r.add("split.test", text(s.Test), fmt.Sprintf("with validation = %g nothing of %d %s is left for training", s.Validation, total, what), "fractions with a sum below 1")
	}
}
