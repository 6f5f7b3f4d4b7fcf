// SPDX-License-Identifier: BSD-3-Clause

package series

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func study() Study { return Study{Kind: KindStudy, Schema: Schema, Digest: "abc"} }

func row(ranks, repeat int, seconds float64) Row {
	return Row{Kind: KindRun, Study: "abc", Series: "s", Law: Strong, Job: "solve", Point: Point{Ranks: ranks, Threads: 1}, Repeat: repeat,
		Seconds: seconds, Work: 100, Check: &Check{Error: 0, Tolerance: 1e-12}}
}

// write makes the file of a study.
func write(t *testing.T, rows ...Row) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.jsonl")
	w, err := Create(path, study())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if err := w.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestContinueCutsHalfALine: wherever the writer was ended, the lines before are
// kept, the rest is cut, and what is appended then is read.
func TestContinueCutsHalfALine(t *testing.T) {
	path := write(t, row(1, 0, 2), row(2, 0, 1))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(whole), "\n")
	last := lines[2]
	for _, keep := range []int{0, 1, len(last) / 2, len(last) - 1} {
		text := lines[0] + lines[1] + last[:keep]
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Read(path)
		var torn *TornError
		if (keep > 0) != errors.As(err, &torn) || keep > 0 && (torn.Line != 3 || torn.Bytes != keep) {
			t.Errorf("%d bytes of the last line: %v", keep, err)
		}
		w, f, cut, err := Continue(path, "abc")
		if err != nil || cut != keep || len(f.Rows) != 1 {
			t.Fatalf("%d bytes of the last line: cut %d, %d rows, %v", keep, cut, len(f.Rows), err)
		}
		if err := errors.Join(w.Append(row(2, 0, 1)), w.Close()); err != nil {
			t.Fatal(err)
		}
		if again, err := os.ReadFile(path); err != nil || string(again) != string(whole) {
			t.Errorf("%d bytes of the last line: the file is not what it was: %v", keep, err)
		}
	}
}

func TestContinueRefuses(t *testing.T) {
	path := write(t, row(1, 0, 2))
	if _, _, _, err := Continue(path, "other"); err == nil || !strings.Contains(err.Error(), "holds study abc, and this is other") {
		t.Errorf("another study: %v", err)
	}
	w, _, _, err := Continue(path, "abc")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, _, _, err := Continue(path, "abc"); err == nil || !strings.Contains(err.Error(), "one columen scale at a time") {
		t.Errorf("a file in use: %v", err)
	}
	if _, err := Create(path, study()); err == nil {
		t.Error("an existing file was begun anew")
	}
}

