// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/columen/columen/jobs/internal/run"
	"github.com/columen/columen/jobs/internal/series"
)

// example makes the file of a study: strong and weak lines on 1 to 4 ranks, of
// which 4 share cores, with an outlier and a refused run.
func example(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s.jsonl")
	s := series.Study{
		Kind: series.KindStudy, Schema: series.Schema, Digest: "d1", Name: "example", Command: []string{"columen", "scale", "x.toml"}, TOML: "# <this> & that\n", Cores: 2,
		Bandwidth: series.Ceiling{Name: "memory bandwidth", PerSecond: 20e9}, Peaks: []series.Ceiling{{Name: "single precision", PerSecond: 100e9}, {Name: "double precision", PerSecond: 50e9}},
		Kernels:  []series.Kernel{{Name: "integrate, double", Precision: "double", NanosecondsPerUnit: 4, FLOPs: 130, Bytes: 1, Threads: 1}, {Name: "dense", Precision: "single", NanosecondsPerUnit: 1, FLOPs: 2, Bytes: 4, Threads: 2}},
		Messages: &series.Messages{LatencySeconds: 1e-6, BytesPerSecond: 1e10}, Start: time.Unix(1e9, 0),
	}
	w, err := series.Create(path, s)
	if err != nil {
		t.Fatal(err)
	}
	add := func(law string, ranks, repeat int, seconds float64) {
		p := series.Point{Ranks: ranks, Threads: 1, Cells: [3]int{128, 128, 128}, Channels: 31}
		if law == series.Weak {
			p.Cells[0] *= ranks
		}
		r := series.Row{
			Kind: series.KindRun, Study: "d1", Series: "solve-" + law, Law: law, Job: "solve", Point: p, Repeat: repeat, Seconds: seconds, Timed: "images", WorkUnit: "cell·frequency·ray",
			Work: float64(p.Cells[0]) * 128 * 128 * 31, Check: &series.Check{Error: 1e-15, Tolerance: 1e-12}, Cores: 2, Oversubscribed: ranks > 2, SharedCores: ranks > 1, RayAxes: []int{2}, Command: []string{"mpirun", "-n", fmt.Sprint(ranks)},
			Phases: []run.Phase{{Name: "integrate", SecondsMin: 0.8 * seconds, SecondsMedian: 0.85 * seconds, SecondsMax: 0.9 * seconds}, {Name: "gather", SecondsMin: 0.01 * seconds, SecondsMedian: 0.02 * seconds, SecondsMax: 0.03 * seconds}},
		}
		r.FLOPs = 130 * r.Work
		if err := w.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	for repeat, noise := range []float64{0, 0.011, -0.012, 0.003, 0.9} {
		for ranks, seconds := range map[int]float64{1: 0.2, 2: 0.1123456789, 4: 0.13} {
			add(series.Strong, ranks, repeat, seconds*(1+noise))
			add(series.Weak, ranks, repeat, 0.2*(1+0.05*float64(ranks))*(1+noise))
		}
	}
	refused := series.Row{Kind: series.KindRefused, Study: "d1", Series: "solve-strong", Law: series.Strong, Job: "solve", Point: series.Point{Ranks: 8, Threads: 1}, Refusal: "the result <b>fails</b>"}
	if err := errors.Join(w.Append(refused), w.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// evaluationText is what columen evaluate writes, shortened.
const evaluationText = `{"weights":"w.safetensors","part":"test","split_by":"model","comparison":{"grid":32,"channels":7,"samples":4,"repeats":5,
"generation_core_seconds":100,"training_core_seconds":2000.5,"cheapest_good":"fast solver, f32","rows":[
{"name":"published","maxrel_median_percent":7,"seconds_per_image":{"median":0.01181},"images_to_break_even":null,"provenance":"published, not measured here"},
{"name":"plain solver","threads":1,"maxrel_median_percent":1e-9,"seconds_per_image":{"median":0.05},"core_seconds_per_image":{"median":0.051},"images_to_break_even":43000},
{"name":"fast solver","threads":2,"maxrel_median_percent":0,"seconds_per_image":{"median":0.004},"core_seconds_per_image":{"median":0.008},"images_to_break_even":"infinity"},
{"name":"emulator","threads":2,"maxrel_median_percent":23.4,"seconds_per_image":{"median":0.003},"core_seconds_per_image":{"median":0.009},"images_to_break_even":"infinity"}]}}`

// pageOf makes the page of the example.
func pageOf(t *testing.T) (text string, f *series.File) {
	t.Helper()
	path := example(t)
	evaluation := filepath.Join(filepath.Dir(path), "e.json")
	if err := os.WriteFile(evaluation, []byte(evaluationText), 0o666); err != nil {
		t.Fatal(err)
	}
	in, err := read([]string{path, evaluation})
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPage(in)
	if err != nil {
		t.Fatal(err)
	}
	html, err := p.html()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range p.pictures() {
		if err := c.PNG(io.Discard); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	return string(html), in.files[0]
}

// cell of a table: what programs and what people read.
type cell struct{ value, text string }

// tables reads the tables of a page: class, key of the row, cells.
func tables(t *testing.T, page string) (out map[string]map[string][]cell, words string) {
	t.Helper()
	out = map[string]map[string][]cell{}
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var class, key string
	var open bool
	var all strings.Builder
	attribute := func(e xml.StartElement, name string) string {
		for _, a := range e.Attr {
			if a.Name.Local == name {
				return a.Value
			}
		}
		return ""
	}
	for {
		token, err := d.Token()
		if err == io.EOF {
			return out, all.String()
		}
		if err != nil {
			t.Fatalf("the page is no HTML: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if src := attribute(e, "src") + attribute(e, "href"); src != "" && !strings.HasPrefix(src, "#") {
				t.Errorf("the page needs %s", src)
			}
			switch e.Name.Local {
			case "table":
				class = attribute(e, "class")
				if out[class] == nil {
					out[class] = map[string][]cell{}
				}
			case "tr":
				key = attribute(e, "data-key")
			case "td":
				open = true
				out[class][key] = append(out[class][key], cell{value: attribute(e, "data-value")})
			}
		case xml.EndElement:
			if e.Name.Local == "td" {
				open = false
			}
		case xml.CharData:
			all.Write(e)
			if open {
				row := out[class][key]
				row[len(row)-1].text += string(e)
			}
		}
	}
}

// checkPage compares the numbers of a page with the lines, by its own arithmetic.
func checkPage(t *testing.T, page string, f *series.File) {
	t.Helper()
	all, words := tables(t, page)
	median := map[string][]float64{}
	for _, r := range f.Rows {
		if r.Kind == series.KindRun {
			key := fmt.Sprintf("%s/%d/1/128/31/0", r.Series, r.Point.Ranks)
			median[key] = append(median[key], r.Seconds)
		}
	}
	if len(all["gains"]) != 6 || len(median) != 6 {
		t.Fatalf("%d rows of gains, want 6", len(all["gains"]))
	}
	third := func(v []float64) float64 { // of five
		s := append([]float64{}, v...)
		for range 2 {
			least := 0
			for i := range s {
				if s[i] < s[least] {
					least = i
				}
			}
			s = append(s[:least], s[least+1:]...)
		}
		least := s[0]
		for _, x := range s {
			least = min(least, x)
		}
		return least
	}
	for key, times := range median {
		row := all["gains"][key]
		if len(row) < 11 {
			t.Errorf("no row %s", key)
			continue
		}
		name, rest, _ := strings.Cut(key, "/")
		ranks, _, _ := strings.Cut(rest, "/")
		p, _ := strconv.ParseFloat(ranks, 64)
		want := third(times)
		speedup := third(median[name+"/1/1/128/31/0"]) / want
		efficiency := speedup / p
		if name == "solve-weak" {
			efficiency, speedup = speedup, speedup*p
		}
		for column, x := range map[int]float64{0: p, 2: 5, 3: want, 6: 1, 7: speedup, 8: efficiency} {
			got, err := strconv.ParseFloat(row[column].value, 64)
			if err != nil || math.Abs(got-x) > 1e-12*math.Abs(x) {
				t.Errorf("%s, column %d: %q, want %g", key, column, row[column].value, x)
			}
		}
		if note := row[len(row)-1].text; strings.Contains(note, "oversubscribed") != (p > 2) {
			t.Errorf("%s: note %q", key, note)
		}
	}
	for _, part := range []string{"not enough points", "simulated", "# <this> & that", "the result <b>fails</b>", "mpirun -n 4", "columen scale x.toml"} {
		if !strings.Contains(words, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	for _, r := range f.Rows {
		if r.Kind != series.KindRun {
			continue
		}
		row := all["phases"][fmt.Sprintf("%s/%d/1/integrate", r.Series, r.Point.Ranks)]
		if len(row) != 5 || row[1].text != "integrate" {
			t.Fatalf("phases of %s on %d ranks: %+v", r.Series, r.Point.Ranks, row)
		}
		want := third(median[fmt.Sprintf("%s/%d/1/128/31/0", r.Series, r.Point.Ranks)])
		for column, share := range map[int]float64{2: 0.8, 3: 0.85, 4: 0.9} {
			if got, err := strconv.ParseFloat(row[column].value, 64); err != nil || math.Abs(got/(share*want)-1) > 1e-12 {
				t.Errorf("phases of %s on %d ranks, column %d: %q, want %g", r.Series, r.Point.Ranks, column, row[column].value, share*want)
			}
		}
	}
	if got := len(all["simulated-solve"]); got != 2*2*9 {
		t.Errorf("%d simulated rows", got)
	}
	if row := all["evaluation"]["3"]; len(row) != 7 || row[5].value != "23.4" || row[6].text != "never" {
		t.Errorf("the emulator's row %+v", row)
	}
}

func TestPage(t *testing.T) {
	page, f := pageOf(t)
	checkPage(t, page, f)
	for _, bad := range []string{"http://", "https://", "<script", "NaN", "url("} {
		if strings.Contains(page, bad) {
			t.Errorf("the page has %q", bad)
		}
	}
	if n := strings.Count(page, "<svg "); n != 8 {
		t.Errorf("%d figures, want 8: two of each law, two stacks, roofline, simulation", n)
	}
	if strings.Count(page, `class="dot hollow"`) != 2*4 { // with what they mean beside them
		t.Error("the oversubscribed points are not hollow")
	}
}

// TestEvaluationAlone makes a page and a CSV file of an evaluation without lines of
// scale: the numbers are those of the JSON.
func TestEvaluationAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.json")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write(evaluationText)
	in, err := read([]string{path})
	if err != nil || len(in.files) != 0 || len(in.evaluations) != 1 {
		t.Fatalf("%+v, %v", in, err)
	}
	p, err := newPage(in)
	if err != nil {
		t.Fatal(err)
	}
	html, err := p.html()
	if err != nil {
		t.Fatal(err)
	}
	all, words := tables(t, string(html))
	if rows := all["evaluation"]; len(rows) != 4 || rows["1"][2].value != "0.05" || rows["3"][5].value != "23.4" || rows["2"][6].text != "never" {
		t.Errorf("rows %+v", rows)
	}
	if !strings.Contains(words, "2000 core seconds") && !strings.Contains(words, "2001 core seconds") || strings.Contains(words, "timed runs") {
		t.Errorf("the page says %s", words)
	}
	data, err := csvOfMethods(in.evaluations)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil || len(rows) != 5 || rows[2][4] != "0.05" || rows[2][9] != "43000" || rows[4][8] != "23.4" || rows[4][9] != "infinity" {
		t.Errorf("%q, %v", rows, err)
	}
	for _, bad := range []string{`{"weights":"w"}`, "{", `{"comparison":{"rows":[]}}`} {
		write(bad)
		if _, err := read([]string{path}); err == nil || !strings.Contains(err.Error(), "with [compare]") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestCSV has every row of the file, refused ones included, and the time in full.
func TestCSV(t *testing.T) {
	f, err := series.Read(example(t))
	if err != nil {
		t.Fatal(err)
	}
	data, err := csvOf([]*series.File{f})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(data))).ReadAll()
	if err != nil || len(rows) != 1+len(f.Rows) {
		t.Fatalf("%d rows, want %d: %v", len(rows), 1+len(f.Rows), err)
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	outliers := 0
	for i, r := range f.Rows {
		if got := rows[i+1][column["seconds"]]; got != strconv.FormatFloat(r.Seconds, 'g', -1, 64) {
			t.Errorf("row %d: %s s, want %g", i, got, r.Seconds)
		}
		if rows[i+1][column["outlier"]] == "true" {
			outliers++
		}
	}
	if outliers != 6 || rows[len(rows)-1][column["refusal"]] != "the result <b>fails</b>" {
		t.Errorf("%d outliers, refusal %q", outliers, rows[len(rows)-1][column["refusal"]])
	}
}
