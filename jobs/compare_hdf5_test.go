// SPDX-License-Identifier: BSD-3-Clause

//go:build hdf5 && cgo

package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/columen/columen/jobs/internal/run"
)

const compareTable = `[compare]
samples = 2
repeats = 2
batch = 2
trained = "out/t.train.json"
`

// writeCost writes the manifest of a job that made a file in so many core seconds.
func writeCost(t *testing.T, f folder, name, job, made string, coreSeconds float64) {
	t.Helper()
	data := f.read(t, made)
	m := run.Manifest{Schema: 1, Job: job, CoreSeconds: coreSeconds,
		Outputs: []run.FileRecord{{Path: made, Bytes: int64(len(data)), SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(data)))}}}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	f.write(t, name, string(text))
}

// TestCompare prints the table of four rows. The data set of the test was made by
// no job, so its cost is unknown, and with it the break-even of any finite one.
func TestCompare(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	writeDataSet(t, f, "tiny")
	f.write(t, "train.toml", trainConfig)
	f.write(t, "evaluate.toml", evaluateConfig+compareTable)
	f.succeed(t, "train", "train.toml", "--set", "run.epochs=1", "--quiet")
	r := f.succeed(t, "evaluate", "evaluate.toml")
	var report struct {
		Comparison struct {
			Rows []struct {
				Name    string
				Threads int
				MaxRel  float64                  `json:"maxrel_median_percent"`
				Seconds struct{ Median float64 } `json:"seconds_per_image"`
				Cores   struct{ Median float64 } `json:"core_seconds_per_image"`
				Files   struct{ Median float64 } `json:"file_seconds_per_image"`
				Break   any                      `json:"images_to_break_even"`
				From    string                   `json:"provenance"`
			} `json:"rows"`
			Generation *float64 `json:"generation_core_seconds"`
			Training   *float64 `json:"training_core_seconds"`
			Cheapest   string   `json:"cheapest_good"`
		}
	}
	if err := json.Unmarshal([]byte(f.read(t, "out/v.evaluation.json")), &report); err != nil {
		t.Fatal(err)
	}
	c := report.Comparison
	if len(c.Rows) != 4 || c.Generation != nil || c.Training == nil || !(*c.Training > 0) || !strings.Contains(c.Rows[0].From, "published") {
		t.Fatalf("%+v", c)
	}
	plain, fast, network := c.Rows[1], c.Rows[2], c.Rows[3]
	if plain.Threads != 1 || fast.MaxRel != 0 || plain.MaxRel > 1e-6 || !(network.MaxRel > 1) || !(plain.Cores.Median > fast.Cores.Median) {
		t.Errorf("plain %+v\nfast %+v\nnetwork %+v", plain, fast, network)
	}
	for _, row := range c.Rows[1:] {
		if !(row.Seconds.Median > 0 && row.Cores.Median > 0 && row.Files.Median > 0) {
			t.Errorf("row without times: %+v", row)
		}
	}
	for _, text := range []string{"published (Su et al. 2025)", "plain solver, scalar f64", "emulator, batches of", "generation unknown", c.Cheapest} {
		if !strings.Contains(r.stdout, text) {
			t.Errorf("the table lacks %q:\n%s", text, r.stdout)
		}
	}
	if left, _ := filepath.Glob(f.path("out/.*compare*")); len(left) > 0 {
		t.Errorf("cubes stay behind: %v", left)
	}

	// With the cost of the data set, the text says after how many images; a network
	// that costs more for each image than the cheapest solver never pays.
	writeCost(t, f, "g.generate.json", "generate", "tiny.dataset.json", 50)
	r = f.succeed(t, "evaluate", "evaluate.toml", "--overwrite", "--set", "compare.generated=g.generate.json")
	if !strings.Contains(r.stdout, "generation 50.0 core seconds") || !strings.Contains(r.stdout, " images\n") {
		t.Errorf("the table with all costs:\n%s", r.stdout)
	}

	// What it refuses.
	manifest := f.read(t, "out/t.train.json")
	other := strings.Replace(manifest, `"job": "train"`, `"job": "solve"`, 1)
	for _, bad := range []struct {
		name, file, data string
		code             int
		parts            []string
	}{
		{"manifest of another job", "out/t.train.json", other, 1, []string{"t.train.json", `"solve"`, "columen train"}},
		{"manifest cut", "out/t.train.json", manifest[:100], 1, []string{"t.train.json", "manifest of a finished columen train"}},
		{"manifest of other weights", "out/t.train.json", strings.Replace(manifest, `t.safetensors"`, `u.safetensors"`, 1), 2, []string{"compare.trained", "another weights"}},
	} {
		f.write(t, bad.file, bad.data)
		os.Remove(f.path("out/v.evaluate.json"))
		before := f.files(t)
		f.refuses(t, f.run(t, "evaluate", "evaluate.toml", "--overwrite"), before, bad.code, bad.parts...)
		f.write(t, "out/t.train.json", manifest)
	}
	before := f.files(t)
	f.refuses(t, f.run(t, "evaluate", "evaluate.toml", "--overwrite", "--set", "compare.trained=absent.json"), before, 2, "compare.trained", "no such file")
	f.succeed(t, "evaluate", "evaluate.toml", "--overwrite", "--set", "network.symmetrise=yes", "--set", "compare.repeats=1")
}