func TestDecodeRefuses(t *testing.T) {
	const head, good = `{"kind":"study","schema":1,"study":"abc"}` + "\n",
		`{"kind":"run","study":"abc","series":"s","law":"strong","point":{"ranks":1,"threads_per_rank":1},"seconds":1,"check":{"error":0,"tolerance":1}}` + "\n"
	if f, err := Decode([]byte(head+good), "f"); err != nil || len(f.Rows) != 1 {
		t.Fatalf("the good file: %v", err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":             {"", "empty file"},
		"blank":             {" \n\n", "empty file"},
		"no JSON":           {head + "seconds\n", "f:2: no JSON object"},
		"half in between":   {head + good[:40] + "\n" + good, "f:2: no JSON object"},
		"no header":         {good, `f:1: kind "run"`},
		"another schema":    {strings.Replace(head, "1", "7", 1), "f:1: schema 7"},
		"mixed rows":        {head + strings.Replace(good, "abc", "xyz", 1), "f:2: a row of study xyz in the file of abc"},
		"two files in one":  {head + good + strings.Replace(head, "abc", "xyz", 1), "f:3: a second study begins, xyz after abc"},
		"unknown kind":      {head + strings.Replace(good, "run", "fun", 1), `f:2: kind "fun"`},
		"unchecked time":    {head + strings.Replace(good, `"check":{"error":0,"tolerance":1}`, `"work":1`, 1), "without a check"},
		"failed check":      {head + strings.Replace(good, `"error":0`, `"error":2`, 1), "without a check that was passed"},
		"no time":           {head + strings.Replace(good, `"seconds":1`, `"seconds":0`, 1), "a run of 0 seconds"},
		"no ranks":          {head + strings.Replace(good, `"ranks":1`, `"ranks":0`, 1), "0 ranks with 1 threads"},
		"another law":       {head + strings.Replace(good, "strong", "strange", 1), `law "strange"`},
		"type of a field":   {head + strings.Replace(good, `"seconds":1`, `"seconds":"1"`, 1), "f:2: "},
		"half-written line": {head + good + good[:17], "f:3: half-written line of 17 bytes"},
	} {
		if _, err := Decode([]byte(c.text), "f"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "allowed: ") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// FuzzDecode: whatever the file, no panic, and what is read can be summarised.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"kind":"study","schema":1,"study":"a"}` + "\n" + `{"kind":"run","study":"a","series":"s","law":"weak","point":{"ranks":2,"threads_per_rank":1,"cells":[4,2,2]},"seconds":1,"check":{"error":0,"tolerance":1}}` + "\n"))
	f.Add([]byte("{}\n{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Decode(data, "f")
		if err != nil {
			return
		}
		for _, l := range file.Lines() {
			for i := range l.Cells {
				l.GainOf(i)
			}
			l.Fits()
		}
	})
}

func TestSpread(t *testing.T) {
	s := SpreadOf([]float64{4, 1, 3, 2, 100})
	if s != (Spread{5, 3, 2, 4, 1, 100}) {
		t.Errorf("spread %+v", s)
	}
	for x, want := range map[float64]bool{100: true, 7: false, 7.01: true, -1: false, -1.01: true} {
		if s.Outlier(x) != want {
			t.Errorf("%g: outlier %v", x, !want)
		}
	}
	if four := SpreadOf([]float64{1, 1, 1, 50}); four.Outlier(50) {
		t.Error("an outlier among four values")
	}
}

// obeying makes a line whose times obey a law exactly, with repeats that spread.
func obeying(law string, counts []int, speedup func(p float64) float64) Line {
	f := &File{Study: study()}
	for _, p := range counts {
		for repeat := range 5 {
			r := row(p, repeat, 10/speedup(float64(p))*(1+0.01*float64(repeat-2)))
			if r.Law = law; law == Weak {
				r.Seconds *= float64(p)
				r.Point.Cells = [3]int{8 * p, 8, 8}
			}
			f.Rows = append(f.Rows, r)
		}
	}
	return f.Lines()[0]
}

// TestFitsFindTheLaw: times made by a law give its parameters back, inside their
// intervals, which are not empty.
func TestFitsFindTheLaw(t *testing.T) {
	counts := []int{1, 2, 4, 8, 16, 32}
	amdahl := func(p float64) float64 { return 1 / (0.03 + 0.97/p) }
	usl := func(p float64) float64 { return p / (1 + 0.02*(p-1) + 1e-4*p*(p-1)) }
	gustafson := func(p float64) float64 { return p - 0.1*(p-1) }
	for _, c := range []struct {
		line Line
		law  string
		want []float64
	}{
		{obeying(Strong, counts, amdahl), "Amdahl", []float64{0.03}},
		{obeying(Strong, counts, usl), "USL", []float64{0.02, 1e-4}},
		{obeying(Weak, counts, gustafson), "Gustafson", []float64{0.1}},
	} {
		fits := c.line.Fits()
		i := slices.IndexFunc(fits, func(f Fit) bool { return f.Law == c.law })
		if i < 0 || fits[i].Refusal != "" {
			t.Fatalf("%s: %+v", c.law, fits)
		}
		for j, p := range fits[i].Parameter {
			if math.Abs(p.Value-c.want[j]) > 1e-10 || !(p.Low <= p.Value && p.Value <= p.Up) || p.Low == p.Up {
				t.Errorf("%s: %+v, want %g", c.law, p, c.want[j])
			}
		}
	}
	l := obeying(Strong, counts, amdahl)
	if g := l.GainOf(3); math.Abs(g.KarpFlatt-0.03) > 1e-12 || math.Abs(g.Speedup-amdahl(8)) > 1e-12 || math.Abs(g.Efficiency-amdahl(8)/8) > 1e-12 || !(g.SpeedupLow < g.Speedup && g.Speedup < g.SpeedupHigh) {
		t.Errorf("8 ranks: %+v", g)
	}
	if g := obeying(Weak, counts, gustafson).GainOf(3); math.Abs(g.Speedup-gustafson(8)) > 1e-12 || math.Abs(g.Efficiency-gustafson(8)/8) > 1e-12 || !math.IsNaN(g.KarpFlatt) {
		t.Errorf("weak, 8 ranks: %+v", g)
	}
}

// TestOverThreads: a weak line over threads is one line, whose problem and gains
// follow the threads; lines over ranks of the same points would be three.
func TestOverThreads(t *testing.T) {
	f := &File{Study: study()}
	for i, n := range []int{4, 1, 2} {
		r := row(1, 0, []float64{5, 4, 4}[i])
		r.Law, r.Over, r.Point.Threads, r.Point.Batch, r.Work = Weak, Threads, n, 8*n, float64(8*n)
		f.Rows = append(f.Rows, r)
	}
	lines := f.Lines()
	if len(lines) != 1 || len(lines[0].Cells) != 3 || lines[0].Count(2) != 4 || lines[0].Constant() != "1 rank" {
		t.Fatalf("lines %+v", lines)
	}
	if g := lines[0].GainOf(2); math.Abs(g.Speedup-3.2) > 1e-12 || math.Abs(g.Efficiency-0.8) > 1e-12 {
		t.Errorf("4 threads: %+v", g)
	}
	if fits := lines[0].Fits(); !strings.Contains(fits[0].Refusal, "3 distinct thread counts") {
		t.Errorf("fits %+v", fits)
	}
	for i := range f.Rows {
		f.Rows[i].Over = ""
	}
	if lines := f.Lines(); len(lines) != 3 || lines[0].Constant() != "1 thread per rank" {
		t.Errorf("over ranks: %+v", lines)
	}
}

// TestFitsNeedPoints: too few counts, too few repeats, and counts that do not
// count since the cores were shared.
func TestFitsNeedPoints(t *testing.T) {
	ideal := func(p float64) float64 { return p }
	for name, c := range map[string]struct {
		counts []int
		change func(l *Line)
		want   string
	}{
		"four counts":    {[]int{1, 2, 4, 8}, func(*Line) {}, "4 distinct rank counts"},
		"oversubscribed": {[]int{1, 2, 4, 8, 16}, func(l *Line) { l.Cells[4].Oversubscribed = true }, "4 distinct rank counts"},
		"few repeats":    {[]int{1, 2, 4, 8, 16}, func(l *Line) { l.Cells[2].Rows = l.Cells[2].Rows[:4] }, "4 repeats"},
	} {
		l := obeying(Strong, c.counts, ideal)
		c.change(&l)
		for _, f := range l.Fits() {
			if !strings.Contains(f.Refusal, "not enough points") || !strings.Contains(f.Refusal, c.want) || f.Parameter != nil {
				t.Errorf("%s: %+v", name, f)
			}
		}
	}
}

// TestLines: warm-ups and refused runs enter no time; problems are kept apart.
func TestLines(t *testing.T) {
	warm, refused, big := row(1, 0, 50), row(2, 1, 0), row(1, 0, 9)
	warm.Warmup, refused.Kind = true, KindRefused
	big.Point.Cells = [3]int{64, 64, 64}
	f := &File{Study: study(), Rows: []Row{warm, row(2, 0, 1), big, row(1, 1, 4), row(1, 0, 2), refused}}
	lines := f.Lines()
	if len(lines) != 2 || len(lines[0].Cells) != 2 || len(lines[1].Cells) != 1 {
		t.Fatalf("lines %+v", lines)
	}
	one, two := lines[0].Cells[0], lines[0].Cells[1]
	if one.Seconds.Median != 3 || one.Seconds.N != 2 || two.Seconds.Median != 1 || two.Refused != 1 || two.Rate() != 100 {
		t.Errorf("cells %+v %+v", one, two)
	}
	if got := fmt.Sprint(one.Point); got != "1 rank × 1 threads" {
		t.Errorf("point %q", got)
	}
}
