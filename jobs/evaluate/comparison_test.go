// SPDX-License-Identifier: BSD-3-Clause

package evaluate

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/columen/columen/configs"
	"github.com/columen/columen/emulator/dataset"
)

// stand is a contender with the same effort in every pass.
func stand(name string, batch int, cores, maxRel float64) *contender {
	c := &contender{offer: offer{Name: name, Threads: 1, Batch: batch, MaxRel: maxRel}, images: [][]float64{{1}}}
	for k := range 5 {
		e := cores * (1 + 0.1*float64(k-2))
		c.passes = append(c.passes, effort{wall: 2 * e, cores: e, filesWall: e / 2, filesCores: e / 10})
	}
	return c
}

// TestTabulate: the network is measured by its best batch, and against the
// cheapest solver that is no worse, not the cheapest of all nor the exact one.
func TestTabulate(t *testing.T) {
	tk := &task{shape: dataset.Shape{Grid: 64, Channels: 7}, cfg: &configs.Evaluate{Compare: &configs.Comparison{Repeats: 5}}}
	solvers := func() []*contender {
		return []*contender{stand("exact", 0, 0.5, 0), stand("plain", 0, 5, 1e-12), stand("single", 0, 0.25, 1e-3), stand("half", 0, 0.125, 6), stand("quarter", 0, 0.0078125, 30)}
	}
	for _, c := range []struct {
		cores, maxRel        float64
		generation, training float64
		cheapest, images     string
	}{
		{0.0625, 7, 10, 40, "half", "800"},
		{0.0625, 5, 10, 40, "single", "267"},
		{0.0625, 1e-5, 10, 40, "exact", "115"}, // plain is dearer
		{0.0625, 50, 10, 40, "quarter", "∞"},
		{0.1875, 7, 10, 40, "half", "∞"},
		{0.1875, 5, 10, 40, "single", "800"},
		{0.0625, 7, math.NaN(), 40, "half", "unknown"},
	} {
		all := append(solvers(), stand("net 1", 1, 2*c.cores, c.maxRel), stand("net 8", 8, c.cores, c.maxRel))
		r := tk.tabulate(all, expense{generation: c.generation, training: c.training})
		if r.Cheapest != c.cheapest || r.Rows[3].BreakEven.String() != c.images || r.Rows[3].Name != "net 8" || r.Rows[1].Name != "plain" || r.Rows[2].Name != "exact" {
			t.Errorf("%+v: the cheapest is %s, break-even after %s, rows %+v", c, r.Cheapest, r.Rows[3].BreakEven, r.Rows)
		}
		var text strings.Builder
		r.print(&text)
		if !strings.Contains(text.String(), "the network: "+c.cheapest+": after "+c.images+" images") || !strings.Contains(text.String(), "~7 %") {
			t.Errorf("%+v: the table\n%s", c, text.String())
		}
		if _, err := json.Marshal(r); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
		s := r.Rows[3].Seconds
		if math.Abs(s.Median-1.5*c.cores) > 1e-12 || math.Abs(s.QuartileLow-0.9*s.Median) > 1e-12 || math.Abs(s.QuartileHigh-1.1*s.Median) > 1e-12 {
			t.Errorf("%+v: seconds %+v", c, s)
		}
	}
}
