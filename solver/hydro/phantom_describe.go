// SPDX-License-Identifier: BSD-3-Clause

package hydro

import (
	"fmt"
	"math"
	"strings"
)

// Describe lists the header of a dump and, for every array, how many elements
// it has and their range, in code units.
func (p *Phantom) Describe() ([]Line, error) {
	h := p.header
	kind := "full dump"
	if h.Small() {
		kind = "small dump: without velocities, no model for line transfer"
	}
	lines := []Line{{"format", "Phantom, " + kind}, {"id", h.ID}, {"real", fmt.Sprintf("%d bytes", h.RealBytes)}}
	var last string
	for _, v := range h.Values {
		text := fmt.Sprintf("%g", v.Value)
		if key := v.Tag + " " + v.Kind; key == last {
			lines[len(lines)-1].Value += " " + text
		} else {
			lines = append(lines, Line{v.Tag, text})
			last = key
		}
	}
	for _, a := range h.Arrays {
		x, err := p.read(a)
		if err != nil {
			return nil, err
		}
		key := fmt.Sprintf("block %d %s", a.Block, a.Tag)
		lines = append(lines, Line{key, fmt.Sprintf("%s × %d, %s", a.Kind, a.Len, rangeOf(x))})
	}
	if p.Has(1, "h") {
		n, live := 0, 0
		hs, err := p.Array(1, "h")
		if err != nil {
			return nil, err
		}
		for _, x := range hs {
			n++
			if x > 0 {
				live++
			}
		}
		lines = append(lines, Line{"live particles", fmt.Sprintf("%d of %d with h > 0", live, n)})
	}
	return lines, nil
}

// rangeOf summarises the values of an array.
func rangeOf(x []float64) string {
	lo, hi, sum, odd := math.Inf(1), math.Inf(-1), 0.0, 0
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			odd++
			continue
		}
		lo, hi, sum = min(lo, v), max(hi, v), sum+v
	}
	var b strings.Builder
	if odd < len(x) {
		fmt.Fprintf(&b, "min %.6g max %.6g mean %.6g", lo, hi, sum/float64(len(x)-odd))
	}
	if odd > 0 {
		fmt.Fprintf(&b, " %d not finite", odd)
	}
	return strings.TrimSpace(b.String())
}
