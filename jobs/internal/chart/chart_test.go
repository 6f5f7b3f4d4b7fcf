// SPDX-License-Identifier: BSD-3-Clause

package chart

import (
	"bytes"
	"encoding/xml"
	"image/png"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestNumber(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 1: "1", 0.25: "0.25", 1.0 / 3: "0.3333", 12345.678: "12350", 99999: "100000", 1e5: "1·10⁵", 1.23456e-7: "1.235·10⁻⁷", -2e9: "-2·10⁹", 0.001: "0.001", math.NaN(): "–",
	} {
		if got := Number(x); got != want {
			t.Errorf("%g: %q, want %q", x, got, want)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		axis axis
		want []float64
	}{
		{axis{low: 0, high: 1}, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{axis{low: 0.9, high: 4.6, log: true}, []float64{1, 2, 4}},
		{axis{low: 0.5, high: 900, log: true}, []float64{1, 10, 100}},
	} {
		got := c.axis.ticks()
		if !slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
			t.Errorf("%+v: %v, want %v", c.axis, got, c.want)
		}
	}
}

func example() Chart {
	return Chart{Title: "A <b>", XLabel: "x", YLabel: "y", LogX: true, Curves: []Curve{
		{Label: "one & two", X: []float64{1, 2, 4}, Y: []float64{1, 2, 3}, Low: []float64{0.9, 1.9, 2}, High: []float64{1.1, 2.2, 4}, Hollow: []bool{false, false, true}},
		{Label: "ideal", X: []float64{1, 4}, Y: []float64{1, 3.01}, Dashed: true, Colour: 1},
	}}
}

// TestSVG is well formed, has its points where they belong, and names that do not
// cover each other.
func TestSVG(t *testing.T) {
	s := Stack{Title: "S", XLabel: "s", Names: []string{"a", "b"}, Bars: []Bar{{Label: "1", Parts: []float64{1, 2}}, {Label: "2", Parts: []float64{0, 0}, Hollow: true}}}
	for name, svg := range map[string]string{"chart": example().SVG(), "stack": s.SVG(), "no points": Chart{Title: "E"}.SVG(), "no bars": Stack{}.SVG()} {
		d := xml.NewDecoder(strings.NewReader(svg))
		for {
			_, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, svg)
			}
		}
		if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
			t.Errorf("%s has no place for something: %s", name, svg)
		}
	}
	svg := example().SVG()
	if strings.Count(svg, "<circle") != 3 || strings.Count(svg, "hollow") != 1 || strings.Count(svg, `class="bar"`) != 3 {
		t.Errorf("points and bars: %s", svg)
	}
	places := example().labelPlaces(axis{low: 0, high: 4, from: 400, to: 0})
	if math.Abs(places[0]-places[1]) < 15.9 {
		t.Errorf("names at %v", places)
	}
}

func TestPNG(t *testing.T) {
	var b bytes.Buffer
	if err := example().PNG(&b); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil || img.Bounds().Dx() < 500 {
		t.Errorf("%v: %v", img, err)
	}
	if err := (Chart{Title: "E"}).PNG(io.Discard); err == nil {
		t.Error("a picture of nothing")
	}
}
