// SPDX-License-Identifier: BSD-3-Clause

package configs

import "fmt"

// Emulate is the configuration of columen emulate: a model and views become
// images by a trained network.
type Emulate struct {
	Network  Trained    `toml:"network" doc:"The network"`
	Model    Model      `toml:"model" doc:"Where the gas comes from"`
	Many     *InputList `toml:"inputs" doc:"Many models in one run, instead of model.snapshot or model.cube"`
	Cube     *Cubing    `toml:"cube" doc:"How a snapshot becomes a cube; absent with model.cube"`
	Fit      Fitting    `toml:"fit" doc:"What is done with a cube of another mesh than the training's"`
	Views    []View     `toml:"view" doc:"One image per view"`
	Bench    Bench      `toml:"bench" doc:"Measurement of speed, instead of images"`
	Parallel OneProcess `toml:"parallel" doc:"Threads"`
	Output   Products   `toml:"output" doc:"The files to write"`
}

// Trained names the weights of a trained network.
type Trained struct {
	Weights    string `toml:"weights" unit:"-" path:"input" doc:"Weights that columen train wrote"`
	Dense      string `toml:"dense" unit:"-" default:"\"float32\"" allow:"float32|bfloat16" doc:"Weights of the dense layers, 99 % of all: in bfloat16 they are rounded to 8 bits and half as long to read; a file that has them so is used as it is"`
	Symmetrise string `toml:"symmetrise" unit:"-" default:"\"no\"" allow:"yes|no" doc:"yes averages the network over the 16 exact symmetries of the data, in the logarithm of intensity, at 16 times the cost"`
}

// Bench says how speed is measured.
type Bench struct {
	Repeats  int    `toml:"repeats" unit:"-" default:"0" allow:"0..100000" doc:"Measurements of each batch size; 0 makes images instead, --bench means 20"`
	BatchMin int    `toml:"batch_min" unit:"-" default:"1" allow:"1..4096" doc:"Smallest batch to measure; each is twice the one before"`
	BatchMax int    `toml:"batch_max" unit:"-" default:"16" allow:"1..4096" doc:"Largest batch to try; sizes are powers of two times the smallest"`
	Image    string `toml:"image" unit:"-" default:"\"no\"" allow:"yes|no" doc:"yes also writes the image of the first view, the last of the last batch measured, so that the result of what was timed can be checked"`
}

// Evaluate is the configuration of columen evaluate: a trained network and the
// samples of a data set that it has not seen.
type Evaluate struct {
	Network  Trained     `toml:"network" doc:"The network"`
	Data     HeldOut     `toml:"data" doc:"The samples to compare with"`
	Report   Reporting   `toml:"report" doc:"What is reported"`
	Compare  *Comparison `toml:"compare" doc:"Comparison with the solver in error and cost; absent for none"`
	Parallel OneProcess  `toml:"parallel" doc:"Threads"`
	Output   Results     `toml:"output" doc:"The files to write"`
}

// HeldOut names the samples of an evaluation.
type HeldOut struct {
	Manifest string `toml:"manifest" unit:"-" path:"input" doc:"Manifest of the data set; its training part makes the baselines"`
	Part     string `toml:"part" unit:"-" default:"\"test\"" allow:"validation|test" doc:"Part of the data set to evaluate on"`
	Batch    int    `toml:"batch" unit:"-" default:"32" allow:"1..100000" doc:"Samples of a batch; SSIM depends on it, the original takes 500"`
	Verify   string `toml:"verify" unit:"-" default:"\"yes\"" allow:"yes|no" digest:"no" doc:"yes reads the shards of this part and of the training once before the start and compares their checksums with the manifest"`
}

// Reporting says what an evaluation reports.
type Reporting struct {
	Worst  int    `toml:"worst" unit:"-" default:"3" allow:"0..1000" doc:"Samples of the largest MaxRel to draw, with residuals"`
	Border string `toml:"border" unit:"-" default:"\"kept\"" allow:"kept|cropped" doc:"Border of SSIM: kept is torchmetrics from 1.4.2 on, cropped before"`
}

// Models returns the number of models.
func (e *Emulate) Models() int {
	if e.Many == nil {
		return 1
	}
	return len(e.Many.Files)
}

// JobName returns "emulate".
func (e *Emulate) JobName() string { return "emulate" }

// JobName returns "evaluate".
func (e *Evaluate) JobName() string { return "evaluate" }

// Inputs returns weights and model.
func (e *Emulate) Inputs() []Input {
	in := []Input{{"network.weights", e.Network.Weights}}
	if e.Many == nil {
		return append(in, e.Model.inputs()...)
	}
	for i, file := range e.Many.Files {
		in = append(in, Input{fmt.Sprintf("inputs.files.%d", i), file})
	}
	return in
}

// Inputs returns weights and manifest.
func (e *Evaluate) Inputs() []Input {
	return append([]Input{{"network.weights", e.Network.Weights}, {"data.manifest", e.Data.Manifest}}, e.Compare.inputs()...)
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
	if e.Many == nil {
		e.Model.validate(r, e.Cube)
	} else {
		e.Many.validate(r, e)
	}
	e.Output.validate(r)
	validateViews(r, e.Views)
	if e.Bench.Repeats > 0 && e.Bench.BatchMin > e.Bench.BatchMax {
		r.add("bench.batch_min", text(e.Bench.BatchMin), "larger than bench.batch_max = "+text(e.Bench.BatchMax), "at most bench.batch_max")
	}
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
