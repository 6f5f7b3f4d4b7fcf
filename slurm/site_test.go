// SPDX-License-Identifier: BSD-3-Clause

package slurm

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden scripts")

// sample is a job that every site takes: 4 ranks on a node, with what the first
// partition has.
func sample(t *testing.T, s *Site) Job {
	t.Helper()
	j := Job{Name: "chain-train", About: []string{`Job 2 of 4 of the chain "chain".`}, Command: []string{"/opt/columen", "train", "a folder/train.toml", "--set", "run.epochs=5"},
		Dir: "/scratch/me", Log: "/scratch/me/out/chain.2-train.%j.log", Nodes: 2, Tasks: 8, CPUsPerTask: 6, TimeMin: 1500, SignalS: 120, MarginS: 60, Restarts: 3, Proof: "/scratch/me/out/t.train.json"}
	if s.Header.Account == "required" {
		j.Account = "e01"
	}
	p := s.Partitions[0]
	if p.MaxTimeMin > 0 {
		j.TimeMin = p.MaxTimeMin
	}
	if p.GPUs > 0 {
		j.GPUsPerTask = 1
	}
	if p.Cores < 24 {
		j.Tasks, j.CPUsPerTask = 2, p.Cores
	}
	return j
}

// TestScripts compares the script of every profile with the one in testdata,
// which a person has read. -update rewrites them.
func TestScripts(t *testing.T) {
	for _, name := range SiteNames() {
		s, err := LoadSite(name)
		if err != nil {
			t.Fatal(err)
		}
		j := sample(t, s)
		if problems := s.Check(j); problems != nil {
			t.Errorf("%s: %v", name, problems)
		}
		compare(t, name, j, s)
	}
	s, err := LoadSite("generic")
	if err != nil {
		t.Fatal(err)
	}
	array := sample(t, s)
	array.Array, array.ArraySet, array.Log, array.Proof = 4, "part.number", "/scratch/me/my logs/%A_%a.log", "/scratch/me/t.work/part-%a-of-4.json"
	array.MemoryMB, array.QOS, array.Options = 4000, "low", []string{"--mail-type=END"}
	compare(t, "generic-array", array, s)
}

func compare(t *testing.T, name string, j Job, s *Site) {
	t.Helper()
	got, err := Render(j, s)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	path := filepath.Join("testdata", name+".sbatch")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: the script is not that of %s:\n%s", name, path, got)
	}
}

// TestProfiles checks what every profile must say.
func TestProfiles(t *testing.T) {
	public := 0
	for _, name := range SiteNames() {
		s, err := LoadSite(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if s.Name() != name || len(s.Partitions) == 0 || len(s.About.Date) != 7 {
			t.Errorf("%s: name %q, %d partitions, date %q", name, s.Name(), len(s.Partitions), s.About.Date)
		}
		if (s.About.Status == "run") != (name == "test") {
			t.Errorf("%s: status %q", name, s.About.Status)
		}
		if s.Header.Account == "required" {
			public++
		}
	}
	if public < 5 {
		t.Errorf("%d profiles of public systems, want five at least", public)
	}
}

// TestCheck finds what a site does not allow before Slurm is asked.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		site   string
		change func(j *Job)
		field  string
		part   string
	}{
		{"archer2", func(j *Job) { j.Account = "" }, "account", "SBATCH_ACCOUNT"},
		{"archer2", func(j *Job) { j.CPUsPerTask = 33 }, "cpus_per_task", "need 132 cores, and partition standard has 128"},
		{"archer2", func(j *Job) { j.Nodes, j.Tasks = 1025, 1025 }, "nodes", "from 1 to 1024"},
		{"archer2", func(j *Job) { j.QOS, j.TimeMin = "short", 21 }, "time_min", "from 1 to 20"},
		{"archer2", func(j *Job) { j.Partition = "standart" }, "partition", "standard standard, standard short, gpu gpu-shd"},
		{"archer2", func(j *Job) { j.QOS = "urgent" }, "partition", "unknown"},
		{"archer2", func(j *Job) { j.Tasks = 1 }, "tasks", "fewer than the 2 nodes"},
		{"archer2", func(j *Job) { j.GPUsPerTask = 1 }, "gpus_per_task", "has 0"},
		{"tursa", func(j *Job) { j.Nodes, j.Tasks = 6, 24 }, "nodes", "powers of 2"},
		{"lumi-g", func(j *Job) { j.GPUsPerTask = 3 }, "gpus_per_task", "need 12 GPUs"},
		{"lumi-g", func(j *Job) { j.Tasks, j.CPUsPerTask, j.GPUsPerTask = 18, 1, 0 }, "tasks", "binding.cpus"},
		{"test", func(j *Job) { j.TimeMin = 2 }, "signal_s", "a minute early"},
		{"test", func(j *Job) { j.TimeMin, j.SignalS, j.MarginS = 3, 60, 180 }, "margin_s", "has 180 s"},
	} {
		s, err := LoadSite(c.site)
		if err != nil {
			t.Fatal(err)
		}
		j := sample(t, s)
		c.change(&j)
		problems := s.Check(j)
		if len(problems) != 1 || problems[0].Field != c.field || !strings.Contains(problems[0].String(), c.part) {
			t.Errorf("%s %s: found %v, want %s: %s", c.site, c.field, problems, c.field, c.part)
		}
	}
}

// TestLoadSiteRefuses gives profiles with mistakes.
func TestLoadSiteRefuses(t *testing.T) {
	good, err := os.ReadFile("sites/lumi-g.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ old, now, part string }{
		{"cores = 56", "cors = 56", `did you mean "cores"?`},
		{"gpus = 8", "gpus = -1", "at least 0"},
		{`name = "dev-g"`, `name = "standard-g"`, "given twice"},
		{`kind = "srun"`, `kind = "aprun"`, "one of srun, mpirun"},
		{`kind = "srun"`, `kind = "mpirun"`, "options of srun"},
		{`gpu_variable = "ROCR_VISIBLE_DEVICES"`, "", "belong together"},
		{`kind = "srun"`, "kind = \"srun\"\n[environment]\nset = [\"A B\"]", "not an assignment"},
		{`kind = "srun"`, "kind = \"srun\"\noptions = [\"rm\"]", "not an option"},
		{`status = "from documentation, not run"`, `status = "good"`, "one of run, from documentation, not run"},
	} {
		path := filepath.Join(t.TempDir(), "mine.toml")
		if strings.Count(string(good), c.old) < 1 {
			t.Fatalf("%q is not in the profile", c.old)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(good), c.old, c.now, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadSite(path); err == nil || !strings.Contains(err.Error(), c.part) || !strings.Contains(err.Error(), "mine.toml") {
			t.Errorf("%q for %q: %v, want %s", c.now, c.old, err, c.part)
		}
	}
	for name, part := range map[string]string{"archer": `did you mean "archer2"?`, "no/such.toml": "readable profile"} {
		if _, err := LoadSite(name); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v, want %s", name, err, part)
		}
	}
}

// TestLongScript refuses what people would not read.
func TestLongScript(t *testing.T) {
	s, err := LoadSite("generic")
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		s.Software.Modules = append(s.Software.Modules, "m")
	}
	if _, err := Render(sample(t, s), s); err == nil || !strings.Contains(err.Error(), "allowed: 60") {
		t.Errorf("a script with 20 modules: %v", err)
	}
	s.Software.Modules = nil
	s.Header.Options = []string{"--comment=a\nrm -r b"}
	if _, err := Render(sample(t, s), s); err == nil || !strings.Contains(err.Error(), "line break") {
		t.Errorf("a header with a line break: %v", err)
	}
}
