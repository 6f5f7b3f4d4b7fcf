// SPDX-License-Identifier: BSD-3-Clause

package configs

import (
	"strings"
	"testing"
)

const goodSubmit = `[slurm]
site = "mine.toml"
time_min = 30
cpus_per_task = 4
[[step]]
job = "generate"
config = "g.toml"
array = 3
[[step]]
name = "learn"
job = "train"
config = "sub/t.toml"
time_min = 90
[output]
name = "c"
`

// TestSubmitInherits gives steps what [slurm] says, and keeps what they say.
func TestSubmitInherits(t *testing.T) {
	var s Submit
	mustDecode(t, goodSubmit, "a/chain.toml", &s)
	first, second := s.Steps[0], s.Steps[1]
	if s.Slurm.Site != "a/mine.toml" || first.Name != "generate" || first.TimeMin != 30 || first.CPUsPerTask != 4 || first.Nodes != 1 || first.Tasks != 1 || first.SignalS != 120 {
		t.Errorf("site %s, first step %+v", s.Slurm.Site, first)
	}
	if second.Name != "learn" || second.TimeMin != 90 || second.Config != "a/sub/t.toml" {
		t.Errorf("second step %+v", second)
	}
	if in := s.Inputs(); len(in) != 3 || in[2] != (Input{"slurm.site", "a/mine.toml"}) {
		t.Errorf("inputs %v", in)
	}
}

// TestSubmitOneJob takes the configuration of a job as a chain of it.
func TestSubmitOneJob(t *testing.T) {
	var s Submit
	mustDecode(t, goodSolve, "a/solve-big.toml", &s, "slurm.site=archer2", `step.0.set=["cube.v_turb_ms=1"]`)
	if len(s.Steps) != 1 || s.Steps[0].Job != "solve" || s.Steps[0].Config != "a/solve-big.toml" || s.Output.Name != "solve-big" || len(s.Steps[0].Set) != 1 || s.Slurm.Site != "archer2" {
		t.Errorf("%+v", s)
	}
}

// TestSubmitRefuses names the field.
func TestSubmitRefuses(t *testing.T) {
	for _, c := range []struct{ set, part string }{
		{"slurm.nodes=0", "slurm.nodes = 0"},
		{"step.1.array=2", "arrays are for generate"},
		{"step.1.name=generate", "also the name of step.0"},
		{"step.0.sett=a", `did you mean "set"?`},
		{"step.1.job=report", "step.1.files: missing"},
		{`step.1.files=["a.jsonl"]`, "columen train has a configuration"},
		{"slurm.time_min=1h", "an integer from 1 to 100000 [min]"},
	} {
		var s Submit
		if err := Decode([]byte(goodSubmit), "chain.toml", []string{c.set}, &s); err == nil || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s: %v, want %s", c.set, err, c.part)
		}
	}
}

// TestSubmitReport: a report has files, whose paths start at the file that names
// them, one rank whatever the others have, and no configuration.
func TestSubmitReport(t *testing.T) {
	const chain = "[slurm]\ntasks = 4\nnodes = 2\n[[step]]\njob = \"report\"\nfiles = [\"out/a.evaluation.json\", \"b.jsonl\"]\n[output]\nname = \"c\"\n"
	var s Submit
	mustDecode(t, chain, "a/chain.toml", &s)
	step := s.Steps[0]
	if step.Nodes != 1 || step.Tasks != 1 || step.Page() != "a/out/a.evaluation.html" || step.Files[1] != "a/b.jsonl" || len(s.Inputs()) != 0 {
		t.Errorf("%+v, page %s, inputs %v", step, step.Page(), s.Inputs())
	}
	for set, part := range map[string]string{
		"step.0.files=[]":                     "step.0.files",
		`step.0.files=["b.jsonl", "b.jsonl"]`: "step.0.files.1 = \"a/b.jsonl\": given twice",
		"step.0.config=c.toml":                "columen report has no configuration",
		`step.0.set=["run.epochs=1"]`:         "columen report has no configuration",
		"step.0.tasks=2":                      "one rank makes a report",
		"step.0.array=2":                      "arrays are for generate",
		"step.0.job=solve":                    "step.0.config",
	} {
		var s Submit
		if err := Decode([]byte(chain), "a/chain.toml", []string{set}, &s); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v, want %s", set, err, part)
		}
	}
}
