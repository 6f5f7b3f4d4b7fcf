// SPDX-License-Identifier: BSD-3-Clause

package configs

import "fmt"

// Emulate is the configuration of columen emulate: a model and views become
// images by a trained network.
type Emulate struct {
	Network  Trained    `toml:"network" doc:"The network"`
	Model    Model      `toml:"model" doc:"Where the gas comes from"`
	Cube     *Cubing    `toml:"cube" doc:"How a snapshot becomes a cube; absent with model.cube"`
	Views    []View     `toml:"view" doc:"One image per view"`
	Bench    Bench      `toml:"bench" doc:"Measurement of speed, instead of images"`
	Parallel OneProcess `toml:"parallel" doc:"Threads"`
	Output   Products   `toml:"output" doc:"The files to write"`
}

// Trained names the weights of a trained network.
type Trained struct {
	Weights string `toml:"weights" unit:"-" path:"input" doc:"Weights that columen train wrote"`
}

// Bench says how speed is measured.
type Bench struct {
	Repeats  int `toml:"repeats" unit:"-" default:"0" allow:"0..100000" doc:"Measurements of each batch size; 0 makes images instead, --bench means 20"`
	BatchMax int `toml:"batch_max" unit:"-" default:"16" allow:"1..4096" doc:"Largest batch to try; sizes are powers of two"`
}

// Evaluate is the configuration of columen evaluate: a trained network and the
// samples of a data set that it has not seen.
type Evaluate struct {
	Network  Trained    `toml:"network" doc:"The network"`
	Data     HeldOut    `toml:"data" doc:"The samples to compare with"`
	Report   Reporting  `toml:"report" doc:"What is reported"`
	Parallel OneProcess `toml:"parallel" doc:"Threads"`
	Output   Results    `toml:"output" doc:"The files to write"`
}

// HeldOut names the samples of an evaluation.
type HeldOut struct {
	Manifest string `toml:"manifest" unit:"-" path:"input" doc:"Manifest of the data set; its training part makes the baselines"`
	Part     string `toml:"part" unit:"-" default:"\"test\"" allow:"validation|test" doc:"Part of the data set to evaluate on"`
	Batch    int    `toml:"batch" unit:"-" default:"32" allow:"1..100000" doc:"Samples of a batch; SSIM depends on it, the original takes 500"`
}

// Reporting says what an evaluation reports.
type Reporting struct {
	Worst  int    `toml:"worst" unit:"-" default:"3" allow:"0..1000" doc:"Samples of the largest MaxRel to draw, with residuals"`
	Border string `toml:"border" unit:"-" default:"\"kept\"" allow:"kept|cropped" doc:"Border of SSIM: kept is torchmetrics from 1.4.2 on, cropped before"`
}

// JobName returns "emulate".
func (e *Emulate) JobName() string { return "emulate" }

// JobName returns "evaluate".
func (e *Evaluate) JobName() string { return "evaluate" }

// Inputs returns weights and model.
func (e *Emulate) Inputs() []Input {
	return append([]Input{{"network.weights", e.Network.Weights}}, e.Model.inputs()...)
}

// Inputs returns weights and manifest.
func (e *Evaluate) Inputs() []Input {
	return []Input{{"network.weights", e.Network.Weights}, {"data.manifest", e.Data.Manifest}}
}

// Destination returns the folder and the stem of the names of the outputs,
// which is another for a measurement.
func (e *Emulate) Destination() (dir, name string) {
	if e.Bench.Repeats > 0 {
		return e.Output.Dir, e.Output.Name + ".bench"
	}
	return e.Output.Dir, e.Output.Name
}

// Destination returns the folder and the stem of the names of the outputs.
func (e *Evaluate) Destination() (dir, name string) { return e.Output.Dir, e.Output.Name }

// NumThreads returns the threads, 0 for all cores.
func (e *Emulate) NumThreads() int { return e.Parallel.Threads }

// NumThreads returns the threads, 0 for all cores.
func (e *Evaluate) NumThreads() int { return e.Parallel.Threads }

// CheckSize returns an *Error when more than one process was started.
func (e *Emulate) CheckSize(file string, size int) error {
	return e.Parallel.checkSize(file, e.JobName(), size)
}

// CheckSize returns an *Error when more than one process was started.
func (e *Evaluate) CheckSize(file string, size int) error {
	return e.Parallel.checkSize(file, e.JobName(), size)
}

func (e *Emulate) validate(r *report) {
	e.Model.validate(r, e.Cube)
	e.Output.validate(r)
	validateViews(r, e.Views)
	for i, v := range e.Views {
		if v.Oblique() && v.Axis == "" {
			r.add(fmt.Sprintf("view.%d.inclination_deg", i), text(*v.InclinationDeg), "the network looks along an axis", "axis")
		}
	}
	for i, m := range e.Output.Maps {
		if deepMap(m) {
			r.add(fmt.Sprintf("output.maps.%d", i), text(m), "the network gives the image only", "moment0, moment1, moment2, brightness")
		}
	}
}

func (e *Evaluate) validate(*report) {}
