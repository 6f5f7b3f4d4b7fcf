// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/columen/columen/configs"
)

// BenchmarkSample makes samples on one thread and writes them to work files, and
// reports what cube, solution and file take each. The limits are 5 ms at 32³ and
// 45 ms at 64³, of seven channels.
func BenchmarkSample(b *testing.B) {
	for _, c := range []struct{ grid, channels int }{{32, 7}, {64, 7}, {64, 31}} {
		b.Run(fmt.Sprintf("wind/%d/%dch", c.grid, c.channels), func(b *testing.B) {
			cfg := testConfig()
			cfg.Data.Grid, cfg.Data.Channels = c.grid, c.channels
			phases(b, cfg)
		})
	}
	for _, grid := range []int{32, 64} {
		b.Run(fmt.Sprintf("snapshot/%d/7ch", grid), func(b *testing.B) { phases(b, agbMain(grid)) })
	}
}

// phases makes samples as a work file holds them.
func phases(b *testing.B, cfg *configs.Generate) {
	s, err := newScheme(cfg)
	must(b, err)
	m, perTask := testMaker(b, cfg), max(1, taskBytes/recordBytes(s.Shape)) // as of a set of more than a few samples
	must(b, m.Make(0))                                                      // reads the snapshot
	m.Cubing, m.Solving = 0, 0
	rec := recordOf(m.Record, s.Shape)
	b.ResetTimer()
	dir, tasks := b.TempDir(), 0
	for done := 0; done < b.N; tasks++ {
		hi := min(done+perTask, b.N)
		err := writeTask(filepath.Join(dir, taskName(tasks%4)), done, hi, rec, func(sample int) error { return m.Make(sample % s.Number) })
		must(b, err)
		done = hi
	}
	total, n := b.Elapsed(), float64(b.N)
	ms := func(seconds float64) float64 { return 1e3 * seconds / n }
	b.ReportMetric(ms(m.Cubing.Seconds()), "cube_ms/op")
	b.ReportMetric(ms(m.Solving.Seconds()), "solve_ms/op")
	b.ReportMetric(ms((total - m.Cubing - m.Solving).Seconds()), "write_ms/op")
	b.SetBytes(int64(recordBytes(s.Shape)))
}
