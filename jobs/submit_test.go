// SPDX-License-Identifier: BSD-3-Clause

package main

import (
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/columen/columen/jobs/submit"
)

// fakeSlurm makes programs that answer as Slurm does: sbatch keeps the scripts,
// and refuses what has a word in it.
func fakeSlurm(t *testing.T, f folder, refuse, complaint string) folder {
	t.Helper()
	for name, body := range map[string]string{
		"sbatch": `n=$(($(ls "$FAKE" | grep -c script) + 1)); cat > "$FAKE/script$n"; echo "$@" > "$FAKE/args$n"
if grep -q -- '` + refuse + `' "$FAKE/script$n"; then echo "sbatch: error: Batch job submission failed: ` + complaint + `" >&2; exit 1; fi; echo $((100 + n))`,
		"scancel": `echo "$@" > "$FAKE/cancelled"`,
		"squeue":  `cat "$FAKE/squeue"`,
		"sacct":   `exit 1`,
	} {
		f.write(t, "bin/"+name, "#!/bin/sh\n"+body+"\n")
		if err := os.Chmod(f.path("bin/"+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	fake := t.TempDir()
	f.env = append(f.env, "PATH="+f.path("bin")+":"+os.Getenv("PATH"), "FAKE="+fake)
	f.write(t, "chain.toml", chainConfig)
	return f
}

// chainConfig is a chain that needs only files of newFolder.
const chainConfig = `[slurm]
site = "test"
time_min = 30
poll_s = 1
[[step]]
job = "cube"
config = "cube.toml"
[[step]]
name = "image"
job = "solve"
config = "solve.toml"
set = ["spectrum.channels=7"]
nodes = 2
tasks = 2
[output]
dir = "sub"
name = "c"
`

// fakeFolder is where fakeSlurm keeps what it was given.
func fakeFolder(f folder) string {
	last := f.env[len(f.env)-1]
	return strings.TrimPrefix(last, "FAKE=")
}

func slurp(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestSubmit submits a chain: what a dry run shows is what sbatch gets and what
// lies beside the outputs; the same command again watches.
func TestSubmit(t *testing.T) {
	t.Parallel()
	f := fakeSlurm(t, newFolder(t), "never", "")
	shown := f.succeed(t, "submit", "chain.toml", "--dry-run").stdout
	f.succeed(t, "submit", "chain.toml")
	fake := fakeFolder(f)
	first, second := slurp(t, fake+"/script1"), slurp(t, fake+"/script2")
	if shown != first+second || f.read(t, "sub/c.1-cube.sbatch") != first || f.read(t, "sub/c.2-image.sbatch") != second {
		t.Errorf("a dry run showed\n%s\nsbatch got\n%s%s", shown, first, second)
	}
	for _, part := range []string{"#SBATCH --nodes=2\n", "#SBATCH --ntasks=2\n", "#SBATCH --time=0-00:30:00\n", " solve " + f.path("solve.toml") + " --set spectrum.channels=7 --threads 1 &\n", "--kill-on-invalid-dep=yes"} {
		if !strings.Contains(second, part) {
			t.Errorf("the second script lacks %q:\n%s", part, second)
		}
	}
	if args := slurp(t, fake+"/args2"); args != "--parsable --dependency=afterok:101\n" {
		t.Errorf("sbatch got %q", args)
	}
	var record submit.Record
	if err := json.Unmarshal([]byte(f.read(t, "sub/c.jobs.json")), &record); err != nil || len(record.Jobs) != 2 || record.Jobs[1].ID != 102 || record.Jobs[1].After != 101 {
		t.Errorf("record %+v, %v", record, err)
	}

	if err := os.WriteFile(fake+"/squeue", []byte("101|101|COMPLETED|None|n1|0:10\n102|102|COMPLETED|None|n[1-2]|0:20\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r := f.succeed(t, "submit", "chain.toml", "--watch"); !strings.Contains(r.stderr, "already done") || !strings.Contains(r.stderr, "all jobs are done") {
		t.Errorf("watching says %s", r.stderr)
	}
	if err := os.WriteFile(fake+"/squeue", []byte("101|101|FAILED|NonZeroExitCode|n1|0:10\n102|102|CANCELLED|Dependency||0:00\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.write(t, "sub/c.1-cube.101.log", "10:00:00 load\nslurmstepd: error: Detected 1 oom-kill event(s) in StepId=101.0\n")
	f.refuses(t, f.run(t, "submit", "chain.toml", "--watch"), f.files(t), 1, "c-cube (101) was killed for memory", "slurm.memory_mb", "c.1-cube.101.log")
	f.write(t, "sub/c.1-cube.101.log", "columen cube: cube.toml: model.snapshot: gone\n")
	f.refuses(t, f.run(t, "submit", "chain.toml", "--watch"), f.files(t), 1, "c-cube (101) ended as FAILED: columen cube: cube.toml: model.snapshot: gone")
}

var update = flag.Bool("update", false, "rewrite the golden script")

// TestSubmitReport ends a chain with a report of what an earlier step makes: its
// script is that of testdata, where only paths and version are other; -update rewrites it.
func TestSubmitReport(t *testing.T) {
	t.Parallel()
	f := fakeSlurm(t, newFolder(t), "never", "")
	f.write(t, "s/scale.toml", "[[series]]\nname = \"a\"\njob = \"solve\"\nconfig = \"../solve.toml\"\ncells = [8]\nchannels = [3]\n[output]\ndir = \"../sub\"\nname = \"lines\"\n")
	f.write(t, "end.toml", "[slurm]\nsite = \"test\"\ntime_min = 30\ntasks = 1\n[[step]]\njob = \"scale\"\nconfig = \"s/scale.toml\"\n"+
		"[[step]]\njob = \"report\"\nfiles = [\"sub/lines.jsonl\"]\n[output]\ndir = \"sub\"\nname = \"e\"\n")
	f.succeed(t, "submit", "end.toml")
	script := f.read(t, "sub/e.2-report.sbatch")
	program := regexp.MustCompile(`(?m)^    (\S+) report `).FindStringSubmatch(script)
	if program == nil {
		t.Fatalf("no command of a report in\n%s", script)
	}
	got := strings.NewReplacer(program[1], "columen", f.path("."), "DIR").Replace(script)
	got = regexp.MustCompile(`Made by columen \S+ submit`).ReplaceAllString(got, "Made by columen VERSION submit")
	if *update {
		if err := os.WriteFile("testdata/report.sbatch", []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if want := slurp(t, "testdata/report.sbatch"); got != want {
		t.Errorf("the script is\n%s\nwant\n%s", got, want)
	}

	f.write(t, "page.toml", "[a]\n")
	for _, c := range []struct {
		files string
		parts []string
	}{
		{`["sub/gone.jsonl"]`, []string{"end.toml: step.1.files.0", "sub/gone.jsonl", "no earlier step makes it"}},
		{`["sub/lines.jsonl", "page.toml"]`, []string{"step.1.files.1", "page.toml", "neither JSON Lines"}},
		{`["sub/lines.jsonl", "sub"]`, []string{"step.1.files.1", "is a folder"}},
	} {
		f.refuses(t, f.run(t, "submit", "end.toml", "--set", "output.name=x", "--set", "step.1.files="+c.files), f.files(t), 2, c.parts...)
	}
}

// TestSubmitScale submits a scaling study by its own file: a job that runs in the
// batch shell with the cores of the largest point and starts its ranks as the site
// does, and then the report of its lines.
func TestSubmitScale(t *testing.T) {
	t.Parallel()
	f := fakeSlurm(t, newFolder(t), "never", "")
	f.write(t, "s/scale-a.toml", "[[series]]\nname = \"a\"\njob = \"solve\"\nconfig = \"../solve.toml\"\nranks = [1, 2]\nthreads = [1, 2]\ncells = [8]\nchannels = [3]\n"+
		"[launcher]\noptions = [\"--hint=nomultithread\"]\n[output]\ndir = \"../sub\"\nname = \"lines\"\n")
	f.succeed(t, "submit", "s/scale-a.toml", "--site", "test", "--time", "30", "--out", "sub")
	script, page := f.read(t, "sub/scale-a.1-scale.sbatch"), f.read(t, "sub/scale-a.2-report.sbatch")
	for _, part := range []string{"#SBATCH --nodes=2\n", "#SBATCH --ntasks=4\n", "#SBATCH --ntasks-per-node=2\n", "#SBATCH --cpus-per-task=1\n", `kill -USR1 "$ranks"`,
		" scale " + f.path("s/scale-a.toml") + ` --set launcher.kind=srun --set 'launcher.options=["--mpi=pmix","--hint=nomultithread"]' &`, f.path("sub/lines.scale.json")} {
		if !strings.Contains(script, part) {
			t.Errorf("the script lacks %q:\n%s", part, script)
		}
	}
	if strings.Contains(script, "\nsrun ") || !strings.Contains(page, " report "+f.path("sub/lines.jsonl")) {
		t.Errorf("the scripts are\n%s\n%s", script, page)
	}
	// A launcher of its own is left to a study.
	f.succeed(t, "submit", "s/scale-a.toml", "--site", "test", "--time", "30", "--out", "own", "--set", `step.0.set=["launcher.kind=none","series.0.ranks=[1]"]`)
	if script := f.read(t, "own/scale-a.1-scale.sbatch"); strings.Contains(script, "launcher.kind=srun") || !strings.Contains(script, "#SBATCH --ntasks=2\n") {
		t.Errorf("a study without a launcher: %s", script)
	}
}

// TestSubmitRefused takes back what was submitted before a step that Slurm
// refuses, in the words of Slurm.
func TestSubmitRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ refuse, said, where string }{
		{"ntasks=2", "CPU count per node can not be satisfied", "step.1.cpus_per_task = 1: sbatch refused job c-image: CPU count per node"},
		{"job-name=c-image", "Invalid account or account/partition combination specified", `step.1.account = "e9": sbatch refused job c-image: Invalid account`},
		{"job-name=c-image", "invalid partition specified: standard", "step.1.partition = "},
	} {
		f := fakeSlurm(t, newFolder(t), c.refuse, c.said)
		before := f.files(t)
		if err := os.MkdirAll(f.path("sub"), 0o755); err != nil {
			t.Fatal(err)
		}
		f.refuses(t, f.run(t, "submit", "chain.toml", "--account", "e9"), before, 2, "chain.toml: ", c.where, c.said)
		if got := slurp(t, fakeFolder(f)+"/cancelled"); got != "101\n" {
			t.Errorf("cancelled %q", got)
		}
	}
}

// TestSubmitBadInputs gives the job what it must refuse, before Slurm is asked.
func TestSubmitBadInputs(t *testing.T) {
	t.Parallel()
	f := fakeSlurm(t, newFolder(t), "never", "")
	f.write(t, "generate.toml", "[data]\nkind = \"mulfreq\"\ngrid = 32\nchannels = 7\nmodels = 8\nrotations = 1\nbox_au = 800.0\nv_turb_ms = 150.0\n[line]\nmolecule = \"co\"\ntransition = \"2-1\"\n[output]\nname = \"t\"\n")
	f.write(t, "submit-empty.toml", "[output]\nname = \"x\"\n")
	f.write(t, "model.toml", "[model]\ncube = \"a\"\n")
	f.write(t, "half.toml", "[about]\ntitle = \"x\"\n")
	for _, c := range []struct {
		name  string
		args  []string
		parts []string
	}{
		{"no steps", []string{"submit-empty.toml"}, []string{"submit-empty.toml: step", "missing", "[[step]]"}},
		{"not a job", []string{"model.toml"}, []string{`step.0.job = "model"`, "unknown job", "cube, solve, generate"}},
		{"unknown step job", []string{"chain.toml", "--set", "step.1.job=slove"}, []string{`step.1.job = "slove"`, `did you mean "solve"?`}},
		{"job without configuration", []string{"chain.toml", "--set", "step.1.job=inspect"}, []string{"step.1.job", "unknown job"}},
		{"unknown site", []string{"chain.toml", "--site", "archer"}, []string{`site = "archer"`, `did you mean "archer2"?`, "lumi-g"}},
		{"half a profile", []string{"chain.toml", "--site", "./half.toml"}, []string{"half.toml: about.status", "missing"}},
		{"no account", []string{"chain.toml", "--site", "archer2"}, []string{"chain.toml: slurm.account", "ARCHER2", "SBATCH_ACCOUNT"}},
		{"too many cores", []string{"chain.toml", "--set", "step.1.cpus_per_task=3"}, []string{"chain.toml", "step.1.cpus_per_task = 3", "has 2"}},
		{"too many nodes", []string{"solve.toml", "--site", "test", "--nodes", "3", "--tasks", "3"}, []string{"slurm.nodes = 3", "from 1 to 2"}},
		{"too long", []string{"chain.toml", "--time", "61"}, []string{"slurm.time_min = 61", "from 1 to 60 [min]"}},
		{"time no number", []string{"chain.toml", "--time", "1:00"}, []string{`slurm.time_min = "1:00"`, "an integer from 1"}},
		{"unknown partition", []string{"chain.toml", "--partition", "long"}, []string{`slurm.partition = "long"`, "standard, short"}},
		{"signal after the end", []string{"chain.toml", "--time", "3", "--signal", "120"}, []string{"slurm.signal_s = 120", "a minute early"}},
		{"array of solve", []string{"chain.toml", "--set", "step.1.array=4"}, []string{"step.1.array = 4", "arrays are for generate"}},
		{"same names", []string{"chain.toml", "--set", "step.1.name=cube"}, []string{`step.1.name = "cube"`, "also the name of step.0"}},
		{"bad step configuration", []string{"chain.toml", "--set", `step.1.set=["spectrum.chanels=7"]`}, []string{"spectrum.chanels", `did you mean "channels"?`}},
		{"missing input", []string{"chain.toml", "--set", `step.0.set=["model.snapshot=gone.dat"]`}, []string{"model.snapshot", "gone.dat", "no earlier step makes it"}},
		{"missing configuration", []string{"chain.toml", "--set", "step.0.config=gone.toml"}, []string{"step.0.config", "gone.toml", "no such file"}},
		{"ranks that do not fit", []string{"chain.toml", "--set", `step.1.set=["parallel.ranks=[3,1,1]"]`}, []string{"step.1.tasks = 2", "3 ranks, but 2 were started"}},
		{"bad account", []string{"chain.toml", "--account", "a b"}, []string{`slurm.account = "a b"`, "a name"}},
	} {
		before := f.files(t)
		r := f.run(t, append([]string{"submit"}, c.args...)...)
		if c.name == "half a profile" { // many problems, one for each missing key
			if r.code != 2 || !strings.Contains(r.stderr, c.parts[0]) {
				t.Errorf("%s: exit status %d: %s", c.name, r.code, r.stderr)
			}
			continue
		}
		f.refuses(t, r, before, 2, c.parts...)
		if t.Failed() {
			t.Fatal(c.name)
		}
	}
	if left, _ := os.ReadDir(fakeFolder(f)); len(left) > 0 {
		t.Errorf("sbatch was asked: %v", left)
	}
}

// TestSubmitWithoutSlurm says what is missing.
func TestSubmitWithoutSlurm(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	f.env = append(f.env, "PATH="+t.TempDir())
	before := f.files(t)
	r := f.run(t, "submit", "solve.toml", "--site", "test", "--out", ".")
	f.refuses(t, r, before, 1, "sbatch: not found", "Slurm is not on this machine", "--dry-run")
}
