// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"errors"
	"strings"
	"testing"
)

// goodGenerate is a small valid configuration that the bad ones differ from.
const goodGenerate = `
[data]
kind = "mulfreq"
grid = 32
channels = 7
models = 20
rotations = 5
box_au = 800.0
v_turb_ms = 150.0
[line]
molecule = "co"
transition = "2-1"
[output]
name = "test"
`

// TestBadGenerate checks that each mistake gives exactly one problem, with the
// field, the value and what is allowed.
func TestBadGenerate(t *testing.T) {
	for _, c := range []struct {
		name, old, edit       string
		field, value, allowed string
	}{
		{"unknown kind", `"mulfreq"`, `"multifreq"`, "data.kind", `"multifreq"`, "one of mulfreq, faceon, rotation"},
		{"grid of no network", "grid = 32", "grid = 48", "data.grid", "48", "one of 32, 64, 128"},
		{"large grid", "grid = 32", "grid = 256", "data.grid", "256", "one of 32, 64, 128"},
		{"grid of three", "grid = 32", "grid = [32, 32, 32]", "data.grid", "[32, 32, 32]", "one of 32, 64, 128"},
		{"channels of no network", "channels = 7", "channels = 9", "data.channels", "9", "7 or 31"},
		{"no channels", "channels = 7", "channels = 0", "data.channels", "0", "from 1 to 31"},
		{"channels of one", "\"mulfreq\"", "\"rotation\"", "data.channels", "7", "allowed: 1"},
		{"rotations face on", "kind = \"mulfreq\"\ngrid = 32\nchannels = 7", "kind = \"faceon\"\ngrid = 32\nchannels = 1", "data.rotations", "5", "allowed: 1"},
		{"no models", "models = 20", "models = 0", "data.models", "0", "an integer from 1"},
		{"negative rotations", "rotations = 5", "rotations = -5", "data.rotations", "-5", "an integer from 1"},
		{"absurd models", "models = 20", "models = 2000000000", "data.models", "2000000000", "to 10000000"},
		{"absurd samples", "models = 20\nrotations = 5", "models = 1000000\nrotations = 1000000", "data.rotations", "1e+12 samples", "at most 200000000 samples"},
		{"no box", "box_au = 800.0", "", "data.box_au", "missing", "above 0 [au]"},
		{"box of nothing", "box_au = 800.0", "box_au = 0", "data.box_au", "0", "above 0 [au]"},
		{"negative width", "v_turb_ms = 150.0", "v_turb_ms = -1.0", "data.v_turb_ms", "-1.0", "at least 0 [m s⁻¹]"},
		{"width not a number", "v_turb_ms = 150.0", "v_turb_ms = nan", "data.v_turb_ms", "nan", "a finite number"},
		{"negative seed", "box_au", "seed = -1\nbox_au", "data.seed", "-1", "at least 0"},
		{"channels beyond light", "box_au", "spacing_ms = 1e8\nbox_au", "data.spacing_ms", "1e+08", "within ±299792458"},
		{"split by what", "[output]", "[split]\nby = \"rotation\"\n[output]", "split.by", `"rotation"`, "one of model, sample"},
		{"fractions of all", "[output]", "[split]\nvalidation = 0.5\ntest = 0.5\n[output]", "split.test", "nothing of 20 models is left", "a sum below 1"},
		{"fraction above one", "[output]", "[split]\ntest = 1.5\n[output]", "split.test", "1.5", "from 0 to 1"},
		{"fraction of nothing", "[output]", "[split]\nvalidation = 0.01\n[output]", "split.validation", "of 20 models that is none", "makes one at least"},
		{"empty shards", "[output]", "[shards]\nsamples = 0\n[output]", "shards.samples", "0", "an integer from 1"},
		{"ranks", "[output]", "[parallel]\nranks = [2, 1, 1]\n[output]", "parallel.ranks", "unknown key", "threads, watchdog_s"},
		{"name with a folder", `"test"`, `"a/b"`, "output.name", `"a/b"`, "a name of letters"},
		{"no transition", `transition = "2-1"`, "", "line.transition", "missing", "level labels"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if strings.Count(goodGenerate, c.old) != 1 {
				t.Fatalf("%q stands %d times in the good file", c.old, strings.Count(goodGenerate, c.old))
			}
			err := Decode([]byte(strings.Replace(goodGenerate, c.old, c.edit, 1)), "some/generate.toml", nil, new(Generate))
			var bad *Error
			if !errors.As(err, &bad) || len(bad.Problems) != 1 {
				t.Fatalf("error %v: want one problem", err)
			}
			if line := bad.Problems[0].String(); bad.Problems[0].Field != c.field || !strings.Contains(line, c.value) || !strings.Contains(line, c.allowed) {
				t.Errorf("%s: want field %s, %q and %q", line, c.field, c.value, c.allowed)
			}
		})
	}
}

// TestGenerateExample checks what the README promises of the small data set.
func TestGenerateExample(t *testing.T) {
	var g Generate
	if err := Load("generate-small.toml", nil, &g); err != nil {
		t.Fatal(err)
	}
	if g.Data.Samples() < 2000 || g.Data.Grid != 32 || g.Data.Channels != 7 || g.Split.By != "model" {
		t.Errorf("%d samples of %+v, split by %s", g.Data.Samples(), g.Data, g.Split.By)
	}
	moved := g
	moved.Output.Dir, moved.Parallel.Threads = "elsewhere", 7
	other := g
	other.Data.Seed++
	if Digest(&moved) != Digest(&g) || Digest(&other) == Digest(&g) {
		t.Error("the digest should depend on the seed, and not on folder and threads")
	}
}
