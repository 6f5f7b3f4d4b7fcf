// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"strings"
	"testing"
)

const goodTrain = `
[data]
manifest = "set.json"
[run]
epochs = 3
[output]
name = "net"
`

const goodEmulate = `
[network]
weights = "net.safetensors"
[model]
cube = "c.h5"
[[view]]
name = "pole"
axis = "+z"
[output]
name = "image"
`

const goodEvaluate = `
[network]
weights = "net.safetensors"
[data]
manifest = "set.json"
[output]
name = "report"
`

// The defaults are the published recipe.
func TestTrainDefaults(t *testing.T) {
	var c Train
	mustDecode(t, goodTrain, "a/train.toml", &c)
	if c.Network.Latent != 4096 || c.Network.Seed != 1234 || c.Loss.Alpha != 0.8 || c.Schedule.Rate != 4e-4 || c.Optimizer.Beta2 != 0.999 || c.Optimizer.Eps != 1e-8 || c.Data.Manifest != "a/set.json" {
		t.Errorf("%+v", c)
	}
	if err := c.CheckSize("train.toml", 6); err != nil {
		t.Errorf("six ranks by default: %v", err)
	}
	var e Emulate
	mustDecode(t, goodEmulate, "emulate.toml", &e)
	if _, name := e.Destination(); name != "image" {
		t.Errorf("name %q", name)
	}
	mustDecode(t, goodEmulate, "emulate.toml", &e, "bench.repeats=3")
	if _, name := e.Destination(); name != "image.bench" {
		t.Errorf("name of a measurement %q", name)
	}
}

// What changes no result stays out of the digest, so that it may change when a
// run continues.
func TestTrainDigest(t *testing.T) {
	digest := func(sets ...string) string {
		var c Train
		mustDecode(t, goodTrain, "train.toml", &c, sets...)
		return Digest(&c)
	}
	for _, set := range []string{"parallel.threads=3", "data.prefetch=9", "data.readers=3", "data.verify=no", "run.keep=7", "run.checkpoint=5", "run.checkpoint_steps=7", "run.checkpoint_write=wait", "run.mtbf_h=5", "output.dir=x"} {
		if digest(set) != digest() {
			t.Errorf("%s changes the digest", set)
		}
	}
	for _, set := range []string{"data.batch=3", "network.seed=3", "schedule.rate=1.0", "data.augment=none", "run.epochs=4", "loss.alpha=1", "run.on_nan=skip", "run.bad_batches=3"} {
		if digest(set) == digest() {
			t.Errorf("%s does not change the digest", set)
		}
	}
}

func TestBadTraining(t *testing.T) {
	for _, c := range []struct {
		good string
		job  Job
		set  string
		want []string
	}{
		{goodTrain, new(Train), "schedule.kind=linear", []string{"schedule.kind", "one of constant, step, cosine"}},
		{goodTrain, new(Train), "schedule.kind=step", []string{"schedule.step_size", "missing"}},
		{goodTrain, new(Train), "schedule.kind=cosine", []string{"schedule.period", "missing"}},
		{goodTrain, new(Train), "schedule.rate=0", []string{"schedule.rate", "above 0"}},
		{goodTrain, new(Train), "optimizer.kind=sgd", []string{"optimizer.kind", "adam, adamw"}},
		{goodTrain, new(Train), "optimizer.beta1=1", []string{"optimizer.beta1"}},
		{goodTrain, new(Train), "loss.alpha=1.5", []string{"loss.alpha", "from 0 to 1"}},
		{goodTrain, new(Train), "network.variant=net2d", []string{"network.variant", "net, net3d"}},
		{goodTrain, new(Train), "network.latent=0", []string{"network.latent", "from 1"}},
		{goodTrain, new(Train), "data.batch=0", []string{"data.batch"}},
		{goodTrain, new(Train), "run.epochs=0", []string{"run.epochs"}},
		{goodTrain, new(Train), "run.on_nan=ignore", []string{"run.on_nan", "stop, skip, rollback"}},
		{goodTrain, new(Train), "run.on_outlier=roll", []string{"run.on_outlier", "ignore, stop, skip, rollback"}},
		{goodTrain, new(Train), "run.outlier_factor=1", []string{"run.outlier_factor", "from 1.000001"}},
		{goodTrain, new(Train), "run.outlier_window=0", []string{"run.outlier_window", "from 1"}},
		{goodTrain, new(Train), "run.bad_batches=-1", []string{"run.bad_batches", "at least 0"}},
		{goodTrain, new(Train), "run.mtbf_h=0", []string{"run.mtbf_h", "above 0", "[h]"}},
		{goodTrain, new(Train), "run.checkpoint_write=never", []string{"run.checkpoint_write", "behind, wait"}},
		{goodTrain, new(Train), "run.checkpoint_steps=-1", []string{"run.checkpoint_steps", "at least 0"}},
		{goodTrain, new(Train), "data.augment=mirror", []string{"data.augment", "none, symmetries"}},
		{goodEmulate, new(Emulate), "view.1.name=pole", []string{"view.1.axis", "missing"}},
		{strings.Replace(goodEmulate, `axis = "+z"`, "azimuth_deg = 0.0", 1), new(Emulate), "view.0.inclination_deg=60", []string{"view.0.inclination_deg = 60", "the network looks along an axis"}},
		{goodEmulate, new(Emulate), `output.maps=["contribution"]`, []string{"output.maps.0", "the network gives the image only"}},
		{goodEmulate, new(Emulate), "bench.repeats=-1", []string{"bench.repeats"}},
		{goodEmulate, new(Emulate), "model.snapshot=x.dat", []string{"exactly one of snapshot, cube and fields"}},
		{goodEvaluate, new(Evaluate), "data.part=train", []string{"data.part", "validation, test"}},
		{goodEvaluate, new(Evaluate), "report.border=none", []string{"report.border", "kept, cropped"}},
	} {
		err := Decode([]byte(c.good), "job.toml", []string{c.set}, c.job)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: want %q in %v", c.set, want, err)
			}
		}
	}
}
