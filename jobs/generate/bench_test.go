// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"fmt"
	"testing"
)

// BenchmarkSample makes samples on one thread, without writing them.
func BenchmarkSample(b *testing.B) {
	for _, c := range []struct{ grid, channels int }{{32, 7}, {64, 7}, {64, 31}} {
		b.Run(fmt.Sprintf("%d/%dch", c.grid, c.channels), func(b *testing.B) {
			cfg := testConfig()
			cfg.Data.Grid, cfg.Data.Channels = c.grid, c.channels
			m, _, _ := testMaker(b, cfg)
			for i := 0; b.Loop(); i++ {
				if err := m.make(i % m.s.samples); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(m.cubing.Milliseconds())/float64(b.N), "cube_ms/op")
			b.ReportMetric(float64(m.solving.Milliseconds())/float64(b.N), "solve_ms/op")
		})
	}
}
