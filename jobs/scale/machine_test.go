// SPDX-License-Identifier: BSD-3-Clause

package scale

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/internal/series"
)

// TestCores: what ranks may use together, over nodes, and whether they share it.
func TestCores(t *testing.T) {
	place := func(host, cpus string) run.Place { return run.Place{Host: host, CPUs: cpus} }
	for name, c := range map[string]struct {
		places []run.Place
		count  int
		shared bool
	}{
		"bound":       {[]run.Place{place("a", "0"), place("a", "1")}, 2, false},
		"not bound":   {[]run.Place{place("a", "0-1"), place("a", "0-1")}, 2, true},
		"two nodes":   {[]run.Place{place("a", "0-3"), place("b", "0-3")}, 8, false},
		"scattered":   {[]run.Place{place("a", "0,2,4-6"), place("a", "6-7")}, 6, true},
		"not told":    {[]run.Place{place("a", "0"), place("a", "")}, 0, false},
		"no list":     {[]run.Place{place("a", "3-1")}, 0, false},
		"no rank":     {nil, 0, false},
		"half a list": {[]run.Place{place("a", "0-")}, 0, false},
	} {
		if count, shared := cores(c.places); count != c.count || shared != c.shared {
			t.Errorf("%s: %d cores, shared %v", name, count, shared)
		}
	}
}

