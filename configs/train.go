// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"errors"
	"fmt"
)

// Train is the configuration of columen train: a network learns a data set.
type Train struct {
	Data      TrainingSet `toml:"data" doc:"What to learn from"`
	Network   Network     `toml:"network" doc:"The network; grid and channels are those of the data set"`
	Loss      Loss        `toml:"loss" doc:"What is minimised"`
	Optimizer Optimizer   `toml:"optimizer" doc:"How gradients become steps"`
	Schedule  Schedule    `toml:"schedule" doc:"The learning rate"`
	Run       TrainingRun `toml:"run" doc:"How long, and what is kept"`
	Parallel  Mesh        `toml:"parallel" doc:"Ranks and threads"`
	Output    Results     `toml:"output" doc:"The files to write"`
}

// Network is the shape of a network and where its first weights come from.
type Network struct {
	Variant string `toml:"variant" unit:"-" default:"\"net3d\"" allow:"net|net3d" doc:"net predicts one channel, net3d all channels of the data set"`
	Latent  int    `toml:"latent" unit:"-" default:"4096" allow:"1..65536" doc:"Width of the latent layer; 4096 as published"`
	Seed    int    `toml:"seed" unit:"-" default:"1234" allow:">=0" doc:"Seed of the first weights, the order of samples and the augmentation"`
	Weights string `toml:"weights" unit:"-" need:"no" path:"input" doc:"First weights, a safetensors or .pth file of the same network; random when absent"`
}

// Loss says what training minimises.
type Loss struct {
	Alpha    float64 `toml:"alpha" unit:"-" default:"0.8" allow:"0..1" doc:"Weight of the mean squared error; the rest is that of the mean modulus of the Fourier transform of the difference"`
	Relative float64 `toml:"relative" unit:"-" default:"0.0" allow:">=0" doc:"Weight of a further term: the error relative to the brightest channel of each pixel, which MaxRel measures; 0 as published"`
}

// Optimizer says how gradients become steps.
type Optimizer struct {
	Kind        string  `toml:"kind" unit:"-" default:"\"adam\"" allow:"adam|adamw" doc:"adamw shrinks the weights themselves by weight_decay"`
	Beta1       float64 `toml:"beta1" unit:"-" default:"0.9" allow:"1e-9..0.999999999" doc:"Decay of the first moment"`
	Beta2       float64 `toml:"beta2" unit:"-" default:"0.999" allow:"1e-9..0.999999999" doc:"Decay of the second moment"`
	Eps         float64 `toml:"eps" unit:"-" default:"1e-8" allow:">0" doc:"Added to the root of the second moment"`
	WeightDecay float64 `toml:"weight_decay" unit:"-" default:"0.0" allow:">=0" doc:"Decay of the weights"`
	ClipNorm    float64 `toml:"clip_norm" unit:"-" default:"0.0" allow:">=0" doc:"Largest norm of the gradients; 0 does not clip"`
}

// Schedule is the learning rate over time.
type Schedule struct {
	Kind        string  `toml:"kind" unit:"-" default:"\"constant\"" allow:"constant|step|cosine" doc:"constant; step falls by gamma every step_size; cosine swings from rate to rate_min in period"`
	Rate        float64 `toml:"rate" unit:"-" default:"4e-4" allow:">0" doc:"First learning rate; 4e-4 as published"`
	Per         string  `toml:"per" unit:"-" default:"\"epoch\"" allow:"epoch|step" doc:"What the schedule counts"`
	StepSize    int     `toml:"step_size" unit:"-" need:"no" allow:">0" doc:"Epochs or steps between falls; needed by step"`
	Gamma       float64 `toml:"gamma" unit:"-" default:"0.1" allow:">0" doc:"Factor of a fall of step"`
	Period      int     `toml:"period" unit:"-" need:"no" allow:">0" doc:"Epochs or steps from rate to rate_min; needed by cosine"`
	RateMin     float64 `toml:"rate_min" unit:"-" default:"0.0" allow:">=0" doc:"Rate at the other end of cosine"`
	Warmup      int     `toml:"warmup" unit:"-" default:"0" allow:">=0" doc:"Epochs or steps of a linear rise before the schedule"`
	WarmupStart float64 `toml:"warmup_start" unit:"-" default:"0.1" allow:"0..1" doc:"Fraction of rate with which the rise begins"`

	FreezeStatistics int `toml:"freeze_statistics" unit:"epoch" default:"0" allow:">=0" doc:"Epoch from which batch normalisation keeps the running statistics, as in inference, instead of taking those of each batch; 0 never, as published"`
}

