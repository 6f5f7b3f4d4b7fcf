// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/columen/columen/emulator/train"
)

const onlineConfig = `[data]
manifest = "out/g.dataset.json"
generate = "generate.toml"
source = "online"
draw = "replay"
batch = 2
[network]
latent = 8
[schedule]
rate = 1e-3
[run]
epochs = 2
[parallel]
threads = 1
mode = "fixed"
[output]
dir = "out"
name = "t"
`

// makeSet runs the job of data sets: 4 winds, 3 directions each.
func makeSet(t *testing.T, f folder, sets ...string) {
	t.Helper()
	f.write(t, "generate.toml", strings.Replace(generateConfig, "rotations = 1", "rotations = 3", 1))
	f.write(t, "train.toml", onlineConfig)
	f.succeed(t, append([]string{"generate", "generate.toml", "--quiet"}, set(sets...)...)...)
}

// values are the tensors of a safetensors file, without its header.
func values(t *testing.T, f folder, name string) string {
	t.Helper()
	data := f.read(t, name)
	return data[8+binary.LittleEndian.Uint64([]byte(data)):]
}

// supplyOf reads the supply of the last epoch.
func supplyOf(t *testing.T, f folder, name string) train.Supply {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(f.read(t, name)), "\n")
	var e train.Epoch
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &e); err != nil {
		t.Fatal(err)
	}
	return e.Supply
}

// TestOnlineEqualsStored trains on one sequence of samples, read from files, made
// while training by one and three generators, and some of each: the parameters
// have the same bits.
func TestOnlineEqualsStored(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	makeSet(t, f)
	learn := func(out string, sets ...string) result {
		return f.succeed(t, append([]string{"train", "train.toml", "--out", out}, set(sets...)...)...)
	}
	f.write(t, "stored.toml", strings.NewReplacer("generate = \"generate.toml\"\n", "", `"online"`, `"stored"`).Replace(onlineConfig))
	if r := f.succeed(t, "train", "stored.toml", "--out", "stored"); !strings.Contains(r.stderr, "from_disk_MB_per_s") || strings.Contains(r.stderr, "made_by_cores") {
		t.Errorf("reading says %s", r.stderr)
	}
	want := values(t, f, "stored/t.safetensors")
	for out, sets := range map[string][]string{
		"one": nil, "three": {"data.generators=3", "data.prefetch=1"}, "mixed": {"data.source=mixed", "data.stored_fraction=0.4", "data.generators=2"},
	} {
		r := learn(out, sets...)
		for _, part := range []string{"samples are made while training", "rate_of_generators", "trainers_idle_percent", "made_by_cores", "from_disk_MB_per_s"} {
			if !strings.Contains(r.stderr, part) {
				t.Errorf("%s: no %q in the log", out, part)
			}
		}
		if values(t, f, out+"/t.safetensors") != want {
			t.Errorf("%s: the weights have other bits than those of stored samples", out)
		}
	}
	if s := supplyOf(t, f, "three/t.history.jsonl"); s.Goroutines != 3 || s.Samples < 6 || !(s.SampleS > 0) || !(s.TrainerS > 0) || !(s.Cores() > 0) {
		t.Errorf("supply %+v", s)
	}

	// Fresh samples: other bits, the same ones for any number of generators and
	// for a run that is continued.
	learn("fresh", "data.draw=fresh", "data.samples=4")
	learn("fresh3", "data.draw=fresh", "data.samples=4", "data.generators=3")
	learn("parts", "data.draw=fresh", "data.samples=4", "run.epochs=1")
	learn("parts", "data.draw=fresh", "data.samples=4")
	fresh := values(t, f, "fresh/t.safetensors")
	if fresh == want {
		t.Error("fresh samples are those that are stored")
	}
	for _, out := range []string{"fresh3", "parts"} {
		if values(t, f, out+"/t.safetensors") != fresh {
			t.Errorf("%s: the weights have other bits than those of one generator", out)
		}
	}
}

// TestOnlineBadInputs gives what makes samples for training what it must refuse.
func TestOnlineBadInputs(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	makeSet(t, f)
	plain := f.read(t, "generate.toml")
	edited := func(name, old, now string) string {
		if strings.Count(plain, old) != 1 {
			t.Fatalf("%q in the configuration", old)
		}
		f.write(t, name, strings.Replace(plain, old, now, 1))
		return "data.generate=" + name
	}
	model, err := os.Readlink(f.path("wind.dat"))
	if err != nil {
		t.Fatal(err)
	}
	snapshot := fmt.Sprintf("[[model]]\nsnapshot = %q\n[model.amrvac]\nlength_cm = 1.495978707e13\ndensity_gcc = 1e-15\nvelocity_cms = 1e6\nmean_mol_weight = 2.35\n[mapping]\nmass_per_h2_amu = 2.02\nco_per_h2 = 1e-4\n[split]\nby = \"sample\"", model)
	for _, c := range []struct {
		name  string
		sets  []string
		parts []string
	}{
		{"unknown source", []string{"data.source=magic"}, []string{"data.source", "stored, online, mixed"}},
		{"unknown draw", []string{"data.draw=again"}, []string{"data.draw", "fresh, replay"}},
		{"no generators", []string{"data.generators=0"}, []string{"data.generators = 0", "1 to 4096"}},
		{"a fraction above one", []string{"data.source=mixed", "data.stored_fraction=1.5"}, []string{"data.stored_fraction = 1.5"}},
		{"samples of a replay", []string{"data.samples=9"}, []string{"data.samples = 9", "an epoch has the samples that are stored"}},
		{"stored with a generator", []string{"data.source=stored"}, []string{"data.generate", "makes no samples"}},
		{"no configuration", []string{"data.generate=absent.toml"}, []string{"data.generate", "absent.toml", "no such file"}},
		{"a mistake in the configuration", []string{edited("wrong.toml", "v_turb_ms = 150.0", "v_turb_ms = -1.0")}, []string{"wrong.toml: data.v_turb_ms = -1"}},
		{"another grid", []string{edited("grid.toml", "grid = 32", "grid = 64")}, []string{"grid.toml: data.grid = 64", "allowed: 32"}},
		{"another line", []string{edited("line.toml", `"2-1"`, `"1-0"`)}, []string{`line.toml: line.transition = "1-0"`, `"2-1"`}},
		{"another line width", []string{edited("turbulence.toml", "v_turb_ms = 150.0", "v_turb_ms = 250.0")}, []string{"turbulence.toml: data.v_turb_ms = 250", "allowed: 150"}},
		{"another box", []string{edited("box.toml", "box_au = 800.0", "box_au = 400.0")}, []string{"box.toml: data.box_au = 400", "32 cells"}},
		{"another seed", []string{edited("seed.toml", "grid = 32", "grid = 32\nseed = 5")}, []string{"seed.toml: data.seed = 5", `draw = "fresh"`}},
		{"another set", []string{edited("other.toml", "models = 4", "models = 8")}, []string{"other.toml", "is not that of the configuration that made the data set"}},
		{"a snapshot smaller than the box", []string{edited("small.toml", "[split]", snapshot), "data.draw=fresh"}, []string{"agb_small", "data.box_au = 800", "outside the model"}},
	} {
		t.Log(c.name)
		before := f.files(t)
		f.refuses(t, f.run(t, append([]string{"train", "train.toml", "--out", "bad"}, set(c.sets...)...)...), before, 2, c.parts...)
	}
}