// TestLauncher: the words before the program, with what the environment says.
func TestLauncher(t *testing.T) {
	bin := t.TempDir()
	for _, name := range []string{"mpirun", "srun"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	for name, c := range map[string]struct {
		cfg  configs.Launcher
		env  map[string]string
		want string
		set  int
	}{
		"alone":     {configs.Launcher{Kind: "auto", Oversubscribe: "yes"}, nil, "mpirun -n 3 columen", 4},
		"strict":    {configs.Launcher{Kind: "mpirun", Oversubscribe: "no"}, nil, "mpirun -n 3 columen", 2},
		"user's":    {configs.Launcher{Kind: "mpirun", Oversubscribe: "no"}, map[string]string{"OMPI_MCA_hwloc_base_binding_policy": "core"}, "mpirun -n 3 columen", 1},
		"in Slurm":  {configs.Launcher{Kind: "auto", Options: []string{"--mpi=pmix"}}, map[string]string{"SLURM_JOB_ID": "7"}, "srun -n 3 -c 2 --mpi=pmix columen", 0},
		"two nodes": {configs.Launcher{Kind: "srun"}, map[string]string{"SLURM_JOB_ID": "7", "SLURM_NTASKS_PER_NODE": "2", "SLURM_CPUS_PER_TASK": "2"}, "srun -n 3 -c 2 -N 2 columen", 0},
		"one node":  {configs.Launcher{Kind: "srun"}, map[string]string{"SLURM_CPUS_ON_NODE": "128"}, "srun -n 3 -c 2 -N 1 columen", 0},
		"own nodes": {configs.Launcher{Kind: "srun", Options: []string{"--nodes=3"}}, map[string]string{"SLURM_CPUS_ON_NODE": "128"}, "srun -n 3 -c 2 --nodes=3 columen", 0},
		"command":   {configs.Launcher{Kind: "command", Command: []string{"mpirun", "-np", "{ranks}", "--pe={threads}"}}, nil, "mpirun -np 3 --pe=2 columen", 0},
		"none":      {configs.Launcher{Kind: "none"}, nil, "columen", 0},
	} {
		l, err := newLauncher("f", c.cfg, func(name string) string { return c.env[name] })
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := strings.Join(l.command(3, 2, []string{"columen"}), " "); got != c.want || len(l.environment) != c.set {
			t.Errorf("%s: %q with %q", name, got, l.environment)
		}
	}
}

// TestPoints: all combinations, and exactly as much more work as there are ranks.
func TestPoints(t *testing.T) {
	strong := points(configs.Scaling{Law: series.Strong, Ranks: []int{1, 2}, Threads: []int{1, 4}, Cells: []int{8, 16}, Channels: []int{7}})
	if len(strong) != 8 || strong[1] != (series.Point{Ranks: 2, Threads: 1, Cells: [3]int{8, 8, 8}, Channels: 7}) {
		t.Errorf("strong %v", strong)
	}
	weak := points(configs.Scaling{Law: series.Weak, Ranks: []int{1, 6}, Threads: []int{1}, Batch: []int{16}, Cells: []int{8}})
	if len(weak) != 2 || weak[1] != (series.Point{Ranks: 6, Threads: 1, Cells: [3]int{48, 8, 8}, Batch: 96}) {
		t.Errorf("weak %v", weak)
	}
	threads := points(configs.Scaling{Law: series.Weak, Over: series.Threads, Ranks: []int{1}, Threads: []int{1, 3}, Batch: []int{8}})
	if len(threads) != 2 || threads[1] != (series.Point{Ranks: 1, Threads: 3, Batch: 24}) {
		t.Errorf("weak over threads %v", threads)
	}
}

// TestCompareHistories: the largest relative difference of a loss; other epochs,
// other steps and what is not a number are errors.
func TestCompareHistories(t *testing.T) {
	dir := t.TempDir()
	file := func(name, lines string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(lines), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	epoch := func(step int, train, validation string) string {
		return fmt.Sprintf(`{"step":%d,"train":{"loss":%s},"validation":{"loss":%s}}`+"\n", step, train, validation)
	}
	reference := file("a", epoch(4, "2", "1")+epoch(8, "1", "0.5"))
	if e, err := compareHistories(reference, file("b", epoch(4, "2.002", "1")+epoch(8, "1", "0.505"))); err != nil || math.Abs(e-0.01) > 1e-12 {
		t.Errorf("difference %g, %v, want 0.005/0.5", e, err)
	}
	for _, bad := range []string{file("c", epoch(4, "2", "1")), file("d", epoch(4, "2", "1")+epoch(7, "1", "0.5")), file("e", "{\n"), filepath.Join(dir, "none")} {
		if _, err := compareHistories(reference, bad); err == nil {
			t.Errorf("%s passed", filepath.Base(bad))
		}
	}
}

// TestWeakTraining: the epochs of a weak series grow with the batch, so that every
// rank has the same steps; those of a strong one do not.
func TestWeakTraining(t *testing.T) {
	c := configs.Scaling{Law: series.Weak, Job: "train", Config: "../../configs/train-scale.toml", Set: []string{"run.epochs=3"}}
	p := series.Point{Ranks: 2, Threads: 1, Batch: 16}
	if got := trainSets(c, p, 2); !slices.Equal(got, []string{"data.batch=16", "run.epochs=6"}) {
		t.Errorf("weak %q", got)
	}
	c.Law = series.Strong
	if got := trainSets(c, p, 2); !slices.Equal(got, []string{"data.batch=16"}) {
		t.Errorf("strong %q", got)
	}
	for mesh, want := range map[string][2]string{"tensor": {"parallel.tensor=2", "parallel.tensor=1"}, "space": {"parallel.space=[2,1,1]", "parallel.space=[1,1,1]"}} {
		c.Mesh = mesh
		for i, ranks := range []int{2, 1} { // the reference has one
			if got := trainSets(c, p, ranks); !slices.Equal(got, []string{"data.batch=16", want[i]}) {
				t.Errorf("%s on %d ranks: %q", mesh, ranks, got)
			}
		}
	}
}

// TestMachine: triad and kernels run, and are not faster than any machine.
func TestMachine(t *testing.T) {
	list, err := kernels(1)
	if err != nil || len(list) != 4 {
		t.Fatalf("%d kernels, %v", len(list), err)
	}
	for _, k := range list {
		if !(k.Rate() > 1e6 && k.Rate() < 1e13) || !(k.Intensity() > 0) {
			t.Errorf("%+v: %g flop/s", k, k.Rate())
		}
	}
	if c := triad(1); !(c.PerSecond > 1e8 && c.PerSecond < 1e13) {
		t.Errorf("bandwidth %g", c.PerSecond)
	}
	names := []string{}
	for _, p := range peaks(1) {
		names = append(names, p.Name)
	}
	if !slices.Equal(names, []string{"single precision", "double precision"}) {
		t.Errorf("peaks %q", names)
	}
}

// TestVerdict: a result of a class is valid, or the page says why it is not.
func TestVerdict(t *testing.T) {
	f := &series.File{Study: series.Study{Commit: "abc", Bandwidth: series.Ceiling{PerSecond: 1}}}
	for repeat := range 5 {
		f.Rows = append(f.Rows, series.Row{Kind: series.KindRun, Series: "s", Law: series.Strong, Point: series.Point{Ranks: 1, Threads: 1}, Repeat: repeat, Seconds: 2, Work: 10, WorkUnit: "cell", Check: &series.Check{}})
	}
	if v := verdict("S", f); !strings.Contains(v, "\nVALID") || !strings.Contains(v, "figure of merit: 5 cell/s") {
		t.Errorf("a valid result: %s", v)
	}
	for want, spoil := range map[string]func(f *series.File){
		"4 repeats":        func(f *series.File) { f.Rows = f.Rows[:4] },
		"oversubscribed":   func(f *series.File) { f.Rows[2].Oversubscribed = true },
		"version informat": func(f *series.File) { f.Study.Commit = "unknown" },
		"unmodified":       func(f *series.File) { f.Study.Commit = "abc+" },
		"not measured":     func(f *series.File) { f.Study.Bandwidth.PerSecond = 0 },
		"no run with a ti": func(f *series.File) { f.Rows = nil },
	} {
		bad := &series.File{Study: f.Study, Rows: slices.Clone(f.Rows)}
		spoil(bad)
		if v := verdict("S", bad); !strings.Contains(v, "NOT VALID") || !strings.Contains(v, want) {
			t.Errorf("want %q: %s", want, v)
		}
	}
	if verdict("", f) != "" {
		t.Error("a verdict without a class")
	}
}
