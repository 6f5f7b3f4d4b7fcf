// SPDX-License-Identifier: BSD-3-Clause

package generate

import (
	"fmt"
	"path/filepath"
	"testing"
)

// BenchmarkSample makes samples on one thread and writes them to work files, and
// reports what cube, solution and file take each. The limits are 5 ms at 32³ and
// 45 ms at 64³, of seven channels.
func BenchmarkSample(b *testing.B) {
	for _, c := range []struct{ grid, channels int }{{32, 7}, {64, 7}, {64, 31}} {
		b.Run(fmt.Sprintf("wind/%d/%dch", c.grid, c.channels), func(b *testing.B) {
			cfg := testConfig()
			cfg.Data.Grid, cfg.Data.Channels = c.grid, c.channels
			m, _, _ := testMaker(b, cfg)
			phases(b, m)
		})
	}
	p := agbMain(b)
	for _, grid := range []int{32, 64} {
		b.Run(fmt.Sprintf("snapshot/%d/7ch", grid), func(b *testing.B) {
			cfg := snapshotConfig("mulfreq", nil)
			cfg.Data.Grid, cfg.Data.Channels, cfg.Data.BoxAU, cfg.Data.Rotations = grid, 7, 64, 1000
			m, _ := snapshotMaker(b, cfg, p)
			phases(b, m)
		})
	}
}

// phases makes samples as a work file holds them.
func phases(b *testing.B, m *maker) {
	m.s.perTask = max(1, taskBytes/recordBytes(m.s.shape)) // as of a set of more than a few samples
	dir, tasks := b.TempDir(), 0
	for done := 0; done < b.N; tasks++ {
		hi := min(done+m.s.perTask, b.N)
		err := writeTask(filepath.Join(dir, taskName(tasks%4)), done, hi, m.rec, func(sample int) error { return m.make(sample % m.s.samples) })
		must(b, err)
		done = hi
	}
	total, n := b.Elapsed(), float64(b.N)
	ms := func(seconds float64) float64 { return 1e3 * seconds / n }
	b.ReportMetric(ms(m.cubing.Seconds()), "cube_ms/op")
	b.ReportMetric(ms(m.solving.Seconds()), "solve_ms/op")
	b.ReportMetric(ms((total - m.cubing - m.solving).Seconds()), "write_ms/op")
	b.SetBytes(int64(recordBytes(m.s.shape)))
}
