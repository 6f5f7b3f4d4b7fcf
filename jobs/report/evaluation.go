// SPDX-License-Identifier: BSD-3-Clause

package report

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
)

// evaluation is what the page needs of the evaluation.json of columen evaluate.
type evaluation struct {
	Path       string `json:"-"`
	Weights    string `json:"weights"`
	Part       string `json:"part"`
	SplitBy    string `json:"split_by"`
	Comparison *struct {
		Grid       int         `json:"grid"`
		Channels   int         `json:"channels"`
		Samples    int         `json:"samples"`
		Repeats    int         `json:"repeats"`
		Generation *float64    `json:"generation_core_seconds"`
		Training   *float64    `json:"training_core_seconds"`
		AtLeast    bool        `json:"core_seconds_are_at_least"`
		Rows       []evaluated `json:"rows"`
		Cheapest   string      `json:"cheapest_good"`
	} `json:"comparison"`
}

// evaluated is a method: what an image costs, and how good it is.
type evaluated struct {
	Name       string          `json:"name"`
	Threads    int             `json:"threads"`
	MaxRel     float64         `json:"maxrel_median_percent"`
	Seconds    quartiles       `json:"seconds_per_image"`
	Cores      quartiles       `json:"core_seconds_per_image"`
	BreakEven  json.RawMessage `json:"images_to_break_even"`
	Provenance string          `json:"provenance"`
}

type quartiles struct {
	Median float64 `json:"median"`
	Low    float64 `json:"quartile_low"`
	High   float64 `json:"quartile_high"`
}

// readEvaluation reads the file of an evaluation with a comparison.
func readEvaluation(path string) (evaluation, error) {
	e := evaluation{Path: path}
	data, err := os.ReadFile(path)
	if err != nil {
		return e, err
	}
	const allowed = "the evaluation.json of a columen evaluate with [compare]"
	if err := json.Unmarshal(data, &e); err != nil {
		return e, fmt.Errorf("%s: %w: allowed: %s", path, err, allowed)
	}
	if e.Comparison == nil || len(e.Comparison.Rows) != 4 {
		return e, fmt.Errorf("%s: has no comparison of four rows: allowed: %s", path, allowed)
	}
	return e, nil
}

// table is the comparison for people: error beside speed.
func (e evaluation) table() table {
	c := e.Comparison
	t := table{Class: "evaluation", Head: []string{"method", "threads", "s per image", "quartiles", "core s per image", "error: median MaxRel [%]", "images to break even"}}
	for _, r := range c.Rows {
		threads, cores, spread := words("not given"), words("not given"), words("")
		if r.Threads > 0 {
			threads, cores = whole(r.Threads), value(r.Cores.Median)
			spread = words(fmt.Sprintf("%.4g … %.4g", r.Seconds.Low, r.Seconds.High))
		}
		t.Rows = append(t.Rows, []datum{words(r.Name), threads, value(r.Seconds.Median), spread, cores, value(r.MaxRel), breakEven(r.BreakEven)})
	}
	return t
}

// breakEven shows a number, null or "infinity".
func breakEven(raw json.RawMessage) datum {
	var x float64
	if string(raw) == `"infinity"` {
		return datum{"infinity", "never"}
	}
	if string(raw) == "null" || json.Unmarshal(raw, &x) != nil || math.IsNaN(x) {
		return words("unknown")
	}
	return value(x)
}

// spent says in words what was spent before the first image.
func (e evaluation) spent() string {
	say := func(x *float64) string {
		if x == nil {
			return "unknown"
		}
		return fmt.Sprintf("%.4g core seconds", *x)
	}
	s := fmt.Sprintf("Before the first image: data set %s, training %s", say(e.Comparison.Generation), say(e.Comparison.Training))
	if e.Comparison.AtLeast {
		s += ", at least: a part was done by runs that were ended"
	}
	return s + ". Cheapest solver that is no worse than the network: " + e.Comparison.Cheapest + "."
}

// csvOfMethods has a row for every method of every evaluation, with all digits.
func csvOfMethods(list []evaluation) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	rows := [][]string{{"evaluation", "weights", "method", "threads", "seconds_per_image", "seconds_low", "seconds_high", "core_seconds_per_image", "maxrel_median_percent", "images_to_break_even", "provenance"}}
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	for _, e := range list {
		for _, r := range e.Comparison.Rows {
			rows = append(rows, []string{e.Path, e.Weights, r.Name, strconv.Itoa(r.Threads), number(r.Seconds.Median), number(r.Seconds.Low), number(r.Seconds.High),
				number(r.Cores.Median), number(r.MaxRel), cmp.Or(breakEven(r.BreakEven).Value, breakEven(r.BreakEven).Text), r.Provenance})
		}
	}
	err := w.WriteAll(rows)
	return b.Bytes(), err
}
