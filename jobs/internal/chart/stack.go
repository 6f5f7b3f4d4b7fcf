// SPDX-License-Identifier: BSD-3-Clause

package chart

import (
	"fmt"
	"html"
	"strings"
)

// Bar is a row of a stack.
type Bar struct {
	Label  string
	Parts  []float64 // as long as the names
	Total  float64   // to write beside the bar
	Hollow bool      // to draw faded
}

// Stack is a figure of horizontal bars made of parts.
type Stack struct {
	Title, XLabel string
	Names         []string // of the parts; beyond the number of colours they are pale
	Bars          []Bar
}

// SVG draws the stack, with the names of the parts above.
func (s Stack) SVG() string {
	const line, thick, head = 34.0, 22.0, 34.0
	h := head + line*float64(len(s.Bars)) + 46
	var b strings.Builder
	begin(&b, s.Title, h)
	x := axis{from: left + 30, to: width - 80}
	for _, bar := range s.Bars {
		x.high = max(x.high, bar.sum())
	}
	if x.high <= 0 {
		x.high = 1
	}
	at := x.from
	for i, name := range s.Names {
		fmt.Fprintf(&b, `<rect class="part" style="--c:var(%s)" x="%.1f" y="6" width="12" height="12"/>`, partColour(i), at)
		text(&b, at+18, 16, "start", "tick", name)
		at += 42 + 7.2*float64(len([]rune(name)))
	}
	bottom := head + line*float64(len(s.Bars))
	for _, v := range x.ticks() {
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x.at(v), x.at(v), head-4, bottom)
		text(&b, x.at(v), bottom+16, "middle", "tick", Number(v))
	}
	for i, bar := range s.Bars {
		y := head + line*float64(i)
		text(&b, x.from-8, y+thick/2+4, "end", "tick", bar.Label)
		sum := 0.0
		class := "part"
		if bar.Hollow {
			class = "part faded"
		}
		for j, v := range bar.Parts {
			fmt.Fprintf(&b, `<rect class="%s" style="--c:var(%s)" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s: %s s</title></rect>`,
				class, partColour(j), x.at(sum), y, max(x.at(sum+v)-x.at(sum), 0), thick, html.EscapeString(s.Names[j]), Number(v))
			sum += v
		}
		text(&b, x.at(sum)+6, y+thick/2+4, "start", "tick", Number(bar.Total)+" s")
	}
	text(&b, (x.from+x.to)/2, h-8, "middle", "label", s.XLabel)
	return b.String() + "</svg>"
}

// partColour is the variable of the page with the colour of a part.
func partColour(i int) string {
	if i >= Colours {
		return "--line"
	}
	return fmt.Sprintf("--c%d", i)
}

func (b Bar) sum() float64 {
	s := 0.0
	for _, v := range b.Parts {
		s += v
	}
	return s
}