// TrainingRun says how long to train and what to keep.
type TrainingRun struct {
	Epochs     int     `toml:"epochs" unit:"-" allow:"1..1000000" doc:"Passes over the data set at most"`
	Patience   int     `toml:"patience" unit:"-" default:"0" allow:">=0" doc:"Epochs without a better validation MaxRel before the end; 0 trains all epochs"`
	Checkpoint int     `toml:"checkpoint" unit:"-" default:"1" allow:">0" digest:"no" doc:"Epochs between checkpoints; one is also written when validation improves, and on SIGTERM or SIGUSR1"`
	Steps      int     `toml:"checkpoint_steps" unit:"-" default:"0" allow:">=0" digest:"no" doc:"Steps between further checkpoints inside epochs; 0 chooses them by Young and Daly, from what the first one costs and mtbf_h"`
	Write      string  `toml:"checkpoint_write" unit:"-" default:"\"behind\"" allow:"behind|wait" digest:"no" doc:"behind writes checkpoints inside epochs and at their ends while training goes on, from a copy in memory; wait needs no copy"`
	MTBFHours  float64 `toml:"mtbf_h" unit:"h" default:"8760.0" allow:">0" digest:"no" doc:"Mean time between failures of one node; the default is a year"`
	Keep       int     `toml:"keep" unit:"-" default:"2" allow:">0" digest:"no" doc:"Newest checkpoints to keep beside the best"`

	OnNaN         string  `toml:"on_nan" unit:"-" default:"\"stop\"" allow:"stop|skip|rollback" doc:"When a loss or the norm of the gradients is not finite: stop with an error; skip the batch, which then leaves no trace; go back to the newest checkpoint and on without the batch"`
	OnOutlier     string  `toml:"on_outlier" unit:"-" default:"\"ignore\"" allow:"ignore|stop|skip|rollback" doc:"When a loss is far above those before: the same, or learn it all the same"`
	OutlierFactor float64 `toml:"outlier_factor" unit:"-" default:"10.0" allow:"1.000001..1e30" doc:"An outlier is a loss above this factor times the median of the losses of the last outlier_window steps"`
	OutlierWindow int     `toml:"outlier_window" unit:"-" default:"100" allow:"1..100000" doc:"Steps whose losses an outlier is compared with; before as many are made there is none"`
	BadBatches    int     `toml:"bad_batches" unit:"-" default:"10" allow:">=0" doc:"Batches that on_nan and on_outlier pass over in the whole run at most; one more ends it with an error"`
}

// OneProcess says how a job of one process shares its work over cores.
type OneProcess struct {
	Threads int `toml:"threads" unit:"-" default:"0" allow:"0..4096" digest:"no" doc:"Threads; 0 takes all cores of the process"`
}

// checkSize returns an *Error when more than one process was started.
func (OneProcess) checkSize(file, job string, size int) error {
	if size == 1 {
		return nil
	}
	return &Error{Problems: []Problem{{File: file, Field: "parallel", Value: text(size), Reason: fmt.Sprintf("columen %s was started on %d ranks", job, size),
		Allowed: "one rank, which shares its work over threads"}}}
}

// Results says where the results of a job go.
type Results struct {
	Dir  string `toml:"dir" unit:"-" default:"\"../out\"" path:"output" digest:"no" doc:"Folder of the outputs, made when absent"`
	Name string `toml:"name" unit:"-" allow:"name" doc:"Stem of the names of the outputs"`
}

// JobName returns "train".
func (t *Train) JobName() string { return "train" }

// Inputs returns the manifest of the data set, and what makes samples and the first
// weights if given.
func (t *Train) Inputs() []Input {
	in := []Input{{"data.manifest", t.Data.Manifest}}
	if t.Data.Generate != "" {
		in = append(in, Input{"data.generate", t.Data.Generate})
	}
	if t.Network.Weights != "" {
		in = append(in, Input{"network.weights", t.Network.Weights})
	}
	return in
}

// Destination returns the folder and the stem of the names of the outputs.
func (t *Train) Destination() (dir, name string) { return t.Output.Dir, t.Output.Name }

// NumThreads returns the threads of a rank, 0 for all cores.
func (t *Train) NumThreads() int { return t.Parallel.Threads }

// CheckSize returns an *Error when the mesh of [parallel] does not have the
// processes that were started, less those of data.generator_ranks.
func (t *Train) CheckSize(file string, size int) error {
	makers := t.Data.GeneratorRanks
	if makers >= size {
		return &Error{Problems: []Problem{{File: file, Field: "data.generator_ranks", Value: text(makers), Reason: fmt.Sprintf("%d ranks were started, and none of them would train", size),
			Allowed: fmt.Sprintf("0 to %d", size-1)}}}
	}
	err := t.Parallel.checkSize(file, size-makers)
	var e *Error
	if makers > 0 && errors.As(err, &e) {
		e.Problems[0].Reason += fmt.Sprintf(", beside the %d of data.generator_ranks", makers)
	}
	return err
}

func (t *Train) validate(r *report) {
	s := t.Schedule
	t.Parallel.validate(r)
	t.Data.validate(r)
	if s.Kind == "step" && s.StepSize == 0 {
		r.missing("schedule.step_size", `an integer above 0, which kind = "step" needs`)
	}
	if s.Kind == "cosine" && s.Period == 0 {
		r.missing("schedule.period", `an integer above 0, which kind = "cosine" needs`)
	}
}
